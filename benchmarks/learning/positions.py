"""Solved positions of a small game, as many of each stage, in which a mistake is possible.

    python -m benchmarks.learning.positions --game connect_four:rows=5,columns=6 --per-stage 400 --out FILE.jsonl

The positions come from games of random moves. The values of all their moves are exact: alpha-beta over the game's own
rules solves them (``agent.solvers.exhaustive``), or the solver of the game where the registry has one. A position in
which every move has the same outcome is left out, because it tells nothing about a player.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from agent.solvers.registry import has_fast_solver, make_solver
from agent.storage import durable_files
from benchmarks.script import run_script
from games import make
from games.compiled import CompiledGame
from games.game import Game, Row
from games.playouts import random_game, state_after
from selfplay.solved.grading import SolvedPosition, read_positions
from selfplay.solved.position_classes import STAGES, class_of, format_positions
from training.evaluation.solved_positions import solved_sets

FOLDER = Path(__file__).parent / "solved"
FEWEST_PLIES = 3
"""Positions of fewer plies are few, and alpha-beta needs minutes for them."""

Solve = Callable[[Row], Mapping[int, int]]


def solver_of(game: Game, table_bits: int = 24) -> Solve:
    """A function that gives the exact outcome of every move of a position."""
    if has_fast_solver(game):
        return make_solver(game).values
    if not isinstance(game, CompiledGame):
        raise ValueError(f"{game.name} has no compiled rules: alpha-beta cannot solve its positions")
    from agent.solvers.exhaustive import ExhaustiveSolver

    return ExhaustiveSolver(game, table_bits=table_bits).values


def draw_positions(
    game: Game,
    solve: Solve,
    per_stage: int,
    *,
    seed: int = 0,
    progress: Callable[[str, int], None] = lambda stage, count: None,
) -> list[SolvedPosition]:
    """``per_stage`` different positions of each stage of the game, each ply of a stage equally likely.

    ValueError when a thousand random games in a row have no new position of a stage.
    """
    rng = np.random.default_rng(seed)
    plies_of: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for plies in range(FEWEST_PLIES, game.max_plies):
        plies_of[class_of(game, SolvedPosition((0,) * plies, {0: 0}, 0)).split()[0]].append(plies)
    found: list[SolvedPosition] = []
    for stage, choices in plies_of.items():
        seen: set[bytes] = set()
        num_stale = 0
        while len(seen) < per_stage:
            num_stale += 1
            if num_stale > 1000:
                raise ValueError(f"{game.name}: random games have only {len(seen)} positions of the stage {stage!r}")
            plies = int(rng.choice(choices))
            moves = random_game(game, rng)
            if len(moves) <= plies:
                continue
            row = state_after(game, moves[:plies])
            key = game.describe_new(row).observation.tobytes()
            if key in seen:
                continue
            scores = {action: int(np.sign(value)) for action, value in solve(row[0]).items()}
            if len(set(scores.values())) > 1:
                seen.add(key)
                found.append(SolvedPosition(tuple(moves[:plies]), scores))
                num_stale = 0
                progress(stage, len(seen))
    return found


def stored_positions(game: Game) -> list[SolvedPosition]:
    """The solved positions by which a game is graded; empty for a game without any.

    They are stored with the laboratory, or else ship with honte; those in which no mistake is possible are left out.
    """
    path = FOLDER / file_name(game)
    if path.is_file():
        return read_positions(path)
    every = [position for positions in solved_sets(game).values() for position in positions]
    return [position for position in every if len({int(np.sign(score)) for score in position.scores.values()}) > 1]


def file_name(game: Game) -> str:
    """The name of the game's file: its own name in characters that every file system allows."""
    return "".join(c if c.isalnum() or c == "_" else "-" for c in game.name) + ".jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="connect_four:rows=5,columns=6")
    parser.add_argument("--per-stage", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="the file; without it the one that the laboratory reads")
    args = parser.parse_args()
    game = make(args.game)

    def show(stage: str, count: int) -> None:
        if count % 50 == 0:
            print(f"{stage}: {count} of {args.per_stage}", file=sys.stderr, flush=True)

    positions = draw_positions(game, solver_of(game), args.per_stage, seed=args.seed, progress=show)
    out = Path(args.out) if args.out else FOLDER / file_name(game)
    out.parent.mkdir(parents=True, exist_ok=True)
    durable_files.write_atomic(out, format_positions(positions))
    print(f"{len(positions)} positions in {out}", file=sys.stderr)


if __name__ == "__main__":
    run_script(main)

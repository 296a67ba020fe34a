"""Did a run ever get worse? Each checkpoint plays a match against the best one before it.

    python -m benchmarks.regression RUN --points 10 --games 200 --out FILE.json

The best one before the first test is the first checkpoint. A checkpoint that scores more than half takes its place, so
a test never uses the games that chose its champion. A checkpoint counts as weaker by a one-sided test at 1 % for the
whole run (Holm 1979). The exit code is 1 if there is one. Checkpoints that the run has deleted are known only if it
rated them; --keep-every of honte train keeps more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.player import Player
from agent.storage import durable_files, model_folder
from benchmarks.learning_curves import chosen
from benchmarks.script import at_least, even, run_script
from games import make
from games.game import Game
from honte.api import load
from honte.bench.machine import machine
from selfplay.matches.match import play_match
from training.evaluation.rating_curve import checkpoint_text, kept_steps

LEVEL = 0.01


class Comparison(NamedTuple):
    """A checkpoint's match against the best one before it."""

    step: int
    champion: int  # step of the best checkpoint before it
    games: int
    score: float  # of the checkpoint, from 0 to 1
    p_value: float  # of a score as low as this, if the checkpoint is as strong as the champion


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Which hypotheses are rejected, so that one true one among them is rejected with at most ``level`` (Holm 1979)."""
    rejected = [False] * len(p_values)
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > level / (len(p_values) - rank):
            break
        rejected[i] = True
    return rejected


def play_tests(
    run: Path,
    game: Game,
    ready: Callable[[str], Player],
    steps: Sequence[int],
    *,
    games: int = 200,
    opening_plies: int = 2,
    settings: str = "",
    num_slots: int = 64,
    report: Callable[[Comparison], None] = lambda test: None,
) -> list[Comparison]:
    """The match of every checkpoint but the first. ``settings`` are added to the text of each checkpoint."""
    champion, tests = steps[0], []
    for step in steps[1:]:
        sides = [ready(checkpoint_text(run, each, settings)) for each in (step, champion)]
        elo = play_match(game, *sides, games=games, opening_plies=opening_plies, seed=step, num_slots=num_slots).elo
        tests.append(Comparison(step, champion, games, elo.score, elo.los))
        report(tests[-1])
        champion = step if elo.score > 0.5 else champion
    return tests


def weaker(tests: Sequence[Comparison], level: float = LEVEL) -> list[int]:
    """The steps of the checkpoints that are weaker than the best one before them."""
    return [
        test.step for test, is_weaker in zip(tests, holm([t.p_value for t in tests], level), strict=True) if is_weaker
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("--game", help="the game, where it is a file of yours")
    parser.add_argument("--points", type=at_least(2), default=10, help="checkpoints, the first and the last among them")
    parser.add_argument("--games", type=even, default=200, help="of each match; an even number")
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--opening-plies", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the result to this file, too")
    args = parser.parse_args()
    steps = chosen(sorted({*model_folder.steps(args.run), *kept_steps(args.run)}), args.points)
    if len(steps) < 2:
        raise ValueError(f"{args.run} has {len(steps)} checkpoints; two are needed")
    game = make(args.game or model_folder.read(model_folder.find_model(str(args.run))).game)
    num_slots = min(args.games, 64)

    def report(test: Comparison) -> None:
        print(
            f"{test.step} against {test.champion}: {test.score:.1%}, p {test.p_value:.3g}", file=sys.stderr, flush=True
        )

    tests = play_tests(
        args.run,
        game,
        lambda text: load(text, game, num_slots=num_slots),
        steps,
        games=args.games,
        opening_plies=args.opening_plies,
        settings=f"simulations={args.simulations}",
        num_slots=num_slots,
        report=report,
    )
    found = weaker(tests)
    config = {name: getattr(args, name) for name in ("games", "simulations", "opening_plies")}
    result = {"benchmark": "regression", "config": config | {"run": str(args.run), "game": game.name}}
    result |= {"tests": [test._asdict() for test in tests], "weaker": found, **machine()}
    if args.out:
        durable_files.write_atomic(args.out, (json.dumps(result, indent=1) + "\n").encode())
    names = ", ".join(map(str, found)) or "none"
    print(f"checkpoints weaker than the best one before them (one-sided, Holm, 1 %), of {len(tests)}: {names}")
    return 1 if found else 0


if __name__ == "__main__":
    run_script(main)

"""Solved positions from random games, and the class of each: its stage and its difficulty.

Knows random games and classes. Does not know who solves positions, or how. The classes are those of AlphaZero.jl's
Connect Four benchmark (Begin/Middle/End × Easy/Medium/Hard; six of them have positions), for any game: a stage is a
third of the game's length, 14 of 42 plies in Connect Four.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from games.game import Game, Row, States
from selfplay.solved.grading import SolvedPosition

STAGES = ("begin", "middle", "end")
DIFFICULTIES = ("easy", "medium", "hard")
PATIENCE = 30
"""Per position wanted: random positions in a row that are not new, after which the search ends."""

FEWEST_PLIES = {"connect_four": 8}
"""By game: a solver needs too long for positions with fewer plies."""


def full_length(game: Game) -> int:
    """The plies of a whole game. Othello's ``max_plies`` allows a pass after every disc, which no real game has."""
    return game.max_plies // 2 if game.name.startswith("othello") else game.max_plies


def class_of(game: Game, position: SolvedPosition) -> str:
    """The class, such as ``middle easy``; only the stage if the number of plies left is not known."""
    length, plies, left = full_length(game), len(position.moves), plies_left(game, position)
    stage = STAGES[0 if 3 * plies <= length else 1 if 3 * plies <= 2 * length else 2]
    if left < 0:
        return stage
    return f"{stage} {DIFFICULTIES[0 if 3 * left <= length else 1 if 3 * left <= 2 * length else 2]}"


def plies_left(game: Game, position: SolvedPosition) -> int:
    """Plies to the end if both play best; below 0 if not known. In Connect Four it follows from the scores."""
    if position.left >= 0 or game.name != "connect_four":
        return position.left
    best, plies = max(position.scores.values()), len(position.moves)
    if best == 0:
        return game.max_plies - plies
    winner = plies % 2 if best > 0 else 1 - plies % 2  # 0: the first player, who plays stone k at ply 2k - 1
    return 2 * (22 - abs(best)) - 1 + winner - plies


def group_by_class(game: Game, positions: Sequence[SolvedPosition]) -> dict[str, list[int]]:
    """{class: the indices of its positions}, early stages and easy classes first."""
    groups: dict[str, list[int]] = {}
    for i, position in enumerate(positions):
        groups.setdefault(class_of(game, position), []).append(i)
    order = [stage + difficulty for stage in STAGES for difficulty in ("", *(f" {each}" for each in DIFFICULTIES))]
    return {name: groups[name] for name in order if name in groups}


def draw_solved(
    game: Game,
    solve: Callable[[Row], Mapping[int, int]],
    count: int,
    *,
    seed: int = 0,
    solvable: Callable[[Row], bool] = lambda row: True,
    progress: Callable[[int], None] = lambda steps: None,
) -> list[SolvedPosition]:
    """Up to ``count`` different positions of random games, solved. Each ply of a game is equally likely.

    There are fewer if the game has no more positions that are ``solvable``. The plies to the end are counted along the
    line in which both play the lowest of the best actions; in Connect Four they follow from the scores.
    """
    rng, found, seen, num_stale = np.random.default_rng(seed), list[SolvedPosition](), set[bytes](), 0
    fewest = FEWEST_PLIES.get(game.name, 0)
    while len(found) < count and num_stale < PATIENCE * count:
        moves = random_moves(game, rng)
        num_stale += 1
        if len(moves) <= fewest:
            continue
        plies = int(rng.integers(fewest, len(moves)))
        row = state_after(game, moves[:plies])
        key = game.describe_new(row).observation.tobytes()
        if key in seen or not solvable(row[0]):
            continue
        seen.add(key)
        scores = dict(solve(row[0]))
        left = -1 if game.name == "connect_four" else best_play_length(game, solve, row[0])
        found.append(SolvedPosition(tuple(moves[:plies]), scores, left))
        num_stale = 0
        progress(1)
    return found


def random_moves(game: Game, rng: np.random.Generator) -> list[int]:
    """The actions of one random game."""
    states, moves = game.new(1), list[int]()
    game.init(states)
    while not (out := game.describe_new(states)).terminal[0]:
        moves.append(int(rng.choice(np.flatnonzero(out.legal[0]))))
        game.step(states, np.array(moves[-1:]))
    return moves


def state_after(game: Game, moves: Sequence[int]) -> States:
    """[1] the state after ``moves``."""
    states = game.new(1)
    game.init(states)
    for action in moves:
        game.step(states, np.array([action]))
    return states


def best_play_length(game: Game, solve: Callable[[Row], Mapping[int, int]], row: Row) -> int:
    """Plies to the end if both players play the lowest of the best actions."""
    states, plies = game.new(1), 0
    states[0] = row
    while not game.describe_new(states).terminal[0]:
        values = solve(states[0])
        top = max(values.values())
        game.step(states, np.array([min(action for action, value in values.items() if value == top)]))
        plies += 1
    return plies


def format_positions(positions: Sequence[SolvedPosition]) -> bytes:
    """The positions as the content of a file that ``grading.read_positions`` reads."""
    lines = []
    for moves, scores, left in positions:
        optional = {} if left < 0 else {"left": left}
        lines.append(json.dumps({"moves": list(moves), "scores": {str(a): s for a, s in scores.items()}} | optional))
    return ("\n".join(lines) + "\n").encode()

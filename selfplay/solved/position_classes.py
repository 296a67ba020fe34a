"""Solved positions from random games, and the class of each: its stage and its difficulty.

Knows random games and classes. Does not know who solves positions, or how. The classes are those of AlphaZero.jl's
Connect Four benchmark (Begin/Middle/End × Easy/Medium/Hard; six of them have positions), for any game: a stage is a
third of the game's length, 14 of 42 plies in Connect Four.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.solvers.registry import find_solved_game
from games.game import Game, Row
from games.playouts import random_game, state_after, winning_actions
from selfplay.solved.grading import SolvedPosition

STAGES = ("begin", "middle", "end")
DIFFICULTIES = ("easy", "medium", "hard")
PATIENCE = 30
"""Per position wanted: random positions in a row that are not new, after which the search ends."""


@dataclass(frozen=True, kw_only=True)
class PositionKind:
    """Which positions of random games are wanted."""

    fewest_plies: int | None = None  # before the position; None: those from which on positions are solved in seconds
    most_plies: int | None = None  # None: no bound
    immediate_wins: bool = True  # whether the player to move may be able to win at once


def full_length(game: Game) -> int:
    """Plies of a full game in which nobody passes."""
    return game.plies_without_passes or game.max_plies


def class_of(game: Game, position: SolvedPosition) -> str:
    """The class, such as ``middle easy``; only the stage if the number of plies left is not known."""
    length, plies, left = full_length(game), len(position.moves), plies_left(game, position)
    stage = STAGES[0 if 3 * plies <= length else 1 if 3 * plies <= 2 * length else 2]
    if left < 0:
        return stage
    return f"{stage} {DIFFICULTIES[0 if 3 * left <= length else 1 if 3 * left <= 2 * length else 2]}"


def plies_left(game: Game, position: SolvedPosition) -> int:
    """Plies to the end under best play, stored or by the scores where those say it. Below 0 where it is not known."""
    entry = find_solved_game(game)
    if position.left >= 0 or entry is None or entry.plies_left is None:
        return position.left
    return entry.plies_left(len(position.moves), max(position.scores.values()))


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
    kind: PositionKind | None = None,
    solvable: Callable[[Row], bool] = lambda row: True,
    known: Mapping[tuple[int, ...], SolvedPosition] | None = None,
    keep: Callable[[SolvedPosition], None] = lambda position: None,
) -> list[SolvedPosition]:
    """Up to ``count`` different positions of random games, solved. Each ply of a game is equally likely.

    They are of the ``kind`` that is given. There are fewer of them if the game has no more that are ``solvable``. The
    plies to the end are counted along the line in which both play the lowest of the best actions, except where the
    scores say them. Positions that are ``known``, by their moves, are not solved again. ``keep`` is called with each
    position as it is found.
    """
    kind = kind or PositionKind()
    rng, found, seen, num_stale = np.random.default_rng(seed), list[SolvedPosition](), set[bytes](), 0
    entry = find_solved_game(game)
    fewest = kind.fewest_plies if kind.fewest_plies is not None else entry.slow_plies if entry is not None else 0
    scores_say_plies = entry is not None and entry.plies_left is not None
    while len(found) < count and num_stale < PATIENCE * count:
        moves = random_game(game, rng)
        num_stale += 1
        end = len(moves) if kind.most_plies is None else min(len(moves), kind.most_plies + 1)
        if end <= fewest:
            continue
        plies = int(rng.integers(fewest, end))
        row = state_after(game, moves[:plies])
        out = game.describe_new(row)
        key = out.observation.tobytes()
        if key in seen or not solvable(row[0]):
            continue
        if not kind.immediate_wins and len(
            winning_actions(game, row, np.flatnonzero(out.legal[0]), int(out.to_play[0]))
        ):
            continue
        seen.add(key)
        position = (known or {}).get(tuple(moves[:plies]))
        if position is None:
            scores = dict(solve(row[0]))
            left = -1 if scores_say_plies else best_play_length(game, solve, row[0])
            position = SolvedPosition(tuple(moves[:plies]), scores, left)
        found.append(position)
        keep(position)
        num_stale = 0
    return found


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

"""Grading: how often a player makes a mistake in positions whose exact values are known.

Knows players, solved positions and their file format (JSON lines). Does not know who solved them, or how.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from agent.player import MoveFollower, Player
from agent.storage.text_files import read_lines
from games.game import Game, States
from selfplay.matches.elo import CONFIDENCE_Z

LARGEST = 1 << 28
"""The largest file of positions that is read, in bytes."""


class SolvedPosition(NamedTuple):
    """A position with the exact score of each legal action: > 0 wins, 0 draws, < 0 loses for the player to move."""

    moves: tuple[int, ...]  # from the first position
    scores: Mapping[int, int]
    left: int = -1  # plies to the end if both play best; below 0: not known


@dataclass(frozen=True, kw_only=True)
class Grade:
    """How many mistakes a player made: actions that turn a win into a draw or loss, or a draw into a loss."""

    count: int  # positions
    mistakes: int
    could_err: int  # positions where some legal action is a mistake

    @property
    def mistake_rate(self) -> float:
        """The share of all positions with a mistake, in [0, 1]. Positions where none is possible count as well."""
        return self.mistakes / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mistake rate."""
        return wilson_interval(self.mistakes, self.count)


def wilson_interval(hits: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, ``hits`` of ``count`` trials (Wilson 1927); [0, 1] without trials.

    A draw may count as half a hit.
    """
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no share")
    if not count:
        return 0.0, 1.0
    z, share = CONFIDENCE_Z, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < count else 1.0


def read_positions(path: str | Path) -> list[SolvedPosition]:
    """The positions of a file of JSON lines ``{"moves": [actions], "scores": {"action": score}}``.

    A line may also have ``left``, the plies to the end if both play best. ValueError names the file and the line that
    is wrong.
    """
    return [_parse_line(place, line) for place, line in read_lines(path, LARGEST, "solved positions")]


def parse_positions(rows: Sequence[Mapping[str, Any]]) -> list[SolvedPosition]:
    """Positions from dicts with ``moves``, ``scores`` and, if it is known, ``left``."""
    return [
        SolvedPosition(
            tuple(row["moves"]), {int(a): int(s) for a, s in row["scores"].items()}, int(row.get("left", -1))
        )
        for row in rows
    ]


def _parse_line(place: str, line: str) -> SolvedPosition:
    try:
        position = parse_positions([json.loads(line)])[0]
        if not position.scores or not all(isinstance(action, int) for action in position.moves):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(
            f'{place}: a line must be {{"moves": [actions], "scores": {{"action": score}}}}; it is {line[:80]!r}'
        ) from None
    return position


def count_mistakes(positions: Sequence[SolvedPosition], wrong: NDArray[np.bool_]) -> Grade:
    """The grade for ``positions``, given in which of them the player made a mistake: ``wrong [N]``."""
    could_err = sum(any(is_mistake(position, action) for action in position.scores) for position in positions)
    return Grade(count=len(positions), mistakes=int(wrong.sum()), could_err=could_err)


def find_mistakes(
    game: Game,
    player: Player,
    positions: Sequence[SolvedPosition],
    *,
    num_slots: int = 256,
    num_simulations: int = -1,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.bool_]:
    """[N] whether the decision of ``player`` in each position is a mistake.

    ``num_slots`` positions are decided at a time; ``player`` must have as many slots. ``num_simulations`` below 0 means
    the player's own budget. ``progress`` is called with the number of positions that were decided since the last call.
    ValueError for a position that the rules do not allow, or whose scores lack a legal action.
    """
    if not positions:
        raise ValueError("there are no positions to grade by; give at least one")
    states = replay_positions(game, positions)
    keys = random_numbers.make_keys(seed, np.arange(len(positions)), 0)
    free = list(range(min(num_slots, len(positions))))
    position_of = np.zeros(len(free), np.int64)  # the index of each slot's position
    wrong = np.zeros(len(positions), np.bool_)
    begun = done = 0
    while done < len(positions):
        count = min(len(free), len(positions) - begun)
        if count:
            slots, rows = np.array(free[:count]), np.arange(begun, begun + count)
            del free[:count]
            begun += count
            position_of[slots] = rows
            if isinstance(player, MoveFollower):
                for slot, row in zip(slots.tolist(), rows.tolist(), strict=True):
                    player.follow(slot, positions[row].moves)
            player.think(slots, states[rows], Terms.of(count, budget=num_simulations, keys=keys[rows]))
        slots, decisions = player.decide()
        for slot, action in zip(slots.tolist(), decisions.action.tolist(), strict=True):
            index = int(position_of[slot])
            wrong[index] = is_mistake(positions[index], action)
            free.append(slot)
        done += len(slots)
        if progress is not None:
            progress(len(slots))
    return wrong


def is_mistake(position: SolvedPosition, action: int) -> bool:
    """Whether the outcome after ``action`` is worse than after the best action."""
    return bool(np.sign(position.scores[action]) < np.sign(max(position.scores.values())))


def replay_positions(game: Game, positions: Sequence[SolvedPosition]) -> States:
    """[B] the states of the positions. ValueError names the first position that is wrong, counting from 1."""
    states = game.new(len(positions))
    game.init(states)
    lengths = np.array([len(position.moves) for position in positions])
    for ply in range(int(lengths.max()) + 1):
        legal = game.describe_new(states).legal
        for i in np.flatnonzero(lengths == ply).tolist():
            if set(np.flatnonzero(legal[i]).tolist()) != set(positions[i].scores):
                raise ValueError(f"position {i + 1}: its scores are not those of the legal actions in {game.name}")
        live = np.flatnonzero(lengths > ply)
        actions = np.array([positions[i].moves[ply] for i in live.tolist()], np.int64)
        for i, action in zip(live.tolist(), actions.tolist(), strict=True):
            if not 0 <= action < game.num_actions or not legal[i, action]:
                raise ValueError(f"position {i + 1}: action {action} is not legal at ply {ply} in {game.name}")
        game.advance(states, live, live, actions)
    return states

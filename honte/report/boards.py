"""Sample games for the viewer of the page: positions as cell codes, the search's policy and value.

Knows rules and game records. Does not know pages or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States
from honte.drawing.action_cells import marked_cells
from selfplay.records import UNFINISHED, GameRecord, replay

NUM_ACTIONS, MIN_PROBABILITY = 12, 0.005
"""A policy is shown by its most likely actions: at most so many, each with at least this probability."""

SURPRISE = 0.5
"""A game is a surprise where the value missed the outcome by more than this; 1 is a draw with a value of a win."""


def choose_games(
    game: Game, newest: Sequence[GameRecord], oldest: Sequence[GameRecord]
) -> list[tuple[str, GameRecord]]:
    """Sample games, each with the reason for its choice, which is true of it.

    Of the newest games: a typical one, the longest, the greatest surprise, a draw and the shortest; of the oldest: a
    typical one.
    """
    chosen: list[tuple[str, GameRecord]] = []

    def choose(why: str, records: Sequence[GameRecord]) -> None:
        """Choose the first of ``records`` that is not chosen yet."""
        known = {id(record) for _, record in chosen}
        first = next((record for record in records if id(record) not in known), None)
        if first is not None:
            chosen.append((why, first))

    def largest(records: Sequence[GameRecord], sizes: Sequence[float]) -> list[GameRecord]:
        return [record for record, size in zip(records, sizes, strict=True) if size == max(sizes)]

    def typical(records: Sequence[GameRecord]) -> list[GameRecord]:
        middle = float(np.median([record.num_decided for record in records]))
        return sorted(records, key=lambda record: abs(record.num_decided - middle))

    records = [record for record in newest if record.num_decided > 1] or list(newest)
    if not records:
        return []
    shortest_opening = min(record.opening for record in records)
    from_start = [record for record in records if record.opening <= shortest_opening + 2]
    errors = value_errors(game, records)
    drawn = [record for record in records if record.outcome == 0]
    choose("a typical new game", typical(from_start))
    choose("the longest new game", largest(records, [len(record.actions) for record in records]))
    choose("the greatest surprise", largest(records, errors) if max(errors) > SURPRISE else [])
    choose("a draw", typical(drawn) if drawn else [])
    choose("the shortest new game", largest(from_start, [-len(record.actions) for record in from_start]))
    choose("a typical old game", typical(oldest) if oldest is not newest else [])
    return chosen


def value_errors(game: Game, records: Sequence[GameRecord]) -> list[float]:
    """For each game, the largest error against the outcome that two values in a row have: 0 to 2; 0 if unfinished."""
    states, owner, _ = replay(game, records)
    to_play = game.describe_new(states).to_play
    outcome = np.array([record.outcome for record in records])
    values = np.concatenate([record.values for record in records]) * np.where(to_play == 0, 1, -1)
    errors = np.abs(values - outcome[owner])
    both = np.where(owner[1:] == owner[:-1], np.minimum(errors[1:], errors[:-1]), 0.0)
    worst = np.zeros(len(records))
    np.maximum.at(worst, owner[1:], both)
    worst[outcome == UNFINISHED] = 0.0
    return [float(error) for error in worst]


def game_as_json(game: Game, record: GameRecord, why: str) -> dict[str, Any]:
    """The game as JSON, with a frame for each position, the final one included."""
    states = game.new(1)
    game.init(states)
    before: NDArray[np.int8] | None = None
    frames = []
    for ply in range(len(record.actions) + 1):
        position = game.describe_new(states)
        mover, cells = int(position.to_play[0]), game.cells(states[0])
        action = int(record.actions[ply]) if ply < len(record.actions) else -1
        last_action = int(record.actions[ply - 1]) if ply else -1
        frame: dict[str, Any] = {
            "cells": cells.ravel().tolist(),
            "marked": marked_cells(game.board, before, cells, last_action),
        }
        frame["to_play"] = mover
        if action >= 0:
            frame["move"] = game.action_text(action, mover)
        decided = ply - record.opening
        if 0 <= decided < record.num_decided:
            value = float(record.values[decided])
            frame["value"] = round(value if mover == 0 else -value, 3)
            frame["policy"] = _policy(game, states, record.policies[decided], mover)
            frame["simulations"], frame["network"] = int(record.budgets[decided]), int(record.networks[decided])
        frames.append(frame)
        before = cells.copy()
        if action >= 0:
            game.step(states, np.array([action]))
    result = {1: f"{game.board.names[0]} wins", 0: "draw", -1: f"{game.board.names[1]} wins"}
    return {
        "why": why,
        "id": record.id,
        "outcome": record.outcome if record.outcome != UNFINISHED else None,
        "result": result.get(record.outcome, "unfinished") + (", proven by search" if record.proven else ""),
        "opening": record.opening,
        "frames": frames,
    }


def _policy(game: Game, states: States, policy: NDArray[np.float32], mover: int) -> list[list[Any]]:
    """[text, probability, cells that show it] of the most likely actions, the most likely first."""
    actions = [int(a) for a in np.argsort(-policy, kind="stable")[:NUM_ACTIONS] if policy[a] >= MIN_PROBABILITY]
    rows = game.new(len(actions))
    game.copy(rows, np.repeat(states, len(actions)))
    game.step(rows, np.array(actions))
    now = game.cells(states[0])
    changed = [marked_cells(game.board, now, game.cells(rows[i]), action) for i, action in enumerate(actions)]
    return [
        [game.action_text(action, mover), round(float(policy[action]), 4), cells[-1:]]
        for action, cells in zip(actions, changed, strict=True)
    ]

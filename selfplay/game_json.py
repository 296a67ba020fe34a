"""Finished games as JSON, one line each: for people, for other programs, and for matches that are resumed.

Knows the format. Does not know matches. The schema is that of ``honte play``'s saved games, with more fields:
{"schema", "id", "seed", "game", "players": [first, second], "opening": number of plies, "moves": texts, "actions":
numbers, "values": of each decided move for its player in [-1, 1], "outcome": +1, 0 or -1 for the first player,
"reason": why a player lost before the rules ended the game}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from games.game import Game
from games.playouts import action_texts
from selfplay.records import GameRecord

SCHEMA = 1


def to_json(game: Game, record: GameRecord, players: Sequence[str]) -> dict[str, Any]:
    """The finished game as JSON; ``players`` are the names of the first and the second player."""
    return {
        "schema": SCHEMA,
        "id": record.id,
        "seed": record.seed,
        "game": game.name,
        "players": list(players),
        "opening": record.opening,
        "moves": action_texts(game, record.actions),
        "actions": record.actions.tolist(),
        "values": [round(float(value), 4) for value in record.values],
        "outcome": record.outcome,
        "reason": record.reason,
    }


def from_json(game: Game, content: Any, place: str = "record") -> GameRecord:
    """The record that ``to_json`` wrote. Its policies are the moves that were played; the rules are not checked yet.

    ValueError if ``content`` is anything else.
    """
    try:
        actions = [int(action) for action in content["actions"]]
        opening, values = int(content["opening"]), [float(value) for value in content["values"]]
        record = GameRecord(
            id=int(content["id"]),
            seed=int(content["seed"]),
            actions=np.array(actions, np.int16),
            policies=np.eye(game.num_actions, dtype=np.float32)[actions[opening:]],
            values=np.array(values, np.float32),
            budgets=np.full(len(values), -1, np.int32),
            networks=np.zeros(len(values), np.int32),
            outcome=int(content["outcome"]),
            reason=str(content["reason"]),
        )
        schema, name = content["schema"], content["game"]
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise ValueError(f"{place} is not the record of a game: {type(error).__name__}: {error}") from error
    if schema != SCHEMA:
        raise ValueError(f"{place} has schema {schema!r}; this honte knows {SCHEMA}")
    if name != game.name:
        raise ValueError(f"{place} is a game of {name}, not of {game.name}")
    if record.opening != opening or len(values) != record.num_decided or record.outcome not in (-1, 0, 1):
        raise ValueError(f"{place} has fields that do not fit each other")
    return record


def parse_line(game: Game, line: bytes, place: str) -> GameRecord:
    """The record in one line of a file; ``place`` names the line in errors."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place} is not JSON") from error
    return from_json(game, content, place)

"""Writes the games of a match as one SGF file, for viewers of games; only for games that have an SGF type.

Knows results and win rates in SGF's notation. Does not know how a match is played or resumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.storage import durable_files
from games import Game, Position
from games.playouts import seats_of, state_after
from honte.sgf.conversion import result_text, to_sgf
from honte.sgf.notation import sgf_type
from selfplay.records import GameRecord

FILE = "games.sgf"


def write(folder: Path, game: Game, records: Sequence[GameRecord], players: tuple[str, str]) -> Path | None:
    """Write all games to ``folder/games.sgf``; None for a game without an SGF type. ``players`` are A and B."""
    if sgf_type(game) is None:
        return None
    path = folder / FILE
    durable_files.write_atomic(path, "".join(game_to_sgf(game, record, players) for record in records).encode())
    return path


def game_to_sgf(game: Game, record: GameRecord, players: tuple[str, str]) -> str:
    """The SGF text of one game. A has the first seat in games of even id."""
    comments = [""] * record.opening + [f"winrate {(1 + v) / 2:.1%}" for v in record.values.tolist()]
    return to_sgf(
        Position(game, state_after(game, record.actions), tuple(record.actions.tolist())),
        players=players if record.id % 2 == 0 else players[::-1],
        seats=seats_of(game, record.actions),
        result=result_text(game, record.outcome, "F" if record.reason else ""),
        comments=comments,
    )

"""The folder of a match: its settings and every finished game, so that a killed match can continue.

Knows files. Does not know how games are played or counted. ``match.json`` holds the agreement, that is all settings
that determine the games. ``games.jsonl`` has one game a line, in the order in which they ended. A game is stored
durably before anything counts it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.storage import durable_files
from agent.storage.set_aside import set_aside
from agent.storage.write_errors import append
from games.game import Game
from selfplay import game_json
from selfplay.records import GameRecord, validate_records

AGREEMENT, GAMES, RESULT = "match.json", "games.jsonl", "result.json"
SCHEMA = 1


class MatchStore:
    """A context manager; only one process at a time may have a folder open.

    ``records``: the games that are finished, by id.
    """

    def __init__(self, folder: str | Path, game: Game, players: tuple[str, str], agreement: Mapping[str, Any]) -> None:
        """``players`` are A and B; ``agreement`` is everything that determines the games.

        Entering raises ValueError if the folder holds a match with another agreement, and names what differs.
        """
        self.folder, self.game, self.players = Path(folder), game, players
        self.agreement = json.loads(json.dumps({"schema": SCHEMA, "game": game.name, **agreement}))
        self.records: dict[int, GameRecord] = {}
        self.notes: list[str] = []
        self._lock = durable_files.FolderLock(self.folder)

    def __enter__(self) -> MatchStore:
        self._lock.acquire()
        try:
            durable_files.clean_up(self.folder)
            self._check_agreement()
            self._read_games()
        except BaseException:
            self._lock.release()
            raise
        self._file = (self.folder / GAMES).open("ab", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._lock.release()

    def add(self, records: Sequence[GameRecord]) -> None:
        """Store games that have just ended."""
        assert not self.records.keys() & {record.id for record in records}
        rows = (game_json.to_json(self.game, record, self._seats(record.id)) for record in records)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        append(self._file, lines.encode(), self.folder / GAMES)
        self.records |= {record.id: record for record in records}

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Store the result beside the games, for people and other programs. Nothing in honte reads it."""
        durable_files.write_atomic(self.folder / RESULT, (json.dumps(result, indent=1) + "\n").encode())

    def _seats(self, number: int) -> tuple[str, str]:
        """First and second player: A has the first seat in games of even number."""
        return self.players if number % 2 == 0 else self.players[::-1]

    def _check_agreement(self) -> None:
        """Store the agreement of a new match, or compare it with the one that is stored."""
        path = self.folder / AGREEMENT
        if not path.exists():
            if (self.folder / GAMES).exists():
                raise ValueError(f"{self.folder} has {GAMES} but no {AGREEMENT}; choose another folder")
            durable_files.write_atomic(path, (json.dumps(self.agreement, indent=1) + "\n").encode())
            return
        try:
            stored = json.loads(path.read_bytes())
            schema = stored["schema"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} is damaged: it is not the agreement of a match") from error
        if schema != SCHEMA:
            raise ValueError(f"{path} has schema {schema!r}, this version reads {SCHEMA}: upgrade honte")
        ensure_agreed(f"{self.folder} holds another match", stored, self.agreement)

    def _read_games(self) -> None:
        """Read the finished games. Incomplete or damaged lines are removed, and their games are played again."""
        path = self.folder / GAMES
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        intact = []
        for number, line in enumerate(lines, 1):
            place = f"{path}:{number}"
            try:
                if not line.endswith(b"\n"):
                    raise ValueError(f"{place} was cut off")
                record = game_json.parse_line(self.game, line, place)
                validate_records(self.game, [record], place)
                if record.id in self.records:
                    raise ValueError(f"{place} repeats game {record.id}")
            except ValueError as error:
                self.notes.append(f"{error}; a game that is lost by that is played again")
                continue
            intact.append(line)
            self.records[record.id] = record
        if len(intact) < len(lines):
            durable_files.write_atomic(path, b"".join(intact))


def ensure_agreed(what: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """ValueError, which begins with ``what``, for a value of the stored agreement that is not the one wanted."""
    for name in stored.keys() | wanted.keys():
        if stored.get(name) != wanted.get(name):
            raise ValueError(
                f"{what}: {name} is {stored.get(name)!r} there and {wanted.get(name)!r} now; choose another folder"
            )


def move_aside(folder: str | Path) -> Path | None:
    """Rename a folder that holds a match to NAME.1, NAME.2, ...; return the new path, or None if there is no match.

    ValueError if a process is playing the match.
    """
    folder = Path(folder)
    return set_aside(folder) if (folder / AGREEMENT).exists() else None


def file_name(text: str) -> str:
    """``text`` without the characters that a folder's name should not have."""
    safe = "".join(c if c.isalnum() or c in "._@" else "_" for c in text.rpartition("/")[2])
    return safe.strip("._")[:40] or "player"

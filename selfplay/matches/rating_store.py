"""The rating database: every game of a folder's tournaments, in one SQLite file.

Knows tables. Does not know ratings or how games are played. The first player, the second player and the number of the
opening identify a game, so that no game is stored or counted twice. A player's digest identifies the player: one whose
weights or settings change is another player.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.player_identity import Identity
from agent.storage import durable_files
from selfplay.matches.bradley_terry import SeatingResult
from selfplay.matches.match_store import ensure_agreed
from selfplay.records import GameRecord

FILE = "ratings.sqlite"
SCHEMA = 1
TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS players (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS games (
    first INTEGER NOT NULL REFERENCES players (id),
    second INTEGER NOT NULL REFERENCES players (id),
    number INTEGER NOT NULL,
    opening INTEGER NOT NULL,
    actions TEXT NOT NULL,
    outcome INTEGER NOT NULL CHECK (outcome IN (-1, 0, 1)),
    reason TEXT NOT NULL,
    ended REAL NOT NULL,
    PRIMARY KEY (first, second, number)
) WITHOUT ROWID;
"""


def is_begun(folder: str | Path) -> bool:
    """Whether ``folder`` has a database with an agreement. A full disk may have left a database without one."""
    path = Path(folder) / FILE
    if not path.is_file():
        return False
    with contextlib.closing(sqlite3.connect(path)) as database:
        try:
            return bool(database.execute("SELECT COUNT(*) FROM meta").fetchone()[0])
        except sqlite3.DatabaseError:
            return False


class GameKey(NamedTuple):
    """What identifies a game: the ids of its players, and the number of its opening."""

    first: int
    second: int
    number: int


class RatingStore:
    """A context manager; one process at a time may write in a folder."""

    def __init__(self, folder: str | Path, agreement: Mapping[str, Any] | None = None) -> None:
        """``agreement``: everything that determines the games, except the players. Without it the folder is only read.

        Entering raises ValueError for a folder with another agreement, or for one without a database to read.
        """
        self.folder, self.path = Path(folder), Path(folder) / FILE
        self.agreement = None if agreement is None else json.loads(json.dumps({"schema": SCHEMA, **agreement}))
        self._lock = None if agreement is None else durable_files.FolderLock(self.folder)

    def __enter__(self) -> RatingStore:
        if self._lock is not None:
            self._lock.acquire()
        elif not self.path.is_file():
            raise ValueError(f"{self.folder} has no {FILE}: no tournament was played there")
        try:
            self.database = sqlite3.connect(self.path)
            self._check_agreement()
        except BaseException as error:
            if self._lock is not None:
                self._lock.release()
            if isinstance(error, sqlite3.OperationalError):
                raise ValueError(f"{self.path} cannot be used: {error}") from error
            if isinstance(error, sqlite3.DatabaseError):
                raise ValueError(f"{self.path} is not a rating database: {error}") from error
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
        if self._lock is not None:
            self._lock.release()

    def read_agreement(self) -> dict[str, Any]:
        """The agreement of the folder; empty for a new one."""
        return {name: json.loads(value) for name, value in self.database.execute("SELECT name, value FROM meta")}

    def add_player(self, player: Identity) -> int:
        """The id of ``player``, who is added if new. A player whose digest is known keeps the stored name."""
        try:
            with self.database:
                self.database.execute("INSERT OR IGNORE INTO players (digest, name) VALUES (?, ?)", player[::-1])
        except sqlite3.OperationalError as error:
            raise ValueError(f"{self.path} cannot be written: {error}") from error
        return int(self.database.execute("SELECT id FROM players WHERE digest = ?", (player.digest,)).fetchone()[0])

    def players(self) -> dict[int, Identity]:
        """All players that were ever added, by id."""
        rows = self.database.execute("SELECT id, name, digest FROM players ORDER BY id")
        return {int(id): Identity(str(name), str(digest)) for id, name, digest in rows}

    def played_openings(self, first: int, second: int) -> set[int]:
        """The numbers of the openings that were played with ``first`` in the first seat against ``second``."""
        query = "SELECT number FROM games WHERE first = ? AND second = ?"
        return {int(number) for (number,) in self.database.execute(query, (first, second))}

    def add(self, games: Sequence[tuple[GameKey, GameRecord]]) -> None:
        """Store games that have just ended, all of them or none. ValueError for a game that is already stored."""
        now = time.time()
        rows = [(*key, r.opening, json.dumps(r.actions.tolist()), r.outcome, r.reason, now) for key, r in games]
        try:
            with self.database:
                self.database.executemany("INSERT INTO games VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise ValueError(f"{self.path} has one of these games already: {error}") from error
        except sqlite3.OperationalError as error:
            raise ValueError(f"{self.path} cannot be written: {error}") from error

    def seating_results(self) -> list[SeatingResult]:
        """The results of all games by seating; ``first`` and ``second`` are ids."""
        query = """SELECT first, second, SUM(outcome = 1), SUM(outcome = 0), SUM(outcome = -1), COUNT(DISTINCT actions)
            FROM games GROUP BY first, second ORDER BY first, second"""
        return [SeatingResult(*(int(value) for value in row)) for row in self.database.execute(query)]

    def _check_agreement(self) -> None:
        """Store the agreement of a new database, or compare it with the one that is stored."""
        if self.agreement is None:
            schema = self.read_agreement().get("schema")
            if schema != SCHEMA:
                raise ValueError(f"{self.path} has schema {schema!r}, this version reads {SCHEMA}: upgrade honte")
            return
        with self.database:
            self.database.executescript(TABLES)
        stored = self.read_agreement()
        if not stored:
            with self.database:
                rows = [(name, json.dumps(value)) for name, value in self.agreement.items()]
                self.database.executemany("INSERT INTO meta VALUES (?, ?)", rows)
            return
        if stored.get("schema") != SCHEMA:
            raise ValueError(f"{self.path} has schema {stored.get('schema')!r}, this version reads {SCHEMA}")
        ensure_agreed(f"{self.folder} holds games of another kind", stored, self.agreement)

"""The rating database: every game of a folder's tournaments, in one SQLite file.

Knows tables. Does not know ratings or how games are played. A game is told by who was first, who was second and the
number of its opening, so that none is stored, or counted, twice. Players are told by their digest: a player whose
weights or settings change is another one.
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
    """Whether ``folder`` has a database with an agreement: a disk that was full may have left less than that."""
    path = Path(folder) / FILE
    if not path.is_file():
        return False
    with contextlib.closing(sqlite3.connect(path)) as base:
        try:
            return bool(base.execute("SELECT COUNT(*) FROM meta").fetchone()[0])
        except sqlite3.DatabaseError:
            return False


class Key(NamedTuple):
    """Which game: players by their ids, and the number of the opening."""

    first: int
    second: int
    number: int


class RatingStore:
    """A context manager; one process at a time may write in a folder."""

    def __init__(self, folder: str | Path, agreement: Mapping[str, Any] | None = None) -> None:
        """``agreement``: what all games follow from beside the players; without it the folder is only read.

        Entering raises ValueError for a folder with another agreement, or one without a database to read.
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
            self.base = sqlite3.connect(self.path)
            self._agree()
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
        self.base.close()
        if self._lock is not None:
            self._lock.release()

    def known(self) -> dict[str, Any]:
        """The agreement of the folder; empty for a new one."""
        return {name: json.loads(value) for name, value in self.base.execute("SELECT name, value FROM meta")}

    def enter(self, player: Identity) -> int:
        """The id of ``player``, who is entered if new. A player of the same digest keeps the name it came with."""
        try:
            with self.base:
                self.base.execute("INSERT OR IGNORE INTO players (digest, name) VALUES (?, ?)", player[::-1])
        except sqlite3.OperationalError as error:
            raise ValueError(f"{self.path} cannot be written: {error}") from error
        return int(self.base.execute("SELECT id FROM players WHERE digest = ?", (player.digest,)).fetchone()[0])

    def players(self) -> dict[int, Identity]:
        """Everybody who was ever entered, by id."""
        rows = self.base.execute("SELECT id, name, digest FROM players ORDER BY id")
        return {int(id): Identity(str(name), str(digest)) for id, name, digest in rows}

    def numbers(self, first: int, second: int) -> set[int]:
        """The openings that are played with ``first`` in the first seat."""
        query = "SELECT number FROM games WHERE first = ? AND second = ?"
        return {int(number) for (number,) in self.base.execute(query, (first, second))}

    def add(self, games: Sequence[tuple[Key, GameRecord]]) -> None:
        """Store games that just ended, all of them or none; ValueError for one that is there already."""
        now = time.time()
        rows = [(*key, r.opening, json.dumps(r.actions.tolist()), r.outcome, r.reason, now) for key, r in games]
        try:
            with self.base:
                self.base.executemany("INSERT INTO games VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise ValueError(f"{self.path} has one of these games already: {error}") from error
        except sqlite3.OperationalError as error:
            raise ValueError(f"{self.path} cannot be written: {error}") from error

    def tallies(self) -> list[SeatingResult]:
        """What all games came to, by seating; ``first`` and ``second`` are ids."""
        query = """SELECT first, second, SUM(outcome = 1), SUM(outcome = 0), SUM(outcome = -1), COUNT(DISTINCT actions)
            FROM games GROUP BY first, second ORDER BY first, second"""
        return [SeatingResult(*(int(value) for value in row)) for row in self.base.execute(query)]

    def _agree(self) -> None:
        if self.agreement is None:
            schema = self.known().get("schema")
            if schema != SCHEMA:
                raise ValueError(f"{self.path} has schema {schema!r}, this version reads {SCHEMA}: upgrade honte")
            return
        with self.base:
            self.base.executescript(TABLES)
        known = self.known()
        if not known:
            with self.base:
                rows = [(name, json.dumps(value)) for name, value in self.agreement.items()]
                self.base.executemany("INSERT INTO meta VALUES (?, ?)", rows)
            return
        if known.get("schema") != SCHEMA:
            raise ValueError(f"{self.path} has schema {known.get('schema')!r}, this version reads {SCHEMA}")
        for name in known.keys() | self.agreement.keys():
            if known.get(name) != self.agreement.get(name):
                raise ValueError(
                    f"{self.folder} holds games of another kind: {name} is {known.get(name)!r} there and"
                    f" {self.agreement.get(name)!r} now; choose another folder"
                )

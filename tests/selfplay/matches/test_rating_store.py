"""The rating database: every game is stored once, and a folder with another agreement is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from agent.player_identity import identify_player
from selfplay.matches.bradley_terry import SeatingResult
from selfplay.matches.rating_store import FILE, GameKey, RatingStore, is_begun
from selfplay.records import GameRecord

AGREED = {"game": "nim", "seed": 0}


def game(actions: list[int], outcome: int, reason: str = "") -> GameRecord:
    none = np.zeros(0)
    return GameRecord(
        id=0,
        seed=0,
        actions=np.array(actions, np.int16),
        policies=np.zeros((len(actions), 3), np.float32),
        values=none.astype(np.float32),
        budgets=none.astype(np.int16),
        networks=none.astype(np.int32),
        outcome=outcome,
        reason=reason,
    )


def test_games_are_stored_and_counted_by_seating(tmp_path: Path) -> None:
    with RatingStore(tmp_path, AGREED) as store:
        x, y = store.add_player(identify_player("random")), store.add_player(identify_player("mcts:5"))
        store.add([(GameKey(x, y, 0), game([1, 2], 1)), (GameKey(y, x, 0), game([1, 2], -1))])
        store.add([(GameKey(x, y, 1), game([1, 2], 1)), (GameKey(x, y, 2), game([2], 0, "crashed"))])
    with RatingStore(tmp_path, AGREED) as store:
        assert store.add_player(identify_player("random")) == x
        assert store.seating_results() == [
            SeatingResult(x, y, 2, 1, 0, distinct=2),
            SeatingResult(y, x, 0, 0, 1, distinct=1),
        ]
        assert store.played_openings(x, y) == {0, 1, 2}
        assert store.played_openings(y, x) == {0}
        assert [player.name for player in store.players().values()] == ["random", "mcts:5"]


def test_leaving_closes_the_database_and_the_lock(tmp_path: Path) -> None:
    with RatingStore(tmp_path, AGREED) as store:
        assert store.players() == {}
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        store.players()
    with RatingStore(tmp_path, AGREED):
        pass


def test_no_game_is_stored_twice(tmp_path: Path) -> None:
    with RatingStore(tmp_path, AGREED) as store:
        x, y = store.add_player(identify_player("random")), store.add_player(identify_player("mcts:5"))
        store.add([(GameKey(x, y, 0), game([1], 1))])
        with pytest.raises(ValueError, match="already"):
            store.add([(GameKey(x, y, 1), game([1], 1)), (GameKey(x, y, 0), game([2], -1))])
        assert store.seating_results() == [SeatingResult(x, y, 1, 0, 0, distinct=1)]


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tournament was played there"), RatingStore(tmp_path):
        pass
    with RatingStore(tmp_path, AGREED), pytest.raises(ValueError, match="in use"), RatingStore(tmp_path, AGREED):
        pass
    with (
        pytest.raises(ValueError, match="seed is 0 there and 1 now"),
        RatingStore(tmp_path, AGREED | {"seed": 1}),
    ):
        pass
    with RatingStore(tmp_path) as store:
        assert store.read_agreement() == {"schema": 1, **AGREED}
    with sqlite3.connect(tmp_path / FILE) as base:
        base.execute("UPDATE meta SET value = '9' WHERE name = 'schema'")
    base.close()
    with pytest.raises(ValueError, match="schema 9"), RatingStore(tmp_path):
        pass
    (tmp_path / FILE).write_bytes(b"no database, but long enough to look at" * 100)
    for agreement in (None, AGREED):
        with pytest.raises(ValueError, match="is not a rating database"), RatingStore(tmp_path, agreement):
            pass


def test_a_tournament_is_begun_once_its_agreement_is_stored(tmp_path: Path) -> None:
    assert is_begun(tmp_path) is False
    (tmp_path / FILE).write_bytes(b"")  # what a full disk leaves
    assert is_begun(tmp_path) is False
    with RatingStore(tmp_path, AGREED):
        pass
    assert is_begun(tmp_path) is True
    (tmp_path / FILE).write_bytes(b"no database, but long enough to look at" * 100)
    assert is_begun(tmp_path) is False


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    with RatingStore(tmp_path, AGREED) as store, store.database:
        store.database.execute("UPDATE meta SET value = '9' WHERE name = 'schema'")
    with pytest.raises(ValueError, match="has schema 9, this version reads 1"), RatingStore(tmp_path, AGREED):
        pass
    with RatingStore(tmp_path / "new", AGREED):  # a refused folder is not locked
        pass
    with pytest.raises(ValueError, match="has schema 9"), RatingStore(tmp_path, AGREED):
        pass


def test_a_database_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with RatingStore(tmp_path, AGREED) as store:
        x = store.add_player(identify_player("random"))
        store.database.execute("PRAGMA query_only = ON")
        with pytest.raises(ValueError, match=r"ratings\.sqlite cannot be written"):
            store.add_player(identify_player("mcts:5"))
        with pytest.raises(ValueError, match=r"ratings\.sqlite cannot be written"):
            store.add([(GameKey(x, x, 0), game([1], 1))])
        assert store.seating_results() == []

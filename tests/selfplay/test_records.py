"""Packed games: what was packed comes back, and what is damaged, new or of another game is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from games import Game, make
from selfplay import game_json
from selfplay.records import GameRecord, join_packed, pack, read_shard, unpack, write_packed

pytestmark = pytest.mark.nojit


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def record(id: int, outcome: int = 1, actions: Any = (0, 3, 1, 4, 2)) -> GameRecord:
    """A game whose first ply was its opening; by default the first player wins."""
    count = len(actions) - 1
    return GameRecord(
        id=id,
        seed=9,
        actions=np.array(actions, np.int16),
        policies=np.eye(9, dtype=np.float32)[list(actions[1:])],
        values=np.linspace(-1, 1, count, dtype=np.float32),
        budgets=np.arange(count, dtype=np.int32),
        networks=np.full(count, 7, np.int32),
        outcome=outcome,
    )


def check_same(found: list[GameRecord], expected: list[GameRecord]) -> None:
    for one, other in zip(found, expected, strict=True):
        for name, value in vars(one).items():
            assert np.array_equal(value, getattr(other, name)), name


def changed(data: bytes, **arrays: Any) -> bytes:
    """Packed games with other arrays; None leaves one out."""
    with np.load(io.BytesIO(data)) as file:
        content = {name: file[name] for name in file.files} | arrays
    out = io.BytesIO()
    np.savez(out, **{name: array for name, array in content.items() if array is not None})
    return out.getvalue()


def test_packed_games_come_back_joined_or_not(game: Game, tmp_path: Path) -> None:
    one, two, three = record(1), record(5), record(3)
    parts = [pack(game, [one, two]), pack(game, [three])]
    check_same(unpack(game, parts[0]), [one, two])
    assert join_packed(parts[:1]) == parts[0]
    check_same(unpack(game, join_packed(parts)), [one, two, three])
    path = write_packed(tmp_path, pack(game, [one, three]), 12)
    assert path.name == "00000012.npz"
    check_same(read_shard(path, game), [one, three])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"00000012\.npz"):
        read_shard(path, game)


def test_what_is_no_shard_of_the_game_is_refused(game: Game) -> None:
    data = pack(game, [record(1)])
    for wrong, sentence in (
        (data[:-30], "shard is damaged"),
        (changed(data, outcome=None), "shard is damaged: KeyError"),
        (changed(data, schema=np.array(99)), "has schema 99; .*upgrade"),
        (changed(data, game=np.array("nim")), "holds games of nim, not of tic_tac_toe"),
        (changed(data, outcome=np.array([-1])), "game 1 "),
        (changed(data, actions=np.array([0, 3, 1, 4, 4])), "game 1 "),
    ):
        with pytest.raises(ValueError, match=sentence):
            unpack(game, wrong)


def test_a_line_of_another_schema_or_game_is_refused(game: Game) -> None:
    row = game_json.to_json(game, record(2), ("x", "y"))
    for change, sentence in (
        ({"schema": 99}, "has schema 99"),
        ({"game": "nim"}, "is a game of nim"),
        ({"outcome": 5}, ""),
    ):
        with pytest.raises(ValueError, match=f"place.*{sentence}"):
            game_json.parse_line(game, json.dumps(row | change).encode(), "place")

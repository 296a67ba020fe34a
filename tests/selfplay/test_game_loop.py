"""The game loop: games end as the rules say, records replay, and slots do not change a game."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import games
from agent import random_numbers
from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate
from agent.player import RandomPlayer
from agent.search.search import Search, SearchConfig
from selfplay.game_loop import GameLoop, Start
from selfplay.records import GameRecord, pack, replay, unpack, validate_records


def starts(count: int, opening: tuple[int, ...] = ()) -> Iterator[Start]:
    return (Start(i, (i % 2, 1 - i % 2), opening) for i in range(count))


def play(name: str, num_slots: int, count: int, **over: object) -> list[GameRecord]:
    game = games.make(name)
    search = Search(game, hash_evaluate, SearchConfig(num_simulations=12), num_slots=num_slots)
    players = [search, RandomPlayer(game)]
    loop = GameLoop(game, players, starts(count), num_slots=num_slots, seed=9, **over)  # type: ignore[arg-type]
    records: list[GameRecord] = []
    while len(records) < count:
        records += loop.round()
    assert not loop.round()
    assert loop.idle
    return sorted(records, key=lambda record: record.id)


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_records_replay_through_the_rules(name: str) -> None:
    records = play(name, 3, 6)
    validate_records(games.make(name), records)
    assert [record.id for record in records] == list(range(6))
    assert all(record.outcome in (-1, 0, 1) and record.num_decided == len(record.actions) for record in records)


@pytest.mark.nojit
def test_a_game_does_not_depend_on_the_games_beside_it() -> None:
    for alone, beside in zip(play("tic_tac_toe", 1, 8), play("tic_tac_toe", 5, 8), strict=True):
        assert alone.actions.tolist() == beside.actions.tolist()
        assert (alone.policies == beside.policies).all()
        assert (alone.values == beside.values).all()


def test_proven_games_end_early_with_the_outcome_of_perfect_play() -> None:
    records = play("tic_tac_toe", 4, 12, stop_when_proven=True)
    proven = [record for record in records if record.proven]
    assert proven
    assert all(abs(record.values[-1]) in (0, 1) for record in proven)
    assert max(len(record.actions) for record in proven) < 9


def test_records_survive_their_file() -> None:
    game = games.make("tic_tac_toe")
    records = play("tic_tac_toe", 4, 6)
    again = unpack(game, pack(game, records))
    for one, other in zip(records, again, strict=True):
        for name, value in vars(one).items():
            assert np.array_equal(value, getattr(other, name)), name
    assert unpack(game, pack(game, [])) == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("outcome", 1, "outcome that the rules do not give"),
        ("actions", 0, "illegal action"),
        ("policies", 0.5, "policy that is not one"),
        ("values", 7.0, "outside"),
    ],
)
def test_records_that_break_the_rules_are_refused(field: str, value: float, sentence: str) -> None:
    game = games.make("tic_tac_toe")
    record = play("tic_tac_toe", 1, 1)[0]
    if field == "outcome":
        record.outcome = -1 if record.outcome == 1 else 1
    elif field == "actions":
        record.actions[1] = record.actions[0]
    else:
        getattr(record, field)[0] = value
    with pytest.raises(ValueError, match=sentence):
        validate_records(game, [record])


def test_damage_in_a_file_is_a_sentence() -> None:
    game = games.make("tic_tac_toe")
    data = pack(game, play("tic_tac_toe", 4, 6))
    for cut in (0, 1, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match="shard"):
            unpack(game, data[:cut])
    with pytest.raises(ValueError, match="not of connect_four"):
        unpack(games.make("connect_four"), data)


def test_any_number_of_simulations_is_recorded() -> None:
    def terms(ids: NDArray[np.int64], plies: NDArray[np.int64], keys: NDArray[np.uint64]) -> Terms:
        return Terms.of(len(ids), budget=40_000, keys=keys)

    game = games.make("tic_tac_toe")
    for record in play("tic_tac_toe", 2, 2, terms=terms):
        assert record.budgets.tolist() == [40_000] * len(record.actions)
        (read,) = unpack(game, pack(game, [record]))
        assert read.budgets.tolist() == record.budgets.tolist()


@pytest.mark.parametrize("seed", [0, -1, (1 << 63) - 1, 1 << 63, (1 << 64) + 5, -(1 << 63) - 1])
def test_any_seed_is_stored_as_one_that_draws_the_same(seed: int) -> None:
    game, (record,) = games.make("tic_tac_toe"), play("tic_tac_toe", 1, 1)
    record.seed = seed
    (read,) = unpack(game, pack(game, [record]))
    assert random_numbers.make_keys(read.seed, 3, 4).tolist() == random_numbers.make_keys(seed, 3, 4).tolist()
    assert read.seed == seed or not -(1 << 63) <= seed < 1 << 63


def test_shards_with_budgets_of_16_bits_are_still_read() -> None:
    game, records = games.make("tic_tac_toe"), play("tic_tac_toe", 2, 4)
    with np.load(io.BytesIO(pack(game, records))) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["budgets"] = arrays["budgets"].astype(np.int16)  # as they were written at first
    old = io.BytesIO()
    np.savez_compressed(old, **arrays)
    found = unpack(game, old.getvalue())
    assert [record.budgets.tolist() for record in found] == [record.budgets.tolist() for record in records]
    assert pack(game, found) == pack(game, records)


def test_replay_gives_the_decided_positions() -> None:
    game = games.make("tic_tac_toe")
    record = play("tic_tac_toe", 1, 1)[0]
    record.policies = record.policies[2:]
    rows, owner, ply = replay(game, [record])
    assert ply.tolist() == list(range(2, len(record.actions)))
    assert (owner == 0).all()
    assert rows["plies"].tolist() == ply.tolist()


def test_surprises_are_stored_only_where_they_were_measured() -> None:
    game = games.make("tic_tac_toe")
    plain = play("tic_tac_toe", 2, 3)
    measured = [replace(record, surprises=np.linspace(0, 1, record.num_decided, dtype=np.float32)) for record in plain]
    for records in (plain, measured, [plain[0], measured[1]]):
        for before, after in zip(records, unpack(game, pack(game, records)), strict=True):
            expected = before.surprises
            if expected is None and records is not plain:
                expected = np.zeros(before.num_decided, np.float32)
            assert (expected is None) == (after.surprises is None)
            assert expected is None or (expected == after.surprises).all()
    assert b"surprises" not in pack(game, plain)


def test_a_surprise_that_is_no_number_is_refused() -> None:
    game = games.make("tic_tac_toe")
    for value in (np.nan, np.inf, -1.0):
        (record,) = play("tic_tac_toe", 1, 1)
        record = replace(record, surprises=np.full(record.num_decided, value, np.float32))
        with pytest.raises(ValueError, match="has a surprise that is not a number from 0"):
            validate_records(game, [record])

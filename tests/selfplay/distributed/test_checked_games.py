"""Checked games give the same replay buffer and the same shards as plain records, bit for bit."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import games
from agent.search.search import SearchConfig
from selfplay.config import SelfPlayConfig
from selfplay.distributed import checked_games
from selfplay.distributed.actor import hash_network
from selfplay.distributed.checked_games import CheckedBatch, CheckedGames
from selfplay.local_runner import LocalRunner
from selfplay.records import GameRecord, join_packed, pack, read_shard, unpack, write_packed
from training.replay_buffer import ReplayBuffer, WindowConfig

GAME = games.make("connect_four")


@pytest.fixture(scope="module")
def records() -> list[GameRecord]:
    config = SelfPlayConfig(num_games=16, quantum=900, full_fraction=0.5, search=SearchConfig(num_simulations=12))
    return LocalRunner(GAME, config, lambda: hash_network(GAME), seed=1, deterministic=True).collect()


def in_batches(records: list[GameRecord]) -> CheckedGames:
    cuts = (0, 5, 6, len(records))
    return CheckedGames(GAME, [CheckedBatch.of(GAME, records[a:b]) for a, b in itertools.pairwise(cuts)])


@pytest.mark.parametrize("window", [10_000, 300])
def test_replay_is_the_same_bit_for_bit(records: list[GameRecord], window: int) -> None:
    size = WindowConfig(start=window, slope=0.0)
    plain, other = ReplayBuffer(GAME, size, full_budget=12), ReplayBuffer(GAME, size, full_budget=12)
    for turn in range(2):
        assert plain.add(records) == other.add(in_batches(records)) == checked_games.num_samples(records)
        assert (plain.num_added, len(plain)) == (other.num_added, len(other))
        first, second = plain.batch(256, 3, turn), other.batch(256, 3, turn)
        assert {name: t.numpy().tobytes() for name, t in first.items()} == {
            name: t.numpy().tobytes() for name, t in second.items()
        }
    assert 0 < float(plain.batch(256, 0, 0)["policy_weight"].mean()) < 1  # fast and full searches are told apart


def test_checked_games_are_a_sequence_of_their_records(records: list[GameRecord]) -> None:
    whole = in_batches(records)
    assert len(whole) == len(records)
    assert pack(GAME, list(whole)) == pack(GAME, records)
    assert checked_games.num_samples(whole) == checked_games.num_samples(records)
    mixed = checked_games.join_games(GAME, [records[:3], CheckedGames(GAME, [CheckedBatch.of(GAME, records[3:])])])
    assert isinstance(mixed, CheckedGames)
    assert [game.id for game in mixed] == [game.id for game in records]
    assert len(checked_games.join_games(GAME, [[], mixed])) == len(records)
    assert checked_games.join_games(GAME, [records[:3], records[3:]]) == records
    assert not CheckedGames(GAME, [])


def test_shards_of_parts_are_read_like_any_other(records: list[GameRecord], tmp_path: Path) -> None:
    data = checked_games.pack_games(GAME, [records[:4], in_batches(records[4:])])
    write_packed(tmp_path, data, 7)
    found = read_shard(tmp_path / "00000007.npz", GAME)
    assert pack(GAME, sorted(found, key=lambda game: game.id)) == pack(GAME, sorted(records, key=lambda game: game.id))
    assert checked_games.pack_games(GAME, [records[:4], records[4:]]) == pack(GAME, records)


def test_a_part_that_breaks_the_rules_is_found(records: list[GameRecord]) -> None:
    with pytest.raises(ValueError, match="shard holds games of connect_four, not of tic_tac_toe"):
        unpack(games.make("tic_tac_toe"), join_packed([pack(GAME, records[:2]), pack(GAME, records[2:4])]))
    bad = records[0].actions.copy()
    records[0].actions = np.where(np.arange(len(bad)) == 3, 99, bad).astype(np.int16)
    broken = pack(GAME, records[:1])
    records[0].actions = bad
    with pytest.raises(ValueError, match="plays the illegal action 99 at ply 3"):
        unpack(GAME, join_packed([pack(GAME, records[1:3]), broken]))
    inner = join_packed([join_packed([pack(GAME, records[:1])] * 2), pack(GAME, records[1:2])])
    with pytest.raises(ValueError, match="is damaged"):  # bundles are not nested
        unpack(GAME, inner)

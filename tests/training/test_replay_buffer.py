"""Replay: the window, symmetric samples, targets in the right view."""

from __future__ import annotations

import numpy as np
import pytest

import games
from selfplay.records import GameRecord
from training.replay_buffer import ReplayBuffer, WindowConfig


def record(actions: list[int], outcome: int, opening: int = 0, budget: int = 8) -> GameRecord:
    decided = len(actions) - opening
    policies = np.zeros((decided, 9), np.float32)
    policies[np.arange(decided), actions[opening:]] = 1
    return GameRecord(
        id=0,
        seed=0,
        actions=np.array(actions, np.int16),
        policies=policies,
        values=np.linspace(-1, 1, decided, dtype=np.float32),
        budgets=np.full(decided, budget, np.int16),
        networks=np.zeros(decided, np.int32),
        outcome=outcome,
    )


WON = record([0, 3, 1, 4, 2], 1)  # the first player fills the top row


def test_outcomes_are_in_the_view_of_the_player_to_move() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig())
    assert replay.add([WON]) == 5
    batch = replay.batch(200, 0, 0)
    stones = batch["observation"].sum(dim=(1, 2, 3))
    assert (batch["outcome"][stones % 2 == 0] == 1).all()
    assert (batch["outcome"][stones % 2 == 1] == -1).all()


def test_a_symmetry_turns_observation_mask_and_policy_alike() -> None:
    game = games.make("tic_tac_toe")
    replay = ReplayBuffer(game, WindowConfig())
    replay.add([WON])
    batch = replay.batch(300, 1, 0)
    occupied = batch["observation"].sum(dim=1).flatten(1) > 0
    assert (batch["legal"] == ~occupied).all()
    assert (batch["policy"].sum(dim=1) == 1).all()
    assert (batch["policy"][occupied] == 0).all()
    first = batch["policy"][~occupied.any(dim=1)]
    assert set(first.argmax(dim=1).tolist()) == {0, 2, 6, 8}  # the corner under all eight symmetries


def test_batches_follow_from_seed_and_step() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig())
    replay.add([WON])
    one, same, other = replay.batch(16, 1, 5), replay.batch(16, 1, 5), replay.batch(16, 1, 6)
    assert all((one[name] == same[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)


def test_fast_searches_teach_no_policy_and_openings_nothing() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), full_budget=8)
    replay.add([record([0, 3, 1, 4, 2], 1, opening=3, budget=4)])
    assert len(replay) == 2
    assert (replay.batch(20, 0, 0)["policy_weight"] == 0).all()


@pytest.mark.parametrize("chunk", [1, 7, 40])
def test_the_window_keeps_the_newest_however_they_came(chunk: int) -> None:
    game = games.make("tic_tac_toe")
    replay = ReplayBuffer(game, WindowConfig(start=20))
    records = [WON] * 40
    for start in range(0, len(records), chunk):
        replay.add(records[start : start + chunk])
    assert replay.num_added == 200
    assert len(replay) == WindowConfig(start=20).size(200)


def numbered(first: int, count: int) -> list[GameRecord]:
    """``count`` games whose values tell each of their samples from every other."""
    records = []
    for number in range(first, first + count):
        each = record([0, 3, 1, 4, 2], 1)
        each.values = (np.arange(5, dtype=np.float32) + 5 * number) / 10_000
        records.append(each)
    return records


@pytest.mark.parametrize("chunk", [1, 7, 33])
def test_the_ring_draws_what_a_plain_list_of_samples_would(chunk: int) -> None:
    """The window wraps round the end of the arrays many times, and grows while it lies across it."""
    game, window = games.make("tic_tac_toe"), WindowConfig(start=1000, slope=0.3)
    replay = ReplayBuffer(game, window)
    for first in range(0, 1200, chunk):
        replay.add(numbered(first, chunk))
        size = window.size(replay.num_added)
        assert len(replay) == size
        picks = np.random.Generator(np.random.Philox(key=[4, first])).integers(0, size, 16)
        expected = (replay.num_added - size + picks).astype(np.float32) / np.float32(10_000)
        np.testing.assert_array_equal(replay.batch(16, 4, first)["root_value"].numpy(), expected)


def test_adding_games_writes_their_samples_and_moves_no_other() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(start=1000, slope=0.0))
    replay.add(numbered(0, 200))
    arrays = [replay._rows, replay._policy, replay._targets]
    for first in range(200, 1000, 4):
        before = replay._targets[:, 1].copy()  # no two samples have one value
        assert replay.add(numbered(first, 4)) == 20
        assert np.count_nonzero(replay._targets[:, 1] != before) == 20
        now = [replay._rows, replay._policy, replay._targets]
        assert all(a is b for a, b in zip(arrays, now, strict=True))  # nor are there new arrays
    assert len(replay) == 1000


def test_the_window_grows_as_published() -> None:
    window = WindowConfig(start=100, exponent=0.75, slope=0.4)
    assert window.size(50) == 50
    assert window.size(100) == 100
    assert window.size(1000) == int(100 * (1 + 0.4 * (10**0.75 - 1) / 0.75))

"""Replay: the window, symmetric samples, targets in the right view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import games
from selfplay.distributed.checked_games import DecidedPositions
from selfplay.records import GameRecord
from training.auxiliary.position_targets import short_values
from training.batches.turn_samples import turn_observations, turn_policies
from training.replay_buffer import REPLY_WEIGHT, ReplayBuffer, WindowConfig


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


def test_without_symmetries_samples_stay_as_they_are() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), augment=False)
    replay.add([WON])
    batch = replay.batch(300, 1, 0)
    first = batch["policy"][batch["observation"].sum(dim=(1, 2, 3)) == 0]
    assert set(first.argmax(dim=1).tolist()) == {0}


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


def drawn_shares(replay: ReplayBuffer, size: int = 40_000) -> np.ndarray:
    """How often each ply of one game is drawn, by the number of stones on the board."""
    stones = replay.batch(size, 0, 0)["observation"].sum(dim=(1, 2, 3)).numpy()
    return np.bincount(stones, minlength=5) / size


def test_surprising_positions_are_drawn_more_often() -> None:
    """Half of the weight is uniform, half is in proportion to the surprise (Wu 2019)."""
    surprising = replace(WON, surprises=np.array([0, 3, 0, 1, 0], np.float32))
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), surprise_share=0.5)
    replay.add([surprising])
    expected = 0.5 / 5 + 0.5 * np.array([0, 3, 0, 1, 0]) / 4
    np.testing.assert_allclose(drawn_shares(replay), expected, atol=0.01)
    replay.add([surprising] * 3)  # the sums are those of the new window
    np.testing.assert_allclose(drawn_shares(replay), expected, atol=0.01)


def test_surprise_counts_only_where_the_policy_is_trained() -> None:
    fast = replace(WON, surprises=np.full(5, 9, np.float32), budgets=np.array([8, 1, 8, 1, 1], np.int32))
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), full_budget=8, surprise_share=1.0)
    replay.add([fast])
    np.testing.assert_allclose(drawn_shares(replay), [0.5, 0, 0.5, 0, 0], atol=0.01)


def test_without_any_surprise_batches_are_uniform() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), surprise_share=0.5)
    replay.add([WON])  # its surprises were not measured
    np.testing.assert_allclose(drawn_shares(replay), np.full(5, 0.2), atol=0.01)


def test_targets_of_auxiliary_losses() -> None:
    """The reply is the next policy, in the same symmetry; plies left are relative to the longest game."""
    game = games.make("tic_tac_toe")
    replay = ReplayBuffer(game, WindowConfig(), full_budget=8, auxiliary=True, horizon=2.0)
    other = record([4, 0, 8, 1, 2, 6, 3, 5, 7], 0, opening=7)
    replay.add([replace(WON, budgets=np.array([8, 8, 1, 8, 8], np.int32)), other])
    batch = replay.batch(400, 3, 0)
    stones = batch["observation"].sum(dim=(1, 2, 3)).numpy()
    left = (batch["plies_left"] * 9).round().numpy()
    assert {(int(s), int(n)) for s, n in zip(stones, left, strict=True)} == {
        (0, 5), (1, 4), (2, 3), (3, 2), (4, 1), (7, 2), (8, 1),
    }  # fmt: skip
    weight = batch["reply_weight"].numpy()
    assert {int(s) for s in stones[weight == 1]} == {0, 2, 3, 7}  # 1 is followed by a fast search; 4 and 8 are the last
    assert (batch["reply"].sum(dim=1).numpy() == weight).all()
    on_board = batch["observation"].sum(dim=1).flatten(1) > 0
    assert (batch["reply"][on_board] == 0).all()  # the symmetry is that of the board
    assert (batch["reply"] * batch["policy"] == 0).all()
    # values are -1, -0.5, 0, 0.5, 1 and the first player wins
    values = {int(s): float(v) for s, v in zip(stones, batch["short_value"], strict=True) if s < 7}
    assert values[4] == 1.0
    assert values[3] == -(0.5 * 1.0 + 0.5 * 1.0)
    assert values[2] == -(0.5 * 0.5 + 0.5 * -1.0)
    assert values[1] == -(0.5 * 0.0 + 0.5 * 0.25)


def test_a_player_who_moves_twice_keeps_the_sign() -> None:
    rows = DecidedPositions(
        states=np.zeros(3),
        policies=np.zeros((3, 2), np.float32),
        outcomes=np.array([1, 1, -1], np.float32),
        values=np.array([0.2, 0.4, -0.6], np.float32),
        budgets=np.ones(3, np.int32),
        surprises=np.zeros(3, np.float32),
        to_play=np.array([0, 0, 1], np.int8),
        last=np.array([False, False, True]),
    )
    targets = short_values(rows, 4.0)
    assert targets[2] == -1
    assert targets[1] == pytest.approx(-(0.25 * -0.6 + 0.75 * -1))
    assert targets[0] == pytest.approx(0.25 * 0.4 + 0.75 * targets[1])


def reference_batch(replay: ReplayBuffer, size: int, seed: int, step: int) -> dict[str, np.ndarray]:
    """The observation, mask, policy and reply of a batch by NumPy alone, one symmetry after the other."""
    symmetries = replay.game.symmetries
    random = np.random.Generator(np.random.Philox(key=[seed, step]))
    indices = (replay._oldest + random.integers(0, len(replay), size)) % len(replay._rows)
    turns = random.integers(0, len(symmetries.cells), size)
    positions = replay.game.describe_new(replay._rows[indices])
    weights = replay._targets[indices, REPLY_WEIGHT, None]
    observation, legal, policy = positions.observation.copy(), positions.legal.copy(), replay._policy[indices].copy()
    reply = replay._policy[(indices + 1) % len(replay._rows)] * weights
    for s in range(len(symmetries.cells)):
        rows = turns == s
        observation[rows] = symmetries.turn(observation[rows], s)
        for array in (legal, policy, reply):
            array[rows] = symmetries.turn_policy(array[rows], s)
    return {"observation": observation, "legal": legal, "policy": policy, "reply": reply}


def test_batches_have_the_bits_of_plain_numpy() -> None:
    replay = ReplayBuffer(games.make("tic_tac_toe"), WindowConfig(), auxiliary=True)
    replay.add([WON, record([4, 0, 8, 2, 6, 3, 5, 7, 1], 0)])
    for step in range(3):
        batch = replay.batch(64, 7, step)
        for name, expected in reference_batch(replay, 64, 7, step).items():
            np.testing.assert_array_equal(batch[name].numpy(), expected)
            assert batch[name].numpy().dtype == expected.dtype


@pytest.mark.nojit
@pytest.mark.parametrize("name", games.NAMES)
def test_compiled_turns_are_those_of_every_game(name: str) -> None:
    """Every symmetry of every game, on arrays of the game's shapes."""
    game, random = games.make(name), np.random.default_rng(0)
    symmetries, rows = game.symmetries, np.array([2, 0, 1])
    observation = random.integers(0, 2, (3, *game.observation_shape)).astype(game.observation_dtype)
    legal = random.integers(0, 2, (3, game.num_actions)).astype(bool)
    policy = random.random((3, game.num_actions), np.float32)
    for s in range(len(symmetries.cells)):
        turns = np.full(3, s)
        np.testing.assert_array_equal(
            turn_observations(observation, turns, symmetries), symmetries.turn(observation, s)
        )
        for array in (legal, policy):
            np.testing.assert_array_equal(
                turn_policies(array, rows, turns, symmetries), symmetries.turn_policy(array[rows], s)
            )

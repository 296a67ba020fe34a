"""Many games at once: the same games as one by one, its ways to begin anew, independence of neighbours."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import honte.envs  # noqa: F401
from honte.envs.vector import GameVectorEnv, choose_random_actions
from tests.games.made import made


def envs(num_envs: int = 8, name: str = "tic_tac_toe", **terms: Any) -> GameVectorEnv:
    return GameVectorEnv(num_envs, made(name), **terms)


@pytest.mark.nojit
def test_choose_is_uniform_over_what_is_legal_and_leaves_others_alone() -> None:
    count = 4000
    legal = np.tile(np.array([True, False, True, True, False]), (count, 1))
    wanted = np.arange(count) % 4 != 0
    seeds = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    before, actions = seeds.copy(), np.zeros(count, np.int64)
    with np.errstate(over="ignore"):
        assert choose_random_actions(legal, wanted, seeds, actions) == 3000
    assert (actions[~wanted] == -1).all()
    assert (seeds[~wanted] == before[~wanted]).all()
    drawn = np.bincount(actions[wanted], minlength=5)
    assert drawn[[1, 4]].tolist() == [0, 0]
    assert (abs(drawn[[0, 2, 3]] - 1000) < 120).all()


def test_gymnasium_makes_one() -> None:
    some = gymnasium.make_vec("honte/TicTacToe-v0", num_envs=5, opponent="random")
    assert isinstance(some, GameVectorEnv)
    assert some.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    observation, infos = some.reset(seed=3)
    assert observation in some.observation_space
    assert infos["action_mask"].dtype == np.int8
    assert some.action_space.sample().shape == (5,)
    observation, rewards, terminations, truncations, infos = some.step(some.random_actions())
    assert observation in some.observation_space
    assert rewards.shape == terminations.shape == truncations.shape == (5,)


def test_gymnasiums_own_vector_of_single_games_works_too() -> None:
    some = gymnasium.make_vec("honte/TicTacToe-v0", num_envs=3, vectorization_mode="sync", opponent="mcts:4")
    some.reset(seed=0)
    for _ in range(12):
        observation, *_ = some.step(some.action_space.sample())
    assert observation.shape == (3, *made("tic_tac_toe").observation_shape)


def played(some: GameVectorEnv, num_steps: int, seed: Any = 1) -> list[tuple[Any, ...]]:
    some.reset(seed=seed)
    return [some.step(some.random_actions()) for _ in range(num_steps)]


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
@pytest.mark.parametrize("opponent", ["random", "mcts:4"])
def test_every_step_keeps_the_rules(mode: AutoresetMode, opponent: str) -> None:
    some, game = envs(12, autoreset_mode=mode, opponent=opponent), made("tic_tac_toe")
    _, infos = some.reset(seed=0)
    finished, rewarded = 0, set()
    over = np.zeros(12, bool)
    for _ in range(60):
        actions = some.random_actions()
        observation, rewards, done, truncated, infos = some.step(actions)
        assert not truncated.any()
        assert not infos["illegal"].any()
        assert (rewards[~done] == 0).all()
        if mode is AutoresetMode.NEXT_STEP:
            assert not done[over].any()
        over = done & (mode is AutoresetMode.NEXT_STEP)
        here = game.describe_new(some.states)
        assert (here.to_play == infos["side"])[~over].all()
        assert (observation == here.observation)[~over].all()
        assert (infos["action_mask"] == here.legal)[~over].all()
        assert not infos["action_mask"][over].any()
        finished += done.sum()
        rewarded |= set(rewards[done].tolist())
    assert finished > 100
    assert {1.0, -1.0} <= rewarded <= {1.0, 0.0, -1.0}


def test_rewards_are_those_of_the_final_positions() -> None:
    last = played(envs(64, autoreset_mode="NextStep", side="second"), 4)[-1]
    observation, rewards, done = last[:3]
    lines = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]]
    assert done.sum() > 5
    for i in np.flatnonzero(done):
        mine, theirs = (observation[i, plane].ravel()[lines].all(axis=1).any() for plane in (0, 1))
        assert rewards[i] == int(mine) - int(theirs)


def test_the_final_observation_of_the_same_step() -> None:
    same = played(envs(64), 5, seed=2)[-1]
    nxt = played(envs(64, autoreset_mode="NextStep"), 3, seed=2)
    first = played(envs(64), 3, seed=2)
    for (ours, _, ended, _, infos), (theirs, _, done, _, _) in zip(first, nxt, strict=True):
        if not ended.any():
            continue
        assert (ended == done).all()
        assert (infos["_final_obs"] == ended).all()
        assert (np.stack(infos["final_obs"][ended]) == theirs[done]).all()
        assert (ours[~ended] == theirs[~done]).all()
        break  # from here on the two differ in time
    else:
        pytest.fail("no game ended")
    assert same[0].shape == (64, *made("tic_tac_toe").observation_shape)


def test_disabled_waits_for_a_mask() -> None:
    some = envs(16, autoreset_mode="Disabled")
    some.reset(seed=0)
    done = np.zeros(16, bool)
    while not done.any():
        observation, _, done, _, _ = some.step(some.random_actions())
    with pytest.raises(ValueError, match="reset"):
        some.step(some.random_actions())
    again, infos = some.reset(options={"reset_mask": done})
    assert (again[~done] == observation[~done]).all()
    assert infos["action_mask"].any(axis=1).all()
    some.step(some.random_actions())


def test_a_game_does_not_depend_on_its_neighbours() -> None:
    few, many = played(envs(3), 20, seed=[7, 8, 9]), played(envs(5), 20, seed=[7, 8, 9, 10, 11])
    for a, b in zip(few, many, strict=True):
        for mine, theirs in zip(a[:3], b[:3], strict=True):
            assert (mine == theirs[:3]).all()


@pytest.mark.parametrize("opponent", ["random", "mcts:4"])
def test_a_seed_repeats(opponent: str) -> None:
    some = envs(6, opponent=opponent)
    one, two = played(some, 15), played(some, 15)
    other = played(some, 15, seed=2)
    assert all((a[0] == b[0]).all() for a, b in zip(one, two, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(one, other, strict=True))


def test_illegal_actions_lose_and_leave_the_others_alone() -> None:
    some = envs(4, side="second")
    _, infos = some.reset(seed=0)
    actions = some.random_actions()
    actions[1] = int(np.argmin(infos["action_mask"][1]))
    _, rewards, done, _, infos = some.step(actions)
    assert infos["final_info"]["illegal"].tolist() == [False, True, False, False]
    assert (rewards[1], done.tolist()) == (-1.0, [False, True, False, False])
    assert infos["action_mask"][1].sum() == 8  # the next game, after the opponent's first move


@pytest.mark.parametrize("actions", [[0, 1], [0, 1, 9], [0, 1, -1]])
def test_wrong_actions(actions: list[int]) -> None:
    some = envs(3)
    some.reset(seed=0)
    with pytest.raises(ValueError, match="0 to 8"):
        some.step(np.array(actions))


def test_both_sides_are_drawn() -> None:
    some = envs(400)
    _, infos = some.reset(seed=0)
    assert 150 < infos["side"].sum() < 250


def test_returned_arrays_are_the_users_own() -> None:
    some = envs(4)
    observation, infos = some.reset(seed=0)
    kept, mask = observation.copy(), infos["action_mask"].copy()
    some.step(some.random_actions())
    assert (observation == kept).all()
    assert (infos["action_mask"] == mask).all()


def test_gymnasiums_wrappers_work() -> None:
    some = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs(16))
    some.reset(seed=0)
    found = []
    for _ in range(12):
        *_, infos = some.step(some.unwrapped.random_actions())
        found += infos["episode"]["l"][infos["_episode"]].tolist() if "episode" in infos else []
    assert 2 <= min(found) <= max(found) <= 5


def test_pictures() -> None:
    assert envs(2).render() is None
    some = envs(2, render_mode="ansi")
    some.reset(seed=0)
    assert len(some.render() or ()) == 2


def test_too_few() -> None:
    with pytest.raises(ValueError, match="num_envs"):
        envs(0)

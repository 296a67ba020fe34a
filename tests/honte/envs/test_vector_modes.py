"""Many games at once do what Gymnasium's own ``SyncVectorEnv`` does with the same games one by one, in every mode."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from agent.decision import Decisions
from agent.player import ImmediatePlayer
from honte.envs.gymnasium import GameEnv
from honte.envs.vector import GameVectorEnv
from tests.games.made import made

NUM_ENVS = 5
MODES = list(AutoresetMode)
GAMES = ["tic_tac_toe", "dots_and_boxes:rows=2,columns=2", "othello:size=4", "amazons"]


class Deterministic(ImmediatePlayer):
    """Plays the last legal action, so that games follow from the agent's actions alone."""

    def decisions(self, states: Any, terms: Any) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        legal = self.game.describe_new(states).legal
        out.action[:] = self.game.num_actions - 1 - legal[:, ::-1].argmax(axis=1)
        return out


def both(name: str, mode: AutoresetMode, side: str = "first") -> tuple[GameVectorEnv, SyncVectorEnv]:
    game = made(name)
    one = partial(GameEnv, game, Deterministic(game), side)
    return (
        GameVectorEnv(NUM_ENVS, game, Deterministic(game), side, autoreset_mode=mode),
        SyncVectorEnv([one] * NUM_ENVS, autoreset_mode=mode),
    )


def check_infos(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """The same keys, masks, types and values; where a mask is False, Gymnasium has no value to compare with."""
    assert set(ours) == set(theirs)
    for key in theirs:
        if key.startswith("_"):
            assert ours[key].dtype == np.bool_
            assert (ours[key] == theirs[key]).all(), key
        elif isinstance(theirs[key], dict):
            check_infos(ours[key], theirs[key])
        else:
            assert ours[key].dtype == theirs[key].dtype, key
            assert ours[key].shape == theirs[key].shape, key
            for i in np.flatnonzero(theirs[f"_{key}"]):
                assert np.array_equal(ours[key][i], theirs[key][i]), key


def check_step(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    for mine, other in zip(ours[:-1], theirs[:-1], strict=True):
        assert mine.dtype == other.dtype
        assert (mine == other).all()
    check_infos(ours[-1], theirs[-1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("side", ["first", "second"])
def test_every_step_is_gymnasiums(name: str, mode: AutoresetMode, side: str) -> None:
    some, sync = both(name, mode, side)
    random = np.random.default_rng(0)
    ours, theirs = some.reset(seed=3), sync.reset(seed=3)
    check_step(ours, theirs)
    ended = illegal = 0
    for _ in range(120):
        mask = ours[-1]["action_mask"].astype(bool)
        actions = np.array([random.choice(np.flatnonzero(m)) if m.any() else 0 for m in mask])
        forbidden = np.flatnonzero((random.random(NUM_ENVS) < 0.05) & ~mask.all(axis=1))
        actions[forbidden] = mask[forbidden].argmin(axis=1)
        ours, theirs = some.step(actions), sync.step(actions)
        check_step(ours, theirs)
        over = ours[2]
        ended += over.sum()
        illegal += (ours[1] == -1).sum()
        if mode is AutoresetMode.DISABLED and over.any():
            ours = some.reset(options={"reset_mask": over})
            check_step(ours, sync.reset(options={"reset_mask": over.copy()}))
    assert ended > 10
    assert illegal > 3


@pytest.mark.parametrize("mode", MODES)
def test_options_reach_the_games_that_begin(mode: AutoresetMode) -> None:
    some, sync = both("tic_tac_toe", mode)
    check_step(some.reset(seed=0, options={"side": "second"}), sync.reset(seed=0, options={"side": "second"}))
    mask = np.arange(NUM_ENVS) % 2 == 0
    one, other = {"reset_mask": mask, "side": "first"}, {"reset_mask": mask.copy(), "side": "first"}
    ours = some.reset(options=one)
    check_step(ours, sync.reset(options=other))
    assert ours[1]["side"].tolist() == [0, 1, 0, 1, 0]
    assert ours[1]["action_mask"].any(axis=1).all()  # who goes on still sees what is legal
    assert set(one) == {"reset_mask", "side"}
    with pytest.raises(ValueError, match="third"):
        some.reset(options={"side": "third"})


def test_what_has_ended_keeps_its_side_when_the_next_game_has_another() -> None:
    some = GameVectorEnv(64, made("tic_tac_toe"))
    _, infos = some.reset(seed=1)
    changed = 0
    for _ in range(12):
        before = infos["side"]
        _, rewards, done, _, infos = some.step(some.random_actions())
        if done.any():
            final = infos["final_info"]
            assert (final["side"][done] == before[done]).all()
            assert not final["action_mask"].any()
            changed += (infos["side"][done] != before[done]).sum()
            assert all(each is not None for each in infos["final_obs"][done])
            assert all(each is None for each in infos["final_obs"][~done])
    assert changed > 20
    assert set(rewards.tolist()) <= {1.0, 0.0, -1.0}


def test_an_illegal_end_is_told_of_the_game_that_ended() -> None:
    some = GameVectorEnv(3, made("tic_tac_toe"), side="first")
    some.reset(seed=0)
    some.step(np.array([0, 1, 2]))
    _, rewards, done, _, infos = some.step(np.array([0, 1, 2]))
    assert rewards.tolist() == [-1, -1, -1]
    assert done.all()
    assert infos["final_info"]["illegal"].all()
    assert not infos["illegal"].any()


@pytest.mark.parametrize("mode", MODES)
def test_a_step_before_any_reset(mode: AutoresetMode) -> None:
    with pytest.raises(ValueError, match="reset"):
        GameVectorEnv(3, made("tic_tac_toe"), autoreset_mode=mode).step(np.zeros(3, int))


def test_an_action_that_is_ignored_may_be_any_number() -> None:
    some, _ = both("tic_tac_toe", AutoresetMode.NEXT_STEP)
    some.reset(seed=0)
    some.step(np.zeros(NUM_ENVS, int))
    _, _, done, _, _ = some.step(np.zeros(NUM_ENVS, int))  # illegal
    assert done.all()
    _, rewards, done, _, infos = some.step(np.full(NUM_ENVS, -1))
    assert not done.any()
    assert not rewards.any()
    assert infos["action_mask"].all()


@pytest.mark.parametrize("seed", [np.int64(4), [1, None, 3], np.array([1, 2, 3]), (5, 6, 7)])
def test_seeds_in_every_form(seed: Any) -> None:
    some = GameVectorEnv(3, made("tic_tac_toe"))
    _, one = some.reset(seed=seed)
    assert some.step(some.random_actions())[0].shape[0] == 3
    _, two = some.reset(seed=seed)
    known = [i for i in range(3) if np.ndim(seed) == 0 or seed[i] is not None]
    assert (one["side"][known] == two["side"][known]).all()

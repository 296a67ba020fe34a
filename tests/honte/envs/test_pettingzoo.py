"""The PettingZoo environment: PettingZoo's own tests without a warning, both agents' views, illegal actions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pettingzoo")

from pettingzoo.test import api_test, seed_test

from games import NAMES
from honte.envs import pettingzoo
from honte.envs.pettingzoo import GameAEC
from tests.games.made import made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("error")
def test_pettingzoo_finds_nothing_to_warn_of(name: str) -> None:
    api_test(pettingzoo.env(made(name)), num_cycles=1000)
    seed_test(lambda: pettingzoo.env(made(name)), num_cycles=100)


def begun(name: str = "tic_tac_toe", **terms: Any) -> GameAEC:
    env = GameAEC(made(name), **terms)
    env.reset(seed=0)
    return env


def test_a_game_to_its_end() -> None:
    env = begun()
    for action in (0, 3, 1, 4, 2):
        assert env.infos[env.agent_selection]["action_mask"][action]
        env.step(action)
    assert env.rewards == {"player_0": 1.0, "player_1": -1.0}
    assert env.terminations == {"player_0": True, "player_1": True}
    assert env.last()[1:3] == (-1.0, True)
    env.step(None)
    env.step(None)
    assert env.agents == []


def test_each_agent_sees_the_board_as_its_own() -> None:
    env = begun()
    env.step(4)
    for agent, plane, moving in (("player_0", 0, 0), ("player_1", 1, 1)):
        seen = env.observe(agent)
        assert seen in env.observation_space(agent)
        assert seen[plane, 1, 1] == 1
        assert seen[:2].sum() == 1
        assert (seen[-1] == moving).all()
    assert not env.infos["player_0"]["action_mask"].any()
    assert env.infos["player_1"]["action_mask"].sum() == 8


def test_an_illegal_action_ends_the_game() -> None:
    env = begun()
    env.step(4)
    env.step(4)
    assert env.rewards == {"player_0": 0.0, "player_1": -1.0}
    assert all(env.terminations.values())
    assert env.infos["player_1"]["illegal"]
    assert not env.infos["player_0"]["illegal"]


def test_drawings() -> None:
    assert "x to play" in begun(render_mode="ansi").render()
    assert begun(render_mode="rgb_array").render().dtype == np.uint8
    with pytest.warns(UserWarning, match="render_mode"):
        assert begun().render() is None
    with pytest.raises(ValueError, match="human"):
        begun(render_mode="human")

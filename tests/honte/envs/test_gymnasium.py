"""The Gymnasium environment: Gymnasium's own checker, turns and rewards, illegal actions, what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import honte.envs
from agent.player import ImmediatePlayer
from games import NAMES
from honte.envs.gymnasium import GameEnv, ids
from tests.games.made import made

PLAIN = [identifier for identifier, text in ids() if text in NAMES]
SIZED = [identifier for identifier, text in ids() if text not in NAMES]


def env(name: str = "tic_tac_toe", **terms: Any) -> GameEnv:
    return GameEnv(made(name), **terms)


def mask_of(info: dict[str, Any]) -> Any:
    return np.flatnonzero(info["action_mask"])


class First(ImmediatePlayer):
    """Plays the first legal action."""

    def decisions(self, states: Any, terms: Any) -> Any:
        from agent.decision import Decisions

        out = Decisions.empty(len(states), self.game.num_actions)
        out.action[:] = self.game.describe_new(states).legal.argmax(axis=1)
        return out


@pytest.mark.parametrize("identifier", PLAIN)
@pytest.mark.filterwarnings("error")
def test_gymnasium_finds_nothing_to_warn_of(identifier: str) -> None:
    check_env(gymnasium.make(identifier).unwrapped)


@pytest.mark.slow
@pytest.mark.parametrize("identifier", SIZED)
@pytest.mark.filterwarnings("error")
def test_nor_at_other_sizes(identifier: str) -> None:
    check_env(gymnasium.make(identifier).unwrapped, skip_render_check=True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("opponent", ["mcts:8", "minimax:2"])
def test_nor_with_opponents_that_think(opponent: str) -> None:
    check_env(gymnasium.make("honte/TicTacToe-v0", opponent=opponent).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("identifier", [*PLAIN, *SIZED])
def test_a_spec_is_json(identifier: str) -> None:
    spec = gymnasium.spec(identifier)
    assert json.loads(spec.to_json())["kwargs"]["game"] in dict(ids()).values()
    assert spec.vector_entry_point == "honte.envs.vector:GameVectorEnv"


def test_a_spec_with_arguments_makes_the_same_again() -> None:
    made_once = gymnasium.make("honte/TicTacToe-v0", opponent="mcts:8", side="second")
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(made_once.spec.to_json()))
    assert again.unwrapped.opponent == "mcts:8"
    assert again.unwrapped.side == "second"


def test_the_id_for_any_game() -> None:
    some = gymnasium.make("honte/Game-v0", game="tic_tac_toe:rows=4,columns=4,k=3")
    observation, _ = some.reset(seed=0)
    assert observation.shape[-2:] == (4, 4)


def test_registering_again_says_nothing() -> None:
    honte.envs.gymnasium.register()


@pytest.mark.parametrize("side", ["first", "second", "random"])
def test_a_win_is_rewarded_once_and_at_the_end(side: str) -> None:
    here = env(side=side, opponent=First(made("tic_tac_toe")))
    seen = set()
    for seed in range(12):
        random = np.random.default_rng(seed)
        _, info = here.reset(seed=seed)
        seen.add(info["side"])
        rewards, over = [], False
        while not over:
            assert here.states["to_play"][0] == here._side
            _, reward, over, truncated, info = here.step(random.choice(mask_of(info)))
            rewards.append(reward)
            assert not truncated
            assert not info["illegal"]
        out = made("tic_tac_toe").describe_new(here.states)
        value = float(out.value[0]) * (1 if out.to_play[0] == info["side"] else -1)
        assert rewards == [0.0] * (len(rewards) - 1) + [value]
        assert not info["action_mask"].any()
    assert seen == {"first": {0}, "second": {1}, "random": {0, 1}}[side]


def test_the_last_observation_is_the_agents_own_view() -> None:
    here = env(side="first", opponent=First(made("tic_tac_toe")))
    here.reset(seed=0)
    for action in (8, 6, 7):  # the opponent answers at 0 and 1
        observation, reward, over, _, _ = here.step(action)
    assert (reward, over) == (1.0, True)
    mine, theirs = observation[0].ravel(), observation[1].ravel()
    assert np.flatnonzero(mine).tolist() == [6, 7, 8]
    assert np.flatnonzero(theirs).tolist() == [0, 1]


def test_an_illegal_action_loses() -> None:
    here = env(side="second", opponent=First(made("tic_tac_toe")))
    _, info = here.reset(seed=0)
    assert info["action_mask"][0] == 0
    _, reward, terminated, truncated, info = here.step(0)
    assert (reward, terminated, truncated, info["illegal"]) == (-1.0, True, False, True)
    with pytest.raises(ValueError, match="reset"):
        here.step(1)


def test_a_number_that_is_no_action() -> None:
    here = env()
    here.reset(seed=0)
    with pytest.raises(ValueError, match="0 to 8"):
        here.step(9)


def test_a_side_for_one_episode() -> None:
    here = env(side="first")
    assert here.reset(seed=0, options={"side": "second"})[1]["side"] == 1
    assert here.reset()[1]["side"] == 0


def test_a_seed_repeats_a_game_whatever_was_played_before() -> None:
    def play(here: GameEnv, seed: int | None) -> list[int]:
        _, info = here.reset(seed=seed)
        over = False
        while not over:
            _, _, over, _, info = here.step(mask_of(info)[0])
        return here.states.tobytes()

    here = env("connect_four", opponent="mcts:10")
    first = play(here, 5)
    play(here, None)
    assert play(here, 5) == first
    assert len({play(here, seed) for seed in range(8)}) > 1


def test_the_bundled_network_is_an_opponent() -> None:
    here = env("connect_four", opponent="connect_four?simulations=4", side="second", device="cpu")
    _, info = here.reset(seed=0)
    player = here._player
    observation, *_ = here.step(mask_of(info)[0])
    assert observation.shape == made("connect_four").observation_shape
    here.reset(seed=1)
    assert here._player is player


def test_drawings() -> None:
    assert "to play" in gymnasium.make("honte/TicTacToe-v0", render_mode="ansi").unwrapped.render()
    some = env(render_mode="rgb_array")
    some.reset(seed=0)
    assert some.render().dtype == np.uint8
    assert some.render().shape[2] == 3
    assert env().render() is None


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [({"side": "left"}, "left"), ({"render_mode": "human"}, "human"), ({"opponent": "nobody"}, "nobody")],
)
def test_wrong_words(terms: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        env(**terms)


def test_importing_and_playing_random_needs_no_torch() -> None:
    code = (
        "import sys, gymnasium, honte.envs\n"
        "env = gymnasium.make('honte/TicTacToe-v0'); env.reset(seed=0)\n"
        "assert 'torch' not in sys.modules, 'torch'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

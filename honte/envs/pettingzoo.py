"""PettingZoo: any game as an AEC environment of two agents.

Knows games and PettingZoo's contract. Does not know honte's players. Needs pettingzoo (the extra ``pettingzoo``).

>>> from honte import pettingzoo_env
>>> env = pettingzoo_env.env("connect_four")
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv
from pettingzoo.utils.wrappers import AssertOutOfBoundsWrapper, OrderEnforcingWrapper

from games.game import Game, Positions
from games.registry import make
from honte.envs.gymnasium import RENDER_MODES, check_options, frame, observation_space

AGENTS = ("player_0", "player_1")
"""In the order of their seats: player_0 moves first."""


def env(game: Game | str = "connect_four", render_mode: str | None = None) -> AECEnv[str, Any, Any]:
    """The environment in PettingZoo's usual wrappers: calls out of order and actions out of bounds are errors."""
    return OrderEnforcingWrapper(AssertOutOfBoundsWrapper(GameAEC(game, render_mode)))


class GameAEC(AECEnv[str, NDArray[Any], Any]):  # type: ignore[misc]
    """Two agents, ``player_0`` and ``player_1``, who move as the rules say.

    - Observation: [C + 1, H, W]: the planes of honte's networks as that agent sees them, whoever is to move, and a last
      plane of ones for the agent that is to move. The agent that waits sees the board as at the beginning of a turn of
      its own: a move that the other has half made is not marked.
    - ``infos[agent]["action_mask"]`` (int8): what is legal for the agent that is to move, as
      ``action_space.sample(mask)`` takes it; all 0 for the other.
    - Rewards: +1, 0, -1 at the end of the game.
    - An illegal action ends the game: -1 for whoever played it, 0 for the other, and ``infos[agent]["illegal"]``.
    """

    def __init__(self, game: Game | str = "connect_four", render_mode: str | None = None) -> None:
        """ValueError for a game or a render mode that there is not."""
        super().__init__()
        check_options("first", render_mode)
        self.game = make(game) if isinstance(game, str) else game
        self.render_mode = render_mode
        self.metadata = {
            "name": f"{self.game.name}_v0",
            "render_modes": list(RENDER_MODES),
            "render_fps": 1,
            "is_parallelizable": False,
        }
        self.possible_agents = list(AGENTS)
        self.observation_spaces = {agent: observation_space(self.game, planes=1) for agent in AGENTS}
        self.action_spaces = {agent: spaces.Discrete(self.game.num_actions) for agent in AGENTS}
        self.states = self.game.new(1)
        self.here: Positions = self.game.positions(1)

    def observation_space(self, agent: str) -> spaces.Box:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game. The rules draw nothing, so that ``seed`` changes nothing."""
        self.agents = list(AGENTS)
        self.rewards = dict.fromkeys(AGENTS, 0.0)
        self._cumulative_rewards = dict.fromkeys(AGENTS, 0.0)
        self.terminations = dict.fromkeys(AGENTS, False)
        self.truncations = dict.fromkeys(AGENTS, False)
        self.game.init(self.states)
        self._look()
        self.agent_selection = AGENTS[int(self.here.to_play[0])]

    def observe(self, agent: str) -> NDArray[Any]:
        seat = AGENTS.index(agent)
        seen = self.game.observe_as(self.states, np.array([seat]))[0]
        moving = np.full((1, *seen.shape[1:]), seat == self.here.to_play[0], seen.dtype)
        return np.concatenate([seen, moving])

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        if self.here.legal[0, int(action)]:
            self.game.step(self.states, np.array([int(action)]))
            self._look()
            value = float(self.here.value[0])
            for seat, name in enumerate(AGENTS):
                self.rewards[name] = (value if seat == self.here.to_play[0] else -value) + 0.0
            over = bool(self.here.terminal[0])
        else:
            self.rewards = {name: -1.0 if name == agent else 0.0 for name in AGENTS}
            self.infos = {name: self._info(None, illegal=name == agent) for name in AGENTS}
            over = True
        self.terminations = dict.fromkeys(AGENTS, over)
        self.agent_selection = AGENTS[1 - AGENTS.index(agent) if over else int(self.here.to_play[0])]
        self._accumulate_rewards()

    def render(self) -> Any:
        if self.render_mode is None:
            gymnasium.logger.warn("render() draws nothing unless render_mode is set to ansi or rgb_array")
            return None
        return frame(self.game, self.states[0], self.render_mode)

    def close(self) -> None:
        """There is nothing to close."""

    def _look(self) -> None:
        self.here = self.game.describe_new(self.states)
        mover = int(self.here.to_play[0])
        legal = [self.here.legal[0] if seat == mover else None for seat in range(2)]
        self.infos = {name: self._info(mine) for name, mine in zip(AGENTS, legal, strict=True)}

    def _info(self, legal: NDArray[np.bool_] | None, illegal: bool = False) -> dict[str, Any]:
        mask = np.zeros(self.game.num_actions, np.int8) if legal is None else legal.astype(np.int8)
        return {"action_mask": mask, "illegal": illegal}

"""Any game as an AEC environment of PettingZoo with two agents.

Knows games and the interface of PettingZoo. Does not know honte's players. Needs pettingzoo (the extra ``pettingzoo``).

>>> from honte.envs import pettingzoo
>>> env = pettingzoo.env("connect_four")
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
from honte.envs.gymnasium import RENDER_MODES, check_options, observation_space, render_position

AGENTS = ("player_0", "player_1")
"""By seat: player_0 moves first."""


def env(game: Game | str = "connect_four", render_mode: str | None = None) -> AECEnv[str, Any, Any]:
    """The environment in PettingZoo's usual wrappers, which refuse calls out of order and actions out of bounds."""
    return OrderEnforcingWrapper(AssertOutOfBoundsWrapper(GameAEC(game, render_mode)))


class GameAEC(AECEnv[str, NDArray[Any], Any]):  # type: ignore[misc]
    """A game with the agents ``player_0`` and ``player_1``.

    - Observation: [C + 1, H, W]: the planes of honte's networks from the view of that agent, and a last plane, which is
      all ones for the agent to move. The other agent sees the board as at the start of its own turn: the first part of
      a move that its opponent has not finished is not marked.
    - ``infos[agent]["action_mask"]`` (int8): the legal actions of the agent to move, for
      ``action_space.sample(mask)``; all 0 for the other.
    - Rewards: +1, 0, -1 at the end of the game.
    - An illegal action ends the game: reward -1 for its player and 0 for the other, and ``infos[agent]["illegal"]``.
    """

    def __init__(self, game: Game | str = "connect_four", render_mode: str | None = None) -> None:
        """ValueError for an unknown game or render mode."""
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
        self.positions: Positions = self.game.positions(1)

    def observation_space(self, agent: str) -> spaces.Box:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start a game. The rules have no chance, so ``seed`` has no effect."""
        self.agents = list(AGENTS)
        self.rewards = dict.fromkeys(AGENTS, 0.0)
        self._cumulative_rewards = dict.fromkeys(AGENTS, 0.0)
        self.terminations = dict.fromkeys(AGENTS, False)
        self.truncations = dict.fromkeys(AGENTS, False)
        self.game.init(self.states)
        self._describe()
        self.agent_selection = AGENTS[int(self.positions.to_play[0])]

    def observe(self, agent: str) -> NDArray[Any]:
        seat = AGENTS.index(agent)
        planes = self.game.observe_as(self.states, np.array([seat]))[0]
        to_move = np.full((1, *planes.shape[1:]), seat == self.positions.to_play[0], planes.dtype)
        return np.concatenate([planes, to_move])

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        if self.positions.legal[0, int(action)]:
            self.game.step(self.states, np.array([int(action)]))
            self._describe()
            value = float(self.positions.value[0])
            for seat, name in enumerate(AGENTS):
                self.rewards[name] = (value if seat == self.positions.to_play[0] else -value) + 0.0
            over = bool(self.positions.terminal[0])
        else:
            self.rewards = {name: -1.0 if name == agent else 0.0 for name in AGENTS}
            self.infos = {name: self._info(None, illegal=name == agent) for name in AGENTS}
            over = True
        self.terminations = dict.fromkeys(AGENTS, over)
        self.agent_selection = AGENTS[1 - AGENTS.index(agent) if over else int(self.positions.to_play[0])]
        self._accumulate_rewards()

    def render(self) -> Any:
        if self.render_mode is None:
            gymnasium.logger.warn("render() draws nothing unless render_mode is set to ansi or rgb_array")
            return None
        return render_position(self.game, self.states[0], self.render_mode)

    def close(self) -> None:
        """Nothing needs to be closed."""

    def _describe(self) -> None:
        self.positions = self.game.describe_new(self.states)
        to_move = int(self.positions.to_play[0])
        legal = [self.positions.legal[0] if seat == to_move else None for seat in range(2)]
        self.infos = {name: self._info(mine) for name, mine in zip(AGENTS, legal, strict=True)}

    def _info(self, legal: NDArray[np.bool_] | None, illegal: bool = False) -> dict[str, Any]:
        mask = np.zeros(self.game.num_actions, np.int8) if legal is None else legal.astype(np.int8)
        return {"action_mask": mask, "illegal": illegal}

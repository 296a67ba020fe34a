"""A vector environment of Gymnasium: many games against an opponent, in compiled code without a Python loop over games.

Knows batches of states, players and their slots, and the interface of Gymnasium. Does not know the agent.
``gymnasium.make_vec("honte/ConnectFour-v0", num_envs=4096)`` makes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from games.compilation.jit_cache import cached_njit
from games.game import Game, Positions
from games.registry import make
from honte.envs.gymnasium import (
    RENDER_MODES,
    SIDES,
    OpponentFromText,
    check_options,
    make_opponent,
    observation_space,
    render_position,
)

if TYPE_CHECKING:
    from agent.player import Player

Array: TypeAlias = NDArray[Any]


@cached_njit
def choose_random_actions(legal: Array, rows: Array, seeds: Array, actions: Array) -> int:
    """Write a random legal action [B] for each of ``rows`` [B] (a mask), -1 for the others; return how many rows.

    ``seeds [B]`` (uint64, not 0) are the states of one generator for each row: xorshift64 (Marsaglia 2003).
    """
    count = 0
    for b in range(len(actions)):
        actions[b] = -1
        if not rows[b]:
            continue
        count += 1
        num_legal = 0
        for a in range(legal.shape[1]):
            num_legal += legal[b, a]
        seed = seeds[b]
        seed ^= seed << np.uint64(13)
        seed ^= seed >> np.uint64(7)
        seed ^= seed << np.uint64(17)
        seeds[b] = seed
        left = np.int64((seed >> np.uint64(32)) * np.uint64(num_legal) >> np.uint64(32))
        for a in range(legal.shape[1]):
            if legal[b, a]:
                if left == 0:
                    actions[b] = a
                    break
                left -= 1
    return count


class GameVectorEnv(OpponentFromText, VectorEnv[Array, Array, Array]):
    """``num_envs`` games of ``GameEnv``, with the same observations, masks, rewards and illegal actions.

    ``infos["action_mask"]`` [N, A] int8, ``infos["side"]`` [N], ``infos["illegal"]`` [N], with Gymnasium's masks
    ``infos["_..."]``. The games depend only on the seed and the actions, and not on each other.

    ``autoreset_mode`` (also in ``metadata``) works as in ``SyncVectorEnv`` of Gymnasium. ``SameStep``, the default,
    starts the next game within the step that ends one. Observations and infos are then those of the next game. Those of
    the end are in ``infos["final_obs"]`` [N] (objects: an array [C, H, W] each) and ``infos["final_info"]`` (arrays, as
    ``infos``) where ``infos["_final_obs"]`` and ``infos["_final_info"]`` [N] are True. ``NextStep`` starts it in the
    next step, which ignores the action. ``Disabled`` waits for ``reset(options={"reset_mask": mask})``.
    """

    def __init__(
        self,
        num_envs: int,
        game: Game | str,
        opponent: Player | str = "random",
        side: str = "random",
        render_mode: str | None = None,
        device: str = "auto",
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    ) -> None:
        """As in ``GameEnv``. An opponent that is a ``Player`` needs ``num_envs`` slots."""
        if num_envs < 1:
            raise ValueError(f"num_envs is {num_envs}; it must be 1 or more")
        check_options(side, render_mode)
        self.game = make(game) if isinstance(game, str) else game
        self.num_envs, self.opponent, self.side, self.device = num_envs, opponent, side, device
        self.render_mode, self.mode = render_mode, AutoresetMode(autoreset_mode)
        self.metadata = {"autoreset_mode": self.mode, "render_modes": list(RENDER_MODES), "render_fps": 1}
        self.single_observation_space = observation_space(self.game)
        self.single_action_space = spaces.Discrete(self.game.num_actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.states = self.game.new(num_envs)
        self._initial_state = self.game.new(1)
        self.game.init(self._initial_state)
        self._rows = np.arange(num_envs)
        self._positions = self.game.positions(num_envs)
        self._side = np.zeros(num_envs, np.int8)
        self._done = np.ones(num_envs, np.bool_)
        self._seeds = np.zeros(num_envs, np.uint64)
        self._actions = np.empty(num_envs, np.int64)
        self._player = self._make_opponent(None, 0)  # None: random moves need no player

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """``seed``: one number, or one for each game, where None does not change the seed of a game.

        ``options["reset_mask"]`` [N] bool: reset only these games. The masks in ``infos`` mark them; the arrays
        hold all games. ``options["side"]``: the side of the agent in these games. ValueError for wrong options.
        """
        options = options or {}
        side = options.get("side", self.side)
        check_options(side, self.render_mode)
        mask = options.get("reset_mask")
        if mask is None:
            mask = np.ones(self.num_envs, np.bool_)
        elif np.shape(mask) != (self.num_envs,) or np.asarray(mask).dtype != np.bool_ or not np.any(mask):
            raise ValueError(f"options['reset_mask'] must be {self.num_envs} booleans, at least one of them True")
        rows = np.flatnonzero(mask)
        self._seed(seed, rows)
        if seed is not None and len(rows) == self.num_envs:
            self._player = self._make_opponent(self._player, int(self.np_random.integers(1 << 62)))
        self._restart(rows, side)
        self._done[rows] = False
        return self._positions.observation.copy(), self._infos(np.zeros(self.num_envs, np.bool_), np.asarray(mask))

    def _seed(self, seed: Any, rows: Array) -> None:
        """Seed the games ``rows``; the first time, seed all games."""
        seeds = seed if isinstance(seed, Sequence | np.ndarray) and np.ndim(seed) else None
        if seeds is not None and len(seeds) != self.num_envs:
            raise ValueError(f"seed has {len(seeds)} numbers; there are {self.num_envs} games")
        one = seed if seeds is None else seeds[0]
        super().reset(seed=None if one is None else int(one))
        if not self._seeds.any() or (seeds is None and seed is not None):
            new_seeds = random_numbers.make_keys(int(self.np_random.integers(1 << 62)), self._rows, 0) | np.uint64(1)
            self._seeds = np.where(self._seeds == 0, new_seeds, self._seeds)
            self._seeds[rows] = new_seeds[rows]
        for row in rows:
            if seeds is not None and seeds[row] is not None:
                self._seeds[row] = random_numbers.make_keys(int(seeds[row]), 0, 0)[0] | np.uint64(1)

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        if not self._seeds.any():
            raise ValueError("no game has started; call reset() before step()")
        actions, waiting = np.asarray(actions, np.int64), self._done
        if actions.shape != (self.num_envs,) or (actions.view(np.uint64) >= self.game.num_actions)[~waiting].any():
            raise ValueError(f"actions must be {self.num_envs} numbers from 0 to {self.game.num_actions - 1}")
        if waiting.any() and self.mode is not AutoresetMode.NEXT_STEP:
            raise ValueError(f"game {int(np.argmax(waiting))} is over or has not started; call reset() before step()")
        actions = np.where(waiting, 0, actions)
        illegal = ~self._positions.legal[self._rows, actions] & ~waiting
        actions = np.where(illegal | waiting, -1, actions)
        self.game.advance(self.states, self._rows, self._rows, actions)
        self.game.describe(self.states, self._positions)
        self._play_opponent(self._positions, ~illegal)
        positions = self._positions
        done = (positions.terminal | illegal) & ~waiting
        rewards = np.where(positions.to_play == self._side, positions.value, -positions.value)
        rewards = rewards.astype(np.float64) + 0.0  # + 0.0 turns -0.0 into 0.0
        rewards[illegal], rewards[waiting] = -1, 0
        infos: dict[str, Any] = {}
        ended = np.flatnonzero(done)
        if len(ended):
            positions.observation[ended] = self.game.observe_as(self.states[ended], self._side[ended])
            positions.legal[ended] = False
            if self.mode is AutoresetMode.SAME_STEP:
                infos = self._final_infos(ended, illegal)
                self._restart(ended, self.side)
                illegal = np.zeros(self.num_envs, np.bool_)
        if waiting.any():
            self._restart(np.flatnonzero(waiting), self.side)
        self._done = done.copy() if self.mode is not AutoresetMode.SAME_STEP else np.zeros_like(done)
        return positions.observation.copy(), rewards, done, np.zeros_like(done), infos | self._infos(illegal)

    def _final_infos(self, ended: Array, illegal: Array) -> dict[str, Any]:
        """Observations and infos of the games that have ended, in Gymnasium's format; zeros for the others."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[ended] = True
        observations = np.full(self.num_envs, None, np.object_)
        for row in ended:
            observations[row] = self._positions.observation[row].copy()
        info = self._infos(illegal, mask)
        for name in ("action_mask", "side", "illegal"):
            info[name][~mask] = 0
        return {"final_obs": observations, "_final_obs": mask, "final_info": info, "_final_info": mask.copy()}

    def random_actions(self) -> Array:
        """[N] random legal actions; 0 where a game is over."""
        actions = np.empty(self.num_envs, np.int64)
        choose_random_actions(self._positions.legal, ~self._done, self._seeds, actions)
        return np.maximum(actions, 0)

    def render(self) -> tuple[Any, ...] | None:
        """An image or a text for every game."""
        if self.render_mode is None:
            return None
        return tuple(render_position(self.game, row, self.render_mode) for row in self.states)

    def _infos(self, illegal: Array, mask: Array | None = None) -> dict[str, Any]:
        """The infos of all games as arrays, with ``mask`` [N] (all True unless given) as Gymnasium's mask of each."""
        infos = {
            "action_mask": self._positions.legal.astype(np.int8),
            "side": self._side.astype(np.int64),
            "illegal": illegal.copy(),
        }
        mask = np.ones(self.num_envs, np.bool_) if mask is None else mask
        return infos | {f"_{name}": mask.copy() for name in infos}

    def _make_opponent(self, previous: Player | None, seed: int) -> Player | None:
        self._player_seed = seed
        if self.opponent == "random":
            return None
        return make_opponent(self.opponent, self.game, previous, num_slots=self.num_envs, seed=seed, device=self.device)

    def _restart(self, rows: Array, side: str) -> None:
        """Start new games in ``rows [R]`` with the agent on ``side``, up to its first turn."""
        states = self.game.new(len(rows))
        self.game.copy(states, np.repeat(self._initial_state, len(rows)))
        self.states[rows] = states
        if side == "random":
            self._side[rows] = (random_numbers.mix(self._seeds[rows]) >> np.uint64(63)).astype(np.int8)
        else:
            self._side[rows] = SIDES.index(side)
        out = self.game.describe_new(states)
        self._play_opponent(out, np.ones(len(rows), np.bool_), rows)
        array: Any
        for array, new_rows in zip(self._positions, out, strict=True):
            array[rows] = new_rows

    def _play_opponent(self, positions: Positions, allowed: Array, rows: Array | None = None) -> None:
        """Let the opponent move in the games ``rows`` (None: all) until it is the turn of the agent in each of them.

        ``positions`` describes these games; ``allowed`` masks those where the opponent may move.
        """
        games = self._rows if rows is None else rows
        sides, seeds = self._side[games], self._seeds[games]
        actions = np.empty(len(games), np.int64)
        while True:
            to_move = (positions.to_play != sides) & ~positions.terminal & allowed
            if self._player is None:
                count = choose_random_actions(positions.legal, to_move, seeds, actions)
            else:
                count = self._choose_actions(games, to_move, seeds, actions)
            if count == 0:
                break
            self.game.advance(self.states, games, games, actions)
            self.game.describe(self.states if rows is None else self.states[rows], positions)
        self._seeds[games] = seeds

    def _choose_actions(self, games: Array, to_move: Array, seeds: Array, actions: Array) -> int:
        """As ``choose_random_actions``, but the opponent chooses; its slots are the games."""
        assert self._player is not None
        actions[:] = -1
        chosen = np.flatnonzero(to_move)
        if len(chosen):
            seeds[chosen] = random_numbers.mix(seeds[chosen]) | np.uint64(1)
            slots = games[chosen]
            self._player.think(slots, self.states[slots], Terms.of(len(slots), keys=seeds[chosen]))
            index_of_slot = np.zeros(self.num_envs, np.int64)
            index_of_slot[slots] = chosen
            num_decided = 0
            while num_decided < len(slots):
                ready, decisions = self._player.decide()
                actions[index_of_slot[ready]] = decisions.action
                num_decided += len(ready)
        return len(chosen)

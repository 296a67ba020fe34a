"""Many games at once against an opponent: Gymnasium's VectorEnv over rows of states, with no Python per game.

Knows batches of states, players and their slots, and Gymnasium's contract. Does not know who learns.
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
from games.game import Game, Positions
from games.jit_cache import cached_njit
from games.registry import make
from honte.envs.gymnasium import (
    RENDER_MODES,
    SIDES,
    OpponentByText,
    check_options,
    frame,
    observation_space,
    seat_opponent,
)

if TYPE_CHECKING:
    from agent.player import Player

Array: TypeAlias = NDArray[Any]


@cached_njit
def choose(legal: Array, wanted: Array, seeds: Array, actions: Array) -> int:
    """A random legal action [B] in each row that is ``wanted [B]``, -1 in others; how many were wanted.

    ``seeds [B]`` (uint64, not 0) are each row's own generator and move on: xorshift64 (Marsaglia 2003).
    """
    count = 0
    for b in range(len(actions)):
        actions[b] = -1
        if not wanted[b]:
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


class GameVectorEnv(OpponentByText, VectorEnv[Array, Array, Array]):
    """``num_envs`` games of ``GameEnv`` side by side: same observations, masks, rewards and illegal actions.

    ``infos["action_mask"]`` [N, A] int8, ``infos["side"]`` [N], ``infos["illegal"]`` [N], with Gymnasium's masks
    ``infos["_..."]`` beside them. All follows from the seed and the actions; a game does not depend on its neighbours.

    ``autoreset_mode`` (in ``metadata``, too), each as in Gymnasium's ``SyncVectorEnv``: ``SameStep``, the default,
    starts the next game within the step that ends one. Observations and infos are then the next game's; those of the
    end are in ``infos["final_obs"]`` [N] (objects: an array [C, H, W] each) and ``infos["final_info"]`` (arrays, as
    ``infos``) where ``infos["_final_obs"]`` and ``infos["_final_info"]`` [N] say so. ``NextStep`` starts it in the next
    step, which ignores the action; ``Disabled`` waits for ``reset(options={"reset_mask": mask})``.
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
        """As ``GameEnv``; an opponent that is a ``Player`` needs ``num_envs`` slots. ValueError as there."""
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
        self._begin = self.game.new(1)
        self.game.init(self._begin)
        self._rows = np.arange(num_envs)
        self._here = self.game.positions(num_envs)
        self._me = np.zeros(num_envs, np.int8)
        self._done = np.ones(num_envs, np.bool_)
        self._seeds = np.zeros(num_envs, np.uint64)
        self._actions = np.empty(num_envs, np.int64)
        self._player = self._seated(None, 0)  # None: the random one, who needs no player

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """``seed``: one number, or one a game, in which None leaves a game its own.

        ``options["reset_mask"]`` [N] bool: begin only these again; masks in ``infos`` tell them, though its arrays hold
        for all. ``options["side"]``: the agent's in the games that begin here. ValueError for what these cannot be.
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
            self._player = self._seated(self._player, int(self.np_random.integers(1 << 62)))
        self._restart(rows, side)
        self._done[rows] = False
        return self._here.observation.copy(), self._infos(np.zeros(self.num_envs, np.bool_), np.asarray(mask))

    def _seed(self, seed: Any, rows: Array) -> None:
        """Seed the games ``rows``; at the very first time, all of them."""
        seeds = seed if isinstance(seed, Sequence | np.ndarray) and np.ndim(seed) else None
        if seeds is not None and len(seeds) != self.num_envs:
            raise ValueError(f"seed has {len(seeds)} numbers; there are {self.num_envs} games")
        one = seed if seeds is None else seeds[0]
        super().reset(seed=None if one is None else int(one))
        if not self._seeds.any() or (seeds is None and seed is not None):
            fresh = random_numbers.make_keys(int(self.np_random.integers(1 << 62)), self._rows, 0) | np.uint64(1)
            self._seeds = np.where(self._seeds == 0, fresh, self._seeds)
            self._seeds[rows] = fresh[rows]
        for row in rows:
            if seeds is not None and seeds[row] is not None:
                self._seeds[row] = random_numbers.make_keys(int(seeds[row]), 0, 0)[0] | np.uint64(1)

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        if not self._seeds.any():
            raise ValueError("no game is begun; call reset() before step()")
        actions, waiting = np.asarray(actions, np.int64), self._done
        if actions.shape != (self.num_envs,) or (actions.view(np.uint64) >= self.game.num_actions)[~waiting].any():
            raise ValueError(f"actions must be {self.num_envs} numbers from 0 to {self.game.num_actions - 1}")
        if waiting.any() and self.mode is not AutoresetMode.NEXT_STEP:
            raise ValueError(f"game {int(np.argmax(waiting))} is over or not begun; call reset() before step()")
        actions = np.where(waiting, 0, actions)
        illegal = ~self._here.legal[self._rows, actions] & ~waiting
        actions = np.where(illegal | waiting, -1, actions)
        self.game.advance(self.states, self._rows, self._rows, actions)
        self.game.describe(self.states, self._here)
        self._answer(self._here, ~illegal)
        here = self._here
        done = (here.terminal | illegal) & ~waiting
        rewards = np.where(here.to_play == self._me, here.value, -here.value).astype(np.float64) + 0.0  # no -0.0
        rewards[illegal], rewards[waiting] = -1, 0
        infos: dict[str, Any] = {}
        ended = np.flatnonzero(done)
        if len(ended):
            here.observation[ended] = self.game.observe_as(self.states[ended], self._me[ended])
            here.legal[ended] = False
            if self.mode is AutoresetMode.SAME_STEP:
                infos = self._final(ended, illegal)
                self._restart(ended, self.side)
                illegal = np.zeros(self.num_envs, np.bool_)
        if waiting.any():
            self._restart(np.flatnonzero(waiting), self.side)
        self._done = done.copy() if self.mode is not AutoresetMode.SAME_STEP else np.zeros_like(done)
        return here.observation.copy(), rewards, done, np.zeros_like(done), infos | self._infos(illegal)

    def _final(self, ended: Array, illegal: Array) -> dict[str, Any]:
        """What Gymnasium tells of the games that have ended; zeros for the others."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[ended] = True
        observations = np.full(self.num_envs, None, np.object_)
        for row in ended:
            observations[row] = self._here.observation[row].copy()
        info = self._infos(illegal, mask)
        for name in ("action_mask", "side", "illegal"):
            info[name][~mask] = 0
        return {"final_obs": observations, "_final_obs": mask, "final_info": info, "_final_info": mask.copy()}

    def random_actions(self) -> Array:
        """[N] a random legal action for every game; 0 where a game is over."""
        actions = np.empty(self.num_envs, np.int64)
        choose(self._here.legal, ~self._done, self._seeds, actions)
        return np.maximum(actions, 0)

    def render(self) -> tuple[Any, ...] | None:
        """A picture or a text for every game."""
        if self.render_mode is None:
            return None
        return tuple(frame(self.game, row, self.render_mode) for row in self.states)

    def _infos(self, illegal: Array, told: Array | None = None) -> dict[str, Any]:
        """Each in an array of its own, with the mask ``told`` [N]: all of them unless given."""
        infos = {
            "action_mask": self._here.legal.astype(np.int8),
            "side": self._me.astype(np.int64),
            "illegal": illegal.copy(),
        }
        told = np.ones(self.num_envs, np.bool_) if told is None else told
        return infos | {f"_{name}": told.copy() for name in infos}

    def _seated(self, before: Player | None, seed: int) -> Player | None:
        self._player_seed = seed
        if self.opponent == "random":
            return None
        return seat_opponent(self.opponent, self.game, before, num_slots=self.num_envs, seed=seed, device=self.device)

    def _restart(self, rows: Array, side: str) -> None:
        """New games in ``rows [R]`` with the agent on ``side``, up to its first turn."""
        states = self.game.new(len(rows))
        self.game.copy(states, np.repeat(self._begin, len(rows)))
        self.states[rows] = states
        if side == "random":
            self._me[rows] = (random_numbers.mix(self._seeds[rows]) >> np.uint64(63)).astype(np.int8)
        else:
            self._me[rows] = SIDES.index(side)
        out = self.game.describe_new(states)
        self._answer(out, np.ones(len(rows), np.bool_), rows)
        kept: Any
        for kept, fresh in zip(self._here, out, strict=True):
            kept[rows] = fresh

    def _answer(self, here: Positions, allowed: Array, rows: Array | None = None) -> None:
        """The opponent moves in ``rows`` (None: all), described by ``here``, until the agent is to play everywhere."""
        place = self._rows if rows is None else rows
        me, seeds = self._me[place], self._seeds[place]
        actions = np.empty(len(place), np.int64)
        while True:
            wanted = (here.to_play != me) & ~here.terminal & allowed
            if self._player is None:
                count = choose(here.legal, wanted, seeds, actions)
            else:
                count = self._decided(place, wanted, seeds, actions)
            if count == 0:
                break
            self.game.advance(self.states, place, place, actions)
            self.game.describe(self.states if rows is None else self.states[rows], here)
        self._seeds[place] = seeds

    def _decided(self, place: Array, wanted: Array, seeds: Array, actions: Array) -> int:
        """As ``choose``, by the opponent's own lights: its slots are the games."""
        assert self._player is not None
        actions[:] = -1
        asking = np.flatnonzero(wanted)
        if len(asking):
            seeds[asking] = random_numbers.mix(seeds[asking]) | np.uint64(1)
            rows = place[asking]
            self._player.think(rows, self.states[rows], Terms.of(len(rows), keys=seeds[asking]))
            position = np.zeros(self.num_envs, np.int64)
            position[rows] = asking
            answered = 0
            while answered < len(rows):
                slots, decisions = self._player.decide()
                actions[position[slots]] = decisions.action
                answered += len(slots)
        return len(asking)

"""A Gymnasium environment: a game in which the agent plays against an opponent.

Knows games, players written as text, and the interface of Gymnasium. Does not know the agent.

Importing this module registers an id for every game and its common sizes:

>>> import gymnasium
>>> import honte.envs
>>> env = gymnasium.make("honte/ConnectFour-v0", opponent="mcts:100")

``honte/Game-v0`` is for any other game: ``gymnasium.make("honte/Game-v0", game="my_game.py:game")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from games.game import Game, Positions, Row
from games.registry import NAMES, describe, make

if TYPE_CHECKING:
    from agent.player import Player

SIDES = ("first", "second", "random")
RENDER_MODES = ("ansi", "rgb_array")


def ids() -> Iterator[tuple[str, str]]:
    """(id, game) of every id except ``honte/Game-v0``, such as (``honte/Othello6-v0``, ``othello:size=6``)."""
    for name in NAMES:
        camel = "".join(word.capitalize() for word in name.split("_"))
        yield f"honte/{camel}-v0", name
        for ending, parameters in describe(name).variants.items():
            yield f"honte/{camel}{ending}-v0", f"{name}:{parameters}"


def register() -> None:
    """Register the ids with Gymnasium. Importing this module does it."""
    for identifier, text in [*ids(), ("honte/Game-v0", "")]:
        if identifier not in gymnasium.registry:
            gymnasium.register(
                id=identifier,
                entry_point="honte.envs:GameEnv",
                vector_entry_point="honte.envs.vector:GameVectorEnv",
                kwargs={"game": text} if text else {},
            )


def observation_space(game: Game, planes: int = 0) -> spaces.Box:
    """The space of the game's observations [C + planes, H, W]."""
    depth, height, width = game.observation_shape
    kind: Any = np.iinfo if game.observation_dtype.kind == "u" else np.finfo
    limits = kind(game.observation_dtype)
    return spaces.Box(limits.min, limits.max, (depth + planes, height, width), game.observation_dtype.type)


def check_options(side: str, render_mode: str | None) -> None:
    """ValueError for an unknown side or render mode."""
    if side not in SIDES:
        raise ValueError(f"side is {side!r}; it must be first, second or random")
    if render_mode not in (None, *RENDER_MODES):
        raise ValueError(f"render_mode is {render_mode!r}; it must be {' or '.join(RENDER_MODES)}")


def make_opponent(
    opponent: Player | str, game: Game, previous: Player | None, *, num_slots: int, seed: int, device: str
) -> Player:
    """The opponent for a new episode, in a state in which a seeded episode repeats.

    ``previous``, the opponent so far, is used again, since networks and solvers take long to start: its moves depend
    only on the position and on a key. Only rollouts depend on earlier games, so such a player is made anew.
    """
    if not isinstance(opponent, str):
        opponent.stop()
        return opponent
    from agent.players import make_player

    if previous is not None and not opponent.startswith("mcts:"):
        previous.stop()
        return previous
    return make_player(opponent, game, num_slots=num_slots, seed=seed, device=device)


def render_position(game: Game, row: Row, render_mode: str | None) -> Any:
    """The position as text or as an image [H, W, 3] uint8; None without a render mode."""
    if render_mode == "ansi":
        return game.render(row)
    if render_mode == "rgb_array":
        from honte.drawing.png import board_image

        return board_image(game, row)
    return None


class OpponentFromText:
    """For environments whose opponent is given as text: a copy or a pickle makes its own opponent from the text.

    The copy plays on as the original would, since the moves of the opponent depend on the seed and the position.
    """

    opponent: Player | str
    _player: Player | None
    _player_seed: int

    def _make_opponent(self, previous: Player | None, seed: int) -> Any:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | ({"_player": None} if isinstance(self.opponent, str) else {})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._player = self._make_opponent(None, self._player_seed)


class GameEnv(OpponentFromText, gymnasium.Env[NDArray[Any], np.int64]):
    """A game against an opponent, which moves within ``step``.

    - Observation: [C, H, W] planes as honte's networks see them, from the view of the agent, also at the end of a game.
    - Action: 0 to ``num_actions`` - 1, from the agent's view. ``info["action_mask"]`` (int8) marks legal actions, for
      ``env.action_space.sample(mask)``. Where the rules let a player move twice, the agent moves in two steps.
    - Reward: +1, 0 or -1 at the end of the game, 0 before. Episodes are never truncated, since all games end.
    - An illegal action ends the episode with reward -1 and ``info["illegal"]`` True. A number outside of
      the action space, or a step after the end, raises a ValueError.
    - ``info["side"]``: 0 where the agent moves first, 1 where it moves second.

    An opponent that always plays its best move may repeat a game every time. A network can play with a temperature, as
    in ``connect_four?temperature=1``.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # type: ignore[misc]

    def __init__(
        self,
        game: Game | str,
        opponent: Player | str = "random",
        side: str = "random",
        render_mode: str | None = None,
        device: str = "auto",
    ) -> None:
        """``opponent``: a player, or its text as in honte's commands. ``side`` of the agent: first, second or random.

        ``device``: where the network of the opponent runs. ValueError for an unknown game, player, side or device.
        """
        check_options(side, render_mode)
        self.game = make(game) if isinstance(game, str) else game
        self.opponent, self.side, self.render_mode, self.device = opponent, side, render_mode, device
        self.observation_space = observation_space(self.game)
        self.action_space = spaces.Discrete(self.game.num_actions)
        self.states = self.game.new(1)
        self._player: Player = self._make_opponent(None, 0)
        self._side = self._plies = self._key = 0
        self._positions: Positions | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Start a game. ``options["side"]`` replaces the side for this episode."""
        super().reset(seed=seed)
        side = (options or {}).get("side", self.side)
        check_options(side, self.render_mode)
        random_side, self._key = self.np_random.integers(1 << 62, size=2).tolist()
        if seed is not None:
            self._player = self._make_opponent(self._player, self._key)
        self._side = random_side % 2 if side == "random" else SIDES.index(side)
        self._plies = 0
        self.game.init(self.states)
        self._play_opponent()
        return self._result(False)

    def step(self, action: np.int64 | int) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        if self._positions is None or self._positions.terminal[0]:
            raise ValueError("the game is over or has not started; call reset() before step()")
        if not 0 <= int(action) < self.game.num_actions:
            raise ValueError(f"action is {action}; actions of {self.game.name} are 0 to {self.game.num_actions - 1}")
        if not self._positions.legal[0, action]:
            observation, info = self._result(True)
            self._positions = None
            return observation, -1.0, True, False, info
        self._play(int(action))
        self._play_opponent()
        positions = self._positions
        reward = float(positions.value[0]) * (1 if positions.to_play[0] == self._side else -1)
        observation, info = self._result(False)
        return observation, reward + 0.0, bool(positions.terminal[0]), False, info  # + 0.0 turns -0.0 into 0.0

    def render(self) -> Any:
        return render_position(self.game, self.states[0], self.render_mode)

    def _make_opponent(self, previous: Player | None, seed: int) -> Player:
        self._player_seed = seed
        return make_opponent(self.opponent, self.game, previous, num_slots=1, seed=seed, device=self.device)

    def _play(self, action: int) -> None:
        self.game.step(self.states, np.array([action]))
        self._plies += 1

    def _play_opponent(self) -> None:
        """Let the opponent move until it is the turn of the agent or the game is over."""
        from agent import random_numbers
        from agent.decision import Terms

        while True:
            self._positions = self.game.describe_new(self.states)
            if self._positions.terminal[0] or self._positions.to_play[0] == self._side:
                return
            terms = Terms.of(1, keys=random_numbers.make_keys(self._key, 0, self._plies))
            self._player.think(np.zeros(1, np.int64), self.states, terms)
            self._play(int(self._player.decide()[1].action[0]))

    def _result(self, illegal: bool) -> tuple[NDArray[Any], dict[str, Any]]:
        """The observation and the info of the current position."""
        assert self._positions is not None
        mask = np.zeros(self.game.num_actions, np.int8) if illegal else self._positions.legal[0].astype(np.int8)
        observation = self.game.observe_as(self.states, np.array([self._side]))[0]
        return observation, {"action_mask": mask, "side": self._side, "illegal": illegal}


register()

"""Gymnasium: a game as one player meets it, the other seat taken by an opponent.

Knows games, players written as text, and Gymnasium's contract. Does not know who learns.

Importing this module registers ids for every game of the house and its common sizes:

>>> import gymnasium
>>> import honte.envs
>>> env = gymnasium.make("honte/ConnectFour-v0", opponent="mcts:100")

and ``honte/Game-v0`` for any other: ``gymnasium.make("honte/Game-v0", game="my_game.py:game")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from games.game import Game, Positions, Row
from games.registry import NAMES, make

if TYPE_CHECKING:
    from agent.player import Player

SIDES = ("first", "second", "random")
RENDER_MODES = ("ansi", "rgb_array")

SIZES: dict[str, dict[str, str]] = {
    "amazons": {"8": "size=8", "10": "size=10"},
    "breakthrough": {"5": "rows=5,columns=5", "6": "rows=6,columns=6"},
    "connect_four": {"4x5": "rows=4,columns=5", "5x6": "rows=5,columns=6"},
    "dots_and_boxes": {"2": "rows=2,columns=2", "3": "rows=3,columns=3"},
    "go": {"5": "size=5", "7": "size=7", "9": "size=9", "13": "size=13", "19": "size=19"},
    "gomoku": {"9": "size=9", "15": "size=15"},
    "hex": {"5": "size=5", "7": "size=7", "9": "size=9", "11": "size=11"},
    "othello": {"6": "size=6", "8": "size=8"},
}
"""Beside each game's own size: what its id ends in, and the parameters behind it."""


def ids() -> Iterator[tuple[str, str]]:
    """Every id but ``honte/Game-v0``, with the game that it names: ``honte/Othello6-v0``, ``othello:size=6``."""
    for name in NAMES:
        camel = "".join(word.capitalize() for word in name.split("_"))
        yield f"honte/{camel}-v0", name
        for ending, parameters in SIZES.get(name, {}).items():
            yield f"honte/{camel}{ending}-v0", f"{name}:{parameters}"


def register() -> None:
    """Make the ids known to Gymnasium; once is enough, and importing this module does it."""
    for identifier, text in [*ids(), ("honte/Game-v0", "")]:
        if identifier not in gymnasium.registry:
            gymnasium.register(
                id=identifier,
                entry_point="honte.envs:GameEnv",
                vector_entry_point="honte.envs.vector:GameVectorEnv",
                kwargs={"game": text} if text else {},
            )


def observation_space(game: Game, planes: int = 0) -> spaces.Box:
    """[C, H, W] as the game's networks see it, with so many more ``planes``; every value is finite."""
    depth, height, width = game.observation_shape
    kind: Any = np.iinfo if game.observation_dtype.kind == "u" else np.finfo
    limits = kind(game.observation_dtype)
    return spaces.Box(limits.min, limits.max, (depth + planes, height, width), game.observation_dtype.type)


def check_options(side: str, render_mode: str | None) -> None:
    """ValueError for a side or a render mode that there is not."""
    if side not in SIDES:
        raise ValueError(f"side is {side!r}; it must be first, second or random")
    if render_mode not in (None, *RENDER_MODES):
        raise ValueError(f"render_mode is {render_mode!r}; it must be {' or '.join(RENDER_MODES)}")


def seat_opponent(
    opponent: Player | str, game: Game, before: Player | None, *, num_slots: int, seed: int, device: str
) -> Player:
    """The opponent, so that a seeded episode repeats whatever was played before.

    ``before`` is the one there was, and is kept but for rollouts, which count on from game to game: what others play
    follows from the position and a key, and networks and solvers take long to begin.
    """
    if not isinstance(opponent, str):
        opponent.stop()
        return opponent
    from agent.players import make_player

    if before is not None and not opponent.startswith("mcts:"):
        before.stop()
        return before
    return make_player(opponent, game, num_slots=num_slots, seed=seed, device=device)


def frame(game: Game, row: Row, render_mode: str | None) -> Any:
    """The position as text or as a picture [H, W, 3] uint8."""
    if render_mode == "ansi":
        return game.render(row)
    if render_mode == "rgb_array":
        from honte.drawing.png import board_image

        return board_image(game, row)
    return None


class OpponentByText:
    """Environments whose opponent does not travel with them: a copy, pickled or deep, makes its own from the text.

    The copy goes on as the original would: what an opponent draws follows from the seed and the position.
    """

    opponent: Player | str
    _player: Player | None
    _player_seed: int

    def _seated(self, before: Player | None, seed: int) -> Any:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | ({"_player": None} if isinstance(self.opponent, str) else {})

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._player = self._seated(None, self._player_seed)


class GameEnv(OpponentByText, gymnasium.Env[NDArray[Any], np.int64]):
    """One game against an opponent, who moves within ``step``.

    - Observation: [C, H, W] planes from the agent's view, as honte's networks see them; at the end of the game, too.
    - Action: one of ``num_actions``, numbered in the agent's view; ``info["action_mask"]`` (int8) says which are legal,
      as ``env.action_space.sample(mask)`` takes it. Where the rules let a player move twice, the agent is asked twice.
    - Reward: +1, 0 or -1 at the end of the game, 0 before. Episodes are never truncated: all games end.
    - An illegal action ends the episode with reward -1 and ``info["illegal"]`` True. A number that is no action at all,
      or a step after the end, is a ValueError.
    - ``info["side"]``: 0 where the agent moves first, 1 where it moves second.

    An opponent that always plays its best move may play the same game again and again; networks take a temperature:
    ``connect_four?temperature=1``.
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
        """``opponent``: a player, or text as honte's commands take it. ``side``: the agent's; first, second or random.

        ``device``: where the opponent's network runs. ValueError for what there is not.
        """
        check_options(side, render_mode)
        self.game = make(game) if isinstance(game, str) else game
        self.opponent, self.side, self.render_mode, self.device = opponent, side, render_mode, device
        self.observation_space = observation_space(self.game)
        self.action_space = spaces.Discrete(self.game.num_actions)
        self.states = self.game.new(1)
        self._player: Player = self._seated(None, 0)
        self._me = self._plies = self._key = 0
        self._here: Positions | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """``options["side"]`` holds for this episode alone."""
        super().reset(seed=seed)
        side = (options or {}).get("side", self.side)
        check_options(side, self.render_mode)
        drawn, self._key = self.np_random.integers(1 << 62, size=2).tolist()
        if seed is not None:
            self._player = self._seated(self._player, self._key)
        self._me = drawn % 2 if side == "random" else SIDES.index(side)
        self._plies = 0
        self.game.init(self.states)
        self._answer()
        return self._result(False)

    def step(self, action: np.int64 | int) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        if self._here is None or self._here.terminal[0]:
            raise ValueError("the game is over or not begun; call reset() before step()")
        if not 0 <= int(action) < self.game.num_actions:
            raise ValueError(f"action is {action}; actions of {self.game.name} are 0 to {self.game.num_actions - 1}")
        if not self._here.legal[0, action]:
            observation, info = self._result(True)
            self._here = None
            return observation, -1.0, True, False, info
        self._play(int(action))
        self._answer()
        here = self._here
        reward = float(here.value[0]) * (1 if here.to_play[0] == self._me else -1)
        observation, info = self._result(False)
        return observation, reward + 0.0, bool(here.terminal[0]), False, info  # + 0.0: no -0.0

    def render(self) -> Any:
        return frame(self.game, self.states[0], self.render_mode)

    def _seated(self, before: Player | None, seed: int) -> Player:
        self._player_seed = seed
        return seat_opponent(self.opponent, self.game, before, num_slots=1, seed=seed, device=self.device)

    def _play(self, action: int) -> None:
        self.game.step(self.states, np.array([action]))
        self._plies += 1

    def _answer(self) -> None:
        """The opponent moves until it is the agent's turn or the game is over."""
        from agent import random_numbers
        from agent.decision import Terms

        while True:
            self._here = self.game.describe_new(self.states)
            if self._here.terminal[0] or self._here.to_play[0] == self._me:
                return
            terms = Terms.of(1, keys=random_numbers.make_keys(self._key, 0, self._plies))
            self._player.think(np.zeros(1, np.int64), self.states, terms)
            self._play(int(self._player.decide()[1].action[0]))

    def _result(self, illegal: bool) -> tuple[NDArray[Any], dict[str, Any]]:
        """What the agent sees now."""
        assert self._here is not None
        mask = np.zeros(self.game.num_actions, np.int8) if illegal else self._here.legal[0].astype(np.int8)
        observation = self.game.observe_as(self.states, np.array([self._me]))[0]
        return observation, {"action_mask": mask, "side": self._me, "illegal": illegal}


register()

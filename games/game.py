"""The contract of a game: what the rest of honte knows of it.

Does not know any rule, how rules are compiled, networks or search.

**Legend**: every value is from the viewpoint of the player to move. A *row* is one element of a NumPy array of
dtype ``game.state`` and holds one whole state; batches are arrays of rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.board import Board
from games.descriptions import Description
from games.symmetry import Symmetries
from games.text_board import draw_text
from games.uci_notation import UciNotation

ONGOING = 2
"""What ``outcome`` returns if a game is not over; otherwise it returns +1, 0 or -1 for the player to move."""

NO_LIMIT = 1 << 62

MOST_ACTIONS = (1 << 15) - 1
"""The most actions of a game: trees and stored games hold an action in 16 bits."""

Row = Any
"""One state: an element of an array of dtype ``game.state``."""

States = NDArray[Any]
"""[B] rows of dtype ``game.state``."""


class Positions(NamedTuple):
    """What players and networks may know of B states, each from the viewpoint of its player to move."""

    observation: NDArray[Any]  # [B, C, H, W] planes of the game's observation_dtype
    legal: NDArray[np.bool_]  # [B, A]; all False when terminal
    to_play: NDArray[np.int8]  # [B] 0 or 1
    terminal: NDArray[np.bool_]  # [B]
    value: NDArray[np.float32]  # [B] +1 win, 0 draw, -1 loss; 0 unless terminal

    def rows(self, start: int, stop: int) -> Positions:
        """The positions ``start`` to ``stop``, as views."""
        cut = slice(start, stop)
        return Positions(self.observation[cut], self.legal[cut], self.to_play[cut], self.terminal[cut], self.value[cut])

    def take(self, index: NDArray[np.integer], out: Positions | None = None) -> Positions:
        """Copies of the positions ``index [R]``, in the first rows of ``out`` where it is given."""
        if out is None:
            return Positions._make(array.take(index, axis=0) for array in self)
        pairs: Any = zip(self, out.rows(0, len(index)))
        return Positions._make(copy_rows(array, index, copies) for array, copies in pairs)


def copy_rows(array: NDArray[Any], index: NDArray[np.integer], out: NDArray[Any]) -> NDArray[Any]:
    """``array[index]``, written into ``out`` without Python's lock (the GIL)."""
    return array.take(index, 0, out, "clip")  # to check the index, NumPy would copy once more


class Game(ABC):
    """Rules lifted to batches of B rows, in place; compiled games release the GIL. See also ``games.from_rules``."""

    name: str  # as ``games.make`` takes it, parameters included
    state: np.dtype[Any]
    num_actions: int
    observation_shape: tuple[int, int, int]  # [C, H, W]
    observation_dtype: np.dtype[Any] = np.dtype(np.uint8)  # or float32
    max_plies: int
    symmetries: Symmetries
    action_layout: NDArray[np.int64]  # [A, 3] plane, row, column; -1: pooled over that axis
    board: Board
    turned: NDArray[np.int64] | None = None  # [A] the second player's actions as the first calls them; None: the same
    has_heuristic: bool = False
    has_final_targets: bool = False
    has_board_plane: bool = False  # whether the last plane has ones on the board's cells, which may differ in size
    scalar_rules: Mapping[str, Callable[..., Any]] = MappingProxyType({})  # of one row, as they were handed in
    is_own: bool = False  # whether a user wrote its scalar rules
    file_sha256: str = ""  # of the user's file that it came from
    komi: float | None = None  # the points that White is given in Go; None: the game is not Go
    allows_suicide: bool = False  # Go alone
    uci: UciNotation | None = None  # None: UCI engines do not play it
    description: Description | None = None  # what people read about it
    plies_without_passes: int | None = None  # of a full game, where passes would count in ``max_plies``
    remake: tuple[Callable[..., Game], tuple[str, ...]] | None = None  # what makes an equal one in another process

    @property
    def family(self) -> str:
        """The name without parameters: games of one family differ in size or options only."""
        return self.name.partition(":")[0]

    @abstractmethod
    def init(self, states: States) -> None:
        """Write the first position into every row."""

    @abstractmethod
    def step(self, states: States, actions: NDArray[Any]) -> None:
        """Play ``actions[b]``, legal in ``states[b]``, in every row."""

    @abstractmethod
    def describe(self, states: States, out: Positions) -> None:
        """Fill ``out`` with the position of each row."""

    def observe_as(self, states: States, players: NDArray[np.integer]) -> NDArray[Any]:
        """[B, C, H, W] the observation of ``players [B]`` (0 or 1), whoever is to move in ``states [B]``.

        The player who waits sees the board as at the beginning of a turn, without marks of the other player's turn.
        """
        out = self.describe_new(states)
        waiting = np.flatnonzero(out.to_play != players)
        if len(waiting) and "to_play" in (self.state.names or ()):
            rows = self.new(len(waiting))
            self.copy(rows, states[waiting])
            rows["to_play"] = np.asarray(players)[waiting]
            self._begin_turn(rows)
            out.observation[waiting] = self.describe_new(rows).observation
        return out.observation

    def _begin_turn(self, states: States) -> None:  # noqa: B027 - most games mark nothing
        """Remove the marks of the other player's turn in rows whose ``to_play`` has just been changed."""

    def copy(self, into: States, states: States) -> None:
        """``into[b]`` becomes an independent copy of ``states[b]``."""
        into[:] = states

    def advance(self, arena: States, sources: NDArray[Any], targets: NDArray[Any], actions: NDArray[Any]) -> None:
        """``arena[targets[b]]`` becomes ``arena[sources[b]]`` after ``actions[b]``; an action below 0 plays nothing."""
        rows = self.new(len(sources))
        self.copy(rows, arena[sources])
        moving = np.flatnonzero(np.asarray(actions) >= 0)
        stepped = rows[moving]
        self.step(stepped, np.asarray(actions)[moving])
        rows[moving] = stepped
        arena[targets] = rows

    def heuristic(self, states: States) -> NDArray[np.float32]:
        """[B] an estimate of the value in (-1, 1) if the game has one; else 0."""
        return np.zeros(len(states), np.float32)

    def final_targets(self, states: States) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Of finished games: the owner of each cell [B, H, W] (+1, 0, -1) and the score [B], for the player to move.

        All are 0 if the game has no such targets.
        """
        _, height, width = self.observation_shape
        return np.zeros((len(states), height, width), np.int8), np.zeros(len(states), np.float32)

    def lookahead(self, states: States, depth: int, nodes: int = NO_LIMIT) -> NDArray[np.int8]:
        """[B] the exact value of states with a forced end within ``depth`` plies; ``ONGOING`` of any other.

        The search of each state may visit about ``nodes`` positions; it begins with two plies and adds two each time.
        """
        out = self.describe_new(states)
        found = np.where(out.terminal, out.value, ONGOING).astype(np.int8)
        for b in np.flatnonzero(~out.terminal):
            left, ahead = [nodes], min(2, depth)
            while found[b] == ONGOING and ahead > 0 and left[0] > 0:
                least, most = self._bounds(states[b : b + 1], ahead, left)
                found[b] = least if least == most else ONGOING
                ahead = min(ahead + 2, depth) if ahead < depth else 0
        return found

    def _bounds(self, state: States, depth: int, left: list[int]) -> tuple[int, int]:
        """The least and the most that the player to move in ``state`` [1] can get, by a search of ``depth`` plies.

        ``state`` is not over. Every position takes one of ``left[0]``; if none is left, the bounds are -1 and 1.
        """
        here = self.describe_new(state)
        actions = np.flatnonzero(here.legal[0])
        left[0] -= len(actions)
        if left[0] < 0:
            return -1, 1
        children = self.new(len(actions))
        self.copy(children, np.repeat(state, len(actions)))
        self.step(children, actions)
        after = self.describe_new(children)
        signs = np.where(after.to_play == here.to_play[0], 1, -1)
        ends = (after.value * signs)[after.terminal]
        least = most = int(ends.max(initial=-1))
        for i in np.flatnonzero(~after.terminal):
            if least == 1:
                break
            low, high = self._bounds(children[i : i + 1], depth - 1, left) if depth > 1 else (-1, 1)
            low, high = (low, high) if signs[i] > 0 else (-high, -low)
            least, most = max(least, low), max(most, high)
        return least, most

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        """[B] the outcome of one random game from each state, for its player to move; ``states`` do not change."""
        rows = self.new(len(states))
        self.copy(rows, states)
        first = self.describe_new(rows).to_play
        randoms = [np.random.default_rng(int(seed)) for seed in seeds]
        while True:
            out = self.describe_new(rows)
            live = np.flatnonzero(~out.terminal)
            if not len(live):
                return np.where(out.to_play == first, out.value, -out.value)
            actions = np.array([randoms[b].choice(np.flatnonzero(out.legal[b])) for b in live])
            self.advance(rows, live, live, actions)

    @abstractmethod
    def cells(self, row: Row) -> NDArray[np.int8]:
        """[H, W] cell codes of the drawing, absolute: they do not turn with the player to move."""

    def parse(self, text: str) -> States:
        """One row (shape [1]) from a drawing by ``render``. ValueError if the game cannot read drawings or this one."""
        raise ValueError(f"{self.name} cannot read a drawn board")

    def set_up(self, cells: NDArray[np.int8], to_play: int) -> States:
        """One row (shape [1]) with any stones, ``cells`` [H, W] 0 empty, 1 the first player's, 2 the second's.

        The history begins with it. ValueError if the game cannot set up positions or this one.
        """
        raise ValueError(f"{self.name} cannot set up a position")

    @abstractmethod
    def action_text(self, action: int, to_play: int = 0) -> str:
        """The action of player ``to_play`` as people write it; it has the same text for both players."""

    def parse_action(self, text: str, to_play: int = 0) -> int:
        """The action of player ``to_play`` that ``text`` names. ValueError if there is none."""
        wanted = text.strip().lower()
        for action in range(self.num_actions):
            if self.action_text(action, to_play).lower() == wanted:
                return action
        first, last = self.action_text(0), self.action_text(self.num_actions - 1)
        raise ValueError(f"{text!r} is no action of {self.name}; actions are written {first} to {last}")

    def new(self, count: int) -> States:
        """[B] new rows, all 0; ``init`` makes first positions of them."""
        return np.zeros(count, self.state)

    def positions(self, count: int, *, observed: bool = True) -> Positions:
        """Empty ``Positions`` for ``count`` rows; if ``observed`` is false, a game need not write their observation."""
        return Positions(
            np.zeros((count, *self.observation_shape), self.observation_dtype),
            np.zeros((count, self.num_actions), np.bool_),
            np.zeros(count, np.int8),
            np.zeros(count, np.bool_),
            np.zeros(count, np.float32),
        )

    def describe_new(self, states: States) -> Positions:
        """``describe`` into new arrays."""
        out = self.positions(len(states))
        self.describe(states, out)
        return out

    def render(self, row: Row) -> str:
        """The position drawn as text."""
        return draw_text(self.board, self.cells(row), self.status_text(row))

    def status_text(self, row: Row) -> str:
        """``x to play``, ``x wins`` or ``draw``."""
        states = self.new(1)
        states[0] = row
        position = self.describe_new(states)
        mover = int(position.to_play[0])
        if not position.terminal[0]:
            return f"{self.board.names[mover]} to play"
        value = float(position.value[0])
        if value == 0:
            return "draw"
        return f"{self.board.names[mover if value > 0 else 1 - mover]} wins"

    def __copy__(self) -> Game:
        return self  # a game never changes

    def __deepcopy__(self, memo: Any) -> Game:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return super().__reduce_ex__(protocol) if self.remake is None else self.remake

    def __repr__(self) -> str:
        return f"Game({self.name})"

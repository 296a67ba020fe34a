"""A game from plain scalar functions: compiled once, lifted to batches.

Knows Numba and the ``Game`` contract. Does not know any rule.

The scalar functions are cached on disk by Numba; the loops around them are thin and compiled on first use, because a
function that closes over another compiled function never hits Numba's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from games.game import ONGOING, Board, Game, Positions, Row, States, Symmetries
from games.symmetry import identity

Rule = Callable[..., Any]


def compiled(function: Rule) -> Rule:
    """``function`` compiled by Numba, the GIL released, cached on disk where there is a place for it."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no writable place for the cache
        return njit(nogil=True)(function)


class CompiledGame(Game):
    """See ``from_rules``."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)
        self.rules = {name: compiled(rule) for name, rule in parts["rules"].items() if rule is not None}
        self.has_heuristic = "heuristic" in self.rules
        self.name = parts["name"]

    def init(self, states: States) -> None:
        self._init(states)

    def step(self, states: States, actions: NDArray[Any]) -> None:
        self._step(states, actions)

    def describe(self, states: States, out: Positions) -> None:
        self._describe(states, *out)

    def advance(self, arena: States, sources: NDArray[Any], targets: NDArray[Any], actions: NDArray[Any]) -> None:
        self._advance(arena, sources, targets, actions)

    def heuristic(self, states: States) -> NDArray[np.float32]:
        if not self.has_heuristic:
            return super().heuristic(states)
        return np.array([self.rules["heuristic"](row) for row in states], np.float32)

    def lookahead(self, states: States, depth: int) -> NDArray[np.int8]:
        out = np.empty(len(states), np.int8)
        self._lookahead(states, depth, self.new(depth + 1), np.zeros((depth + 1, self.num_actions), np.bool_), out)
        return out

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        out = np.empty(len(states), np.float32)
        self._rollout(states, self.new(1), seeds, out)
        return out

    def cells(self, row: Row) -> NDArray[np.int8]:
        return np.asarray(self.draw(row), np.int8)

    def parse(self, text: str) -> States:
        from games.drawing import read_cells

        if self.read is None:
            return super().parse(text)
        states = self.new(1)
        self.read(states[0], read_cells(self.board, text))
        return states

    def action_text(self, action: int) -> str:
        return str(self.write_action(int(action)))

    draw: Rule
    read: Rule | None
    write_action: Rule

    @cached_property
    def _init(self) -> Rule:
        init = self.rules["init"]

        @njit(nogil=True)
        def loop(states: States) -> None:
            for b in range(len(states)):
                init(states[b])

        def fresh(states: States) -> None:
            states[:] = np.zeros(1, self.state)[0]
            loop(states)

        return fresh

    @cached_property
    def _step(self) -> Rule:
        step = self.rules["step"]

        @njit(nogil=True)
        def loop(states: States, actions: NDArray[Any]) -> None:
            for b in range(len(states)):
                step(states[b], actions[b])

        return loop

    @cached_property
    def _advance(self) -> Rule:
        step = self.rules["step"]

        @njit(nogil=True)
        def loop(arena: States, sources: NDArray[Any], targets: NDArray[Any], actions: NDArray[Any]) -> None:
            for b in range(len(sources)):
                if sources[b] != targets[b]:
                    arena[targets[b]] = arena[sources[b]]
                if actions[b] >= 0:
                    step(arena[targets[b]], actions[b])

        return loop

    @cached_property
    def _describe(self) -> Rule:
        legal_actions, observe, outcome = (self.rules[name] for name in ("legal_actions", "observe", "outcome"))

        @njit(nogil=True)
        def loop(
            states: States,
            observation: NDArray[Any],
            legal: NDArray[np.bool_],
            to_play: NDArray[np.int8],
            terminal: NDArray[np.bool_],
            value: NDArray[np.float32],
        ) -> None:
            observation.fill(0)
            legal.fill(False)
            for b in range(len(states)):
                row = states[b]
                observe(row, observation[b])
                to_play[b] = row["to_play"]
                result = outcome(row)
                terminal[b] = result != ONGOING
                if result == ONGOING:
                    value[b] = 0
                    legal_actions(row, legal[b])
                else:
                    value[b] = result

        return loop

    @cached_property
    def _lookahead(self) -> Rule:
        step, legal_actions, outcome = (self.rules[name] for name in ("step", "legal_actions", "outcome"))

        @njit(nogil=True)
        def forced(stack: States, legal: NDArray[np.bool_], level: int, depth: int) -> int:
            row, below = stack[level], stack[level + 1]
            legal[level] = False
            legal_actions(row, legal[level])
            best = -1
            for scan in range(2 if depth > 1 else 1):  # first for a win at once, then deeper
                best = -1
                for a in range(legal.shape[1]):
                    if not legal[level, a]:
                        continue
                    stack[level + 1] = row
                    step(below, a)
                    value = outcome(below)
                    if value == ONGOING and scan == 1:
                        value = forced(stack, legal, level + 1, depth - 1)
                    if value == ONGOING:
                        best = ONGOING
                        continue
                    if below["to_play"] != row["to_play"]:
                        value = -value
                    if value == 1:
                        return 1
                    if best != ONGOING:
                        best = max(best, value)
                if best != ONGOING:
                    return best
            return best

        @njit(nogil=True)
        def loop(states: States, depth: int, stack: States, legal: NDArray[np.bool_], out: NDArray[np.int8]) -> None:
            for b in range(len(states)):
                out[b] = outcome(states[b])
                if out[b] == ONGOING and depth > 0:
                    stack[0] = states[b]
                    out[b] = forced(stack, legal, 0, depth)

        return loop

    @cached_property
    def _rollout(self) -> Rule:
        step, legal_actions, outcome = (self.rules[name] for name in ("step", "legal_actions", "outcome"))
        num_actions = self.num_actions

        @njit(nogil=True)
        def loop(states: States, scratch: States, seeds: NDArray[np.uint64], out: NDArray[np.float32]) -> None:
            legal = np.empty(num_actions, np.bool_)
            choices = np.empty(num_actions, np.int64)
            for b in range(len(states)):
                scratch[0] = states[b]
                row = scratch[0]
                seed = seeds[b] | np.uint64(1)
                result = outcome(row)
                while result == ONGOING:
                    legal[:] = False
                    legal_actions(row, legal)
                    count = 0
                    for a in range(num_actions):
                        choices[count] = a
                        count += legal[a]
                    seed ^= seed << np.uint64(13)  # xorshift64 (Marsaglia 2003)
                    seed ^= seed >> np.uint64(7)
                    seed ^= seed << np.uint64(17)
                    pick = (seed >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
                    step(row, choices[pick])
                    result = outcome(row)
                out[b] = result if row["to_play"] == states[b]["to_play"] else -result

        return loop


def from_rules(
    *,
    name: str,
    state: np.dtype[Any],
    num_actions: int,
    observation_shape: tuple[int, int, int],
    max_plies: int,
    init: Rule,
    legal_actions: Rule,
    step: Rule,
    outcome: Rule,
    observe: Rule,
    draw: Rule,
    board: Board | None = None,
    read: Rule | None = None,
    write_action: Rule = str,
    symmetries: Symmetries | None = None,
    action_layout: NDArray[np.int64] | None = None,
    heuristic: Rule | None = None,
) -> CompiledGame:
    """A ``Game`` from scalar functions written in plain Python that Numba compiles.

    ``state`` must have a field ``to_play`` (0 or 1). With ``s`` a row, whose fields are read as ``s["field"]``:

    - ``init(s)``: make the all-zero row the first position.
    - ``legal_actions(s, legal)``: set ``legal[a]``, all False on entry, True for each legal a. Not called when over.
    - ``step(s, a)``: play the legal action a.
    - ``outcome(s)``: ``ONGOING``, or +1, 0, -1 for the player to move.
    - ``observe(s, planes)``: fill planes [C, H, W], all 0 on entry, as the player to move sees the board.
    - ``heuristic(s)``, optional: a guess of the value in (-1, 1) for the player to move (``minimax`` uses it).

    Not compiled: ``draw(s)`` -> [H, W] cell codes; ``read(s, cells)``, optional, its inverse; ``write_action(a)``.
    ValueError when ``state`` lacks ``to_play``.
    """
    if "to_play" not in (state.names or ()):
        raise ValueError(f"{name}: the state's dtype needs a field 'to_play' (0 or 1), so that honte knows who moves")
    _, height, width = observation_shape
    pooled = [(a, -1, -1) for a in range(num_actions)]  # each action a plane of its own
    rules = {
        "init": init,
        "legal_actions": legal_actions,
        "step": step,
        "outcome": outcome,
        "observe": observe,
        "heuristic": heuristic,
    }
    return CompiledGame(
        name=name,
        state=state,
        num_actions=num_actions,
        observation_shape=observation_shape,
        max_plies=max_plies,
        rules=rules,
        draw=draw,
        read=read,
        write_action=write_action,
        board=board or Board(height, width),
        symmetries=symmetries or identity(height, width, num_actions),
        action_layout=np.asarray(pooled if action_layout is None else action_layout),
    )

"""A game from plain scalar functions, which are compiled and lifted to batches.

Knows the ``Game`` contract and which rules a game has. Does not know any rule, nor how rules are compiled.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from games.board import Board
from games.compilation import loops
from games.compilation.jit_cache import Rule, compile_cached, fingerprint
from games.descriptions import Description
from games.game import NO_LIMIT, Game, Positions, Row, States
from games.symmetry import Symmetries, identity_symmetry
from games.text_board import read_cells, read_status
from games.uci_notation import UciNotation
from games.user_rules.explanations import raise_explained
from games.user_rules.parameters import check_parameters
from games.user_rules.rebuild import is_unchecked, is_user_rule, python_function, rebuild_rules


class CompiledGame(Game):
    """See ``from_rules``."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)
        self.parts = parts
        self.has_heuristic = "heuristic" in self.scalar_rules
        self.has_final_targets = "final_targets" in self.scalar_rules
        self.is_own = any(is_user_rule(rule) for rule in self.scalar_rules.values())
        self.checked = self.is_own and not is_unchecked()
        self.name = parts["name"]

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The compiled scalar rules; those of a user with the helper functions that they call."""
        rules = self.scalar_rules
        if self.is_own:
            helpers = njit(nogil=True, boundscheck=self.checked or None)
            rules = {name: python_function(rule) for name, rule in rebuild_rules(rules, helpers).items()}
        return {name: compile_cached(rule, fingerprint({name: rule}), self.checked) for name, rule in rules.items()}

    @cached_property
    def key(self) -> str | None:
        """A hash of the rules; None if they cannot be described."""
        return fingerprint(self.rules)

    def __eq__(self, other: object) -> bool:
        """Games with equal names and rules are equal; a game whose rules have no hash equals only itself."""
        if self is other or not isinstance(other, CompiledGame):
            return self is other
        return self.key is not None and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def _identity(self) -> tuple[Any, ...]:
        return self.name, self.key, self.state, self.num_actions, self.observation_shape

    def init(self, states: States) -> None:
        first = self.new(1)
        try:
            with np.errstate(all="ignore"):  # integers wrap, as in compiled code
                self._plain_init(first[0])
        except Exception as error:
            raise_explained(self, error, "init", self.new(1))
        states[:] = first

    def step(self, states: States, actions: NDArray[Any]) -> None:
        before = states.copy() if self.checked else states
        try:
            self._step(states, actions)
        except Exception as error:
            raise_explained(self, error, "step", before, actions)

    def describe(self, states: States, out: Positions) -> None:
        try:
            self._describe(states, *out)
        except Exception as error:
            raise_explained(self, error, "describe", states, *out)

    def _begin_turn(self, states: States) -> None:
        if "begin_turn" in self.scalar_rules:
            try:
                loops.begin_turn(self.rules, self.key, self.checked)(states)
            except Exception as error:
                raise_explained(self, error, "begin_turn", states)

    def positions(self, count: int, *, observed: bool = True) -> Positions:
        made = super().positions(count)
        return made if observed else made._replace(observation=made.observation[:, :0])

    def advance(self, arena: States, sources: NDArray[Any], targets: NDArray[Any], actions: NDArray[Any]) -> None:
        before = arena[sources] if self.checked else arena
        try:
            self._advance(arena, sources, targets, actions)
        except Exception as error:
            raise_explained(self, error, "step", before, actions)

    def heuristic(self, states: States) -> NDArray[np.float32]:
        if not self.has_heuristic:
            return super().heuristic(states)
        try:
            return np.array([self.rules["heuristic"](row) for row in states], np.float32)
        except Exception as error:
            raise_explained(self, error, "heuristic", states)

    def lookahead(self, states: States, depth: int, nodes: int = NO_LIMIT) -> NDArray[np.int8]:
        depth = min(depth, self.max_plies)
        out, legal = np.empty(len(states), np.int8), np.zeros((depth + 1, self.num_actions), np.bool_)
        try:
            self._lookahead(states, depth, nodes, self.new(depth + 1), legal, out)
        except Exception as error:
            raise_explained(self, error, "lookahead", states)
        return out

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        out = np.empty(len(states), np.float32)
        legal = np.empty(self.num_actions, np.bool_)
        try:
            self._rollout(states, self.new(1), seeds, legal, out)
        except Exception as error:
            raise_explained(self, error, "rollout", states, self.new(1), seeds, legal, out)
        return out

    def final_targets(self, states: States) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        ownership, score = super().final_targets(states)
        if self.has_final_targets:
            try:
                self._final_targets(states, ownership, score)
            except Exception as error:
                raise_explained(self, error, "final_targets", states, ownership, score)
        return ownership, score

    def cells(self, row: Row) -> NDArray[np.int8]:
        return np.asarray(self.draw(row), np.int8)

    def parse(self, text: str) -> States:
        if self.read is None:
            return super().parse(text)
        cells, status = read_cells(self.board, text), read_status(self.board, text)
        # The drawing of a finished game does not say who would move: it is the player who makes its last line true.
        movers: list[int | None] = [m for m in range(2) if status == f"{self.board.names[m]} to play"] or [None, 0, 1]
        found = ""
        for mover in movers:
            states = self.new(1)
            self.read(states[0], cells, mover)
            found = found or self.status_text(states[0])
            if status in (None, self.status_text(states[0])):
                return states
        raise ValueError(f"the drawing ends with {status!r}, but by its cells alone it would be {found!r}")

    def set_up(self, cells: NDArray[np.int8], to_play: int) -> States:
        if self.arrange is None:
            return super().set_up(cells, to_play)
        states = self.new(1)
        self.arrange(states[0], np.asarray(cells, np.int8), to_play)
        return states

    def action_text(self, action: int, to_play: int = 0) -> str:
        return str(self.write_action(int(self.turned[action] if to_play and self.turned is not None else action)))

    parts: dict[str, Any]  # the arguments of ``__init__``
    draw: Rule
    read: Rule | None
    arrange: Rule | None
    write_action: Rule
    turned: NDArray[np.int64] | None

    @cached_property
    def _plain_init(self) -> Rule:
        """``init`` in plain Python, which takes microseconds where compiling it would take up to two seconds."""
        return rebuild_rules(self.scalar_rules, lambda rule: rule)["init"]

    @cached_property
    def _step(self) -> Rule:
        return loops.step(self.rules, self.key, self.checked)

    @cached_property
    def _advance(self) -> Rule:
        return loops.advance(self.rules, self.key, self.checked)

    @cached_property
    def _describe(self) -> Rule:
        return loops.describe(self.rules, self.key, self.checked)

    @cached_property
    def _lookahead(self) -> Rule:
        return loops.lookahead(self.rules, self.key, self.checked)

    @cached_property
    def _rollout(self) -> Rule:
        return loops.rollout(self.rules, self.key, self.checked, self.max_plies)

    @cached_property
    def _final_targets(self) -> Rule:
        return loops.final_targets(self.rules, self.key, self.checked)


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
    begin_turn: Rule | None = None,
    board: Board | None = None,
    read: Rule | None = None,
    write_action: Rule = str,
    symmetries: Symmetries | None = None,
    action_layout: NDArray[np.int64] | None = None,
    heuristic: Rule | None = None,
    final_targets: Rule | None = None,
    turned: NDArray[np.int64] | None = None,
    arrange: Rule | None = None,
    uci: UciNotation | None = None,
    description: Description | None = None,
    has_board_plane: bool = False,
) -> CompiledGame:
    """A ``Game`` from scalar functions written in plain Python that Numba compiles.

    ``state`` must have a field ``to_play`` (0 or 1). With ``s`` a row, whose fields are read as ``s["field"]``:

    - ``init(s)``: make the all-zero row the first position. It is called as plain Python.
    - ``legal_actions(s, legal)``: set ``legal[a]``, all False on entry, True for each legal a. Not called when over.
    - ``step(s, a)``: play the legal action a.
    - ``outcome(s)``: ``ONGOING``, or +1, 0, -1 for the player to move.
    - ``observe(s, planes)``: fill planes [C, H, W], all 0 on entry, as the player to move sees the board.
    - ``begin_turn(s)``, optional: of a copy whose ``to_play`` was just set to the player who waits, forget what
      ``observe`` would show of the other's turn: a piece chosen in the middle of it, a list of its legal moves.
    - ``heuristic(s)``, optional: a guess of the value in (-1, 1) for the player to move (``minimax`` uses it).
    - ``final_targets(s, ownership)``, optional: of a finished game, see ``Game.final_targets``; the score is returned.

    Not compiled: ``draw(s)`` -> [H, W] cell codes; ``read(s, cells, mover)``, optional, its inverse, where ``mover`` is
    who is to play if the drawing's last line says so, else None; ``write_action(a)``; ``arrange(s, cells, mover)``,
    optional, see ``Game.set_up``. ``uci``, optional: how UCI engines call the game and write its moves.
    ``description``, optional: what people read about the game. ``has_board_plane``: the last plane has ones on the
    cells of the board and zeros elsewhere, for games whose boards differ in size.

    Where the second player sees the board turned, so are its actions: ``turned[a]`` is what the first player would
    call its action a, and ``write_action`` takes the first player's number.

    ValueError where a parameter cannot be right.
    """
    rules = {
        "init": init,
        "legal_actions": legal_actions,
        "step": step,
        "outcome": outcome,
        "observe": observe,
        "begin_turn": begin_turn,
        "heuristic": heuristic,
        "final_targets": final_targets,
    }
    optional = ("begin_turn", "heuristic", "final_targets")
    required = {key: rule for key, rule in rules.items() if rule is not None or key not in optional}
    check_parameters(name, state, num_actions, observation_shape, max_plies, required)
    planes, height, width = (int(size) for size in observation_shape)
    pooled = [(a, -1, -1) for a in range(num_actions)]  # each action a plane of its own
    return CompiledGame(
        name=name,
        state=state,
        num_actions=int(num_actions),
        observation_shape=(planes, height, width),
        max_plies=int(max_plies),
        scalar_rules={key: rule for key, rule in rules.items() if rule is not None},
        draw=draw,
        read=read,
        arrange=arrange,
        write_action=write_action,
        board=board or Board(height, width),
        symmetries=symmetries or identity_symmetry(height, width, num_actions),
        action_layout=np.asarray(pooled if action_layout is None else action_layout),
        turned=turned,
        uci=uci,
        description=description,
        has_board_plane=has_board_plane,
    )

"""OpenSpiel's games as honte's games: ``games.make("openspiel:y(board_size=7)")``.

Knows pyspiel's states and which games honte can play: deterministic games of two players with perfect information and
zero sum. Does not know any rule, nor search. pyspiel (the extra ``oracle``) is imported when the first
such game is made.

A row holds a Python object: one OpenSpiel state, which is never changed but replaced by the next one, so that copies of
rows may share it. Everything that works on rows works on these, at the speed of Python.
"""

from __future__ import annotations

import difflib
import random
from collections import Counter
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.game import MOST_ACTIONS, Game, Positions, Row, States
from games.symmetry import identity_symmetry

STATEFUL = ("antichess", "chess", "crazyhouse", "shogi")
"""Games that must not be asked what an illegal action is called; pyspiel may end the process."""

MOVING = ("havannah", "y")
"""Games whose states point into a table that moves when a board comes that is larger than all before; older states then
read what is no longer theirs (OpenSpiel 2.0.2). A board of ``WIDE`` comes first, so it never moves below that."""

WIDE = 64

SAMPLED_PLIES = 200


class StateHolder:
    """One OpenSpiel state, equal to another one with the same history. Never changed."""

    __slots__ = ("state",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, state: Any) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StateHolder) and bool(self.state.history() == other.state.history())

    def __deepcopy__(self, memo: Any) -> StateHolder:
        return self

    def __reduce__(self) -> Any:
        return _make_holder, (str(self.state.get_game()), self.state.history())


def _make_holder(text: str, history: list[int]) -> StateHolder:
    """The state of the game ``text`` after ``history``."""
    state = game(text).source.new_initial_state()
    for action in history:
        state.apply_action(action)
    return StateHolder(state)


class OpenSpielGame(Game):
    """See ``game``."""

    state = np.dtype([("to_play", np.int8), ("held", np.object_)], align=True)
    observation_dtype = np.dtype(np.float32)

    def __init__(self, name: str, source: Any) -> None:
        """``source``: the pyspiel game, which must qualify."""
        self.name, self.source = name, source
        self.remake = game, (name.removeprefix("openspiel:"),)
        self.num_actions, self.max_plies = source.num_distinct_actions(), source.max_game_length()
        shape = tuple(source.observation_tensor_shape())
        planes, height, width = shape if len(shape) == 3 else (int(np.prod(shape)), 1, 1)
        self.last = "HWC" in str(source.observation_tensor_layout()) and len(shape) == 3
        if self.last:
            planes, height, width = width, planes, height
        self.observation_shape = (planes + 1, height, width)  # the last plane: who is to play
        self.symmetries = identity_symmetry(height, width, self.num_actions)
        self.action_layout = np.array([(a, -1, -1) for a in range(self.num_actions)])
        self.first = StateHolder(source.new_initial_state())

    @property
    def family(self) -> str:
        return self.name  # OpenSpiel's parameters may change more than a size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenSpielGame) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def init(self, states: States) -> None:
        states["to_play"] = self.first.state.current_player()
        states["held"] = self.first

    def step(self, states: States, actions: NDArray[Any]) -> None:
        for b, action in enumerate(np.asarray(actions).tolist()):
            child = states["held"][b].state.clone()
            child.apply_action(action)
            states["held"][b] = StateHolder(child)
            over = child.is_terminal()
            states["to_play"][b] = 1 - states["to_play"][b] if over else child.current_player()

    def row_of(self, state: Any) -> States:
        """A row [1] with a copy of ``state``, one of pyspiel's in which somebody is to play."""
        states = self.new(1)
        states["to_play"], states["held"][0] = state.current_player(), StateHolder(state.clone())
        return states

    def describe(self, states: States, out: Positions) -> None:
        observation, legal, to_play, terminal, value = out
        legal.fill(False)
        to_play[:] = states["to_play"]
        for b, held in enumerate(states["held"]):
            state, player = held.state, int(to_play[b])
            self._observe(state, player, observation[b])
            terminal[b] = state.is_terminal()
            value[b] = 0
            if terminal[b]:
                returns = state.returns()
                value[b] = np.sign(returns[player] - returns[1 - player])
            else:
                legal[b, state.legal_actions()] = True

    def _observe(self, state: Any, player: int, planes: NDArray[np.float32]) -> None:
        count, height, width = self.observation_shape
        shape = (height, width, count - 1) if self.last else (count - 1, height, width)
        tensor = np.array(state.observation_tensor(player), np.float32).reshape(shape)
        planes[:-1] = tensor.transpose(2, 0, 1) if self.last else tensor
        planes[-1] = player

    def rollout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        out = np.empty(len(states), np.float32)
        for b, held in enumerate(states["held"]):
            state, player, draw = held.state.clone(), int(states["to_play"][b]), random.Random(int(seeds[b]))
            while not state.is_terminal():
                state.apply_action(draw.choice(state.legal_actions()))
            returns = state.returns()
            out[b] = np.sign(returns[player] - returns[1 - player])
        return out

    # ---- for people ------------------------------------------------------------------------------------------------

    def action_text(self, action: int, to_play: int = 0) -> str:
        return self._action_texts[to_play][int(action)]

    def parse_action(self, text: str, to_play: int = 0) -> int:
        return super().parse_action("_".join(text.split()), to_play)

    def cells(self, row: Row) -> NDArray[np.int8]:
        codes = {glyph: code for code, glyph in enumerate(self.board.glyphs)}
        cells = np.zeros((self.board.height, self.board.width), np.int8)
        for r, line in enumerate(_lines(row["held"].state)[: self.board.height]):
            for c, glyph in enumerate(line[: self.board.width]):
                cells[r, c] = codes.get(glyph, codes["?"])
        return cells

    def render(self, row: Row) -> str:
        state, to_play = row["held"].state, int(row["to_play"])
        lines = [*_lines(state), self.status_text(row)]
        if not self._has_fixed_name and not state.is_terminal():  # numbers need an explanation
            legal = state.legal_actions()
            lines.append("actions: " + ", ".join(f"{a} {state.action_to_string(to_play, a)}" for a in legal))
        return "\n".join(lines)

    @cached_property
    def board(self) -> Board:  # type: ignore[override]
        """OpenSpiel's own drawing as a grid of characters."""
        drawings = [_lines(state) for state in self._random_states]
        met = {glyph for lines in drawings for line in lines for glyph in line} - set(" xo?")
        glyphs = (" ", "x", "o", "?", *sorted(met)[:120])
        owners = {"x": 0, "o": 1}
        return Board(
            height=max(len(lines) for lines in drawings),
            width=max(len(line) for lines in drawings for line in lines),
            glyphs=glyphs,
            pieces=(Piece("none"), *(Piece("letter", owners.get(glyph, -1), glyph) for glyph in glyphs[1:])),
            names=("first", "second"),
        )

    @cached_property
    def _random_states(self) -> list[Any]:
        """The states of one random game, the same every time."""
        draw, states = random.Random(0), [self.first.state]
        while not states[-1].is_terminal() and len(states) < SAMPLED_PLIES:
            states.append(states[-1].child(draw.choice(states[-1].legal_actions())))
        return states

    @cached_property
    def _has_fixed_name(self) -> bool:
        """Whether an action has the same name in every position; if not, its text is its number."""
        if self.source.get_type().short_name in STATEFUL:
            return False
        try:
            names = self._names
        except RuntimeError:  # pyspiel's own kind of error
            return False
        for state in self._random_states[:-1]:
            player = state.current_player()
            for action in state.legal_actions():
                if state.action_to_string(player, action) != names[player][action]:
                    return False
        return True

    @cached_property
    def _names(self) -> list[list[str]]:
        state = self.first.state
        return [[state.action_to_string(player, a) for a in range(self.num_actions)] for player in range(2)]

    @cached_property
    def _action_texts(self) -> list[list[str]]:
        """The names of the actions if they are distinct, otherwise their numbers."""
        numbers = [str(a) for a in range(self.num_actions)]
        if not self._has_fixed_name:
            return [numbers, numbers]
        # Lines of moves are cut at blanks, so there is none within a name.
        words = [["_".join(name.split()) for name in names] for names in self._names]
        counts = [Counter(word.lower() for word in own) for own in words]
        return [
            [word if count[word.lower()] == 1 else number for word, number in zip(own, numbers, strict=True)]
            for own, count in zip(words, counts, strict=True)
        ]


def _lines(state: Any) -> list[str]:
    """OpenSpiel's drawing without blank lines at its end."""
    return str(state).rstrip().splitlines() or ["?"]


def game(text: str) -> OpenSpielGame:
    """The OpenSpiel game that ``text`` names, parameters in brackets as OpenSpiel writes them.

    Observations are float32: OpenSpiel's tensor for the player to move (any shape but [C, H, W] becomes C x 1 x 1) and
    a last plane with the number of that player. The player with the larger return wins. ValueError when
    pyspiel is missing, for names and parameters that OpenSpiel does not know, and for games that do not qualify.
    """
    pyspiel = _pyspiel()
    name, _, rest = text.strip().partition("(")
    types = {kind.short_name: kind for kind in pyspiel.registered_games()}
    if name not in types:
        near = difflib.get_close_matches(name, types, n=1)
        hint = f"did you mean {near[0]}?" if near else "pyspiel.registered_names() lists them"
        raise ValueError(f"OpenSpiel has no game {name!r}; {hint}")
    for part in filter(None, rest.rstrip(" )").split(",")):
        key, known = part.partition("=")[0].strip(), types[name].parameter_specification
        if "(" not in rest and key not in known:
            raise ValueError(f"openspiel:{text}: unknown parameter {key!r}; there are {', '.join(known) or 'none'}")
    _settle(name)
    try:
        source = pyspiel.load_game(text.strip())
    except Exception as error:  # pyspiel's own error, and others that its loaders raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"OpenSpiel cannot load {text!r}: {reason}") from error
    _qualify(pyspiel, text, source)
    return OpenSpielGame(f"openspiel:{str(source).removesuffix('()')}", source)


@cache
def _settle(name: str) -> None:
    if name in MOVING:
        _pyspiel().load_game(f"{name}(board_size={WIDE})").new_initial_state()


def _pyspiel() -> Any:
    try:
        import pyspiel
    except ImportError as error:
        raise ValueError("openspiel: games need OpenSpiel, which is not here; pip install 'honte[oracle]'") from error
    return pyspiel


def _qualify(pyspiel: Any, text: str, source: Any) -> None:
    """ValueError with the first reason why honte cannot play this game."""
    kind, num_actions = source.get_type(), source.num_distinct_actions()
    kinds = pyspiel.GameType
    reasons = {
        f"it has {source.num_players()} players, not 2": source.num_players() != 2,
        "its players do not take turns": kind.dynamics != kinds.Dynamics.SEQUENTIAL,
        "it has chance in it": kind.chance_mode != kinds.ChanceMode.DETERMINISTIC,
        "its players do not see everything": kind.information != kinds.Information.PERFECT_INFORMATION,
        "one player's win is not the other's loss": kind.utility
        not in (kinds.Utility.ZERO_SUM, kinds.Utility.CONSTANT_SUM),
        "it has no observation tensor": not kind.provides_observation_tensor,
        f"it has {num_actions} actions, more than {MOST_ACTIONS}": num_actions > MOST_ACTIONS,
    }
    for reason, holds in reasons.items():
        if holds:
            raise ValueError(
                f"openspiel:{text} cannot be played by honte: {reason}; games of two players who take turns,"
                " see everything and meet no chance can"
            )

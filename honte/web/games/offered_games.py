"""The games that a client may choose: the shipped ones with parameters within bounds, and those of the command line.

Knows which texts a client may send. A client never names a file or a module.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from agent.solvers.registry import has_solver
from games import Position
from games.descriptions import Parameter
from games.game import Game
from games.position import position
from games.registry import NAMES, defaults, describe, make
from honte.sgf.notation import sgf_type
from honte.web.requests.problems import Problem, refuse

MOST_GAMES = 24
"""At most so many games, different parameters included, are ready at the same time; the longest unused one goes."""

MOST_AT_ONCE = 8
"""So many games may be made at the same time, because their rules are compiled."""

MOST_REMEMBERED = 2000
"""At most so many positions of a game are remembered, so that a longer line begins at one of them."""

LONGEST_TEXT = 200

BOARD_FIELDS = ("height", "width", "surface", "names", "glyphs", "column_labels", "row_labels")
"""What the page reads of a board."""


@dataclass(eq=False)
class OfferedGame:
    """A game that is ready, under the text that clients know it by."""

    text: str  # such as othello:size=6, or file:NAME
    game: Game
    remembered: OrderedDict[tuple[str, tuple[str, ...]], Position] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def id(self) -> str:
        """The text without parameters."""
        return self.text if self.text.startswith("file:") else self.text.partition(":")[0]

    @cached_property
    def first(self) -> Position:
        return position(self.game)

    @cached_property
    def can_set_up(self) -> bool:
        """Whether the game reads drawn positions."""
        try:
            self.game.parse(str(self.first))
        except ValueError:
            return False
        return True

    @cached_property
    def actions_by_text(self) -> tuple[dict[str, int], dict[str, int]]:
        """{text: action} for each player, which is faster than to compare every text."""
        game = self.game
        first, second = (
            {game.action_text(a, player).lower(): a for a in reversed(range(game.num_actions))} for player in (0, 1)
        )
        return first, second

    def find_action(self, text: str, to_play: int) -> int:
        """The action that ``text`` names. ValueError if there is none."""
        action = self.actions_by_text[to_play].get(text.strip().lower())
        return self.game.parse_action(text, to_play) if action is None else action

    def recall(self, key: tuple[str, tuple[str, ...]]) -> Position | None:
        with self.lock:
            known = self.remembered.get(key)
            if known is not None:
                self.remembered.move_to_end(key)
            return known

    def remember(self, key: tuple[str, tuple[str, ...]], here: Position) -> None:
        with self.lock:
            self.remembered[key] = here
            most = max(16, min(MOST_REMEMBERED, (16 << 20) // self.game.state.itemsize))
            while len(self.remembered) > most:
                self.remembered.popitem(last=False)


class OfferedGames:
    """Finds games by the texts of clients, and makes each of them once."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        """``given``: games of the command line: FILE.py:game, or a shipped game with any parameters. ValueError as
        ``games.make`` raises it."""
        self.own: dict[str, str] = {}  # {id: text for ``make``}
        self.defaults: dict[str, str] = {}  # {id: the text that is chosen first}
        for text in given:
            if text.partition(":")[0] in NAMES:
                self.defaults[text.partition(":")[0]] = self.check(text)
            else:
                self.own[self._new_id(text)] = text
                make(text)  # a mistake in the file is found at the start
        self.ready: OrderedDict[str, OfferedGame] = OrderedDict()
        self.lock = threading.Lock()
        self.locks: dict[str, threading.Lock] = {}
        self.entries: dict[str, dict[str, Any]] = {}  # of games that are not ready

    def _new_id(self, text: str) -> str:
        head, _, rest = text.partition(".py:")
        name = "".join(c if c.isalnum() or c in "_-" else "-" for c in (Path(head).stem if rest else text))
        number, taken = 1, f"file:{name}"
        while taken in self.own:
            number, taken = number + 1, f"file:{name}-{number + 1}"
        return taken

    def id_of(self, name: str) -> str:
        """The text that clients know the game called ``name`` by; empty where it is not offered.

        The file of a user's own game may have moved: its own name and the name behind the colon must be the same.
        """
        if name.partition(":")[0] in NAMES and ".py:" not in name:
            return name
        file, _, what = name.partition(".py:")
        for id_, text in self.own.items():
            own, _, own_what = text.partition(".py:")
            if name in (id_, text) or (what and what == own_what and Path(own).name == Path(file).name):
                return id_
        return ""

    @property
    def ids(self) -> list[str]:
        return [*self.own, *NAMES]

    def check(self, text: str) -> str:
        """``text`` if it names a game that is offered; a Problem says why it does not."""
        if len(text) > LONGEST_TEXT:
            raise refuse(f"the name of the game is longer than {LONGEST_TEXT} characters")
        if text in self.own:
            return text
        family, _, parameters = text.partition(":")
        if family not in NAMES:
            raise refuse(f"there is no game {text[:40]!r} here; there are {', '.join(self.ids)}")
        known = describe(family).parameters
        for part in filter(None, parameters.split(",")):
            name, _, value = part.partition("=")
            if name not in known:
                raise refuse(f"{family} has no parameter {name[:40]!r}; it has {', '.join(known) or 'none'}")
            _check_value(family, name, value, known[name])
        return text

    def find(self, text: str) -> OfferedGame:
        """The game that ``text`` names, made now if it is not ready. A Problem where there is none."""
        with self.lock:
            known = self.ready.get(text)
            if known is not None:
                self.ready.move_to_end(text)
                return known
            self.check(text)
            if len(self.locks) >= MOST_AT_ONCE and text not in self.locks:
                raise Problem(503, "too many games are being made now; try again in a few seconds")
            lock = self.locks.setdefault(text, threading.Lock())
        try:
            with lock:
                with self.lock:
                    known = self.ready.get(text)
                return known if known is not None else self._keep(text, self._make(text))
        finally:
            with self.lock:
                self.locks.pop(text, None)

    def _keep(self, text: str, made: OfferedGame) -> OfferedGame:
        """Remember a game; another text may already have made the same one."""
        with self.lock:
            made = self.ready.setdefault(made.text, made)
            self.ready[text] = made
            while len(self.ready) > 2 * MOST_GAMES:
                self.ready.popitem(last=False)
            return made

    def _make(self, text: str) -> OfferedGame:
        try:
            game = make(self.own.get(text, text))
        except ValueError as error:
            raise refuse(str(error)) from error
        made = OfferedGame(text if text in self.own else game.name, game)
        _ = made.first.to_play  # compiles the rules
        return made

    def entry(self, text: str, *, ready: bool = True) -> dict[str, Any]:
        """What the page shows of a game; without ``ready`` what it shows before the game is chosen."""
        if not ready and text in self.entries:
            return self.entries[text]
        offered = self.find(text) if ready else OfferedGame(text, make(self.own.get(text, text)))
        game, board = offered.game, offered.game.board
        name = offered.id.removeprefix("file:")
        entry = {
            "id": offered.id,
            "game": offered.text,
            "name": name,
            **_texts(game, name),
            "family": game.family if offered.id in NAMES else "own",
            "board": {each: getattr(board, each) for each in BOARD_FIELDS},
            "names": list(board.names),
            "parameters": self.parameters(offered.id, game),
            "num_actions": game.num_actions,
            "actions_per_turn": 1 if game.description is None else game.description.actions_per_turn,
            "can_set_up": offered.can_set_up if ready or offered.id not in NAMES else True,
            "empty_text": str(offered.first) if ready else None,
            "sgf": sgf_type(game) is not None and offered.id in NAMES,
            "has_solver": has_solver(game) and offered.id in NAMES,
        }
        if not ready:
            self.entries[text] = entry
        return entry

    def parameters(self, id_: str, game: Game) -> list[dict[str, Any]]:
        if id_ in self.own:
            return []
        given = dict(part.split("=", 1) for part in game.name.partition(":")[2].split(",") if "=" in part)
        known = defaults(id_)
        return [
            _parameter(name, bounds, known[name], given.get(name)) for name, bounds in describe(id_).parameters.items()
        ]


def _texts(game: Game, name: str) -> dict[str, str]:
    """What people read about ``game`` before they play it."""
    title, words = name.replace("_", " ").capitalize(), game.description
    if words is None:
        rules = (
            "This game comes from a file that was named when the page was started; legal moves are shown on the board."
        )
        goal = "The rules in the file decide who wins."
        notation = f"There are {game.num_actions} moves, written as the game writes them."
        return {"title": title, "rules": rules, "goal": goal, "notation": notation}
    notation = f"A move is written as {words.moves}."
    return {"title": words.title or title, "rules": words.rules, "goal": words.goal, "notation": notation}


def _parameter(name: str, bounds: Parameter, default: Any, given: str | None) -> dict[str, Any]:
    kind = {bool: "boolean", int: "integer", float: "number", str: "text"}[type(default)]
    value: Any = default
    if given is not None:
        value = {"boolean": given == "true", "text": given}.get(kind)
        value = (int(given) if kind == "integer" else float(given)) if value is None else value
    out: dict[str, Any] = {"name": name, "type": kind, "default": default, "value": value}
    if bounds.choices:
        return {**out, "choices": list(bounds.choices)}
    if bounds.example:
        return {**out, "example": bounds.example}
    return {**out, "minimum": bounds.minimum, "maximum": bounds.maximum}


def _check_value(family: str, name: str, value: str, bounds: Parameter) -> None:
    """A Problem where a client must not choose ``value``; other errors are the game's own."""
    if bounds.choices and isinstance(bounds.choices[0], bool) and value in ("", "true", "false"):
        return
    if bounds.example and len(value) <= 40:
        return
    try:
        number = float(value) if len(value) < 20 else np.nan
    except ValueError:
        number = np.nan
    if bounds.choices and number not in [c for c in bounds.choices if not isinstance(c, bool)]:
        listed = ", ".join(str(choice).lower() for choice in bounds.choices)
        raise refuse(f"{family}: {name} is {value[:20]!r}; it must be one of {listed}")
    if not bounds.choices and not bounds.minimum <= number <= bounds.maximum:
        limits = f"{bounds.minimum:g} to {bounds.maximum:g}"
        raise refuse(f"{family}: {name} is {value[:20]!r}; it must be {limits}")

"""A user's rules as plain Python, where an error names its line: played, and what broke compiled rules replayed.

Knows the scalar rules by name and what each must give. Does not know any game.
"""

from __future__ import annotations

import ctypes
import inspect
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from games import loops
from games.game import ONGOING, Game, States
from games.user_rules.faults import GameFault, shown, told, where
from games.user_rules.plain_rows import Places, PlainRow, plain_array
from games.user_rules.rebuild import Rule, rebuilt

ARGUMENTS = {
    "init": "s",
    "legal_actions": "s, legal",
    "step": "s, a",
    "outcome": "s",
    "observe": "s, planes",
    "begin_turn": "s",
    "heuristic": "s",
    "final_targets": "s, ownership",
}
"""How each rule is called."""

RESULTS = {
    "init": "write to s",
    "legal_actions": "write to legal",
    "step": "write to s",
    "observe": "write to planes",
    "begin_turn": "write to s",
}
"""What rules do that return nothing."""

HANGS_AFTER = 10.0
"""Seconds after which a rule that does not return is taken for one that never does."""


class PlainRules:
    """The rules of ``game`` in plain Python; errors are ``GameFault``s. ``places``: where indexes were negative."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.places: Places = set()
        self.functions: list[Any] = []

        def collected(function: Rule) -> Rule:
            self.functions.append(function)
            return function

        copies = rebuilt(game.scalar_rules, collected)
        self.rules = {name: self._guarded(name, rule) for name, rule in copies.items()}
        self.called_at = time.monotonic()

    def _guarded(self, name: str, rule: Rule) -> Rule:
        game, wanted = self.game, ARGUMENTS[name]
        line = f"{place_of(rule)}, in {rule.__name__}: "
        try:
            inspect.signature(rule).bind(*wanted.split(", "))
        except TypeError:
            raise GameFault(f"{line}honte calls {name}({wanted}); it takes {inspect.signature(rule)}") from None

        @wraps(rule)
        def call(row: Any, *rest: Any) -> Any:
            arrays: list[Any] = [plain_array(a, self.places) if isinstance(a, np.ndarray) else int(a) for a in rest]
            if name == "observe" and arrays[0].dtype == np.uint8:
                arrays[0].whole = (0, 255)
            try:
                self.called_at = time.monotonic()
                result = rule(PlainRow(row, self.places), *arrays)
            except Hangs as error:
                place = where(error, game) or line
                raise GameFault(f"{place}{name} does not return; a loop there does not end") from None
            except Exception as error:
                raise GameFault(f"{where(error, game) or line}{told(game, error)}") from error
            if name in RESULTS and result is not None:
                raise GameFault(f"{line}{name} returned a value, which nobody reads; it must {RESULTS[name]} instead")
            if name == "outcome" and not is_outcome(result):
                raise GameFault(
                    f"{line}outcome returned {result!r}; it must return ONGOING, or +1, 0 or -1 for the player to move"
                )
            if name == "heuristic" and not (is_number(result) and -1 < result < 1):
                raise GameFault(f"{line}heuristic returned {result!r}; it must return a number between -1 and 1")
            if name == "final_targets" and not is_number(result):
                raise GameFault(f"{line}final_targets returned {result!r}; it must return the score, a number")
            if name in ("init", "step") and row["to_play"] not in (0, 1):
                raise GameFault(f"{line}{name} left s['to_play'] at {row['to_play']}; it must be 0 or 1")
            return result

        return call


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def is_outcome(value: Any) -> bool:
    return is_number(value) and value in (-1, 0, 1, ONGOING)


def place_of(function: Any) -> str:
    """``FILE, line N``."""
    return f"{shown(function.__code__.co_filename)}, line {function.__code__.co_firstlineno}"


class Hangs(Exception):
    """A rule does not return."""


@contextmanager
def watched(rules: PlainRules) -> Iterator[None]:
    """While this thread plays by ``rules``: a call that takes longer than ``HANGS_AFTER`` ends in a ``GameFault``."""
    thread, done = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            if time.monotonic() - rules.called_at > HANGS_AFTER:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Hangs))
                return

    rules.called_at = time.monotonic()
    threading.Thread(target=watch, daemon=True).start()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        done.set()


def replayed(game: Game, verb: str, *arguments: Any) -> GameFault | None:
    """What the rules say in plain Python where compiled ones failed; None where they say nothing."""
    try:
        made = PlainRules(game)
        with watched(made):
            run(game, made.rules, verb, arguments)
    except GameFault as fault:
        return fault
    except Exception as error:
        return GameFault(f"{game.name}: {told(game, error)}")
    return None


def run(game: Game, rules: dict[str, Rule], verb: str, arguments: tuple[Any, ...]) -> None:
    """What the loop ``verb`` does with ``arguments``, in plain Python."""
    if verb == "heuristic":
        for row in arguments[0]:
            rules["heuristic"](row)
    elif verb == "step":
        for b in np.flatnonzero(np.asarray(arguments[1]) >= 0):
            rules["step"](arguments[0][b], arguments[1][b])
    elif verb == "lookahead":
        search_below(game, rules, arguments[0])
    else:
        loop: Any = getattr(loops, verb)(rules, None, True)
        getattr(loop, "py_func", loop)(*arguments)


def search_below(game: Game, rules: dict[str, Rule], states: States, seconds: float = 5.0) -> None:
    """Try every rule at ``states`` and at what follows from them, level by level, until a rule fails."""
    until, level = time.monotonic() + seconds, list(states.copy())
    while level and time.monotonic() < until:
        below = []
        for row in level:
            if rules["outcome"](row) != ONGOING or time.monotonic() > until:
                continue
            legal = np.zeros(game.num_actions, np.bool_)
            rules["legal_actions"](row, legal)
            for action in np.flatnonzero(legal):
                child = game.new(1)
                child[0] = row
                rules["step"](child[0], action)
                if "heuristic" in rules and rules["outcome"](child[0]) == ONGOING:
                    rules["heuristic"](child[0])
                below.append(child[0])
        level = below

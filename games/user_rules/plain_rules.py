"""A user's rules as plain Python, where an error names its line; also to repeat a call that failed in compiled rules.

Knows the scalar rules by name and what each must return. Does not know any game.
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

from games.compilation import loops
from games.game import ONGOING, Game, States
from games.user_rules.faults import GameFault, describe_error, display_path, locate_error
from games.user_rules.plain_rows import Places, PlainRow, plain_array
from games.user_rules.rebuild import Rule, rebuild_rules

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
"""What the rules do that return nothing."""

RULE_TIMEOUT = 10.0
"""Seconds after which a call of a rule counts as endless."""


class PlainRules:
    """The rules of ``game`` in plain Python; they raise ``GameFault``. ``places``: where indexes were negative."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.places: Places = set()
        self.functions: list[Any] = []

        def collect(function: Rule) -> Rule:
            self.functions.append(function)
            return function

        copies = rebuild_rules(game.scalar_rules, collect)
        self.rules = {name: self._guarded(name, rule) for name, rule in copies.items()}
        self.called_at = time.monotonic()

    def _guarded(self, name: str, rule: Rule) -> Rule:
        game, wanted = self.game, ARGUMENTS[name]
        line = f"{locate_function(rule)}, in {rule.__name__}: "
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
            except RuleTimeout as error:
                place = locate_error(error, game) or line
                raise GameFault(f"{place}{name} does not return; a loop there does not end") from None
            except Exception as error:
                raise GameFault(f"{locate_error(error, game) or line}{describe_error(game, error)}") from error
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


def locate_function(function: Any) -> str:
    """``FILE, line N``."""
    return f"{display_path(function.__code__.co_filename)}, line {function.__code__.co_firstlineno}"


class RuleTimeout(Exception):
    """A rule does not return within ``RULE_TIMEOUT``."""


@contextmanager
def limit_time(rules: PlainRules) -> Iterator[None]:
    """While this thread calls ``rules``, end a call that takes longer than ``RULE_TIMEOUT`` with a ``GameFault``."""
    thread, done = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            if time.monotonic() - rules.called_at > RULE_TIMEOUT:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(RuleTimeout))
                return

    rules.called_at = time.monotonic()
    threading.Thread(target=watch, daemon=True).start()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        done.set()


def replay_call(game: Game, verb: str, *arguments: Any) -> GameFault | None:
    """The fault that the rules show in plain Python where the compiled ones failed; None if they show none."""
    try:
        made = PlainRules(game)
        with limit_time(made):
            run(game, made.rules, verb, arguments)
    except GameFault as fault:
        return fault
    except Exception as error:
        return GameFault(f"{game.name}: {describe_error(game, error)}")
    return None


def run(game: Game, rules: dict[str, Rule], verb: str, arguments: tuple[Any, ...]) -> None:
    """Run the loop ``verb`` on ``arguments`` in plain Python."""
    if verb in ("init", "heuristic"):
        for row in arguments[0]:
            rules[verb](row)
    elif verb == "step":
        for b in np.flatnonzero(np.asarray(arguments[1]) >= 0):
            rules["step"](arguments[0][b], arguments[1][b])
    elif verb == "lookahead":
        try_below(game, rules, arguments[0])
    else:
        loop: Any = getattr(loops, verb)(rules, None, True)
        getattr(loop, "py_func", loop)(*arguments)


def try_below(game: Game, rules: dict[str, Rule], states: States, seconds: float = 5.0) -> None:
    """Call every rule at ``states`` and at the positions below, level by level, until a rule fails or time is over."""
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

"""A trial of a user's game: some random games in plain Python, before anything of it runs compiled.

Knows how random games are played and what rules must keep. Does not know any game. Compiled code that leaves its
bounds ends the process; plain Python names the line.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import random
import time
from typing import Any

import numpy as np

from games.game import ONGOING, Game, Row
from games.user_rules.faults import GameFault, shown
from games.user_rules.laws import check_drawing, check_texts, drawn
from games.user_rules.plain_rules import Hangs, PlainRules, watched
from games.user_rules.rebuild import called

SECONDS = 0.8
GAMES = 64


def try_rules(game: Game, seconds: float = SECONDS, seed: int = 0) -> list[str]:
    """Play up to ``GAMES`` random games of a user's by its rules in plain Python, for about so many seconds.

    Returns notes on what may be meant or not. ``GameFault`` for what cannot be.
    """
    check_texts(game)
    rules = PlainRules(game)
    trial = _Trial(game, rules, random.Random(seed), time.monotonic() + seconds)
    before = _outside(rules)
    try:
        with watched(rules), contextlib.redirect_stdout(io.StringIO()):  # what rules print, nobody can read
            trial.play()
    except Hangs:
        raise GameFault(f"{game.name}: a rule does not return") from None
    for name, value in _outside(rules).items():
        if value != before[name]:
            raise GameFault(f"{game.name}: the rules change {name}, which is no part of s; keep in s all that changes")
    return _negative(rules)


class _Trial:
    """Random games by plain rules."""

    def __init__(self, game: Game, rules: PlainRules, dice: random.Random, until: float) -> None:
        self.game, self.rules, self.dice, self.until = game, rules.rules, dice, until
        self.movers: set[int] = set()

    def play(self) -> None:
        finished = plies = 0
        while finished < GAMES and (plies == 0 or time.monotonic() < self.until):
            length = self._game()
            if length is None:
                break
            finished, plies = finished + 1, plies + length
        if finished > 1 and plies > finished and len(self.movers) == 1:
            raise GameFault(
                f"{self.game.name}: s['to_play'] was {self.movers.pop()} in every position of {finished} random games;"
                ' step must give the move to the other player: s["to_play"] = 1 - s["to_play"]'
            )

    def _game(self) -> int | None:
        """Play one game; its length, or None where time ran out before its end."""
        states = self.game.new(1)
        row = states[0]
        self.rules["init"](row)
        for ply in range(self.game.max_plies + 1):
            legal = self._position(row)
            if legal is None:
                return ply
            if ply and time.monotonic() > self.until:
                return None
            if ply == self.game.max_plies:
                break
            self.movers.add(int(row["to_play"]))
            self._step(row, self.dice.choice(legal))
        raise self._fault(
            f"a game took more than max_plies = {self.game.max_plies} actions; let outcome end it, or raise max_plies",
            row,
        )

    def _position(self, row: Row) -> list[int] | None:
        """Hold one position against what rules must keep; its legal actions, or None where it is over."""
        game, before = self.game, row.copy()
        result = self.rules["outcome"](row)
        self._kept(row, before, "outcome")
        self.rules["observe"](row, np.zeros(game.observation_shape, game.observation_dtype))
        self._kept(row, before, "observe")
        check_drawing(game, row, reading=result == ONGOING)
        if result != ONGOING:
            if "final_targets" in self.rules:
                self.rules["final_targets"](row, np.zeros(game.observation_shape[1:], np.int8))
            return None
        legal = np.zeros(game.num_actions, np.bool_)
        self.rules["legal_actions"](row, legal)
        self._kept(row, before, "legal_actions")
        if "heuristic" in self.rules:
            self.rules["heuristic"](row)
        if not legal.any():
            raise self._fault("legal_actions allows no action, but outcome returned ONGOING; one of them is wrong", row)
        return [int(action) for action in np.flatnonzero(legal)]

    def _step(self, row: Row, action: int) -> None:
        again = self.game.new(1)
        again[0] = row
        self.rules["step"](row, action)
        self.rules["step"](again[0], action)
        if again[0] != row:
            raise self._fault(
                "step made two positions of one position and action; it must depend on s and a alone", row
            )

    def _kept(self, row: Row, before: Row, name: str) -> None:
        if row != before:
            raise self._fault(f"{name} changed s; only init and step may", row)

    def _fault(self, sentence: str, row: Row) -> GameFault:
        fault = GameFault(f"{self.game.name}: {sentence}")
        fault.drawing = drawn(self.game, row)
        return fault


def _outside(rules: PlainRules) -> dict[str, Any]:
    """Copies of the numbers and collections that the rules use and that are no part of a state."""
    found: dict[str, Any] = {}
    for function in rules.functions:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        values = {name: cell.cell_contents for name, cell in cells.items()}
        values |= {name: function.__globals__[name] for name in called(function.__code__) & function.__globals__.keys()}
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                found[name] = (value.shape, value.tobytes())
            elif isinstance(value, int | float | str | list | dict | set):
                found[name] = repr(value)
    return found


def _negative(rules: PlainRules) -> list[str]:
    """A note for each line with a negative index that is not written there as a number."""
    notes, told = [], set()
    for path, line, index in sorted(rules.places):
        text = linecache.getline(path, line).strip()
        if (path, line) not in told and not _is_written(text):
            notes.append(
                f"{shown(path)}, line {line}: the index {index} counts from the end, as in Python; is that meant?"
            )
        told.add((path, line))
    return notes


def _is_written(text: str) -> bool:
    """Whether a negative number stands as an index in the line."""
    try:
        tree = ast.parse(text.rstrip(":") if not text.startswith(("if ", "while ", "for ")) else f"{text}\n pass")
    except SyntaxError:
        return "[-" in text.replace(" ", "")
    subscripts = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    return any(isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) for s in subscripts for n in ast.walk(s))

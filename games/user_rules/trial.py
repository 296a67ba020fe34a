"""A trial of a user's game: random games in plain Python, before any of its compiled rules run.

Knows how random games are played and what every rule must fulfil. Does not know any game. Compiled code that leaves
the bounds of an array may end the process, while plain Python names the line.
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
from games.user_rules.faults import GameFault, display_path
from games.user_rules.plain_rules import PlainRules, RuleTimeout, limit_time
from games.user_rules.rebuild import global_names
from games.user_rules.text_checks import check_drawing, check_texts, draw_safely

SECONDS = 0.8
GAMES = 64


def try_rules(game: Game, seconds: float = SECONDS, seed: int = 0) -> list[str]:
    """Play up to ``GAMES`` random games of a user's game by its rules in plain Python, for about ``seconds``.

    Returns notes on what may be a mistake; raises ``GameFault`` for what is one.
    """
    check_texts(game)
    rules = PlainRules(game)
    trial = _Trial(game, rules, random.Random(seed), time.monotonic() + seconds)
    before = _read_globals(rules)
    try:
        with limit_time(rules), contextlib.redirect_stdout(io.StringIO()):  # nobody could read what the rules print
            trial.play()
    except RuleTimeout:
        raise GameFault(f"{game.name}: a rule does not return") from None
    for name, value in _read_globals(rules).items():
        if value != before[name]:
            raise GameFault(f"{game.name}: the rules change {name}, which is no part of s; keep in s all that changes")
    return _note_negative_indexes(rules)


class _Trial:
    """Random games by rules in plain Python."""

    def __init__(self, game: Game, rules: PlainRules, rng: random.Random, deadline: float) -> None:
        self.game, self.rules, self.rng, self.deadline = game, rules.rules, rng, deadline
        self.movers: set[int] = set()

    def play(self) -> None:
        finished = plies = 0
        while finished < GAMES and (plies == 0 or time.monotonic() < self.deadline):
            length = self._play_game()
            if length is None:
                break
            finished, plies = finished + 1, plies + length
        if finished > 1 and plies > finished and len(self.movers) == 1:
            raise GameFault(
                f"{self.game.name}: s['to_play'] was {self.movers.pop()} in every position of {finished} random games;"
                ' step must give the move to the other player: s["to_play"] = 1 - s["to_play"]'
            )

    def _play_game(self) -> int | None:
        """Play one game; return its length, or None if time ran out before its end."""
        states = self.game.new(1)
        row = states[0]
        self.rules["init"](row)
        for ply in range(self.game.max_plies + 1):
            legal = self._check_position(row)
            if legal is None:
                return ply
            if ply and time.monotonic() > self.deadline:
                return None
            if ply == self.game.max_plies:
                break
            self.movers.add(int(row["to_play"]))
            self._step(row, self.rng.choice(legal))
        raise self._fault(
            f"a game took more than max_plies = {self.game.max_plies} actions; let outcome end it, or raise max_plies",
            row,
        )

    def _check_position(self, row: Row) -> list[int] | None:
        """Check one position; return its legal actions, or None if the game is over."""
        game, before = self.game, row.copy()
        result = self.rules["outcome"](row)
        self._check_unchanged(row, before, "outcome")
        self.rules["observe"](row, np.zeros(game.observation_shape, game.observation_dtype))
        self._check_unchanged(row, before, "observe")
        check_drawing(game, row, reading=result == ONGOING)
        if result != ONGOING:
            if "final_targets" in self.rules:
                self.rules["final_targets"](row, np.zeros(game.observation_shape[1:], np.int8))
            return None
        legal = np.zeros(game.num_actions, np.bool_)
        self.rules["legal_actions"](row, legal)
        self._check_unchanged(row, before, "legal_actions")
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

    def _check_unchanged(self, row: Row, before: Row, name: str) -> None:
        if row != before:
            raise self._fault(f"{name} changed s; only init and step may", row)

    def _fault(self, sentence: str, row: Row) -> GameFault:
        fault = GameFault(f"{self.game.name}: {sentence}")
        fault.drawing = draw_safely(self.game, row)
        return fault


def _read_globals(rules: PlainRules) -> dict[str, Any]:
    """Copies of the numbers and collections that the rules read outside of the state."""
    found: dict[str, Any] = {}
    for function in rules.functions:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        values = {name: cell.cell_contents for name, cell in cells.items()}
        names = global_names(function.__code__) & function.__globals__.keys()
        values |= {name: function.__globals__[name] for name in names}
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                found[name] = (value.shape, value.tobytes())
            elif isinstance(value, int | float | str | list | dict | set):
                found[name] = repr(value)
    return found


def _note_negative_indexes(rules: PlainRules) -> list[str]:
    """A note for each line with a negative index that is not written there as a number."""
    notes, seen = [], set()
    for path, line, index in sorted(rules.places):
        text = linecache.getline(path, line).strip()
        if (path, line) not in seen and not _has_negative_literal(text):
            notes.append(
                f"{display_path(path)}, line {line}: the index {index} counts from the end, as in Python;"
                " is that meant?"
            )
        seen.add((path, line))
    return notes


def _has_negative_literal(text: str) -> bool:
    """Whether the line has a negative number as an index."""
    try:
        tree = ast.parse(text.rstrip(":") if not text.startswith(("if ", "while ", "for ")) else f"{text}\n pass")
    except SyntaxError:
        return "[-" in text.replace(" ", "")
    subscripts = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    return any(isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) for s in subscripts for n in ast.walk(s))

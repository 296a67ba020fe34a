"""``check_game``: the conditions that every game must meet, each in a sentence, tested on random games.

Knows the ``Game`` contract. Does not know which game it checks. Users run it on their own games with
``honte check-game FILE.py:game``. A user's rules are tried in plain Python first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from games.game import Game, Positions, States
from games.user_rules.faults import GameFault
from games.user_rules.rebuild import is_unchecked
from games.user_rules.text_checks import check_drawing, check_texts
from games.user_rules.trial import try_rules


class UnmetCondition(GameFault):
    """A condition that a game breaks, with the position that shows it."""


RULE_OF_FIELD = {
    "observation": "what observe writes",
    "legal": "what legal_actions allows",
    "to_play": "s['to_play']",
    "terminal": "whether outcome is ONGOING",
    "value": "what outcome returns",
}
"""What the author of rules wrote to fill each field of ``Positions``."""

NUM_READ_BACK = 4
"""The number of games whose drawings are read back, if the game has ``read``."""


class Report(TypedDict):
    """Statistics of the random games, which tell the author whether the game is as intended."""

    games: int
    positions: int
    longest: int  # plies
    first_wins: float  # shares of the games
    second_wins: float
    draws: float
    last_mover_wins: float | None  # a share of the decided games; None without any
    mean_length: float  # plies
    mean_legal_moves: float
    moves_again: float  # the share of moves after which the same player is to move
    notes: list[str]


def check_game(game: Game, num_games: int = 64, seed: int = 0) -> Report:
    """Play ``num_games`` random games and check every condition at every position.

    Raises ``GameFault`` (a ValueError), and ``UnmetCondition`` for a condition that a position breaks.
    """
    notes = _try_user_rules(game, seed)
    random = np.random.default_rng(seed)
    _check_data(game)
    states = game.new(num_games)
    game.init(states)
    again = game.new(num_games)
    game.init(again)
    _require(bool((states == again).all()), "init writes the same position every time", game, states, 0)
    turned = [game.new(num_games) for _ in range(len(game.symmetries.cells))]
    for rows in turned:
        game.init(rows)
    seen = _Statistics(num_games)
    finished = np.zeros(num_games, bool)
    for ply in range(game.max_plies + 1):
        out = game.describe_new(states)
        for b in np.flatnonzero(~finished):
            _check_drawing(game, states, int(b), reading=bool(b < NUM_READ_BACK and not out.terminal[b]))
        _check_positions(game, states, out)
        _check_symmetries(game, states, out, turned)
        _require(bool((out.terminal | ~finished).all()), "a game that is over stays over", game, states, 0)
        seen.add(out, finished)
        finished = out.terminal.copy()
        if finished.all():
            break
        for b in np.flatnonzero(~finished):
            _require(
                ply < game.max_plies, f"a game ends within max_plies = {game.max_plies} actions", game, states, int(b)
            )
        actions = np.array([random.choice(np.flatnonzero(legal)) if legal.any() else -1 for legal in out.legal])
        _check_step(game, states, actions)
        live = np.flatnonzero(~finished)
        for s, rows in [(-1, states), *enumerate(turned)]:
            played = actions[live] if s < 0 else game.symmetries.actions[s][actions[live]]
            game.advance(rows, live, live, played)
    _require(
        len(seen.players) == 2 or seen.moves <= num_games or num_games == 1,
        "both players move (step turns s['to_play'])",
        game,
        states,
        0,
    )
    return seen.report(notes)


def _try_user_rules(game: Game, seed: int) -> list[str]:
    """The notes of a trial in plain Python if a user wrote the rules, else none."""
    if not game.is_own or is_unchecked():
        return []
    try:
        return try_rules(game, seed=seed)
    except GameFault as fault:
        raise UnmetCondition(f"{fault}; for example at\n{fault.drawing}" if fault.drawing else str(fault)) from fault


class _Statistics:
    """Counts of random games that are played at once."""

    def __init__(self, num_games: int) -> None:
        self.lengths = np.zeros(num_games, np.int64)
        self.movers = np.full(num_games, -1)  # who made the last move
        self.winners = np.full(num_games, -1)
        self.positions = self.moves = self.legal = self.again = 0
        self.players: set[int] = set()

    def add(self, out: Positions, finished: NDArray[np.bool_]) -> None:
        """Add the positions of all games; ``finished``: which games were over before."""
        fresh, going = ~finished, ~out.terminal
        moved = fresh & (self.movers >= 0)
        self.positions += int(fresh.sum())
        self.again += int((out.to_play == self.movers)[moved & going].sum())
        decided = fresh & out.terminal & (out.value != 0)
        self.winners[decided] = np.where(out.value > 0, out.to_play, 1 - out.to_play)[decided]
        self.legal += int(out.legal[going].sum())
        self.moves += int(going.sum())
        self.lengths[going] += 1
        self.movers[going] = out.to_play[going]
        self.players |= set(out.to_play[going].tolist())

    def report(self, notes: list[str]) -> Report:
        decided = self.winners >= 0
        last = float((self.winners == self.movers)[decided].mean()) if decided.any() else None
        if last == 0 and self.moves:
            notes = [
                *notes,
                "whoever made the last move lost every decided game; unless that is a rule of this game, the sign of"
                " outcome is reversed: after the last move s['to_play'] is the other player, who has lost: -1",
            ]
        return {
            "games": len(self.lengths),
            "positions": self.positions,
            "longest": int(self.lengths.max()),
            "first_wins": float((self.winners == 0).mean()),
            "second_wins": float((self.winners == 1).mean()),
            "draws": float((~decided).mean()),
            "last_mover_wins": last,
            "mean_length": float(self.lengths.mean()),
            "mean_legal_moves": self.legal / max(1, self.moves),
            "moves_again": self.again / max(1, self.moves - len(self.lengths)),
            "notes": notes,
        }


def _check_drawing(game: Game, states: States, b: int, *, reading: bool) -> None:
    try:
        check_drawing(game, states[b], reading=reading)
    except GameFault as fault:
        raise UnmetCondition(str(fault)) from fault


def _require(kept: bool, sentence: str, game: Game, states: States, b: int) -> None:
    if not kept:
        try:
            drawing = "\n" + game.render(states[b])
        except Exception as error:
            drawing = f" (drawing it failed: {error})"
        raise UnmetCondition(f"{game.name} breaks the condition: {sentence}; for example at{drawing}")


def _check_data(game: Game) -> None:
    """Check the shapes of a game's arrays."""
    _, height, width = game.observation_shape
    num_symmetries = len(game.symmetries.cells)
    shapes = {
        "symmetries.cells": (game.symmetries.cells.shape, (num_symmetries, height * width)),
        "symmetries.actions": (game.symmetries.actions.shape, (num_symmetries, game.num_actions)),
        "action_layout": (game.action_layout.shape, (game.num_actions, 3)),
    }
    for name, (shape, wanted) in shapes.items():
        if tuple(shape) != wanted:
            raise UnmetCondition(f"{game.name} breaks the condition: {name} has shape {wanted}; it is {tuple(shape)}")
    for name, table in (("cells", game.symmetries.cells), ("actions", game.symmetries.actions)):
        if (np.sort(table, axis=1) != np.arange(table.shape[1])).any() or (table[0] != np.arange(table.shape[1])).any():
            raise UnmetCondition(
                f"{game.name} breaks the condition: each row of symmetries.{name} is a permutation,"
                " the first the identity"
            )
    check_texts(game)


def _check_positions(game: Game, states: States, out: Positions) -> None:
    """Check the conditions on single positions."""
    for b in range(len(states)):
        over = bool(out.terminal[b])
        _require(over or bool(out.legal[b].any()), "a game that goes on has a legal action", game, states, b)
        _require(not over or not out.legal[b].any(), "a game that is over has no legal action", game, states, b)
        _require(out.value[b] in (-1, 0, 1), "an outcome is +1, 0 or -1", game, states, b)
        _require(over or out.value[b] == 0, "a value is 0 until the game is over", game, states, b)
        _require(out.to_play[b] in (0, 1), "to_play is 0 or 1", game, states, b)
    again = game.positions(len(states))
    for array in again:
        array.fill(1)
    before = states.copy()
    game.describe(states, again)
    _require(
        bool((before == states).all()),
        "describe (outcome, legal_actions and observe) leaves the state as it is",
        game,
        states,
        0,
    )
    for b, name in _differences(out, again):
        _require(False, f"a position is described alike every time: {RULE_OF_FIELD[name]} differs", game, states, b)


def _differences(one: Positions, other: Positions) -> Iterator[tuple[int, str]]:
    fields: Any = zip(Positions._fields, one, other, strict=True)
    for name, a, b in fields:
        rows = np.flatnonzero((a != b).reshape(len(a), -1).any(axis=1))
        if len(rows):
            yield int(rows[0]), name


def _check_symmetries(game: Game, states: States, out: Positions, turned: list[States]) -> None:
    """Check that each symmetry maps positions to positions."""
    for s, rows in enumerate(turned):
        seen = game.describe_new(rows)
        for b, name in _differences(
            out._replace(
                observation=game.symmetries.turn(out.observation, s), legal=game.symmetries.turn_policy(out.legal, s)
            ),
            seen,
        ):
            _require(
                False, f"symmetry {s} maps games to games, but {RULE_OF_FIELD[name]} does not match", game, states, b
            )


def _check_step(game: Game, states: States, actions: np.ndarray) -> None:
    """Check that rows and copies are independent, and that a step gives the same result twice."""
    live = np.flatnonzero(actions >= 0)
    copies = game.new(len(live))
    game.copy(copies, states[live])
    before = states.copy()
    game.step(copies, actions[live])
    _require(bool((before == states).all()), "a copy is independent of its source", game, states, 0)
    alone = game.new(1)
    for i, b in enumerate(live[:4]):
        game.copy(alone, states[b : b + 1])
        game.step(alone, actions[b : b + 1])
        _require(
            bool((alone == copies[i : i + 1]).all()), "a step depends on its own row and action only", game, states, b
        )

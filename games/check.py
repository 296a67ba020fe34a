"""``check_game``: the laws that every game keeps, each as a sentence, tried on random games.

Knows the ``Game`` contract. Does not know which game it checks. Users run it on theirs:
``honte check-game FILE.py:game``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from games.game import Game, Positions, States


class BrokenLaw(ValueError):
    """A law that a game breaks, with the position that shows it."""


def check_game(game: Game, num_games: int = 64, seed: int = 0) -> dict[str, int]:
    """Play ``num_games`` random games and hold every position against the laws.

    Returns counts of games, positions and the longest game in plies. Raises ``BrokenLaw`` (a ValueError).
    """
    random = np.random.default_rng(seed)
    _check_data(game)
    states = game.new(num_games)
    game.init(states)
    again = game.new(num_games)
    game.init(again)
    _law(bool((states == again).all()), "init writes the same position every time", game, states, 0)
    turned = [game.new(num_games) for _ in range(len(game.symmetries.cells))]
    for rows in turned:
        game.init(rows)
    count = longest = 0
    finished = np.zeros(num_games, bool)
    for ply in range(game.max_plies + 1):
        out = game.describe_new(states)
        _check_positions(game, states, out)
        _check_symmetries(game, states, out, turned)
        count += int((~finished).sum())
        _law(bool((out.terminal | ~finished).all()), "a game that is over stays over", game, states, 0)
        finished = out.terminal.copy()
        if finished.all():
            break
        for b in np.flatnonzero(~finished):
            _law(ply < game.max_plies, f"a game ends within max_plies = {game.max_plies} actions", game, states, int(b))
        longest = ply + 1
        actions = np.array([random.choice(np.flatnonzero(legal)) if legal.any() else -1 for legal in out.legal])
        _check_step(game, states, actions)
        live = np.flatnonzero(~finished)
        for s, rows in [(-1, states), *enumerate(turned)]:
            played = actions[live] if s < 0 else game.symmetries.actions[s][actions[live]]
            game.advance(rows, live, live, played)
    return {"games": num_games, "positions": count, "longest": longest}


def _law(kept: bool, sentence: str, game: Game, states: States, b: int) -> None:
    if not kept:
        try:
            drawing = "\n" + game.render(states[b])
        except Exception as error:
            drawing = f" (drawing it failed: {error})"
        raise BrokenLaw(f"{game.name} breaks the law: {sentence}; for example at{drawing}")


def _check_data(game: Game) -> None:
    """The shapes of what a game says about itself."""
    _, height, width = game.observation_shape
    num_symmetries = len(game.symmetries.cells)
    shapes = {
        "symmetries.cells": (game.symmetries.cells.shape, (num_symmetries, height * width)),
        "symmetries.actions": (game.symmetries.actions.shape, (num_symmetries, game.num_actions)),
        "action_layout": (game.action_layout.shape, (game.num_actions, 3)),
    }
    for name, (shape, wanted) in shapes.items():
        if tuple(shape) != wanted:
            raise BrokenLaw(f"{game.name} breaks the law: {name} has shape {wanted}; it is {tuple(shape)}")
    for name, table in (("cells", game.symmetries.cells), ("actions", game.symmetries.actions)):
        if (np.sort(table, axis=1) != np.arange(table.shape[1])).any() or (table[0] != np.arange(table.shape[1])).any():
            raise BrokenLaw(
                f"{game.name} breaks the law: each row of symmetries.{name} is a permutation, the first the identity"
            )
    for to_play in range(2):
        for action in range(game.num_actions):
            text = game.action_text(action, to_play)
            if game.parse_action(text, to_play) != action:
                raise BrokenLaw(
                    f"{game.name} breaks the law: parse_action reads what action_text writes; {text!r} differs"
                )


def _check_positions(game: Game, states: States, out: Positions) -> None:
    """What must hold of every single position."""
    for b in range(len(states)):
        over = bool(out.terminal[b])
        _law(over or bool(out.legal[b].any()), "a game that goes on has a legal action", game, states, b)
        _law(not over or not out.legal[b].any(), "a game that is over has no legal action", game, states, b)
        _law(out.value[b] in (-1, 0, 1), "an outcome is +1, 0 or -1", game, states, b)
        _law(over or out.value[b] == 0, "a value is 0 until the game is over", game, states, b)
        _law(out.to_play[b] in (0, 1), "to_play is 0 or 1", game, states, b)
    again = game.positions(len(states))
    for array in again:
        array.fill(1)
    before = states.copy()
    game.describe(states, again)
    _law(bool((before == states).all()), "describe leaves the state as it is", game, states, 0)
    for b, name in _differences(out, again):
        _law(False, f"describe writes all of its output, every time alike: {name} differs", game, states, b)


def _differences(one: Positions, other: Positions) -> Iterator[tuple[int, str]]:
    fields: Any = zip(Positions._fields, one, other, strict=True)
    for name, a, b in fields:
        rows = np.flatnonzero((a != b).reshape(len(a), -1).any(axis=1))
        if len(rows):
            yield int(rows[0]), name


def _check_symmetries(game: Game, states: States, out: Positions, turned: list[States]) -> None:
    """A turned game is the game of turned actions."""
    for s, rows in enumerate(turned):
        seen = game.describe_new(rows)
        for b, name in _differences(
            out._replace(
                observation=game.symmetries.turn(out.observation, s), legal=game.symmetries.turn_policy(out.legal, s)
            ),
            seen,
        ):
            _law(False, f"symmetry {s} maps games to games, but {name} does not match", game, states, b)


def _check_step(game: Game, states: States, actions: np.ndarray) -> None:
    """Rows do not leak into each other, copies are independent, and a step repeats."""
    live = np.flatnonzero(actions >= 0)
    copies = game.new(len(live))
    game.copy(copies, states[live])
    before = states.copy()
    game.step(copies, actions[live])
    _law(bool((before == states).all()), "a copy is independent of its source", game, states, 0)
    alone = game.new(1)
    for i, b in enumerate(live[:4]):
        game.copy(alone, states[b : b + 1])
        game.step(alone, actions[b : b + 1])
        _law(bool((alone == copies[i : i + 1]).all()), "a step depends on its own row and action only", game, states, b)

"""Openings: short random beginnings, so that deterministic players do not repeat the same game.

Knows rules. Does not know players or matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from games.game import Game, States

Opening = tuple[int, ...]

PATIENCE = 16
"""Batches of random openings in a row without a new one, after which the search for more ends."""

MAX_DRAWS = 4


def make_openings(game: Game, count: int, plies: int, *, seed: int = 0, quiet: bool = True) -> list[Opening]:
    """``count`` openings of ``plies`` random actions that do not end the game and lead to different positions.

    ``quiet``: the player to move has no immediate win. If a game has too few such openings, they are repeated in turn.
    ValueError if there is none at all.
    """
    if plies < 0:
        raise ValueError(f"the number of opening plies is {plies}; it must be 0 or more")
    found = list(islice(distinct_openings(game, plies, max(64, count), seed, quiet), count))
    if not found:
        kind = "without an immediate win" if quiet else "that leaves the game unfinished"
        raise ValueError(f"{game.name} has no opening of {plies} random plies {kind}; choose fewer opening plies")
    return [found[i % len(found)] for i in range(count)]


def random_openings(game: Game, ids: NDArray[np.int64], plies: NDArray[np.int64], *, seed: int) -> list[Opening]:
    """For each game id [R] an opening of ``plies [R]`` random actions that does not end the game.

    (seed, id) determines each of them. An action that would end the game is drawn again; after ``MAX_DRAWS`` draws the
    opening stays shorter.
    """
    states = game.new(len(ids))
    game.init(states)
    played: list[list[int]] = [[] for _ in ids]
    rows = np.arange(len(ids))
    for ply in range(int(plies.max(initial=0))):
        rows = rows[plies[rows] > ply]
        keys = random_numbers.make_keys(seed, ids[rows], ply)
        legal = game.describe_new(states[rows]).legal.astype(np.float64)
        waiting = np.arange(len(rows))
        moved = np.zeros(len(rows), np.bool_)
        for attempt in range(MAX_DRAWS):
            actions = random_numbers.draw_choices(keys[waiting], random_numbers.OPENING + 16 * attempt, legal[waiting])
            after = game.new(len(waiting))
            game.copy(after, states[rows[waiting]])
            game.step(after, actions)
            goes_on = ~game.describe_new(after).terminal
            states[rows[waiting[goes_on]]] = after[goes_on]
            for i, action in zip(rows[waiting[goes_on]], actions[goes_on], strict=True):
                played[i].append(int(action))
            moved[waiting[goes_on]] = True
            waiting = waiting[~goes_on]
            if not len(waiting):
                break
        rows = rows[moved]
    return [tuple(actions) for actions in played]


def distinct_openings(game: Game, plies: int, batch: int, seed: int, quiet: bool) -> Iterator[Opening]:
    """Openings to different positions, until ``PATIENCE`` batches in a row have no new one."""
    seen: set[bytes] = set()
    num_drawn = num_stale = 0
    while num_stale < PATIENCE:
        ids = np.arange(num_drawn, num_drawn + batch)
        num_drawn += batch
        num_stale += 1
        for key, opening in _draw_batch(game, ids, plies, seed, quiet):
            if key not in seen:
                seen.add(key)
                num_stale = 0
                yield opening


def _draw_batch(
    game: Game, ids: NDArray[np.int64], plies: int, seed: int, quiet: bool
) -> Iterator[tuple[bytes, Opening]]:
    """Random openings that do not end the game, each with bytes that identify its position."""
    states = game.new(len(ids))
    game.init(states)
    played = np.zeros((len(ids), plies), np.int64)
    out = game.describe_new(states)
    for ply in range(plies):
        active = np.flatnonzero(~out.terminal)
        keys = random_numbers.make_keys(seed, ids[active], ply)
        actions = random_numbers.draw_choices(keys, random_numbers.OPENING, out.legal[active].astype(np.float64))
        played[active, ply] = actions
        game.advance(states, active, active, actions)
        ids, played, states, out = ids[active], played[active], states[active], game.describe_new(states[active])
    wanted = ~out.terminal
    if quiet:
        wanted &= ~_can_win(game, states)
    for i in np.flatnonzero(wanted):
        yield out.observation[i].tobytes() + out.to_play[i].tobytes(), tuple(played[i].tolist())


def _can_win(game: Game, states: States) -> NDArray[np.bool_]:
    """[B] whether the player to move has an action that wins at once."""
    out = game.describe_new(states)
    wins = np.zeros(len(states), np.bool_)
    rows, actions = np.nonzero(out.legal)
    children = game.new(len(rows))
    game.copy(children, states[rows])
    game.step(children, actions)
    after = game.describe_new(children)
    value = np.where(after.to_play == out.to_play[rows], after.value, -after.value)
    wins[rows[after.terminal & (value > 0)]] = True
    return wins

"""Openings: short random beginnings, so that deterministic players do not play one game over and over.

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
"""Batches of random openings without a new one after which the game is taken to have no more."""

RETRIES = 4


def make_openings(game: Game, count: int, plies: int, *, seed: int = 0, quiet: bool = True) -> list[Opening]:
    """``count`` openings of ``plies`` random actions, none of them over, to different positions where possible.

    ``quiet``: the player to move has no immediate win. Where a game has too few, they are repeated in turn. ValueError
    when there is none at all.
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

    Each follows from (seed, id) alone. An action that would end the game is drawn again, ``RETRIES`` times; then the
    opening is shorter.
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
        for attempt in range(RETRIES):
            actions = random_numbers.draw_choices(keys[waiting], random_numbers.OPENING + 16 * attempt, legal[waiting])
            after = game.new(len(waiting))
            game.copy(after, states[rows[waiting]])
            game.step(after, actions)
            fine = ~game.describe_new(after).terminal
            states[rows[waiting[fine]]] = after[fine]
            for i, action in zip(rows[waiting[fine]], actions[fine], strict=True):
                played[i].append(int(action))
            moved[waiting[fine]] = True
            waiting = waiting[~fine]
            if not len(waiting):
                break
        rows = rows[moved]
    return [tuple(actions) for actions in played]


def distinct_openings(game: Game, plies: int, batch: int, seed: int, quiet: bool) -> Iterator[Opening]:
    """Openings to new positions, until ``PATIENCE`` batches in a row bring none."""
    seen: set[bytes] = set()
    tried = stale = 0
    while stale < PATIENCE:
        ids = np.arange(tried, tried + batch)
        tried += batch
        stale += 1
        for key, opening in _batch(game, ids, plies, seed, quiet):
            if key not in seen:
                seen.add(key)
                stale = 0
                yield opening


def _batch(game: Game, ids: NDArray[np.int64], plies: int, seed: int, quiet: bool) -> Iterator[tuple[bytes, Opening]]:
    """Random openings that are not over, each with bytes that tell its position from others."""
    states = game.new(len(ids))
    game.init(states)
    played = np.zeros((len(ids), plies), np.int64)
    out = game.describe_new(states)
    for ply in range(plies):
        going = np.flatnonzero(~out.terminal)
        keys = random_numbers.make_keys(seed, ids[going], ply)
        actions = random_numbers.draw_choices(keys, random_numbers.OPENING, out.legal[going].astype(np.float64))
        played[going, ply] = actions
        game.advance(states, going, going, actions)
        ids, played, states, out = ids[going], played[going], states[going], game.describe_new(states[going])
    good = ~out.terminal
    if quiet:
        good &= ~_can_win(game, states)
    for i in np.flatnonzero(good):
        yield out.observation[i].tobytes() + out.to_play[i].tobytes(), tuple(played[i].tolist())


def _can_win(game: Game, states: States) -> NDArray[np.bool_]:
    """[B] whether one action wins for the player to move."""
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

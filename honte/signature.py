"""The signature: one integer that summarizes the decisions of many searches, with a hash in place of the network.

A commit that changes the number changes what is played; a refactor keeps it. The number does not depend on the machine,
or on whether Numba compiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate
from agent.search.search import RuleName, Search, SearchConfig
from games import Game, make

GAMES = ("tic_tac_toe", "connect_four")
RULES: tuple[RuleName, ...] = ("gumbel", "puct")
BUDGETS = (8, 16, 33, 64)
PLIES = (0, 2, 5, 11)
SLOTS = 8


def signature() -> int:
    """The signature, a number below 10^12."""
    digest = hashlib.sha256()
    for name in GAMES:
        for array in decisions(make(name)):
            digest.update(np.ascontiguousarray(array, np.int64).astype("<i8").tobytes())
    return int.from_bytes(digest.digest()[:8], "big") % 10**12


def decisions(game: Game) -> Iterator[NDArray[np.integer]]:
    """The actions and visits of every search, with and without root noise; every second slot has half the budget."""
    for plies in PLIES:
        states = _positions(game, plies)
        if not len(states):
            continue
        count = len(states)
        for rule in RULES:
            for explore in (False, True):
                search = Search(
                    game, hash_evaluate, SearchConfig(rule=rule, num_simulations=max(BUDGETS)), num_slots=count
                )
                for budget in BUDGETS:
                    terms = Terms.of(count, keys=random_numbers.make_keys(plies, np.arange(count), budget))
                    terms.budgets[:] = np.where(np.arange(count) % 2 == 0, budget, budget // 2)
                    terms.explore[:] = explore
                    search.think(np.arange(count), states, terms)
                    actions, visits = np.zeros(count, np.int64), np.zeros((count, game.num_actions), np.int64)
                    answered = 0
                    while answered < count:
                        slots, out = search.decide()
                        actions[slots], visits[slots] = out.action, out.visits
                        answered += len(slots)
                    yield actions
                    yield visits


def _positions(game: Game, plies: int) -> NDArray[np.void]:
    """Up to ``SLOTS`` positions after ``plies`` random actions, without those of finished games."""
    states = game.new(SLOTS)
    game.init(states)
    for ply in range(plies):
        out = game.describe_new(states)
        live = np.flatnonzero(~out.terminal)
        keys = random_numbers.make_keys(0, live, ply)
        game.advance(
            states,
            live,
            live,
            random_numbers.draw_choices(keys, random_numbers.OPENING, out.legal[live].astype(np.float64)),
        )
    return states[~game.describe_new(states).terminal]

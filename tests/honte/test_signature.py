"""What the search decides is pinned by numbers: a refactor must keep them, a change of play must name the new ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate
from agent.search.search import Search, SearchConfig
from games import make
from honte.signature import signature

GAMES = ("tic_tac_toe", "connect_four:rows=5,columns=5", "othello:size=4", "hex:size=4,swap=true")
SLOTS, MOVES = 6, 4

CONFIGS = {
    "gumbel, several leaves": SearchConfig(num_simulations=40, leaves=5),
    "puct, several leaves": SearchConfig(rule="puct", num_simulations=40, leaves=5),
    "gumbel, subtree reuse": SearchConfig(num_simulations=24, reuse=True),
    "puct, subtree reuse": SearchConfig(rule="puct", num_simulations=24, reuse=True),
    "gumbel, look ahead": SearchConfig(num_simulations=24, lookahead=3),
    "puct, look ahead, bounded": SearchConfig(rule="puct", num_simulations=24, lookahead=6, lookahead_nodes=50),
    "uct": SearchConfig(rule="uct", num_simulations=40),
    "all together": SearchConfig(
        rule="puct", num_simulations=40, leaves=4, lookahead=4, reuse=True, average_symmetries=True
    ),
}

NUMBERS = {
    "gumbel, several leaves": 81006240189,
    "puct, several leaves": 320970655793,
    "gumbel, subtree reuse": 698559741808,
    "puct, subtree reuse": 19993744832,
    "gumbel, look ahead": 946488971168,
    "puct, look ahead, bounded": 460143427873,
    "uct": 904856654203,
    "all together": 769513226279,
}


LONG = {"all together"} if numba.config.DISABLE_JIT else set()
"""What takes long in plain Python. ``make test-all`` runs it there."""


def games_decided(config: SearchConfig) -> Iterator[NDArray[np.integer]]:
    """Actions and visits of several moves in a row, so that kept subtrees count."""
    for name in GAMES:
        game = make(name)
        states = game.new(SLOTS)
        game.init(states)
        for slot in range(SLOTS):  # slots begin after 0, 1, 2, ... first legal actions
            for _ in range(slot):
                row = states[slot : slot + 1]
                game.step(row, np.argmax(game.describe_new(row).legal, axis=1))
        search = Search(game, hash_evaluate, config, num_slots=SLOTS)
        for move in range(MOVES):
            live = np.flatnonzero(~game.describe_new(states).terminal)
            terms = Terms.of(len(live), keys=random_numbers.make_keys(7, live, move))
            terms.explore[:] = live % 3 == 0
            search.think(live, states[live], terms)
            waiting = len(live)
            while waiting:
                slots, out = search.decide()
                order = np.argsort(slots)
                yield slots[order]
                yield out.action[order]
                yield out.visits[order]
                game.advance(states, slots, slots, out.action)
                waiting -= len(slots)


@pytest.mark.nojit
def test_the_signature_is_the_one_in_the_changelog() -> None:
    assert signature() == 861961557246


@pytest.mark.nojit
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in CONFIGS])
def test_variants_of_the_search_decide_what_they_decided(name: str) -> None:
    digest = hashlib.sha256()
    for array in games_decided(CONFIGS[name]):
        digest.update(np.ascontiguousarray(array, np.int64).astype("<i8").tobytes())
    assert int.from_bytes(digest.digest()[:8], "big") % 10**12 == NUMBERS[name]

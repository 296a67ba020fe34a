"""Rules: random games, played by the same loops that a search uses. Knows games only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from games.game import Game
from honte.bench.setup import BenchSetup
from honte.bench.turns import Row, Task, median, run_in_turns


def mean_length(game: Game) -> float:
    """The mean number of moves of a random game."""
    count = 4000 if game.max_plies < 100 else 500
    random = np.random.default_rng(0)
    states, moves = game.new(count), 0
    game.init(states)
    while len(live := np.flatnonzero((out := game.describe_new(states)).legal.any(axis=1))):
        moves += len(live)
        choice = np.where(out.legal[live], random.random((len(live), game.num_actions)), -1).argmax(axis=1)
        game.advance(states, live, live, choice)
    return moves / count


def random_games(game: Game, count: int) -> Task:
    """A task that plays ``count`` random games; it counts games."""
    states = game.new(count)
    game.init(states)
    seeds = np.random.default_rng(1).integers(1, 1 << 63, count).astype(np.uint64)
    game.rollout(states[:1], seeds[:1])
    return lambda: len(game.rollout(states, seeds))


def measure_rules(bench: BenchSetup) -> Iterator[Row]:
    game = bench.game
    length = mean_length(game)
    rates = run_in_turns(
        {"games": random_games(game, 1024)}, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock
    )
    rate = median(rates["games"])
    yield Row("games", "random games", rate, "games/s")
    yield Row("games", f"their moves, {length:.1f} per game", rate * length, "moves/s")

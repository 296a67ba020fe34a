"""The player on the other side of the terminal is made when it is needed first, and larger when it must be."""

from __future__ import annotations

from rich.console import Console

from agent.inference.evaluate import uniform_evaluate
from agent.player import Player
from agent.search.search import Search, SearchConfig
from games import position
from honte.terminal.opponent import Opponent
from tests.games.made import made

GAME = made("tic_tac_toe")


def test_a_player_is_made_when_it_is_needed() -> None:
    capacities: list[int] = []

    def make(capacity: int) -> Player:
        capacities.append(capacity)
        config = SearchConfig(rule="puct", num_simulations=4)
        return Search(GAME, uniform_evaluate, config, num_slots=2, capacity=capacity)

    opponent = Opponent(None, "tic_tac_toe", Console(quiet=True), make)
    opponent.stop()
    assert capacities == []
    assert opponent.analyze(position(GAME), seed=1).decisions is not None
    assert opponent.level == 4
    assert capacities == [0]
    opponent.set_simulations(50)
    assert capacities == [0, 52]

"""More simulations never hurt: the shipped network is graded on solved positions with larger and larger searches."""

from __future__ import annotations

import pytest

from agent import solvers
from agent.players import make_player
from selfplay.solved.grading import count_mistakes, find_mistakes, parse_positions
from tests.games.made import made


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("name", solvers.POSITION_SETS)
def test_more_simulations_never_hurt(rule: str, name: str) -> None:
    game = made("connect_four")
    positions = parse_positions(solvers.positions(name))[:150]
    searches = make_player(f"connect_four?simulations=800&rule={rule}&lookahead=0&reuse=false", game, num_slots=64)
    mistakes = [
        count_mistakes(
            positions, find_mistakes(game, searches, positions, num_slots=64, num_simulations=budget)
        ).mistakes
        for budget in (0, 50, 200, 800)
    ]
    assert mistakes == sorted(mistakes, reverse=True)
    assert mistakes[0] > mistakes[-1]

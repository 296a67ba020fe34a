"""Learning is tested by learning: tic-tac-toe to perfection, from the rules alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import games
from agent.search.search import SearchConfig
from honte.recipes import recipe
from training.alphazero import AlphaZeroRun
from training.config import merge_values, parse_config
from training.evaluation.solved_positions import make_grader, solved_sets


def test_every_position_of_tic_tac_toe_is_examined() -> None:
    (positions,) = solved_sets(games.make("tic_tac_toe")).values()
    assert len({position.moves for position in positions}) == len(positions) == 4520


@pytest.mark.slow
def test_tic_tac_toe_is_learned_to_perfection(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    values = merge_values(recipe("tic_tac_toe"), {"max_minutes": 0, "max_samples": 45_000, "grade_minutes": 0})
    game = games.make("tic_tac_toe")
    run = AlphaZeroRun(game, parse_config(values), tmp_path)
    assert run.go() == "finished"
    look = make_grader(game, SearchConfig(), num_simulations=64, searched=4520)
    assert look is not None
    found = look(run.runner.evaluator)
    assert found["mistakes/all/search"] == 0
    assert found["mistakes/all/raw"] <= 0.01

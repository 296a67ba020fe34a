"""The strength of a network: mistakes on solved positions by stage, or Elo against fixed anchors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.inference.backend_selection import BackendConfig
from agent.inference.network_evaluator import NetworkEvaluator
from agent.players import make_player
from agent.search.search import Search
from agent.storage import model_folder
from benchmarks.learning.plan import Plan
from games.game import Game
from selfplay.solved.grading import SolvedPosition, find_mistakes
from selfplay.solved.position_classes import group_by_class
from training.config import TrainConfig
from training.evaluation.rating_curve import keep_network, rate_checkpoints

NUM_SLOTS = 128


def measure(
    game: Game, plan: Plan, config: TrainConfig, run: Path, positions: Sequence[SolvedPosition]
) -> dict[str, Any]:
    """The strength of the newest checkpoint of ``run``."""
    if positions:
        return count_mistakes(game, config, model_folder.find_model(str(run)), positions, plan.simulations)
    return rate(game, plan, run)


def count_mistakes(
    game: Game, config: TrainConfig, model: Path, positions: Sequence[SolvedPosition], simulations: int
) -> dict[str, Any]:
    """{"raw" and "search": {class of positions: [mistakes, positions]}}, "all" for all positions.

    The search is that of ``config.play`` with ``simulations``, without a look ahead that would hide mistakes.
    """
    network, weights = model_folder.load_network(model, game)
    evaluate = NetworkEvaluator(game, network, BackendConfig(kind="torch", precision="fp32", device="cpu"))
    evaluate.load(weights, 0)
    search = replace(
        config.play,
        num_simulations=simulations,
        leaves=1,
        reuse=False,
        lookahead=0,
        lookahead_nodes=0,
        average_symmetries=False,
    )
    player = Search(game, evaluate, search, num_slots=NUM_SLOTS)
    classes = group_by_class(game, positions)
    found: dict[str, Any] = {}
    for how, budget in (("raw", 0), ("search", -1)):
        wrong = find_mistakes(game, player, positions, num_slots=NUM_SLOTS, num_simulations=budget)
        counts: dict[str, list[int]] = {"all": [int(wrong.sum()), len(positions)]}
        counts |= {name: [int(wrong[rows].sum()), len(rows)] for name, rows in classes.items()}
        found[how] = counts
    return found


def rate(game: Game, plan: Plan, run: Path) -> dict[str, Any]:
    """{"elo": [rating, low, high]} against the anchors of the plan; the first of them is at 0 Elo."""
    step = model_folder.steps(run)[-1]
    keep_network(run, step)
    curve = rate_checkpoints(
        run,
        game,
        partial(make_player, game=game, num_slots=64, device="cpu"),
        anchors=plan.anchors,
        steps=[step],
        games=plan.games,
        settings=f"simulations={plan.simulations}",
    )
    point = next(point for point in curve.points if point.step == step)
    return {"elo": [point.elo, point.low, point.high]}

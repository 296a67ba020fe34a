"""The laboratory: plans, intervals with paired seeds, exact positions, and a screening that goes on after a stop."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import games
from agent.solvers.registry import make_solver
from benchmarks.learning.__main__ import PLANS
from benchmarks.learning.intervals import compare, log_rate, t_quantile
from benchmarks.learning.paper_variants import expected_work, scale_of_work
from benchmarks.learning.plan import Plan, read_plan
from benchmarks.learning.positions import FOLDER, draw_positions, solver_of, stored_positions
from benchmarks.learning.screening import clearly_worse, read_points, run_folder, screen
from benchmarks.learning.table import rows_of, write_report
from games.game import Game
from honte.recipes import recipe
from selfplay.solved.grading import read_positions, replay_positions
from training.start_checks import check_start

SMALL: dict[str, Any] = {
    "network": {"blocks": 1, "channels": 8, "head_channels": 4, "hidden": 8},
    "self_play": {"num_games": 16, "quantum": 64, "search": {"num_simulations": 8}},
    "learn": {"batch_size": 32, "first_samples": 64, "reuse": 1.0},
}
PLAN = Plan(
    game="tic_tac_toe",
    work=0.00012,
    points=2,
    seeds=(0,),
    base=SMALL,
    variants={"baseline": {}, "fast": {"learn": {"trainer": {"learning_rate": 0.01}}}},
    simulations=2,
)


def best_value(game: Game, states: np.ndarray) -> int:
    """The outcome of a position by plain negamax."""
    out = game.describe_new(states)
    if out.terminal[0]:
        return int(out.value[0])
    return max(move_values(game, states).values())


def move_values(game: Game, states: np.ndarray) -> dict[int, int]:
    values = {}
    for action in np.flatnonzero(game.describe_new(states).legal[0]).tolist():
        child = states.copy()
        game.step(child, np.array([action]))
        values[action] = -best_value(game, child)
    return values


def test_quantiles_of_t() -> None:
    for freedom, expected in ((1, 12.7062), (2, 4.30265), (3, 3.18245), (10, 2.22814), (30, 2.04227)):
        assert t_quantile(0.975, freedom) == pytest.approx(expected, rel=1e-5)


def test_a_difference_by_hand() -> None:
    """Residuals are +-0.5, so the variance is 4 * 0.25 / 1; two seeds halve the doubled variance."""
    found = compare({"a": {0: 1.0, 1: 2.0}, "b": {0: 3.0, 1: 6.0}}, "a")["b"]
    assert found.mean == 3.0
    assert found.high - found.mean == pytest.approx(12.7062, rel=1e-5)
    assert found.seeds == 2


def test_seeds_are_paired() -> None:
    """What all variants share in a seed does not widen the interval."""
    measures = {"a": {0: 0.0, 1: 9.0, 2: 4.0}, "b": {0: 1.0, 1: 10.1, 2: 4.9}}
    found = compare(measures, "a")["b"]
    assert 0.5 < found.low < 1.0 < found.high < 1.5


def test_one_seed_gives_no_interval() -> None:
    found = compare({"a": {0: 1.0}, "b": {0: 2.0}}, "a")["b"]
    assert (found.mean, found.low, found.high) == (1.0, -math.inf, math.inf)


def test_only_what_is_clearly_worse_is_stopped() -> None:
    measures = {
        "baseline": {0: 0.0, 1: 0.1, 2: 0.0},
        "same": {0: 0.05, 1: 0.05, 2: 0.0},
        "worse": {0: -3.0, 1: -2.9, 2: -3.1},
        "better": {0: 3.0, 1: 3.1, 2: 3.0},
    }
    assert clearly_worse(measures, "baseline") == ["worse"]
    assert clearly_worse({name: {0: of[0]} for name, of in measures.items()}, "baseline") == []


def test_rates_without_mistakes_have_a_logarithm() -> None:
    assert log_rate(0, 99) == math.log(0.005)


def test_the_plan_that_ships_is_valid() -> None:
    plan = read_plan(PLANS / "connect_four_5x6.yaml")
    game = games.make(plan.game)
    for variant in plan.variants:
        config = plan.config(variant, 1)
        assert (config.seed, config.deterministic, config.max_work) == (1, True, plan.work)
        check_start(game, config)
    assert plan.baseline == "baseline"
    assert plan.works()[-1] == plan.work


def test_a_paper_gets_the_scale_of_the_plans_work() -> None:
    plan = read_plan(PLANS / "connect_four_5x6.yaml")
    game = "connect_four:rows=5,columns=6"
    for name in ("alphago_zero", "alphazero"):
        scale = scale_of_work(f"papers/{name}", game, plan.work)
        assert 0.5 * plan.work < expected_work(recipe(f"papers/{name}", game, scale)) <= plan.work
        config, baseline = plan.config(name, 0), plan.config("baseline", 0)
        assert (config.max_samples, config.max_work) == (0, baseline.max_work)
        assert (config.play, config.engine) == (baseline.play, baseline.engine)
        assert config.self_play.search.rule == "puct"
        assert bool(config.learn.gate.games) == (name == "alphago_zero")


def test_a_wrong_plan_names_its_fault(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("game: tic_tac_toe\nwork: 1\nseed: 3\n")
    with pytest.raises(ValueError, match="seed is no entry of a plan"):
        read_plan(path)
    path.write_text("game: tic_tac_toe\nwork: 1\nvariants: {a: {}, b: {learn: {reuze: 3}}}\n")
    plan = read_plan(path)
    with pytest.raises(ValueError, match=r"the variant b: the setting learn\.reuze is unknown"):
        plan.config("b", 0)


def test_stored_positions_are_exact_and_of_every_stage() -> None:
    game = games.make("connect_four:rows=5,columns=6")
    positions = stored_positions(game)
    states = replay_positions(game, positions)  # legal, and with a value for every legal move
    plies = np.array([len(position.moves) for position in positions])
    assert len(positions) == 1200
    assert [int(((low <= plies) & (plies <= high)).sum()) for low, high in ((3, 10), (11, 20), (21, 29))] == [400] * 3
    assert all(len(set(position.scores.values())) > 1 for position in positions)
    for i in np.flatnonzero(plies >= 24)[:40].tolist():
        assert dict(positions[i].scores) == move_values(game, states[i : i + 1])


def test_stored_openings_of_connect_four_are_exact() -> None:
    game = games.make("connect_four")
    positions = read_positions(FOLDER / "connect_four_openings.jsonl")
    assert len({position.moves for position in positions}) == 1000
    assert {len(position.moves) for position in positions} == set(range(8, 15))
    states, solve = replay_positions(game, positions), make_solver(game, quickest=True).values
    for i in [i for i, position in enumerate(positions) if len(position.moves) == 14][:2]:
        assert dict(positions[i].scores) == solve(states[i])


def test_drawn_positions_are_exact_for_another_game() -> None:
    game = games.make("connect_four:rows=4,columns=4,k=3")
    positions = draw_positions(game, solver_of(game, table_bits=16), 4, seed=1)
    states = replay_positions(game, positions)
    assert len(positions) == 12
    for i, position in enumerate(positions):
        if len(position.moves) >= 8:
            assert dict(position.scores) == move_values(game, states[i : i + 1])


@pytest.mark.slow
def test_a_screening_goes_on_after_a_stop_and_ends_the_same(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def stop() -> None:
        raise Killed

    with pytest.raises(Killed):
        screen(PLAN, tmp_path / "stopped", report=stop)
    assert len(read_points(run_folder(tmp_path / "stopped", "fast", 0))) == 1
    screen(PLAN, tmp_path / "stopped")
    screen(replace(PLAN, variants={"fast": PLAN.variants["fast"]}), tmp_path / "whole")
    points = [read_points(run_folder(tmp_path / name, "fast", 0)) for name in ("stopped", "whole")]
    for point in (*points[0], *points[1]):
        del point["minutes"]
    assert points[0] == points[1]
    assert 0.00006 <= points[0][0]["work"] < 0.00012 <= points[0][1]["work"] < 0.00018

    text = write_report(PLAN, tmp_path / "stopped")
    result = json.loads((tmp_path / "stopped" / "table.json").read_bytes())
    assert [row["variant"] for row in result["rows"]] == ["baseline", "fast"]
    assert result["rows"][1]["gain_search"]["low"] is None  # one seed
    assert "| fast | 1 | 2 of 2 |" in text
    assert (tmp_path / "stopped" / "curves.svg").read_text().count("<polyline") == 4
    changed = replace(PLAN, variants={"baseline": {"learn": {"reuse": 2.0}}, "fast": {}})
    with pytest.raises(ValueError, match="was begun with other settings"):
        screen(replace(changed, points=3), tmp_path / "stopped")
    assert rows_of(PLAN, tmp_path / "nothing") == []


def test_a_variant_that_diverges_does_not_end_the_screening(tmp_path: Path) -> None:
    wild = {"learn": {"trainer": {"learning_rate": 1e9, "max_skipped": 1, "optimizer": "sgd"}}}
    plan = replace(PLAN, points=1, work=0.00006, variants={"wild": wild, "baseline": {}})
    screen(plan, tmp_path)
    assert (tmp_path / "runs" / "wild" / "0" / "diverged.txt").read_text().startswith("1 steps in a row")
    assert [row["variant"] for row in rows_of(plan, tmp_path)] == ["wild", "baseline"]
    assert "diverged |" in write_report(plan, tmp_path)
    screen(plan, tmp_path)  # it is not tried again
    assert len(read_points(run_folder(tmp_path, "baseline", 0))) == 1


@pytest.mark.slow
def test_processes_give_the_results_of_one(tmp_path: Path) -> None:
    plan = replace(PLAN, points=1, work=0.00006)
    found = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        screen(plan, folder, jobs=jobs)
        found.append([read_points(run_folder(folder, variant, 0)) for variant in plan.variants])
        for points in found[-1]:
            del points[0]["minutes"]
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]


@pytest.mark.slow
def test_a_game_without_solved_positions_is_measured_in_elo(tmp_path: Path) -> None:
    plan = replace(
        PLAN, game="connect_four:rows=3,columns=3,k=3", points=1, work=0.00006, anchors=("mcts:4", "random"), games=4
    )
    screen(plan, tmp_path)
    rows = rows_of(plan, tmp_path)
    assert [len(row["elo_of_seeds"]) for row in rows] == [1, 1]
    for row in rows:
        ((elo, low, high),) = row["elo_of_seeds"]
        assert low <= elo == row["elo"] <= high
    assert rows[1]["gain_search"]["value"] == pytest.approx(rows[1]["elo"] - rows[0]["elo"])
    assert "| Elo | Elo minus that of baseline | verdict |" in write_report(plan, tmp_path)

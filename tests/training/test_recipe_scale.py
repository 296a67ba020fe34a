"""Recipes of papers: what shrinks with the scale, what never does, and that they train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import games
from honte.recipes import PAPERS, names, recipe
from training.alphazero import AlphaZeroRun
from training.config import TrainConfig, parse_config, to_dict
from training.recipe_scale import LAWS, RATE, scale_recipe

PAPER_RECIPES = [f"{PAPERS}/{name}" for name in names(PAPERS)]


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        return {prefix[:-1]: values}
    return {name: value for key, inner in values.items() for name, value in flat(inner, f"{prefix}{key}.").items()}


def test_the_papers_are_among_the_recipes() -> None:
    assert {"papers/alphago_zero", "papers/alphazero"} <= set(names())


@pytest.mark.parametrize("name", PAPER_RECIPES)
def test_only_sizes_scale(name: str) -> None:
    """Every setting that has no law is that of the paper: rules, noise, temperature, resignation, reuse, drops, ..."""
    whole, small = flat(recipe(name)), flat(recipe(name, scale=0.001))
    changed = {setting for setting in whole if small[setting] != whole[setting]}
    assert changed <= LAWS.keys() | {RATE}
    assert {"max_samples", "learn.batch_size", "network.blocks", "self_play.search.num_simulations"} <= changed
    assert all(small[setting] < whole[setting] for setting in changed)
    assert recipe(name, scale=1.0) == recipe(name)


def test_the_gate_stays_on_and_stays_off() -> None:
    for name, games_at_scale, score in (("alphago_zero", 12, 0.55), ("alphazero", 0, 0.55)):
        gate = parse_config(recipe(f"papers/{name}", scale=0.001)).learn.gate
        assert (gate.games, gate.score) == (games_at_scale, score)


def test_the_laws_are_powers_of_the_scale() -> None:
    values = {
        "max_samples": 10**9,
        "network": {"blocks": 20, "channels": 256},
        "self_play": {"search": {"num_simulations": 1600}},
        "learn": {"batch_size": 2048, "gate": {"games": 400}, "trainer": {"learning_rate": 0.01}},
    }
    scaled = scale_recipe(values, 1e-4)
    assert scaled["max_samples"] == 10**5
    assert scaled["self_play"]["search"]["num_simulations"] == 160
    assert scaled["network"] == {"blocks": 4, "channels": 56}  # 20 and 256 times 0.215
    assert scaled["learn"]["batch_size"] == 32  # 20 would be too few
    assert scaled["learn"]["trainer"]["learning_rate"] == 0.00125  # 0.01 * sqrt(32 / 2048)
    assert scaled["learn"]["gate"]["games"] == 10
    assert values["max_samples"] == 10**9


def test_the_documentation_names_every_number_that_shrinks() -> None:
    text = (Path(__file__).parents[2] / "docs" / "learning.md").read_text(encoding="utf-8")
    assert [name for name in (*LAWS, RATE) if f"`{name}`" not in text] == []


def test_a_small_recipe_does_not_grow() -> None:
    assert scale_recipe({"network": {"channels": 8}, "learn": {"batch_size": 16}}, 0.5) == {
        "network": {"channels": 8},
        "learn": {"batch_size": 16},
    }


@pytest.mark.parametrize("scale", [0.0, -1.0, 1.5, float("nan")])
def test_scales_that_do_not_fit(scale: float) -> None:
    with pytest.raises(ValueError, match="the scale is"):
        recipe("papers/alphazero", scale=scale)


def test_what_is_wrong_in_a_recipe_is_named_before_it_is_scaled() -> None:
    with pytest.raises(ValueError, match="network"):
        scale_recipe({"network": 3}, 0.1)
    with pytest.raises(ValueError, match="one number"):
        scale_recipe({"learn": {"batch_size": 64, "trainer": {"learning_rate": {"value": 0.1}}}}, 0.1)
    with pytest.raises(ValueError, match="name one"):
        recipe("", "hex", scale=0.1)


@pytest.mark.parametrize("name", PAPER_RECIPES)
def test_a_paper_trains_at_a_millionth(tmp_path: Path, name: str) -> None:
    torch.set_num_threads(1)
    values = recipe(name, "tic_tac_toe", scale=1e-6) | {"deterministic": True, "max_samples": 400, "grade_minutes": 0.0}
    values |= {"engine": {"kind": "torch", "precision": "fp32"}, "rating": {"every_minutes": 0.0}}
    values["self_play"]["quantum"] = 100
    config: TrainConfig = parse_config(values)
    assert parse_config(to_dict(config)) == config
    run = AlphaZeroRun(games.make("tic_tac_toe"), config, tmp_path)
    assert run.go() == "finished"
    assert run.trainer.steps > 1
    assert any("is used" in note or "is not used" in note for note in run.report.notes) == bool(config.learn.gate.games)

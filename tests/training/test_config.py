"""Configuration: unknown keys and wrong values get a sentence with the nearest name; recipes are whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import games
from honte.recipes import names, recipe
from training.config import merge_values, parse_config, to_dict
from training.game_defaults import default_values
from training.yaml_files import read_yaml


@pytest.mark.parametrize("name", names())
def test_recipes_parse_and_round_trip(name: str) -> None:
    config = parse_config(recipe(name))
    games.make(config.game)
    assert parse_config(to_dict(config)) == config


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"self_ply": {}}, "self_ply is unknown; did you mean self_play"),
        ({"self_play": {"search": {"num_simulation": 3}}}, "self_play.search.num_simulation is unknown; did you mean"),
        ({"learn": {"batch_size": "many"}}, "learn.batch_size"),
        ({"network": {"heads": "wide"}}, "network.heads"),
        ({"network": 3}, "network"),
        ({"learn": {"trainer": {"learning_rate": -1}}}, "learning_rate"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        parse_config({"game": "tic_tac_toe"} | values)


def test_files_that_are_no_configs(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text, sentence in (
        ("- 1", "it must hold settings"),
        ("a: [", "not YAML"),
        ("!!python/object:os.system {}", "YAML"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=sentence):
            read_yaml(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_yaml(tmp_path / "none.yaml")


def test_unknown_recipes_are_met_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean connect_four"):
        recipe("conect_four")


def test_defaults_follow_from_any_game() -> None:
    config = parse_config({"game": "x", **default_values(games.make("connect_four:rows=4,columns=4,k=3"))})
    assert config.max_minutes > 0


def test_merge_keeps_what_is_not_named() -> None:
    assert merge_values({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}) == {"a": {"b": 1, "c": 3}}

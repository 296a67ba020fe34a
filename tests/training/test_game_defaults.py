"""The settings that are derived from a game."""

from __future__ import annotations

import numpy as np
import pytest

import games
from games.playouts import random_game
from training.config import TrainConfig, parse_config
from training.game_defaults import DENSE_WEIGHTS, choose_settings, default_values, typical_plies


@pytest.mark.parametrize("text", games.NAMES)
def test_every_game_gets_valid_settings(text: str) -> None:
    config: TrainConfig = parse_config({"game": text, **default_values(games.make(text))})
    assert config.max_minutes == 30
    assert 2 <= config.self_play.temperature_plies <= 30
    assert config.self_play.max_opening_plies < games.make(text).max_plies


def test_the_choice_is_the_same_each_time_and_says_why() -> None:
    game = games.make("connect_four")
    assert choose_settings(game) == choose_settings(games.make("connect_four"))
    assert typical_plies(game) == 13
    assert "which has 13 plies (median)" in "\n".join(str(choice) for choice in choose_settings(game))


def test_openings_are_shorter_than_games_in_which_players_see_wins() -> None:
    game = games.make("gardner_chess")
    rng = np.random.default_rng(1)
    aimless = np.median([len(random_game(game, rng)) for _ in range(32)])
    assert typical_plies(game) < aimless / 3
    settings = default_values(game)["self_play"]
    assert settings["opening_plies"] == typical_plies(game) // 4 == 6
    assert settings["max_opening_plies"] == 2 * typical_plies(game) // 3
    assert default_values(games.make("ataxx"))["self_play"]["opening_plies"] == 2  # its games may end after 6 plies


def test_a_policy_head_that_would_be_too_large_is_pooled() -> None:
    for text, pooled in [("gomoku", True), ("hex", False), ("gomoku:size=9", False)]:
        game = games.make(text)
        height, width = game.observation_shape[1:]
        assert (32 * height * width * game.num_actions > DENSE_WEIGHTS) is pooled
        assert ("heads" in default_values(game)["network"]) is pooled


def test_a_game_of_many_sizes_gets_a_masked_network() -> None:
    assert default_values(games.make("hex:size=4,smallest=3"))["network"]["masked"] is True
    assert "masked" not in default_values(games.make("hex:size=4"))["network"]

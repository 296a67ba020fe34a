"""The settings that are derived from a game."""

from __future__ import annotations

import numpy as np
import pytest

import games
from games.playouts import random_game
from training.config import TrainConfig, parse_config
from training.game_defaults import (
    DEEP,
    DENSE_WEIGHTS,
    MEDIUM,
    PROVEN_C_INIT,
    SHALLOW,
    changed_cells,
    choose_settings,
    default_values,
    proven_share,
    sample_states,
    typical_plies,
)


@pytest.mark.parametrize("text", games.NAMES)
def test_every_game_gets_valid_settings(text: str) -> None:
    config: TrainConfig = parse_config({"game": text, **default_values(games.make(text))})
    assert config.max_minutes == 30
    assert 2 <= config.self_play.temperature_plies <= 30
    assert config.self_play.max_opening_plies < games.make(text).max_plies
    assert 1 < config.self_play.search.prior_temperature < config.play.prior_temperature


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
    game = games.make("gomoku")
    height, width = game.observation_shape[1:]
    assert 32 * height * width * game.num_actions > DENSE_WEIGHTS
    assert default_values(game)["network"]["heads"] == "pooled"


def test_heads_are_pooled_where_moves_change_few_cells_of_a_large_board() -> None:
    """In Othello a move turns stones; the actions of Connect Four belong to columns; 25 cells are few."""
    expected = {"hex": True, "gomoku:size=9": True, "breakthrough": True, "go": True}
    expected |= {"othello": False, "connect_four": False, "hex:size=5": False, "gardner_chess": False}
    assert {text: "heads" in default_values(games.make(text))["network"] for text in expected} == expected


def test_a_move_of_hex_changes_one_cell_and_one_of_breakthrough_two() -> None:
    assert [changed_cells(games.make(text)) for text in ("hex:size=4", "breakthrough")] == [1, 2]
    assert changed_cells(games.make("othello:size=6")) > 2.5


def test_the_lookahead_in_play_is_deep_where_it_proves_much_more() -> None:
    expected = {"clobber": DEEP, "othello:size=6": MEDIUM, "gardner_chess": SHALLOW}
    play = {text: default_values(games.make(text))["play"] for text in expected}
    assert {text: (each["lookahead"], each["lookahead_nodes"]) for text, each in play.items()} == expected
    trusted = {text for text, each in play.items() if each.get("puct", {}).get("c_init") == PROVEN_C_INIT}
    assert trusted == {"clobber", "othello:size=6"}


def test_a_proof_in_all_positions_of_nim() -> None:
    nim = games.make("nim:heaps=1-2")
    states = sample_states(nim)
    assert len(states) == 64
    assert proven_share(nim, states, 10, 10_000) == 1  # the whole game has 3 stones
    assert 0 < proven_share(nim, states, 1, 10_000) < 1  # one ply only finds an immediate win


def test_a_game_of_many_sizes_gets_a_masked_network() -> None:
    assert default_values(games.make("hex:size=4,smallest=3"))["network"]["masked"] is True
    assert "masked" not in default_values(games.make("hex:size=4"))["network"]

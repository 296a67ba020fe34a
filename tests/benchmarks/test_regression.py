"""A run that got worse is found out, and one that did not is not accused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from agent.player import Player
from agent.players import make_player
from benchmarks.regression import Comparison, holm, play_tests, weaker
from games import make

GAME = make("tic_tac_toe")


def checkpoint(run: Path, step: int, *, strong: bool) -> None:
    """A random network; with a search that sees the ends of games, or with one that sees nearly nothing."""
    network = {"blocks": 1, "channels": 8}
    folder = run / "checkpoints" / str(step)
    folder.mkdir(parents=True)
    torch.manual_seed(step)
    model = PolicyValueNet(NetworkConfig(**network), GAME.observation_shape, GAME.action_layout)
    safetensors.torch.save_file(model.state_dict(), folder / "model.safetensors")
    search = {"num_simulations": 40 if strong else 1, "lookahead": 4 if strong else 0}
    config = {"schema": 1, "game": GAME.name, "network": network, "search": search}
    (folder / "config.json").write_text(json.dumps(config))


def compare(run: Path, steps: list[int]) -> list[Comparison]:
    def ready(text: str) -> Player:
        return make_player(text, GAME, num_slots=32)

    return play_tests(run, GAME, ready, steps, games=60, num_slots=32)


def test_a_planted_worse_checkpoint_is_found(tmp_path: Path) -> None:
    for step, strong in ((10, False), (20, True), (30, False), (40, True)):
        checkpoint(tmp_path, step, strong=strong)
    tests = compare(tmp_path, [10, 20, 30, 40])
    assert [(test.step, test.champion) for test in tests[:2]] == [(20, 10), (30, 20)]
    assert tests[2].champion == 20  # the worse checkpoint did not become the champion
    assert weaker(tests) == [30]
    assert weaker(compare(tmp_path, [10, 20, 40])) == []


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [True, False, False, True]  # the example of many textbooks
    assert holm([0.02, 0.02], 0.03) == [False, False]  # 0.02 > 0.03 / 2
    assert holm([0.005, 0.009], 0.01) == [True, True]
    assert holm([], 0.01) == []


@pytest.mark.parametrize(("p_value", "found"), [(0.009, [7]), (0.011, [])])
def test_one_test_alone_has_the_whole_level(p_value: float, found: list[int]) -> None:
    assert weaker([Comparison(7, 3, 100, 0.4, p_value)]) == found

"""What can be said of a model's folder without loading it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch

import games
from agent.networks.image_classifier import Classifier, ClassifierConfig
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, num_parameters
from agent.storage.model_folder import SCHEMA, count_parameters, load_network


@pytest.mark.parametrize("kind", ["perceptron", "logistic", "mlp", "lenet", "alexnet", "resnet"])
def test_parameters_of_a_classifier_are_counted_in_its_file(tmp_path: Path, kind: str) -> None:
    model = Classifier(ClassifierConfig(kind=kind), (3, 28, 28), 10)  # type: ignore[arg-type]
    safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
    assert count_parameters(tmp_path) == num_parameters(model)


@pytest.mark.parametrize("heads", ["dense", "pooled"])
def test_parameters_of_a_player_are_counted_in_its_file(tmp_path: Path, heads: str) -> None:
    game = games.make("connect_four")
    config = NetworkConfig(blocks=2, channels=8, heads=heads)  # type: ignore[arg-type]
    model = PolicyValueNet(config, game.observation_shape, game.action_layout)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
    assert count_parameters(tmp_path) == num_parameters(model)


@pytest.mark.parametrize("masked", [True, False])
def test_a_masked_network_plays_games_with_a_plane_of_the_board_alone(tmp_path: Path, masked: bool) -> None:
    learned = games.make("hex:size=4,smallest=3")
    config = NetworkConfig(blocks=1, channels=8, heads="pooled", masked=masked)
    model = PolicyValueNet(config, learned.observation_shape, learned.action_layout)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
    content = {"schema": SCHEMA, "game": learned.name, "network": model.describe()}
    (tmp_path / "config.json").write_text(json.dumps(content))
    for name in (learned.name, "hex:size=6,smallest=6"):
        assert load_network(tmp_path, games.make(name))[0] == config
    sentence = "has no plane that shows which cells belong to the board" if masked else "size mismatch"
    with pytest.raises(ValueError, match=sentence):
        load_network(tmp_path, games.make("hex:size=4"))

"""The ONNX file gives the numbers of the network: in ONNX Runtime as in torch, in games of every kind of head."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from agent.storage import model_folder
from games import Game, make, position
from games.playouts import states_after
from honte.__main__ import main
from honte.export.onnx_file import OPSET, export_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")

SMALL = {"blocks": 2, "channels": 8, "head_channels": 4, "hidden": 8}


def make_model(folder: Path, game: Game, **settings: Any) -> PolicyValueNet:
    """A model folder with random weights, also of the BatchNorms, which a new network has at 0 and 1."""
    config = NetworkConfig(**(SMALL | settings))
    network = PolicyValueNet(config, game.observation_shape, game.action_layout).eval()
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) if "running_var" in name else 0.3 * torch.randn_like(tensor))
    folder.mkdir()
    save_file(network.state_dict(), folder / "model.safetensors")
    content = {"schema": 1, "game": game.name, "network": network.describe(), "search": {}}
    (folder / "config.json").write_text(json.dumps(content))
    return network


def observations(game: Game, count: int) -> np.ndarray[Any, Any]:
    """[count, C, H, W] positions of random games."""
    random, lines = np.random.default_rng(0), []
    for _ in range(count):
        here = position(game)
        for _ in range(int(random.integers(0, 12))):
            if len(here.play(random.choice(here.legal_actions)).legal_actions):
                here = here.play(random.choice(here.legal_actions))
            if here.is_over:
                break
        lines.append(here.moves)
    return game.describe_new(states_after(game, lines)).observation.astype(np.float32)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("tic_tac_toe", {}),
        ("connect_four", {"value": "scalar", "squeeze_excite": True}),
        ("othello:size=4", {"heads": "pooled", "global_pooling": True, "squeeze_excite": True}),
        pytest.param("go:size=5", {"heads": "pooled", "value": "scalar"}, marks=pytest.mark.slow),
        ("nim", {"blocks": 0}),
        ("animal_shogi", {"global_pooling": True}),
    ],
)
def test_the_numbers_are_those_of_torch(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    game = make(name)
    network = make_model(tmp_path / "model", game, **settings)
    made = export_onnx(model_folder.read(tmp_path / "model"), game)
    onnx.checker.check_model(onnx.load_from_string(made.content), full_check=True)
    session = onnxruntime.InferenceSession(made.content, providers=["CPUExecutionProvider"])
    for count in (1, 7):  # the batch may have any length
        batch = observations(game, count)
        policy, value = session.run(["policy", "value"], {"observation": batch})
        with torch.no_grad():
            want = network(torch.from_numpy(batch))
        np.testing.assert_allclose(policy, want.policy, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(value, want.value, rtol=1e-4, atol=1e-5)
        assert policy.shape == (count, game.num_actions)
        assert np.ptp(policy) > 0.01  # the comparison is not one of zeros


def test_the_file_describes_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "connect_four", str(tmp_path / "model"), "--onnx"]) == 0
    assert capsys.readouterr().err == ""
    proto = onnx.load(tmp_path / "model" / "model.onnx")
    assert [(each.domain, each.version) for each in proto.opset_import] == [("", OPSET)]
    assert proto.producer_name == "honte"
    tensors = [*proto.graph.input, *proto.graph.output]
    assert [each.name for each in tensors] == ["observation", "policy", "value"]
    shapes = [[axis.dim_param or axis.dim_value for axis in each.type.tensor_type.shape.dim] for each in tensors]
    assert shapes == [["batch", 3, 6, 7], ["batch", 7], ["batch", 3]]
    assert all("player to move" in each.doc_string for each in tensors)
    facts = {each.key: each.value for each in proto.metadata_props}
    assert facts["game"] == "connect_four"
    assert json.loads(facts["actions_0"]) == list("abcdefg")
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"`model.onnx` (opset {OPSET})" in card
    assert all(f"`{name}`" in card for name in ("observation", "policy", "value"))
    assert str(Path(__file__).parents[3]).encode() not in proto.SerializeToString()  # no path of this machine


def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", "connect_four", str(tmp_path / "model"), "--onnx"]) == 2
    error = capsys.readouterr().err
    assert "--onnx needs the packages onnx and onnxscript" in error
    assert "pip install 'honte[onnx]'" in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "model").exists()
    assert main(["export", "connect_four", str(tmp_path / "model")]) == 0  # without --onnx it is not needed


def test_a_classifier(tmp_path: Path) -> None:
    from agent.networks.image_classifier import Classifier, ClassifierConfig

    config = ClassifierConfig()
    network = Classifier(config, (1, 8, 8), 3).eval()
    (tmp_path / "model").mkdir()
    save_file(network.state_dict(), tmp_path / "model" / "model.safetensors")
    content = {"schema": 1, "game": "pictures: own", "classifies": "own", "classes": ["a", "b", "c"]}
    content |= {"shape": [1, 8, 8], "network": dict(vars(config)), "flip_test": False}
    (tmp_path / "model" / "config.json").write_text(json.dumps(content))
    assert main(["export", str(tmp_path / "model"), str(tmp_path / "out"), "--onnx"]) == 0
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx", providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 8, 8)).astype(np.float32)
    (logits,) = session.run(["logits"], {"image": images})
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(torch.from_numpy(images)), rtol=1e-4, atol=1e-4)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "pipeline_tag: image-classification" in card

"""The OpenVINO backend says what torch says, takes new weights, and int8 stays close."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import games
from agent.inference.backend_benchmark import sample_positions
from agent.inference.backend_selection import BackendConfig, list_candidates, make_backend
from agent.inference.backends.openvino import OpenVinoBackend, copy_outputs
from agent.inference.backends.torch import TorchBackend
from agent.inference.machine import this_machine
from agent.networks.policy_value import NetworkConfig, PolicyValueNet

pytest.importorskip("openvino")
GAME = games.make("connect_four")
SMALL = NetworkConfig(blocks=2, channels=16, head_channels=8, hidden=16)
RICH = NetworkConfig(blocks=2, channels=16, squeeze_excite=True, global_pooling=True, heads="pooled", value="scalar")


def weights(config: NetworkConfig, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return PolicyValueNet(config, GAME.observation_shape, GAME.action_layout).state_dict()


def positions(count: int) -> games.Positions:
    out = GAME.positions(count)
    out.observation[:] = sample_positions(GAME, count)[1].observation
    return out


@pytest.mark.parametrize("config", [SMALL, RICH])
def test_parity_with_torch_through_updates(config: NetworkConfig) -> None:
    reference, fast = TorchBackend(GAME, config), OpenVinoBackend(GAME, config)
    some = positions(70)
    for version in (1, 2):
        for each in (reference, fast):
            each.load(weights(config, version), version)
        one, other = reference(None, some), fast(None, some)
        assert np.abs(one.logits - other.logits).max() < 1e-4
        assert np.abs(one.value - other.value).max() < 1e-4
        assert fast.version == version


def test_int8_stays_close() -> None:
    reference, fast = TorchBackend(GAME, SMALL), OpenVinoBackend(GAME, SMALL, precision="int8")
    some = positions(256)
    for each in (reference, fast):
        each.load(weights(SMALL, 1), 1)
    one, other = reference(None, some), fast(None, some)
    assert 0 < np.abs(one.logits - other.logits).max() < 0.2
    assert np.abs(one.value - other.value).max() < 0.1


def test_a_row_does_not_depend_on_its_place_or_company() -> None:
    fast, some = OpenVinoBackend(GAME, SMALL), positions(64)
    together = fast(None, some)
    for i in (0, 13, 63):
        alone = fast(None, some.rows(i, i + 1))
        assert (alone.logits[0] == together.logits[i]).all()


def test_which_backends_there_are() -> None:
    precisions = 2 if this_machine().has_bf16("cpu") else 1
    assert len(list_candidates(GAME, SMALL, BackendConfig())) == 2 * precisions
    assert len(list_candidates(GAME, SMALL, BackendConfig(kind="torch"))) == precisions
    assert len(list_candidates(GAME, SMALL, BackendConfig(precision="int8"))) == 1
    assert len(list_candidates(GAME, SMALL, BackendConfig(precision="fast"))) == 2 * precisions + 1
    assert len(list_candidates(GAME, SMALL, BackendConfig(precision="fast", kind="torch"))) == precisions
    with pytest.raises(ValueError, match="int8 needs openvino"):
        make_backend(GAME, SMALL, BackendConfig(kind="torch", precision="int8"))


def test_values_have_the_bits_of_a_plain_softmax() -> None:
    random = np.random.default_rng(0)
    for rows in (1, 7, 33, 512):
        wdl = (10 * random.standard_normal((rows, 3))).astype(np.float32)
        policy = random.standard_normal((rows, 7)).astype(np.float32)
        logits, value = copy_outputs(policy, wdl, True)
        shares = np.exp(wdl - wdl.max(axis=1, keepdims=True))
        assert (value == (shares[:, 0] - shares[:, 2]) / shares.sum(axis=1)).all()
        assert value.dtype == np.float32
        policy[:] = 0  # the memory of the request is used again
        assert (logits != 0).all()
        assert (copy_outputs(policy, wdl[:, 0], False)[1] == wdl[:, 0]).all()


def test_nothing_is_reported_to_google_analytics(tmp_path: Path) -> None:
    """OpenVINO's telemetry stores a client's ID in the home folder before it sends anything."""
    code = (
        "import sys, games\n"
        "from agent.inference.backends.openvino import OpenVinoBackend\n"
        "from agent.networks.policy_value import NetworkConfig\n"
        "OpenVinoBackend(games.make('tic_tac_toe'), NetworkConfig(blocks=1, channels=8))\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry')]\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    environment |= {"HOME": str(home), "LOCALAPPDATA": str(home), "HONTE_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[4], env=environment)
    assert list(home.iterdir()) == []

"""The backend over torch.compile, where there is a C++ compiler: torch's answers, and new weights without compiling."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from agent.inference.backend_benchmark import sample_positions
from agent.inference.backends.torch import TorchBackend
from agent.inference.backends.torch_compile import TorchCompileBackend
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from tests.games.made import made

GAME = made("connect_four")
SMALL = NetworkConfig(blocks=1, channels=8)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="torch.compile needs a compiler"),
    pytest.mark.filterwarnings("ignore"),  # torch's own, of what it deprecates in itself
]


def test_it_says_what_torch_says_through_updates() -> None:
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]  # of tests that ran before in this process
    plain, compiled = TorchBackend(GAME, SMALL), TorchCompileBackend(GAME, SMALL)
    states, positions = sample_positions(GAME, 150)
    for version in (1, 2):
        torch.manual_seed(version)
        weights = PolicyValueNet(SMALL, GAME.observation_shape, GAME.action_layout).state_dict()
        for each in (plain, compiled):
            each.load(weights, version)
        one, other = plain(states, positions), compiled(states, positions)
        np.testing.assert_allclose(other.logits, one.logits, atol=1e-4)
        np.testing.assert_allclose(other.value, one.value, atol=1e-4)
        assert compiled.version == version
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] - graphs <= 2

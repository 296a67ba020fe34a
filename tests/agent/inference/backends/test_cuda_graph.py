"""The backend for GPUs: without one, all of it but the graph; with one, the graph as well."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agent.inference.backend_benchmark import compare_answers, is_close, sample_positions
from agent.inference.backends.cuda_graph import CudaGraphBackend
from agent.inference.backends.torch import TorchBackend
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from tests.games.made import made

GAME = made("connect_four")
SMALL = NetworkConfig(blocks=2, channels=16)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def weights(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return PolicyValueNet(SMALL, GAME.observation_shape, GAME.action_layout).state_dict()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_it_says_what_torch_says_through_updates(device: str, precision: str) -> None:
    reference = TorchBackend(GAME, SMALL)
    fast = CudaGraphBackend(GAME, SMALL, precision=precision, device=device, shapes=(32, 64))
    states, positions = sample_positions(GAME, 150)  # two batches of 64 and one of 22, padded
    for version in (1, 2):
        for each in (reference, fast):
            each.load(weights(version), version)
        one, other = reference(states, positions), fast(states, positions)
        assert is_close(precision, compare_answers(one, other, positions.legal))
        assert np.abs(one.logits - other.logits).max() > 0 or precision == "fp32"
        assert fast.version == version
    assert sorted(fast.graphs) == [32, 64]


def test_a_precision_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="int8"):
        CudaGraphBackend(GAME, SMALL, precision="int8")

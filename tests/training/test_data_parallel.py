"""Two learner processes: the losses and weights of one, to the order of floating-point sums."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

import games
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from training.data_parallel import GlobalBatchNorm2d, LearnerGroup
from training.losses import policy_value_loss
from training.optimization.schedules import Schedule
from training.trainer import Trainer, TrainerConfig

LOSS = partial(policy_value_loss, value_mix=0.3)
STEPS = 6

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::ResourceWarning", "ignore::FutureWarning")


def batch(seed: int, rows: int = 24) -> dict[str, Tensor]:
    """Rows whose policies do not all count, unevenly between the halves."""
    random = torch.Generator().manual_seed(seed)
    policy = torch.rand(rows, 9, generator=random)
    return {
        "observation": torch.randint(0, 2, (rows, 2, 3, 3), generator=random, dtype=torch.uint8),
        "legal": torch.ones(rows, 9, dtype=torch.bool),
        "policy": policy / policy.sum(1, keepdim=True),
        "outcome": torch.randint(-1, 2, (rows,), generator=random).float(),
        "root_value": torch.rand(rows, generator=random) * 2 - 1,
        "weight": torch.ones(rows),
        "policy_weight": (torch.arange(rows) < 8).float(),
    }


def trainer() -> Trainer:
    torch.manual_seed(3)
    game = games.make("tic_tac_toe")
    config = NetworkConfig(blocks=2, channels=8, head_channels=4, hidden=8, squeeze_excite=True, global_pooling=True)
    model = PolicyValueNet(config, game.observation_shape, game.action_layout)
    settings = TrainerConfig(optimizer="sgd", learning_rate=Schedule(0.05), clip_norm=1.0, average_decay=0.9)
    return Trainer(model, LOSS(), settings)


def weights(made: Trainer) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in made.state()[0].items() if not name.startswith("random")}


@pytest.fixture(scope="module")
def both() -> Any:
    """Reports and weights of one process, and of two."""
    torch.set_num_threads(1)
    alone, first = trainer(), trainer()
    reports = [[alone.step(batch(seed)) for seed in range(STEPS)]]
    learners = LearnerGroup(first, LOSS, 2)
    try:
        with pytest.raises(ValueError, match="must divide it"):
            learners.step(batch(0, rows=7))
        reports.append([learners.step(batch(seed)) for seed in range(STEPS)])
        assert any(isinstance(module, GlobalBatchNorm2d) for module in first.model.modules())
    finally:
        learners.close()
    return reports, [weights(alone), weights(first)]


@pytest.mark.slow
def test_the_losses_are_those_of_one_process(both: Any) -> None:
    (one, two), _ = both
    for step, (a, b) in enumerate(zip(one, two, strict=True)):
        assert a.keys() == b.keys()
        assert a == pytest.approx(b, rel=2e-4, abs=2e-5), step
    assert one[-1]["loss"] != one[0]["loss"]


@pytest.mark.slow
def test_the_weights_and_statistics_are_those_of_one_process(both: Any) -> None:
    _, (one, two) = both
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=2e-3, atol=2e-5, msg=name)

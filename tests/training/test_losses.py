"""Losses: values worked out by hand for one or two rows."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from training.losses import classification_loss, policy_value_loss, wdl_of_outcome, wdl_of_value


class Output(NamedTuple):
    policy: Tensor
    value: Tensor


class Fixed(nn.Module):
    """Answers the same whatever it is shown, and checks that it is shown floats."""

    def __init__(self, policy: list[list[float]], value: list[float] | list[list[float]]) -> None:
        super().__init__()
        self.policy = nn.Parameter(torch.tensor(policy))
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, observation: Tensor) -> Output:
        assert observation.dtype == torch.float32
        return Output(self.policy, self.value)


def batch(
    policy: list[list[float]], outcome: list[float], **others: list[float] | list[list[bool]]
) -> dict[str, Tensor]:
    rows = len(policy)
    return {
        "observation": torch.zeros(rows, 1, 2, 2, dtype=torch.uint8),
        "legal": torch.ones(rows, len(policy[0]), dtype=torch.bool),
        "policy": torch.tensor(policy),
        "outcome": torch.tensor(outcome),
        "root_value": torch.zeros(rows),
        "weight": torch.ones(rows),
        "policy_weight": torch.ones(rows),
    } | {name: torch.tensor(value) for name, value in others.items()}


def metrics_of(model: nn.Module, of: dict[str, Tensor], **settings: float) -> dict[str, float]:
    loss, metrics = policy_value_loss(**settings)(model, of)
    assert loss.requires_grad
    assert not any(metric.requires_grad for metric in metrics.values())
    assert metrics["loss"] == loss.detach()
    return {name: metric.item() for name, metric in metrics.items()}


def test_scalar_value_by_hand() -> None:
    model = Fixed([[0.0, math.log(3)]], [0.5])  # probabilities 1/4, 3/4
    got = metrics_of(model, batch([[0.5, 0.5]], [-1.0]), value_weight=2.0)
    policy = -0.5 * math.log(1 / 4) - 0.5 * math.log(3 / 4)
    assert got["policy_loss"] == pytest.approx(policy)
    assert got["value_loss"] == got["value_error"] == pytest.approx(1.5**2)
    assert got["loss"] == pytest.approx(policy + 2 * 2.25)
    assert got["policy_entropy"] == pytest.approx(math.log(2))


def test_win_draw_loss_by_hand() -> None:
    logits = [math.log(0.5), math.log(0.3), math.log(0.2)]
    model = Fixed([[0.0]] * 4, [logits] * 4)
    got = metrics_of(model, batch([[1.0]] * 4, [1.0, 0.0, -1.0, 1.0]))
    assert got["value_loss"] == pytest.approx(-(2 * math.log(0.5) + math.log(0.3) + math.log(0.2)) / 4)
    assert got["value_error"] == pytest.approx((2 * 0.7**2 + 0.3**2 + 1.3**2) / 4)  # the expected value is 0.3
    assert got["policy_loss"] == got["policy_entropy"] == 0
    assert got["policy_accuracy"] == 1


def test_value_target_mixes_outcome_and_root_value() -> None:
    data = batch([[1.0]], [1.0], root_value=[-0.5])
    scalar = metrics_of(Fixed([[0.0]], [0.25]), data, value_mix=0.4)
    assert scalar["value_loss"] == pytest.approx((0.25 - (0.6 * 1.0 + 0.4 * -0.5)) ** 2)
    assert scalar["value_error"] == pytest.approx(0.75**2), "against the outcome, whatever the mix"
    wdl = metrics_of(Fixed([[0.0]], [[0.0, 0.0, math.log(2)]]), data, value_mix=0.4)
    # Win 0.6 + 0.4 * 0.25, loss 0.4 * 0.75; probabilities 1/4, 1/4, 1/2.
    assert wdl["value_loss"] == pytest.approx(-0.7 * math.log(1 / 4) - 0.3 * math.log(1 / 2))


def test_wdl_targets_keep_the_expectation() -> None:
    assert wdl_of_outcome(torch.tensor([1.0, 0.0, -1.0])).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    wdl = wdl_of_value(torch.tensor([-1.0, 0.5, 1.0]))
    assert wdl.tolist() == [[0, 0, 1], [0.75, 0, 0.25], [1, 0, 0]]


def test_illegal_actions_take_no_probability_and_no_gradient() -> None:
    model = Fixed([[0.0, 50.0, 0.0]], [0.0])
    data = batch([[0.5, 0.0, 0.5]], [0.0], legal=[[True, False, True]])
    loss, metrics = policy_value_loss()(model, data)
    assert metrics["policy_loss"].item() == pytest.approx(math.log(2))
    assert metrics["policy_accuracy"] == 1
    loss.backward()  # type: ignore[no-untyped-call]
    assert model.policy.grad is not None
    assert model.policy.grad[0, 1] == 0
    assert torch.isfinite(model.policy.grad).all()


def test_weights_choose_the_rows_that_count() -> None:
    model = Fixed([[0.0, 0.0], [9.0, 0.0], [0.0, 2.0]], [0.0, 1.0, 0.5])
    data = batch(
        [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]], [1.0, 1.0, 1.0], weight=[1.0, 3.0, 0.0], policy_weight=[1.0, 0, 1]
    )
    got = metrics_of(model, data)
    assert got["policy_loss"] == pytest.approx(math.log(2)), "only the first row has a policy target and a weight"
    assert got["value_loss"] == pytest.approx((1 * 1 + 3 * 0) / 4)


def test_a_batch_without_any_policy_target_is_finite() -> None:
    got = metrics_of(Fixed([[1.0, 2.0]], [0.0]), batch([[0.0, 0.0]], [0.0], policy_weight=[0.0]))
    assert got["policy_loss"] == got["policy_entropy"] == 0
    terminal = batch([[0.0, 0.0]], [0.0], legal=[[False, False]])
    assert all(math.isfinite(value) for value in metrics_of(Fixed([[1.0, 2.0]], [0.0]), terminal).values())


def test_half_precision_outputs_are_summed_in_full() -> None:
    class Half(Fixed):
        def forward(self, observation: Tensor) -> Output:
            return Output(self.policy.bfloat16(), self.value.bfloat16())

    loss, _ = policy_value_loss()(Half([[0.0, 1.0]], [[0.0, 0.0, 0.0]]), batch([[0.5, 0.5]], [0.0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(math.log(1 + math.e) - 0.5 + math.log(3))


def test_classification_by_hand() -> None:
    class Classifier(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])

    data = {"image": torch.zeros(2, 1, 4, 4, dtype=torch.uint8), "label": torch.tensor([1, 1])}
    loss, metrics = classification_loss()(Classifier(), data)
    assert loss.item() == pytest.approx((-math.log(3 / 4) + math.log(2)) / 2)
    assert metrics["accuracy"] == 0.5
    smooth, _ = classification_loss(label_smoothing=0.2)(Classifier(), data)
    first = -0.9 * math.log(3 / 4) - 0.1 * math.log(1 / 4)
    assert smooth.item() == pytest.approx((first + math.log(2)) / 2)


@pytest.mark.parametrize("settings", [{"value_mix": -0.1}, {"value_mix": 1.1}, {"value_weight": -1.0}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        policy_value_loss(**settings)
    with pytest.raises(ValueError, match="label_smoothing"):
        classification_loss(label_smoothing=1.0)

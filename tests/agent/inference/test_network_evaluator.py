"""Which backend a network runs on, and what changes hands when another one takes over."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agent.inference import backend_selection, network_evaluator
from agent.inference.backend_selection import BackendConfig
from agent.inference.backends.torch import TorchBackend
from agent.inference.batching import BatchingEvaluator
from agent.inference.network_evaluator import NetworkEvaluator
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from tests.games.made import made

SMALL = NetworkConfig(blocks=1, channels=8)
GAME = made("connect_four")


def weights(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return PolicyValueNet(SMALL, GAME.observation_shape, GAME.action_layout).state_dict()


def values(evaluator: NetworkEvaluator) -> np.ndarray:
    states = GAME.new(2)
    GAME.init(states)
    GAME.step(states[1:], np.array([3]))
    return evaluator(states, GAME.describe_new(states)).value


def only(seed: int) -> np.ndarray:
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32"))
    evaluator.load(weights(seed), seed)
    return values(evaluator)


def tried(monkeypatch: pytest.MonkeyPatch, costs: dict[str, float]) -> None:
    """Backends cost what ``costs`` says of their classes, and nothing is known before."""
    monkeypatch.setattr(backend_selection, "load_choice", lambda entry: None)
    monkeypatch.setattr(
        backend_selection, "seconds_per_position", lambda backend, game, updates: costs[type(backend).__name__]
    )


def test_the_fastest_backend_takes_over_with_the_newest_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    tried(monkeypatch, {"TorchBackend": 2.0, "OpenVinoBackend": 1.0})
    given, expected = {n: weights(n) for n in (1, 2, 3)}, {n: only(n) for n in (1, 2, 3)}
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(precision="fp32"), wait=False)
    for version in (1, 2):  # the second may come before or after the change
        evaluator.load(given[version], version)
        np.testing.assert_allclose(values(evaluator), expected[version], atol=1e-5)
    evaluator.selection_thread.join()
    assert type(evaluator.backend).__name__ == "OpenVinoBackend"
    assert evaluator.version == 2
    np.testing.assert_allclose(values(evaluator), expected[2], atol=1e-5)
    evaluator.load(given[3], 3)
    np.testing.assert_allclose(values(evaluator), expected[3], atol=1e-5)


def test_a_backend_that_cannot_be_made_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> backend_selection.Backend:
        raise RuntimeError("no such library")

    expected = only(1)
    first = backend_selection.list_candidates(GAME, SMALL, BackendConfig(kind="torch", precision="fp32"))
    monkeypatch.setattr(
        network_evaluator,
        "list_candidates",
        lambda *given: [*first, backend_selection.BackendCandidate("broken", broken)],
    )
    monkeypatch.setattr(
        network_evaluator.threading.Thread, "start", network_evaluator.threading.Thread.run
    )  # warnings are ours then
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(), wait=False)
    evaluator.load(weights(1), 1)
    with pytest.warns(UserWarning, match="broken is left out: no such library"):
        values(evaluator)
    np.testing.assert_allclose(values(evaluator), expected, atol=1e-5)


def test_one_backend_is_not_chosen_from(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32"), wait=False)
    values(evaluator)
    assert evaluator.selection_started
    assert not evaluator.selection_thread.is_alive()
    assert evaluator.version == -1


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_threads_are_merged_where_the_device_is_one(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = TorchBackend(GAME, SMALL)
    monkeypatch.setattr(network_evaluator, "make_backend", lambda *given: plain)
    monkeypatch.setattr(network_evaluator, "resolve_device", lambda config: config)
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(device=device, cache_entries=0))
    assert isinstance(evaluator.evaluate, BatchingEvaluator) == (device != "cpu")
    assert len(values(evaluator)) == 2


def test_mirrored_positions_share_an_entry() -> None:
    evaluator = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32", canonical=True))
    states = GAME.new(2)
    GAME.init(states)
    GAME.step(states, np.array([1, 5]))
    answer = evaluator(states, GAME.describe_new(states))
    assert evaluator.evaluated == 1
    assert answer.value[0] == answer.value[1]
    np.testing.assert_array_equal(answer.logits[0], answer.logits[1][::-1])

"""Which engine a network runs on, and what changes hands when another one takes over."""

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


def values(judge: NetworkEvaluator) -> np.ndarray:
    states = GAME.new(2)
    GAME.init(states)
    GAME.step(states[1:], np.array([3]))
    return judge(states, GAME.describe_new(states)).value


def only(seed: int) -> np.ndarray:
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32"))
    judge.load(weights(seed), seed)
    return values(judge)


def tried(monkeypatch: pytest.MonkeyPatch, costs: dict[str, float]) -> None:
    """Engines cost what ``costs`` says of their classes, and nothing is known before."""
    monkeypatch.setattr(backend_selection, "load_choice", lambda entry: None)
    monkeypatch.setattr(
        backend_selection, "seconds_per_position", lambda engine, game, updates: costs[type(engine).__name__]
    )


def test_the_fastest_engine_takes_over_with_the_newest_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    tried(monkeypatch, {"TorchBackend": 2.0, "OpenVinoBackend": 1.0})
    given, expected = {n: weights(n) for n in (1, 2, 3)}, {n: only(n) for n in (1, 2, 3)}
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(precision="fp32"), wait=False)
    for version in (1, 2):  # the second may come before or after the change
        judge.load(given[version], version)
        np.testing.assert_allclose(values(judge), expected[version], atol=1e-5)
    judge.chooser.join()
    assert type(judge.engine).__name__ == "OpenVinoBackend"
    assert judge.version == 2
    np.testing.assert_allclose(values(judge), expected[2], atol=1e-5)
    judge.load(given[3], 3)
    np.testing.assert_allclose(values(judge), expected[3], atol=1e-5)


def test_an_engine_that_cannot_be_made_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> backend_selection.Engine:
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
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(), wait=False)
    judge.load(weights(1), 1)
    with pytest.warns(UserWarning, match="broken is left out: no such library"):
        values(judge)
    np.testing.assert_allclose(values(judge), expected, atol=1e-5)


def test_one_engine_is_not_chosen_from(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32"), wait=False)
    values(judge)
    assert judge.choosing
    assert not judge.chooser.is_alive()
    assert judge.version == -1


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_threads_are_merged_where_the_device_is_one(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = TorchBackend(GAME, SMALL)
    monkeypatch.setattr(network_evaluator, "make_backend", lambda *given: plain)
    monkeypatch.setattr(network_evaluator, "placed", lambda config: config)  # wherever this runs, as if it were there
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(device=device, cache_entries=0))
    assert isinstance(judge.judge, BatchingEvaluator) == (device != "cpu")
    assert len(values(judge)) == 2


def test_mirrored_positions_share_an_entry() -> None:
    judge = NetworkEvaluator(GAME, SMALL, BackendConfig(kind="torch", precision="fp32", canonical=True))
    states = GAME.new(2)
    GAME.init(states)
    GAME.step(states, np.array([1, 5]))
    answer = judge(states, GAME.describe_new(states))
    assert judge.evaluated == 1
    assert answer.value[0] == answer.value[1]
    np.testing.assert_array_equal(answer.logits[0], answer.logits[1][::-1])

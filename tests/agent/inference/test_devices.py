"""Names of devices: what auto means, what is no name, what is not there."""

from __future__ import annotations

import pytest
import torch

import games
from agent.inference.backend_selection import BackendConfig, resolve_device, selection_key
from agent.inference.devices import choose_device
from agent.inference.network_evaluator import NetworkEvaluator
from agent.networks.policy_value import NetworkConfig

SMALL = NetworkConfig(blocks=1, channels=8)
EXPECTED = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(
    "name", ["gpu", "gpu0", "", "CPU", "cuda:", "cuda:-1", "cuda:x", "cuda:1000000", "meta", "cpu\n", "cpu:0"]
)
def test_what_is_no_name_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"^here is .*: it must be auto, cpu, cuda, cuda:N, xpu or mps$") as caught:
        choose_device(name, setting="here")
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said() -> None:
    there = torch.cuda.device_count()
    with pytest.raises(ValueError, match=rf"^engine\.device is 'cuda:{there}': torch finds {there} such devices here$"):
        resolve_device(BackendConfig(device=f"cuda:{there}"))
    if not torch.backends.mps.is_available():
        with pytest.raises(ValueError, match=r"^device is 'mps': torch finds no such device here$"):
            choose_device("mps")


def test_auto_is_the_same_for_who_plays_and_who_learns() -> None:
    assert choose_device("auto").type == EXPECTED
    assert resolve_device(BackendConfig()).device == EXPECTED
    game = games.make("tic_tac_toe")
    assert selection_key(game, SMALL, BackendConfig()) == selection_key(game, SMALL, BackendConfig(device=EXPECTED))
    evaluator = NetworkEvaluator(game, SMALL, BackendConfig(kind="torch", precision="fp32", device="cpu"))
    assert evaluator.version == -1


def test_auto_is_a_gpu_where_each_process_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto").type == "cuda"
    assert choose_device("auto", processes=2).type == "cuda"
    assert choose_device("auto", processes=3).type == "cpu"
    assert choose_device("cuda:1").index == 1
    assert resolve_device(BackendConfig()).device == "cuda"
    with pytest.raises(ValueError, match="for 2 processes of one GPU each: torch finds 2"):
        choose_device("cuda:1", processes=2)


@pytest.mark.parametrize("device", ["gpu0", "cuda:99"])
def test_a_backend_on_a_device_that_is_none_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match=rf"^engine\.device is '{device}': "):
        NetworkEvaluator(games.make("tic_tac_toe"), SMALL, BackendConfig(device=device))

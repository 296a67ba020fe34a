"""examples/ppo.py trains and evaluates a policy, here for a moment only."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

FILE = Path(__file__).parents[2] / "examples" / "ppo.py"


@pytest.fixture
def ppo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ppo", FILE)
    assert spec is not None
    assert spec.loader is not None
    ppo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ppo)
    return ppo


def test_ppo_trains_and_evaluates(
    ppo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = "--env honte/TicTacToe-v0 --total-steps 256 --num-envs 8 --num-steps 16 --eval-games 9"
    monkeypatch.setattr(sys, "argv", ["ppo.py", *flags.split()])
    threads = torch.get_num_threads()
    try:
        ppo.main()
    finally:
        torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert re.search(r"^before: wins .* of 9$", said, re.MULTILINE)
    assert re.search(r"^ +256 steps ", said, re.MULTILINE)
    assert re.search(r"^after:  wins .* of 9$", said, re.MULTILINE)


def test_advantages_end_with_the_game(ppo: ModuleType) -> None:
    rewards = torch.tensor([[0.0], [1.0], [0.0]])
    values = torch.tensor([[0.5], [0.25], [0.125]])
    dones = torch.tensor([[0.0], [1.0], [0.0]])
    found = ppo.compute_advantages(rewards, values, dones, torch.tensor([2.0]), 0.5, 0.5)
    last = 0.0 + 0.5 * 2.0 - 0.125  # the game goes on: the value behind the last step counts
    middle = 1.0 - 0.25  # the game has ended: neither the next value nor the next advantage counts
    first = 0.0 + 0.5 * 0.25 - 0.5 + 0.25 * middle
    torch.testing.assert_close(found[:, 0], torch.tensor([first, middle, last]))

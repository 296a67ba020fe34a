"""examples/onnx_player.py plays a legal game with the exported network, without honte."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agent.networks.policy_value import PolicyValueNet
from agent.storage.model_folder import load_network
from games import make, position
from honte.__main__ import main

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

FILE = Path(__file__).parents[2] / "examples" / "onnx_player.py"
RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
assert not {"honte", "games", "agent", "torch"} & set(sys.modules)
"""


def test_a_legal_game_without_honte(tmp_path: Path) -> None:
    assert main(["export", "connect_four", str(tmp_path / "model"), "--onnx"]) == 0
    words = [sys.executable, "-c", RUN, str(FILE), str(tmp_path / "model" / "model.onnx")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0
    moves = re.findall(r"^ ?\d+ [xo] ([a-g]) ", done.stdout, re.MULTILINE)
    here = position("connect_four").play(" ".join(moves))  # ValueError for an illegal move
    assert here.is_over
    assert done.stdout.endswith({1: "x wins\n", -1: "o wins\n", 0: "a draw\n"}[here.outcome or 0])
    game = make("connect_four")
    config, weights = load_network("connect_four", game)
    network = PolicyValueNet(config, game.observation_shape, game.action_layout).eval()
    network.load_state_dict(weights)
    there = position(game)
    for move in moves:  # each move is the best of the network in honte
        with torch.no_grad():
            policy = network(torch.from_numpy(there.observation[None].astype(np.float32))).policy[0].numpy()
        legal = [game.parse_action(text, there.to_play) for text in there.legal_actions]
        assert game.parse_action(move, there.to_play) == max(legal, key=lambda action: policy[action])
        there = there.play(move)


def test_the_example_is_short() -> None:
    code = FILE.read_text().split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 25

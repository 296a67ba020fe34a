"""Players that take turns in processes of their own: a real one works when told to, one that is missing is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.peers.turns import ROOT, module, play, player, rate


@pytest.mark.slow
def test_a_player_works_when_it_is_told_to() -> None:
    words = ["tree", "--names", "tic_tac_toe", "--simulations", "8"]
    with player("honte", module(sys.executable, "honte_player", *words), None) as honte:
        assert honte.about["versions"]["python"].startswith("3.")
        play([honte], seconds=0.05, rounds=2)
        assert set(honte.answers) == {f"tic_tac_toe-{kind}" for kind in ("puct", "gumbel", "rollouts")}
        assert all(len(answers) == 2 for answers in honte.answers.values())
        assert rate(honte, "tic_tac_toe-puct", "simulations") > 0
        assert rate(honte, "tic_tac_toe-puct", "evaluations") == 0


def test_a_player_that_cannot_start_is_named() -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with pytest.raises(ValueError, match="nobody has ended with exit code 3"), player("nobody", command, None):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("peer", "said"),
    [("alpha_zero_general", "holds no MCTS.py"), ("alphazero_pybind11", "holds no extension module alphazero")],
)
def test_a_folder_that_is_not_the_peer_s_is_refused(peer: str, said: str) -> None:
    words = module(sys.executable, peer, str(ROOT / "games"))
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert said in done.stderr

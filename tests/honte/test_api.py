"""The same from Python: ``honte.make``, ``position``, ``load``, ``match``, ``check_game``, ``perft``."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import honte
from agent.player import RandomPlayer
from honte.api import resolve_game, with_simulations

ROOT = Path(__file__).resolve().parents[2]


def test_everything_named_is_there() -> None:
    assert set(honte.__all__) <= set(dir(honte))
    for name in honte.__all__:
        assert callable(getattr(honte, name))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        honte.lod  # noqa: B018


def test_the_version_is_the_package_s() -> None:
    assert honte.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, honte; print([n for n in ('torch', 'ray', 'gymnasium', 'numba') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_positions_and_games() -> None:
    assert honte.perft(honte.make("tic_tac_toe"), 3) == 504
    assert honte.position("tic_tac_toe").play("b2 a3").to_play == 0
    assert honte.check_game(honte.make("tic_tac_toe"), 4)["games"] == 4


def test_match_takes_texts_and_players() -> None:
    game = honte.make("tic_tac_toe")
    result = honte.match("mcts:50", RandomPlayer(game), game, games=12, num_slots=4)
    assert result.games == 12
    assert result.elo.score > 0.6


def test_a_loaded_player_is_for_its_game() -> None:
    assert isinstance(honte.load("random", "tic_tac_toe").player, RandomPlayer)
    with pytest.raises(ValueError, match="no game is given, and 'random'"):
        honte.load("random")


def test_the_game_follows_from_the_players(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"one": "tic_tac_toe", "two": "connect_four", "any": None}
    monkeypatch.setattr("honte.api.learned_game", told.__getitem__)
    monkeypatch.setattr("honte.api.learned_game_file", lambda text: None)
    assert resolve_game(None, "any", "one").name == "tic_tac_toe"
    assert resolve_game("connect_four", "any", "any").name == "connect_four"
    with pytest.raises(ValueError, match="different games: one plays tic_tac_toe, two plays connect_four"):
        resolve_game(None, "one", "two")


def test_simulations_replace_a_player_s_own() -> None:
    assert with_simulations("mcts:800", 100) == "mcts:100"
    assert with_simulations("run", 5) == "run?simulations=5"
    assert with_simulations("run@12?simulations=9&rule=puct", 0) == "run@12?rule=puct&simulations=0"
    with pytest.raises(ValueError, match="minimax:5 takes no number of simulations"):
        with_simulations("minimax:5", 1)

"""OpenSpiel's games: ``check_game``, OpenSpiel's own answers, and three games from search to match."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyspiel")

import pyspiel

import games
from agent.inference.evaluate import hash_evaluate
from agent.inference.rollouts import Rollouts
from agent.player import RandomPlayer
from agent.search.search import Search, SearchConfig
from games.check import check_game
from games.rules.openspiel import OpenSpielGame
from selfplay.matches.match import play_match
from tests.games.made import made

pytestmark = pytest.mark.oracle

LACKING = ["y(board_size=4)", "clobber(rows=4,columns=4)", "mancala"]
"""Three games that honte has no rules for."""


@pytest.mark.parametrize("name", [*LACKING, "oware", "ultimate_tic_tac_toe"])
def test_the_laws_hold(name: str) -> None:
    assert check_game(made(f"openspiel:{name}"), num_games=2)["positions"] > 10


@pytest.mark.parametrize("name", LACKING)
def test_positions_are_what_openspiel_says(name: str) -> None:
    game, state = made(f"openspiel:{name}"), pyspiel.load_game(name).new_initial_state()
    random, row = np.random.default_rng(0), game.new(1)
    game.init(row)
    while True:
        here = game.describe_new(row)
        assert bool(here.terminal[0]) == state.is_terminal()
        assert np.flatnonzero(here.legal[0]).tolist() == state.legal_actions()
        mover = int(here.to_play[0])
        tensor = np.array(state.observation_tensor(mover), np.float32)
        assert (here.observation[0, :-1].ravel() == tensor).all()
        assert (here.observation[0, -1] == mover).all()
        if state.is_terminal():
            assert here.value[0] == state.returns()[mover]
            break
        assert mover == state.current_player()
        action = int(random.choice(state.legal_actions()))
        state.apply_action(action)
        game.step(row, np.array([action]))


def test_observations_are_float32_through_every_cache_and_batch() -> None:
    from agent.inference.evaluation_cache import EvaluationCache

    game = made("openspiel:y(board_size=5)")
    states = game.new(3)
    game.init(states)
    game.step(states[1:], np.array([0, 3]))
    positions = game.describe_new(states)
    assert positions.observation.dtype == np.float32
    cache = EvaluationCache(hash_evaluate, game.num_actions, entries=64)
    for _ in range(2):
        assert (cache(states, positions).logits == hash_evaluate(states, positions).logits).all()
    assert cache.hit_rate == 0.5
    assert len({row.tobytes() for row in hash_evaluate(states, positions).logits}) == 3


@pytest.mark.parametrize("kind", ["y", "havannah"])
def test_a_larger_board_does_not_pull_the_table_from_under_a_smaller_one(kind: str) -> None:
    """In a process of its own: where it happens, it ends the process."""
    program = f"""
import numpy as np
from games import make
small = make("openspiel:{kind}(board_size=4)")
rows = small.new(40)
small.init(rows)
kept = [make(f"openspiel:{kind}(board_size={{size}})").new(1000) for size in range(5, 30)]
junk = [np.full(n, 255, np.uint8) for n in range(24, 800, 8) for _ in range(100)]  # over what was freed meanwhile
print(small.rollout(rows, np.arange(40, dtype=np.uint64)).sum())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False
    )
    assert done.returncode == 0, done.stderr


def test_copies_are_independent() -> None:
    game = made("openspiel:clobber(rows=4,columns=5)")
    one, two = game.new(1), game.new(1)
    game.init(one)
    game.copy(two, one)
    assert (one == two).all()
    game.step(two, np.flatnonzero(game.describe_new(two).legal[0])[:1])
    assert (one != two).all()
    assert game.describe_new(one).to_play[0] == 0


@pytest.mark.parametrize("name", LACKING)
def test_search_beats_random(name: str) -> None:
    game = made(f"openspiel:{name}")
    search = Search(game, Rollouts(game), SearchConfig(rule="uct", num_simulations=24), num_slots=6)
    result = play_match(game, search, RandomPlayer(game), games=6, num_slots=6, opening_plies=1)
    assert result.wins >= 4


@pytest.mark.parametrize("name", LACKING)
def test_a_tiny_run_learns_plays_and_is_matched(name: str, tmp_path: Path) -> None:
    import torch

    from honte.api import load, match
    from training.alphazero import AlphaZeroRun
    from training.config import merge_values, parse_config
    from training.game_defaults import default_values

    torch.set_num_threads(1)
    game = games.make(f"openspiel:{name}")
    values = {
        "game": game.name,
        "max_minutes": 0,
        "max_samples": 60,
        "grade_minutes": 0,
        "network": {"blocks": 1, "channels": 8},
        "engine": {"kind": "torch", "precision": "fp32"},
        "self_play": {"num_games": 4, "num_groups": 1, "search": {"num_simulations": 4}},
        "learn": {"batch_size": 16, "first_samples": 20},
        "play": {"num_simulations": 4},
    }
    run = AlphaZeroRun(game, parse_config(merge_values(default_values(game), values)), tmp_path)
    assert run.go() == "finished"
    assert run.trainer.steps > 0
    assert all(np.isfinite(value) for value in run.report.numbers().values() if isinstance(value, float))
    resumed = AlphaZeroRun(games.make(game.name), run.config, tmp_path)
    assert resumed.finished()
    assert resumed.go() == "finished"
    player = load(str(tmp_path), device="cpu", num_slots=4)
    result = match(player, "random", game, games=4, num_slots=4)
    assert result.games == 4


def test_names_and_numbers_of_actions() -> None:
    named = games.position("openspiel:clobber(rows=4,columns=5)")
    assert "b4a4" in named.legal_actions
    assert str(named.play("b4a4")).endswith("second to play")
    numbered = games.position("openspiel:ultimate_tic_tac_toe")  # there a number means another thing after each move
    assert numbered.legal_actions == [str(a) for a in range(9)]
    assert "actions: 0 Choose local board 0" in str(numbered)
    spaced = made("openspiel:nine_mens_morris")
    assert spaced.action_text(3) == "Point_3"
    assert spaced.parse_action("point 3") == 3


def test_openspiels_drawing_is_a_board() -> None:
    game = made("openspiel:clobber(rows=4,columns=5)")
    assert isinstance(game, OpenSpielGame)
    row = game.new(1)
    game.init(row)
    cells = game.cells(row[0])
    drawn = ["".join(game.board.glyphs[code] for code in line).rstrip() for line in cells]
    assert "\n".join(drawn).rstrip() == str(game.first.state).rstrip()
    assert game.render(row[0]).splitlines()[-1] == "first to play"


def test_a_name_is_written_one_way() -> None:
    assert games.make("openspiel:go(komi=6.5,board_size=5)").name == "openspiel:go(board_size=5,komi=6.5)"
    assert made("openspiel:oware").name == "openspiel:oware"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("tic_tac_to", "did you mean tic_tac_toe"),
        ("kuhn_poker", "chance"),
        ("goofspiel", "take turns"),
        ("phantom_ttt", "see everything"),
        ("y(size=5)", "unknown parameter 'size'"),
        ("y(board_size=big)", "cannot load"),
        ("y(board_size=5", "cannot load"),
        ("", "no game"),
    ],
)
def test_what_does_not_qualify_is_told_why(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        games.make(f"openspiel:{name}")


def test_without_openspiel_a_sentence_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(ValueError, match=r"honte\[oracle\]"):
        games.make("openspiel:y")


def test_openspiel_is_imported_for_its_own_games_only() -> None:
    code = "import sys, games; games.make('tic_tac_toe'); assert 'pyspiel' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

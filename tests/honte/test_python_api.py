"""``honte.load``, ``analyze``, ``choose`` and ``train`` from Python, and the pages that show them."""

from __future__ import annotations

import copy
import doctest
import importlib
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import honte
from agent.player import MoveFollower, StatefulPlayer
from honte.training_runs import nest_settings
from selfplay.matches.elo import elo_from_score

ROOT = Path(__file__).parents[2]
TINY: dict[str, Any] = {
    "max_samples": 600,
    "network": {"blocks": 1, "channels": 8},
    "self_play": {"num_games": 16, "num_groups": 1},
    "learn": {"first_samples": 200, "batch_size": 32, "reuse": 1.0},
    "grade_minutes": 0,
    "rating__every_minutes": 0,
    "quiet": True,
}
PLAYERS = ("random", "mcts:40", "minimax:3", "perfect")


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_examples_of_a_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(ROOT / page), module_relative=False, encoding="utf-8")
    assert result.attempted >= 6
    assert result.failed == 0


@pytest.mark.parametrize("module", ["honte", "honte.loaded_player", "honte.api"])
def test_the_examples_of_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module), extraglobs={"honte": honte})
    assert result.attempted > 0
    assert result.failed == 0


def threat() -> Any:
    """x wins at once by a2."""
    return honte.position("tic_tac_toe").play("a1 b2 a3 c3")


@pytest.mark.parametrize("text", PLAYERS)
def test_an_analysis_of_every_kind_of_player(text: str) -> None:
    player, here = honte.load(text, "tic_tac_toe"), threat()
    found = player.analyze(here)
    assert found.best_move in here.legal_actions
    assert found.best_move == player.choose(here)
    assert found.best_move == found.moves[0].move
    assert found.win_probability == pytest.approx((1 + found.value) / 2)
    assert found.visits >= 1
    assert {each.move for each in found.moves} <= set(here.legal_actions)
    for each in found.moves:
        assert 0 <= each.win_probability <= 1
        assert each.value == pytest.approx(2 * each.win_probability - 1)
        assert each.principal_variation[0] == each.move
        here.play(" ".join(each.principal_variation))
    if text.startswith(("mcts", "minimax")):  # perfect may take any move that wins
        assert found.best_move == "a2"
    if text != "random":
        assert found.value == 1
    if text.startswith(("mcts", "perfect")):
        assert found.proven
    assert found.principal_variation == found.moves[0].principal_variation


def test_a_line_is_written_by_whoever_moves() -> None:
    here = honte.position("breakthrough:rows=5,columns=5")
    found = honte.load("mcts:300", here.game).analyze(here)
    assert len(found.principal_variation) > 1
    here.play(" ".join(found.principal_variation))


def test_simulations_are_those_asked_for() -> None:
    here = honte.position("connect_four:rows=4,columns=5")
    player = honte.load("mcts:10", here.game)
    assert player.analyze(here).visits == 11
    assert player.analyze(here, simulations=300).visits == 301
    assert player.analyze(here, simulations=25).visits == 26
    assert player.analyze(here).visits == 11


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    here = honte.position("connect_four:rows=4,columns=5")
    player, other = (honte.load("mcts:60", here.game) for _ in range(2))
    first = player.analyze(here)
    player.analyze(here.play("a"), simulations=200)
    assert player.analyze(here) == first == other.analyze(here)
    drawn = {honte.load("random", here.game).choose(here, seed=seed) for seed in range(20)}
    assert len(drawn) > 1


def test_the_network_that_ships() -> None:
    player = honte.load("connect_four?simulations=12", device="cpu")
    here = honte.position("connect_four").play("d a d a d b")
    assert player.choose(here) == "d"
    found = player.analyze(here, simulations=0)
    assert found.best_move == "d"
    assert sum(each.prior for each in found.moves) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "game", "moves", "terms", "sentence"),
    [
        ("mcts:5", "tic_tac_toe", "a1 b1 a2 b2 a3", {}, "the game is over"),
        ("mcts:5", "connect_four", "a1", {}, "plays connect_four; this is a position of tic_tac_toe"),
        ("perfect", "tic_tac_toe", "a1", {"simulations": 5}, "takes no number of simulations"),
        ("mcts:5", "tic_tac_toe", "a1", {"simulations": -1}, "whole number, 0 or more"),
        ("mcts:5", "tic_tac_toe", "a1", {"simulations": 2.5}, "whole number, 0 or more"),
        ("mcts:5", "tic_tac_toe", "a1", {"simulations": True}, "whole number, 0 or more"),
    ],
)
def test_what_cannot_be_asked(text: str, game: str, moves: str, terms: dict[str, int], sentence: str) -> None:
    player, here = honte.load(text, game), honte.position("tic_tac_toe").play(moves)
    for ask in (player.choose, player.analyze):
        with pytest.raises(ValueError, match=sentence):
            ask(here, **terms)


@pytest.mark.parametrize(
    ("text", "game", "sentence"),
    [
        ("nobody", "tic_tac_toe", "nobody"),
        ("mcts:none", "tic_tac_toe", "whole number"),
        ("random", "tictactoe", "did you mean tic_tac_toe"),
        ("connect_four", "hex:size=4", "connect_four"),
        ("connect_four?simulation=3", None, "simulation"),
        ("runs/nowhere", None, "nowhere"),
    ],
)
def test_what_cannot_be_loaded(text: str, game: str | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        honte.load(text, game, device="cpu")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="num_slots"):
        honte.load("random", "tic_tac_toe", num_slots=0)


def test_a_loaded_player_plays_matches_and_travels() -> None:
    player = honte.load("mcts:30", "tic_tac_toe", num_slots=4)
    assert isinstance(player, MoveFollower)
    assert isinstance(player, StatefulPlayer)
    text, loaded = (honte.match(each, "random", "tic_tac_toe", games=8, num_slots=4) for each in ("mcts:30", player))
    assert loaded.as_json() == text.as_json()
    here = threat()
    for again in (pickle.loads(pickle.dumps(player)), copy.deepcopy(player)):
        assert again.analyze(here) == player.analyze(here)


def test_what_people_read() -> None:
    here = threat()
    assert str(here) in repr(here)
    assert "a1 b2 a3 c3" in repr(here)
    player = honte.load("mcts:30", "tic_tac_toe")
    assert repr(player) == "LoadedPlayer('mcts:30', game 'tic_tac_toe')"
    lines = repr(player.analyze(here)).splitlines()
    assert lines[0].startswith("PositionAnalysis: best move a2, win probability 100.0%, proven")
    assert lines[2].split()[0] == "a2"
    assert repr(here.game) == "Game(tic_tac_toe)"
    result = honte.match("mcts:30", "random", "tic_tac_toe", games=20)
    score = f"score {(result.wins + result.draws / 2) / 20:.1%}"
    assert score in repr(result)
    elo = elo_from_score(result.elo.score)
    assert elo is None or f"Elo {elo:+.0f} [" in repr(result)


def test_arguments_of_the_wrong_kind() -> None:
    player: Any = honte.load("mcts:5", "tic_tac_toe")
    with pytest.raises(ValueError, match="is not a position"):
        player.choose("a1")
    with pytest.raises(ValueError, match="is no action"):
        honte.position("tic_tac_toe").play(["a1", "b2"])  # type: ignore[arg-type]
    assert honte.position("tic_tac_toe").play(np.int64(4)).line == ("b2",)
    with pytest.raises(ValueError, match="names no player"):
        honte.load(5, "tic_tac_toe")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match=r"nowhere\.yaml"):
        honte.train(Path("nowhere.yaml"))
    with pytest.raises(ValueError, match="game is 5"):
        honte.train(game=5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="network is given twice"):
        honte.train("tic_tac_toe", network=3, network__blocks=1)


def test_matches_of_loaded_players_that_do_not_fit() -> None:
    player = honte.load("mcts:5", "tic_tac_toe")
    with pytest.raises(ValueError, match="1 games at the same time"):
        honte.match(player, "random", games=6)
    with pytest.raises(ValueError, match="this is a match of connect_four"):
        honte.match(player, "random", "connect_four", games=6)


def test_settings_as_keywords() -> None:
    assert nest_settings({"learn__trainer__learning_rate": 1, "learn": {"batch_size": 2}, "seed": 3}) == {
        "learn": {"trainer": {"learning_rate": 1}, "batch_size": 2},
        "seed": 3,
    }
    assert nest_settings({"network.blocks": 1, "network__channels": 2}) == {"network": {"blocks": 1, "channels": 2}}


@pytest.mark.slow
def test_a_run_from_python(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = honte.train("tic_tac_toe", run=tmp_path / "run", **TINY)
    assert result.finished
    assert result.game == "tic_tac_toe"
    assert result.samples >= 600
    assert np.isfinite(result.metrics["loss"])
    assert capfd.readouterr().out == ""
    assert repr(result).startswith("TrainResult(finished run of tic_tac_toe in ")
    assert result.load("simulations=40", device="cpu").choose(threat()) == "a2"
    assert honte.load(str(tmp_path / "run"), device="cpu").game == honte.make("tic_tac_toe")
    threads = torch.get_num_threads()
    again = honte.train("tic_tac_toe", run=tmp_path / "run", **TINY)
    assert torch.get_num_threads() == threads
    assert (again.step, again.samples) == (result.step, result.samples)
    with pytest.raises(ValueError, match="channels"):
        honte.train("tic_tac_toe", run=tmp_path / "run", **{**TINY, "network": {"blocks": 1, "channels": 16}})


@pytest.mark.slow
def test_a_run_in_a_thread_of_a_game_that_has_no_recipe(tmp_path: Path) -> None:
    found: list[Any] = []
    terms = {**TINY, "self_play": {"num_games": 16, "num_groups": 1, "search": {"num_simulations": 8}}}
    game = honte.make("nim:heaps=1-2-3")
    worker = threading.Thread(target=lambda: found.append(honte.train(game=game, run=tmp_path / "run", **terms)))
    worker.start()
    worker.join()
    assert found[0].finished
    assert found[0].game == game.name
    assert found[0].load(device="cpu").choose(honte.position(game))


@pytest.mark.parametrize(
    ("recipe", "terms", "kind", "sentence"),
    [
        ("tictactoe", {}, ValueError, "did you mean tic_tac_toe"),
        ("", {}, ValueError, "name a recipe"),
        ("nowhere.yaml", {}, FileNotFoundError, "nowhere.yaml"),
        ("tic_tac_toe", {"network__block": 3}, ValueError, "did you mean blocks"),
        ("tic_tac_toe", {"max_minute": 3}, ValueError, "did you mean max_minutes"),
        ("tic_tac_toe", {"learn__batch_size": "many"}, ValueError, "learn.batch_size"),
        ("", {"game": "tictactoe"}, ValueError, "did you mean tic_tac_toe"),
    ],
)
def test_what_cannot_be_trained(
    recipe: str, terms: dict[str, Any], kind: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=sentence):
        honte.train(recipe, run=tmp_path / "run", **terms)
    assert not (tmp_path / "run").exists()


def test_train_stays_a_function_whatever_is_imported() -> None:
    code = (
        "import honte, honte.__main__, honte.cli.commands.train, honte.envs; assert callable(honte.train); honte.load"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)

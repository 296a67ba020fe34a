"""The networks that ship: a name finds the right one, its files are checked, and its results are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch

import honte
from agent import weights
from agent.players import load_network
from agent.storage import durable_files
from benchmarks import ship_weights
from honte.shipped_models import Training, read_model
from tests.agent.test_players import made, save


def test_a_bare_name_means_the_nearest_size_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "HERE", tmp_path)
    small, large = (
        save(weights.place(name), made(name)) for name in (f"tic_tac_toe:rows={n},columns={n},k=3" for n in (5, 8))
    )
    assert weights.folder("tic_tac_toe") == small
    assert weights.folder("tic_tac_toe:k=3,columns=8,rows=8") == large  # the same game in other words
    assert weights.stand_in("tic_tac_toe") == "tic_tac_toe:rows=5,columns=5,k=3"
    assert (
        weights.stand_in("tic_tac_toe:rows=8,columns=8,k=3")
        == weights.stand_in("mcts:5")
        == weights.stand_in("x/y")
        == ""
    )
    with pytest.warns(UserWarning, match="tic_tac_toe means tic_tac_toe:rows=5,columns=5,k=3, the nearest size"):
        assert honte.load("tic_tac_toe").game.name == "tic_tac_toe:rows=5,columns=5,k=3"
    default = save(tmp_path / "tic_tac_toe", made("tic_tac_toe"))
    assert weights.folder("tic_tac_toe") == default
    assert weights.stand_in("tic_tac_toe") == ""
    assert len(weights.folders()) == 3


def test_a_shipped_network_is_checked_against_its_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "HERE", tmp_path)
    game = made("tic_tac_toe")
    saved = save(tmp_path / "elsewhere", game)
    files = {path.name: path.read_bytes() for path in saved.iterdir()}
    durable_files.write_folder(tmp_path / "tic_tac_toe", files)
    load_network("tic_tac_toe", game)
    (tmp_path / "tic_tac_toe" / "config.json").write_bytes(files["config.json"].replace(b'"search"', b'"search" '))
    with pytest.raises(ValueError, match=r"config.json is damaged: its sha256 is not the one in manifest.json"):
        load_network("tic_tac_toe", game)


@pytest.mark.parametrize("name", sorted(weights.games()))
def test_what_ships_is_whole_and_small(name: str) -> None:
    folder = weights.games()[name]
    assert folder == weights.place(name)
    assert durable_files.read_folder(folder).keys() == {"model.safetensors", "config.json", "results.json"}
    assert (folder / "model.safetensors").stat().st_size <= 2_000_000
    for each in read_model(folder).opponents:
        assert each.player.partition("?")[0] == name
        assert "/" not in each.opponent + each.player  # no path of the machine that measured
    load_network(name, made(name))


def test_weights_in_half_precision_are_read_as_single(tmp_path: Path) -> None:
    game = made("tic_tac_toe")
    folder = save(tmp_path, game)
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    half = {key: t.half() if t.is_floating_point() else t for key, t in tensors.items()}
    safetensors.torch.save_file(half, folder / "model.safetensors")
    _, loaded = load_network(folder, game)
    assert all(t.dtype == tensors[key].dtype for key, t in loaded.items())


def test_results_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path, made("tic_tac_toe"))
    assert read_model(folder).opponents == ()  # nothing was measured
    (folder / "results.json").write_text(json.dumps({"schema": 1, "game": "othello"}))
    with pytest.raises(
        ValueError, match=r"results.json is not the results of a model: it has schema 1 and game othello"
    ):
        read_model(folder)


def test_a_run_becomes_a_network_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "HERE", tmp_path / "weights")
    run, game = tmp_path / "run", made("tic_tac_toe:rows=4,columns=4")
    save(run / "checkpoints" / "20", game)
    lines = [
        {
            "step": step,
            "time": 0,
            "minutes": minutes,
            "games": 5 * step,
            "samples": 9 * step,
            "evaluations_per_second": 50,
        }
        for step, minutes in ((1, 0.5), (20, 2.0), (30, 3.0))
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = {
        "opponent": "gtp:/bin/engine --mode gtp",
        "player": "runs/run?simulations=9",
        "games": 2,
        "wins": 2,
        "draws": 0,
        "losses": 0,
        "score": 1.0,
    }
    measured = {"game": game.name, "opponents": [result | {"score_low": 0.5, "score_high": 1.0}]}
    (tmp_path / "results.json").write_text(json.dumps(measured))
    words = [str(run), "--results", str(tmp_path / "results.json"), "--note", "A note.", "--precision", "fp16"]
    monkeypatch.setattr("sys.argv", ["ship_weights", *words])
    assert ship_weights.main() == 0
    (model,) = honte.models()
    assert (model.game, model.size, model.notes) == (game.name, "4 x 4", ("A note.",))
    (opponent,) = model.opponents
    assert (opponent.player, opponent.opponent) == (f"{game.name}?simulations=9", "gtp:engine --mode gtp")
    assert (model.training.steps, model.training.minutes, model.training.games) == (20, 2.0, 100)
    assert model.training.evaluations == 50 * 60 * 1.5
    assert opponent.score == 1
    shipped = tmp_path / "weights" / "tic_tac_toe" / "rows=4-columns=4-k=3"
    storage = json.loads((shipped / "results.json").read_text())["storage"]
    assert storage["largest_change"] > 0
    monkeypatch.setattr("sys.argv", ["ship_weights", game.name, "--results", str(tmp_path / "results.json")])
    assert ship_weights.main() == 0  # the weights stay as they are, and so does what rounding them changed
    assert json.loads((shipped / "results.json").read_text())["storage"] == storage
    with pytest.warns(UserWarning, match="the nearest size"):
        player = honte.load("tic_tac_toe")
    assert player.choose(honte.position(game)) in honte.position(game).legal_actions
    (shipped / "results.json").write_text("{}")
    with pytest.raises(ValueError, match=r"results.json is damaged"):
        load_network(game.name, game)


def test_a_network_that_is_trained_further_counts_both_trainings() -> None:
    first = Training(minutes=15.0, games=100, positions=900, steps=30, evaluations=5000, machine="one", commit="a1")
    second = Training(minutes=7.5, games=50, positions=400, steps=20, evaluations=3000, machine="one", commit="b2")
    assert ship_weights.add_trainings(first, second) == Training(
        minutes=22.5, games=150, positions=1300, steps=50, evaluations=8000, machine="one", commit="a1 and b2"
    )
    twice = ship_weights.add_trainings(ship_weights.add_trainings(first, second), second)
    assert (twice.steps, twice.commit) == (70, "a1 and b2")
    third = Training(machine="two", commit="c3")
    thrice = ship_weights.add_trainings(ship_weights.add_trainings(twice, third), third)
    assert (thrice.machine, thrice.commit) == ("one and two", "a1 and b2 and c3")
    assert ship_weights.add_trainings(Training(), second).evaluations is None  # nobody knows what the first one cost

"""A run's ladder: ratings of its checkpoints, and a best one that only a test can replace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.player import Player
from agent.players import make_player
from agent.storage import model_folder
from games import Game, make
from selfplay.matches.sprt import Sprt
from training.evaluation.promotion import best_step, promote
from training.evaluation.rating_curve import (
    CURVE,
    RATINGS,
    RatingConfig,
    RatingCurve,
    anchors_for,
    keep_network,
    kept_steps,
    next_checkpoint,
    rate_checkpoints,
    read_curve,
)

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


@pytest.fixture
def run(game: Game, tmp_path: Path) -> Path:
    """Three checkpoints that differ in how they search: by 1 simulation, by 1 again with other weights, by 60."""
    import safetensors.torch

    from agent.networks.policy_value import NetworkConfig, PolicyValueNet

    network = {"blocks": 1, "channels": 8}
    for step, simulations in ((10, 1), (20, 1), (30, 60)):
        folder = tmp_path / "run" / "checkpoints" / str(step)
        folder.mkdir(parents=True)
        torch.manual_seed(step)
        model = PolicyValueNet(NetworkConfig(**network), game.observation_shape, game.action_layout)
        safetensors.torch.save_file(model.state_dict(), folder / "model.safetensors")
        search = {"num_simulations": simulations, "lookahead": 0 if simulations == 1 else 4}
        config = {"schema": 1, "game": game.name, "network": network, "search": search}
        (folder / "config.json").write_text(json.dumps(config))
    return tmp_path / "run"


def test_best_is_promoted_by_a_test_only(game: Game, run: Path) -> None:
    def ready(text: str) -> Player:
        return make_player(text, game, num_slots=16)

    test = Sprt(elo0=0, elo1=80)
    away = run.parent / "30"
    shutil.move(run / "checkpoints" / "30", away)
    with pytest.raises(ValueError, match="no best checkpoint yet"):
        model_folder.find_model(f"{run}@best")
    shutil.move(run / "checkpoints" / "20", run.parent / "20")
    first = promote(run, game, ready, test=test, num_slots=16)
    assert (first.best, first.promoted, first.result) == (10, True, None)
    shutil.move(run.parent / "20", run / "checkpoints" / "20")
    weak = promote(run, game, ready, test=test, games=8, num_slots=8)  # too few games for any verdict
    assert weak.result is not None
    assert weak.result.verdict is None
    assert (weak.step, weak.best, weak.promoted) == (20, 10, False)
    assert best_step(run) == 10
    shutil.move(away, run / "checkpoints" / "30")
    strong = promote(run, game, ready, test=test, games=400, num_slots=16)
    assert strong.result is not None
    assert strong.result.verdict == "H1"
    assert (strong.step, strong.best, strong.promoted) == (30, 30, True)
    assert best_step(run) == 30
    assert model_folder.find_model(f"{run}@best") == run / "best"
    model = "model.safetensors"
    assert (run / "best" / model).read_bytes() == (run / "checkpoints" / "30" / model).read_bytes()
    assert promote(run, game, ready, test=test).result is None  # the best does not contest itself


def test_the_curve_keeps_checkpoints_that_are_gone(game: Game, run: Path) -> None:
    loaded: list[str] = []

    def ready(text: str) -> Player:
        loaded.append(text)
        return make_player(text, game, num_slots=8)

    def rated() -> RatingCurve:
        for step in (10, 20, 30):
            keep_network(run, step)
        return rate_checkpoints(
            run, game, ready, anchors=("random", "minimax:2"), steps=(10, 20, 30), games=8, num_slots=8
        )

    found = rated()
    points = found.points
    assert [point.step for point in points] == [10, 20, 30]
    assert points[2].elo > points[0].elo
    assert all(point.low < point.elo < point.high for point in points)
    assert [point.games for point in points] == [24, 32, 24]
    assert [anchor.player for anchor in found.anchors] == ["random", "minimax:2"]
    assert found.anchors[0].low == found.anchors[0].high == 0
    assert read_curve(run) == found
    shutil.rmtree(run / "checkpoints" / "10")
    assert model_folder.find_model(f"{run}@10") == run / model_folder.RATED / "10"  # it still plays
    loaded.clear()
    again = rated()
    assert loaded == []  # nothing is played twice
    assert [point.step for point in again.points] == [10, 20, 30]
    assert np.isclose([point.elo for point in again.points], [point.elo for point in points]).all()
    (run / RATINGS / CURVE).write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        read_curve(run)
    assert read_curve(run.parent) == RatingCurve()
    with pytest.raises(ValueError, match="cannot be read"):
        keep_network(run, 40)


def test_checkpoints_with_one_network_share_its_rating(game: Game, run: Path) -> None:
    """A run saves more often than it renews the network that plays: nobody is tested against itself."""
    shutil.copytree(run / "checkpoints" / "30", run / "checkpoints" / "40")

    def ready(text: str) -> Player:
        return make_player(text, game, num_slots=4)

    for step in (30, 40):
        keep_network(run, step)
    assert next_checkpoint(run, 0.0, finished=True) == 40
    assert promote(run, game, ready, test=Sprt(elo0=0, elo1=80), step=30).promoted
    again = promote(run, game, ready, test=Sprt(elo0=0, elo1=80), step=40)
    assert (again.best, again.promoted, again.result) == (30, False, None)
    points = rate_checkpoints(run, game, ready, anchors=("random",), steps=(30, 40), games=4).points
    assert [(point.step, point.games) for point in points] == [(30, 4), (40, 4)]
    assert points[0].elo == points[1].elo
    assert next_checkpoint(run, 0.0, finished=True) is None


def test_whose_turn_it_is(game: Game, run: Path) -> None:
    """By minutes of training; what was taken and not finished with comes first."""

    def trained(step: int, minutes: float) -> None:
        (run / "checkpoints" / str(step) / "state.json").write_text(json.dumps({"state": {"minutes": minutes}}))

    shutil.move(run / "checkpoints" / "30", run.parent / "30")
    trained(10, 0.5)
    trained(20, 0.9)
    assert next_checkpoint(run, 5.0) is None
    assert next_checkpoint(run, 5.0, finished=True) == 20
    trained(20, 2.0)
    assert next_checkpoint(run, 5.0) == 20  # the first rating does not wait for every_minutes
    assert next_checkpoint(run, 2.0) == 20
    keep_network(run, 20)
    assert kept_steps(run) == [20]
    shutil.move(run.parent / "30", run / "checkpoints" / "30")
    trained(30, 9.0)
    assert next_checkpoint(run, 1.0) == 20  # killed before it was rated
    rate_checkpoints(
        run, game, lambda text: make_player(text, game, num_slots=4), anchors=("random",), steps=(20,), games=4
    )
    trained(30, 3.9)
    assert next_checkpoint(run, 7.5) is None
    trained(30, 4.0)
    assert next_checkpoint(run, 7.5) == 30  # after twice the time of the first rating
    shutil.rmtree(run / "checkpoints" / "20")
    assert next_checkpoint(run, 7.0) == 30
    keep_network(run, 30)
    rate_checkpoints(
        run, game, lambda text: make_player(text, game, num_slots=4), anchors=("random",), steps=(20, 30), games=4
    )
    assert [point.minutes for point in read_curve(run).points] == [2.0, 4.0]
    assert next_checkpoint(run, 0.0, finished=True) is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"every_minutes": -1}, "rating.every_minutes is -1"),
        ({"games": 3}, "rating.games is 3"),
        ({"opening_plies": -2}, "rating.opening_plies is -2"),
        ({"promote": (40.0, 0.0)}, "sprt is 40 0"),
    ],
)
def test_what_cannot_be_asked_for(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        RatingConfig(**values)


def test_anchors_fit_the_game() -> None:
    assert "perfect" in anchors_for(make("tic_tac_toe"))
    assert "perfect" not in anchors_for(make("connect_four"))

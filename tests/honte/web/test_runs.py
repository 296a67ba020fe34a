"""A real training run on the page: its curves, checkpoints, games and what its checkpoints say of a position."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import honte
from agent import weights
from honte.web.app import make_app
from honte.web.requests.sessions import Limits
from honte.web.routes.runs import RunRoutes
from honte.web.services import Services, make_services


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("runs") / "small"
    honte.train(
        game="tic_tac_toe",
        run=folder,
        quiet=True,
        max_samples=1000,
        seed=1,
        network={"blocks": 1, "channels": 8},
        self_play={"search": {"num_simulations": 4}},
        learn={"batch_size": 32, "first_samples": 100, "reuse": 1.0, "window": {"start": 400}},
        grade_minutes=0,
        checkpoint_steps=10,
        keep_checkpoints=3,
        rating={"every_minutes": 0},
    )
    return folder


@pytest.fixture(scope="module")
def run_services(folder: Path) -> Iterator[Services]:
    made = make_services(runs=[folder], limits=Limits(burst=10**6))
    yield made
    made.close()


@pytest.fixture(scope="module")
def run_client(run_services: Services, client: Any) -> Iterator[Any]:
    with type(client)(make_app(run_services), base_url="http://127.0.0.1:8765") as made:
        yield made


@pytest.fixture
def run_page(run_client: Any, page: Any) -> Any:
    return type(page)(run_client)


def test_the_catalogue_lists_the_run(run_page: Any):
    catalogue = run_page.client.get("/api/catalogue").json()
    (run,) = [run for run in catalogue["runs"] if run["name"] == "small"]
    assert run["game"] == "tic_tac_toe"
    assert run["steps"] > 0
    assert not run["running"]
    assert next(player for player in catalogue["players"] if player["id"] == run["id"])["kind"] == "network"


def test_the_run_is_met_first_where_no_network_ships(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "HERE", tmp_path)
    made = make_services(runs=[folder], limits=Limits(burst=10**6))
    try:
        players = {each["id"]: each["default_player"] for each in made.catalogue.as_json()["games"]}
        assert players["tic_tac_toe"] == "run1"
        assert players["nim"] == "rollouts"  # no run has learned it
    finally:
        made.close()


def test_the_run_as_json(run_page: Any):
    run = run_page.client.get("/api/runs/run1").json()
    assert run["game"] == "tic_tac_toe"
    assert run["figures"]
    assert {"key", "section", "title", "curves"} <= run["figures"][0].keys()
    assert 1 <= len(run["checkpoints"]) <= 4
    assert [each["step"] for each in run["checkpoints"]] == sorted(each["step"] for each in run["checkpoints"])
    assert run["games"]
    game = run["games"][0]
    line = run_page.ask("/api/line", game=game["game"], setup=None, moves=game["moves"])["positions"]
    assert len(game["values"]) == len(game["moves"]) == len(line) - 1


def test_a_checkpoint_plays_and_analyses(run_page: Any):
    checkpoint = run_page.client.get("/api/runs/run1").json()["checkpoints"][0]
    answer = run_page.ask("/api/move", game="tic_tac_toe", moves=["b2"], player=checkpoint["player"], strength=10)
    assert answer["visits"] == 10
    events = run_page.stream("/api/analysis", game="tic_tac_toe", player="run1", strength=20)
    assert [data for event, data in events if event == "analysis"][-1]["network"]


def test_every_checkpoint_judges(run_page: Any):
    checkpoints = run_page.client.get("/api/runs/run1").json()["checkpoints"]
    events = run_page.stream("/api/runs/run1/judge", game="tic_tac_toe", moves=["b2"])
    answers = [data for event, data in events if event == "checkpoint"]
    assert [answer["step"] for answer in answers] == [each["step"] for each in checkpoints]
    assert all(sum(share for _, share in answer["policy"]) == pytest.approx(1, abs=0.01) for answer in answers)
    assert "learns tic_tac_toe" in run_page.refused("/api/runs/run1/judge", game="nim", moves=[])


def test_the_run_is_told_again_when_it_has_grown(run_services: Services, folder: Path):
    """The stream gives the run at once, and again when its metrics have grown."""
    routes = RunRoutes(run_services)
    run = run_services.catalogue.find_run("run1")

    async def watch() -> list[str]:
        stream = routes._watch(run, run_services.games.find(run.game))
        told = [(await anext(stream))[0]]
        with (folder / "metrics.jsonl").open("a") as file:
            file.write("\n")
        told.append((await anext(stream))[0])
        await stream.aclose()  # type: ignore[attr-defined]
        return told

    assert asyncio.run(watch()) == ["run", "run"]
    assert routes.watchers == 0


def test_runs_that_there_are_not(run_page: Any, tmp_path: Path):
    for name in ("run99", "..", "run1-1", "%2e%2e"):
        assert run_page.client.get(f"/api/runs/{name}").status_code == 404
    assert run_page.refused("/api/move", game="tic_tac_toe", player="run1-99999")
    with pytest.raises(ValueError, match="not the folder of a run"):
        make_services(runs=[tmp_path])

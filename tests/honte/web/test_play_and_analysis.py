"""Moves, analyses, trees and reviews over HTTP, by real searches and solvers."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from agent import weights
from games.registry import NAMES


def test_the_catalogue(page: Any):
    catalogue = page.client.get("/api/catalogue").json()
    games = {game["id"]: game for game in catalogue["games"]}
    players = {player["id"]: player for player in catalogue["players"]}
    assert games.keys() == set(NAMES)
    assert players.keys() >= {"rollouts", "minimax", "perfect", "random", games["connect_four"]["default_player"]}
    for game in games.values():
        kind = players[game["default_player"]]["kind"]
        assert kind == ("network" if game["game"] in weights.games() else "rollouts"), game["id"]
    assert all(game[name] for game in games.values() for name in ("title", "rules", "goal", "notation"))
    assert games["go"]["game"] == weights.stand_in("go")  # no network ships for the default size
    assert games["go"]["sgf"]
    assert not games["nim"]["sgf"]
    assert all("text" not in player for player in players.values())  # texts may hold paths


@pytest.mark.parametrize("player", ["rollouts", "minimax", "perfect", "random"])
def test_every_kind_of_player_moves(page: Any, player: str):
    moves = ["b2", "a1", "c3"]  # of four answers in a corner one is right, the others lose
    answer = page.ask(
        "/api/move", game="tic_tac_toe", moves=moves, player=player, strength=3 if player == "minimax" else 400
    )
    legal = page.ask("/api/position", game="tic_tac_toe", moves=moves)["legal"]
    assert answer["move"] in [move["move"] for move in legal]
    if player == "perfect":
        assert answer["win_probability"] == 0.5
        assert answer["proven"] == 0
        assert answer["move"] in ("a3", "c1")


def test_a_network_moves_from_a_drawn_position(page: Any):
    setup = page.ask("/api/position", game="connect_four", moves=["d", "a", "d", "a", "d"])["setup_text"]
    answer = page.ask(
        "/api/move", game="connect_four", setup=setup, moves=[], player="weights-connect_four", strength=50
    )
    assert answer["move"] == "d"  # it stops four in a column
    assert answer["visits"] == 50


def test_many_clients_at_once(page: Any):
    def move(i: int) -> Any:
        moves = ["abcdefg"[i % 7], "abcdefg"[i // 7 % 7]]
        return page.ask("/api/move", game="connect_four", moves=moves, player="weights-connect_four", strength=20)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(move, range(20)))
    assert all(answer["visits"] == 20 for answer in answers)


def test_an_analysis_and_its_tree(page: Any):
    events = page.stream(
        "/api/analysis", game="tic_tac_toe", moves=["a1", "b2"], player="rollouts", strength=300, every_ms=50
    )
    assert events[-1] == ("done", {})
    analyses = [data for event, data in events if event == "analysis"]
    last = analyses[-1]
    assert last["done"]
    assert last["visits"] >= 300 or last["proven"] is not None
    assert len(last["moves"]) == 7
    assert last["moves"][0]["loss"] == 0
    assert last["moves"][0]["line"][0] == last["moves"][0]["move"]
    assert sum(move["visits"] for move in last["moves"]) <= 300
    assert last["network"] is None
    assert last["truth"]["outcome"] == 0
    assert len(last["truth"]["moves"]) == 7
    tree = page.ask("/api/tree", analysis_id=last["analysis_id"], path=[])
    assert {child["move"] for child in tree["children"]} == {move["move"] for move in last["moves"]}
    first = tree["children"][0]
    below = page.ask("/api/tree", analysis_id=last["analysis_id"], path=[first["move"]])
    assert below["to_play"] == 1
    assert abs(below["win_probability"] + first["win_probability"] - 1) < 0.2
    assert page.refused("/api/tree", analysis_id=last["analysis_id"], path=["a1"])
    assert page.refused("/api/tree", analysis_id="x", path=[])


def test_another_session_cannot_read_a_tree(page: Any, client: Any):
    events = page.stream("/api/analysis", game="nim:heaps=2-2", moves=[], player="rollouts", strength=20)
    name = events[0][1]["analysis_id"]
    other = type(page)(client)
    assert other.refused("/api/tree", analysis_id=name, path=[])


def test_an_analysis_by_a_network_shows_its_raw_judgement(page: Any):
    events = page.stream(
        "/api/analysis", game="connect_four", moves=["d"], player="weights-connect_four", strength=60, every_ms=50
    )
    last = [data for event, data in events if event == "analysis"][-1]
    assert sum(share for _, share in last["network"]["policy"]) == pytest.approx(1, abs=0.01)
    assert 0 < last["network"]["win_probability"] < 1
    unvisited = [move for move in last["moves"] if not move["visits"]]
    assert all(move["loss"] is None and move["win_probability"] is None for move in unvisited)


def test_a_review_finds_the_mistake(page: Any):
    moves = ["b2", "a1", "a2", "a3", "c2"]  # a3 lets the first player win at c2
    events = page.stream("/api/review", game="tic_tac_toe", moves=moves, player="rollouts", strength=400)
    plies = [data for event, data in events if event == "ply"]
    assert [data["ply"] for data in plies] == [0, 1, 2, 3, 4]
    blunder = plies[3]
    assert blunder["verdict"] == "blunder" or blunder["truth"]["outcome_after"] == -1
    assert blunder["best_move"] == "c2"
    assert blunder["loss"] > 0.3
    assert plies[4]["verdict"] == "good"
    assert plies[4]["win_probability_after"] == 1
    later = page.stream("/api/review", game="tic_tac_toe", moves=moves, player="rollouts", strength=50, **{"from": 4})
    assert [data["ply"] for event, data in later if event == "ply"] == [4]


def test_requests_that_make_no_sense(page: Any):
    over = {"game": "nim:heaps=1", "moves": ["a1"]}
    assert "over" in page.refused("/api/move", **over, player="rollouts")
    assert "over" in page.refused("/api/analysis", **over, player="rollouts")
    assert "no player" in page.refused("/api/move", game="nim", player="runs/x")
    assert "no player" in page.refused("/api/move", game="nim", player="gtp:rm -rf /")
    assert "has learned connect_four" in page.refused("/api/move", game="nim", player="weights-connect_four")
    assert "no solver" in page.refused("/api/move", game="amazons", player="perfect")
    assert "does not search" in page.refused("/api/analysis", game="nim", player="random")
    assert "strength" in page.refused("/api/move", game="nim", player="rollouts", strength=10**7)
    assert "strength" in page.refused("/api/move", game="nim", player="rollouts", strength=-5)
    assert "temperature" in page.refused("/api/move", game="nim", player="rollouts", temperature=1e9)
    assert "every_ms" in page.refused("/api/analysis", game="nim", player="rollouts", every_ms=1)


def test_a_board_for_every_game(page: Any):
    for name in ("hex:size=4", "go:size=5", "animal_shogi", "dots_and_boxes"):
        board = page.client.get("/api/board", params={"game": name}).json()
        assert len(board["centres"]) == board["rows"] * board["columns"]
    assert page.client.get("/api/board", params={"game": "x"}).status_code == 422


def test_only_files_of_the_page_are_sent(page: Any):
    assert page.client.get("/").status_code == 200
    assert page.client.get("/static/app.js").headers["content-type"].startswith("text/javascript")
    for path in ("/static/..%2fapp.py", "/static/../app.py", "/static/__init__.py", "/app.py", "/static/", "/api/x"):
        assert page.client.get(path).status_code == 404, path
    assert page.client.post("/").status_code == 405


def test_health(page: Any):
    health = page.client.get("/healthz").json()
    assert health["status"] == "ok"
    assert len(health["boot"]) > 8

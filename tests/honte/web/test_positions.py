"""Positions over HTTP: what a client sees of a game, and what it may not say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from games.registry import NAMES

CLICKS = {
    "amazons": [1],
    "animal_shogi": [2],
    "ataxx": [0, 1, 2],
    "breakthrough": [2],
    "clobber": [2],
    "connect_four": [1],
    "dots_and_boxes": [1],
    "gardner_chess": [2],
    "go": [0, 1],  # no cell: pass
    "gomoku": [1],
    "hex": [1],
    "nim": [1],
    "othello": [0, 1],
    "tic_tac_toe": [1],
}
"""How many cells one clicks for a move."""

SMALL = {"go": "go:size=5", "hex": "hex:size=4", "gomoku": "gomoku:size=5", "othello": "othello:size=4"}


@pytest.mark.parametrize("name", NAMES)
def test_a_random_game(page: Any, name: str):
    """Positions, boards and clicks of a whole game fit each other."""
    choice, game = random.Random(name), SMALL.get(name, name)
    entry = page.ask("/api/games", game=game)
    board = entry["board"]
    area, moves, before = board["height"] * board["width"], [], None
    for _ in range(40):
        here = page.ask("/api/position", game=game, setup=None, moves=moves)
        assert here["line"] == moves
        assert len(here["cells"]) == area
        if before is not None:
            differences = {c for c in range(area) if before["cells"][c] != here["cells"][c]}
            assert set(here["changed"]) <= differences
            assert set(here["marked"]) <= set(here["changed"])
        if here["outcome"] is not None:
            assert here["legal"] == []
            break
        assert len({move["move"] for move in here["legal"]}) == len(here["legal"])
        for move in here["legal"]:
            assert len(move["steps"]) in CLICKS[name], (name, move)
            assert all(0 <= cell < area for cell in move["steps"])
        move = choice.choice(here["legal"])
        moves, before = [*moves, move["move"]], here
    line = page.ask("/api/line", game=game, setup=None, moves=moves)["positions"]
    assert len(line) == len(moves) + 1
    assert line[-1]["cells"] == page.ask("/api/position", game=game, moves=moves)["cells"]
    assert all("legal" not in each for each in line)


def test_a_drop_from_the_hand_begins_beside_the_board(page: Any):
    moves = ["b2b3", "c4c3", "b3c4"]  # captures nothing; then a capture and a drop
    text = "4 - - g l e - -\n3 - - . . . C -\n2 - - . . . - -\n1 - - E L G * -\n  - - a b c - -"
    here = page.post("/api/setup", game="animal_shogi", text=text)
    assert moves
    assert here.status_code in (200, 422)
    if here.status_code == 200:
        drops = [move for move in here.json()["legal"] if "*" in move["move"]]
        assert all(len(move["steps"]) == 2 for move in drops)


def test_a_promotion_has_a_move_for_each_piece(page: Any):
    text = "5 . . . . k .\n4 P . . . . .\n3 . . . . . .\n2 . . . . . .\n1 K . . . . *\n  a b c d e *"
    here = page.ask("/api/setup", game="gardner_chess", text=text)
    promotions = {move["move"]: move["steps"] for move in here["legal"] if move["move"].startswith("a4a5")}
    assert sorted(promotions) == ["a4a5", "a4a5b", "a4a5n", "a4a5r"]
    assert len({tuple(steps) for steps in promotions.values()}) == 1


def test_a_jump_leaves_a_cell_and_a_new_stone_does_not(page: Any):
    here = page.ask("/api/position", game="ataxx", moves=[])
    steps = {move["move"]: move["steps"] for move in here["legal"]}
    assert steps["b4"] == [6]
    assert steps["a5a3"] == [0, 10]


def test_a_stone_that_falls_is_shown_where_it_lands(page: Any):
    here = page.ask("/api/position", game="connect_four", moves=["d"])
    move = next(move for move in here["legal"] if move["move"] == "d")
    assert move["steps"] == [4 * 7 + 3]
    assert [5 * 7 + 3] in move["alternatives"]


def test_why_a_move_is_not_legal(page: Any):
    assert "column is full" in page.refused("/api/position", game="connect_four", moves=["d"] * 7)
    assert "move 2" in page.refused("/api/position", game="connect_four", moves=["d", "q"])
    assert "occupied" in page.refused("/api/position", game="tic_tac_toe", moves=["b2", "b2"])
    assert "turn over" in page.refused("/api/position", game="othello", moves=["a1"])
    assert "end of the game" in page.refused("/api/position", game="nim:heaps=2", moves=["a2", "a1"])
    assert "turn over" in page.refused("/api/position", game="othello", moves=[], cells=[0])
    assert "belongs to black" in page.refused("/api/position", game="breakthrough", moves=[], cells=[0, 8])
    assert "begins on a piece of white" in page.refused("/api/position", game="breakthrough", moves=[], cells=[30])
    assert "no such cell" in page.refused("/api/position", game="breakthrough", moves=[], cells=[1000])


def test_a_drawn_position(page: Any):
    here = page.ask("/api/setup", game="tic_tac_toe", text="3 x . .\n2 . o .\n1 . . .\n  a b c")
    assert here["cells"] == [1, 0, 0, 0, 2, 0, 0, 0, 0]
    again = page.ask("/api/position", game="tic_tac_toe", setup=here["setup_text"], moves=["b3"])
    assert again["cells"] == [1, 1, 0, 0, 2, 0, 0, 0, 0]
    assert "cells" in page.refused("/api/setup", game="tic_tac_toe", text="3 x .")


def test_territory_and_score(page: Any):
    end = page.ask("/api/position", game="go:size=2", moves=["A1", "pass", "pass"])
    assert end["outcome"] == -1  # komi 7
    assert end["territory"] == [1, 1, 1, 1]
    assert end["score"] == "white wins by 3 points"
    assert page.ask("/api/position", game="othello", moves=["d3"])["score"] == "black 4, white 1"


@pytest.mark.parametrize(
    "text",
    [
        "tests/games/x.py:game",
        "os.py:game",
        "/etc/passwd",
        "../x.py:game",
        "openspiel:chess",
        "file:x",
        "hex:size=1000",
        "hex:size=-1",
        "go:max_plies=5000",
        "go:size=nan",
        "go:size=1e3",
        "tic_tac_toe:rows=100000",
        "connect_four:rows=11",
        "amazons:size=7",
        "nim:heaps=" + "9-" * 40,
        "nim:heaps=0",
        "nosuchgame",
        "",
        "hex:size",
        "x" * 300,
    ],
)
def test_clients_cannot_choose_other_games(page: Any, text: str):
    assert page.refused("/api/position", game=text, moves=[])
    assert page.refused("/api/games", game=text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"game": 3},
        {"game": None},
        {"game": "nim", "moves": "a1"},
        {"game": "nim", "moves": [1]},
        {"game": "nim", "moves": ["a1"] * 6000},
        {"game": "nim", "moves": ["a" * 100]},
        {"game": "nim", "setup": 7},
        {"game": "nim", "cells": ["a"]},
    ],
)
def test_bodies_that_cannot_be_read(page: Any, body: dict[str, Any]):
    assert page.refused("/api/position", **body)


def test_bodies_that_are_not_json(page: Any):
    for content, kind, status in [
        (b"{", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"\xff", "application/json", 400),
        (b'{"game": "nim", "setup": "\\ud800"}', "application/json", 422),
    ]:
        headers = {**page.headers, "content-type": kind}
        assert page.client.post("/api/position", content=content, headers=headers).status_code == status


def test_a_session_is_needed(page: Any):
    answer = page.client.post("/api/position", json={"game": "nim"}, headers={"x-honte-session": "unknown"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "unknown-session"
    assert page.client.post("/api/position", json={"game": "nim"}).status_code == 401

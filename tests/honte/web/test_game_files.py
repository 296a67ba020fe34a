"""Saved and loaded games: JSON, SGF, lists of moves; with variations and drawn positions."""

from __future__ import annotations

import json
from typing import Any

import pytest

TREE = {
    "move": None,
    "children": [
        {
            "move": "d3",
            "children": [{"move": "c3", "children": []}, {"move": "e3", "comment": "or so", "children": []}],
        },
        {"move": "c4", "children": []},
    ],
}


@pytest.mark.parametrize("form", ["json", "sgf"])
def test_a_tree_comes_back(page: Any, form: str):
    saved = page.ask("/api/save", game="othello", setup=None, tree=TREE, format=form, players=["Ann", "Bo"])
    assert saved["file_name"] == f"honte-othello.{form}"
    loaded = page.ask("/api/load", text=saved["text"], game=None)
    assert loaded["game"] == "othello"
    assert loaded["moves"] == ["d3", "c3"]
    assert loaded["players"] == ["Ann", "Bo"]

    def moves(node: dict[str, Any]) -> Any:
        return node["move"], [moves(child) for child in node["children"]]

    assert moves(loaded["tree"]) == moves(TREE)
    assert loaded["nodes"][0]["parent"] == -1
    assert "or so" in json.dumps(loaded["tree"])


@pytest.mark.parametrize(
    ("game", "moves"),
    [
        ("go:size=5", ["C3", "pass", "A1"]),
        ("gomoku:size=7", ["a1", "g7"]),
        ("hex:size=5", ["c3", "a2"]),
        ("othello:size=6", ["c2", "b2"]),
    ],
)
def test_sgf_of_every_game_that_has_it(page: Any, game: str, moves: list[str]):
    text = page.ask("/api/save", game=game, moves=moves, format="sgf")["text"]
    loaded = page.ask("/api/load", text=text)
    assert (loaded["game"], loaded["moves"], loaded["tree"]) == (game, moves, None)


def test_stones_that_are_set_up(page: Any):
    loaded = page.ask("/api/load", text="(;GM[1]SZ[5]KM[7]AB[aa][cc]PL[W];W[bb];B[dd])")
    here = page.ask("/api/position", game=loaded["game"], setup=loaded["setup"], moves=loaded["moves"])
    assert loaded["moves"] == ["B4", "D2"]
    assert sum(1 for code in here["cells"] if code) == 4
    again = page.ask("/api/save", game=loaded["game"], setup=loaded["setup"], moves=loaded["moves"], format="sgf")
    assert page.ask("/api/load", text=again["text"])["moves"] == ["B4", "D2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(;GM[1]SZ[5];W[cc];B[dd])", "move 1 is made by W, and it is the other player's turn"),
        ("(;GM[1]SZ[5];B[cc];B[dd])", "move 2 is made by B, and it is the other player's turn"),
        ("(;GM[1]SZ[5]HA[2];W[cc])", "does not say where they are"),
        ("(;GM[1]SZ[5];B[cc];AB[dd];W[aa])", "sets up stones after the first move"),
    ],
)
def test_sgf_that_would_be_read_as_another_game(page: Any, text: str, said: str):
    assert said in page.refused("/api/load", text=text)


def test_the_first_game_of_a_match(page: Any):
    lines = [json.dumps({"game": "nim", "moves": [move]}) for move in ("a1", "b3")]
    assert page.ask("/api/load", text="\n".join(lines))["moves"] == ["a1"]


def test_a_list_of_moves(page: Any):
    loaded = page.ask("/api/load", text="1. d d 2. c, e 1-0", game="connect_four")
    assert loaded["moves"] == ["d", "d", "c", "e"]


def test_games_that_honte_play_saved(page: Any):
    text = json.dumps(
        {"schema": 1, "game": "nim", "players": ["person", "perfect"], "moves": ["a1", "b3"], "actions": []}
    )
    assert page.ask("/api/load", text=text)["moves"] == ["a1", "b3"]


def test_a_long_line_of_one_game(page: Any):
    moves = [f"{c}{r}" for r in range(1, 20) for c in "abcdefghijklmnopqrs"]
    saved = page.ask("/api/save", game="tic_tac_toe:rows=19,columns=19,k=19", moves=moves[:300])
    assert len(page.ask("/api/load", text=saved["text"])["moves"]) == 300


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        '{"game": 3}',
        '{"game": "nim"}',
        '{"game": "nim", "moves": [1]}',
        '{"game": "nim", "moves": ["z9"]}',
        '{"game": "evil.py:game", "moves": []}',
        '{"game": "nim", "tree": []}',
        '{"game": "nim", "tree": {"children": 3}}',
        '{"game": "nim", "nodes": [{"parent": 0}]}',
        '{"game": "nim", "nodes": [{"parent": -1}, {"parent": 1, "move": "a1"}]}',
        "(;GM[99])",
        "(;GM[1]SZ[5];B[zz])",
        "(;GM[1]SZ[50])",
        "(((",
        "[" * 5000,
        '{"game":' * 3000,
    ],
)
def test_files_that_cannot_be_loaded(page: Any, text: str):
    assert page.refused("/api/load", text=text, game="nim")


def test_what_cannot_be_saved(page: Any):
    assert "no SGF" in page.refused("/api/save", game="nim", moves=["a1"], format="sgf")
    assert "format" in page.refused("/api/save", game="nim", moves=["a1"], format="pdf")
    assert page.refused("/api/save", game="nim", moves=["a9"])

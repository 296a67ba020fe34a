"""SGF: text into trees and back, files of games, and what is no SGF."""

from __future__ import annotations

import contextlib
import importlib.util
import random

import pytest

import honte
from games import Position, position
from honte.sgf import conversion, game_tree

GAMES = ("go:size=5", "go:size=9,komi=7.5", "othello:size=6", "gomoku:size=7", "hex:size=5")


def random_game(name: str, seed: int, plies: int) -> Position:
    chosen = random.Random(seed)
    here = position(name)
    while not here.is_over and len(here.moves) < plies:
        here = here.play(chosen.choice(here.legal_actions))
    return here


def reread(text: str) -> Position:
    record = conversion.from_sgf(text)
    here = position(record.game_name)
    for _, move in record.moves:
        here = here.play(move)
    return here


@pytest.mark.parametrize("name", GAMES)
def test_games_come_back(name: str) -> None:
    for seed in range(5):
        here = random_game(name, seed, 40)
        again = reread(conversion.to_sgf(here, players=("a]b\\", "c:d"), result="B+1"))
        assert again.moves == here.moves
        assert str(again) == str(here)


def test_the_file_of_a_small_game() -> None:
    here = honte.position("go:size=5").play("c3 d4 pass")
    assert conversion.to_sgf(here, players=("A", "B"), result="W+3", comments=["good", ""]) == (
        f"(;GM[1]FF[4]CA[UTF-8]AP[honte:{honte.__version__}]SZ[5]KM[7]RU[Tromp-Taylor]PB[A]PW[B]RE[W+3]\n"
        ";B[cc]C[good]\n;W[db]\n;B[]\n)\n"
    )


@pytest.mark.skipif(importlib.util.find_spec("sgfmill") is None, reason="sgfmill is not installed")
def test_another_reader_sees_the_same_game() -> None:
    from sgfmill import sgf as other

    for seed in range(10):
        here = random_game("go:size=5", seed, 30)
        read = other.Sgf_game.from_bytes(conversion.to_sgf(here, players=("b\\]", "w")).encode())
        assert read.get_size() == 5
        assert read.get_player_name("b") == "b\\]"
        moves = [node.get_move() for node in read.get_main_sequence()[1:]]
        for (colour, point), text, ply in zip(moves, here.line, range(len(moves)), strict=True):
            assert colour == "bw"[ply % 2]
            written = "pass" if point is None else f"{'ABCDEFGHJ'[point[1]]}{point[0] + 1}"
            assert written == text
        assert reread(read.serialise().decode()).moves == here.moves


def test_trees_with_variations_come_back() -> None:
    text = r"(;GM[1]C[a\]b\\c];B[aa](;W[bb];B[cc])(;W[dd]C[x](;B[ee])(;B[ff]))) trailing"
    trees = game_tree.parse(text)
    assert [node.parent for node in trees[0]] == [-1, 0, 1, 2, 1, 4, 4]
    assert trees[0][0].get("C") == "a]b\\c"
    assert game_tree.parse(game_tree.write(trees)) == trees
    line = [trees[0][i] for i in game_tree.main_line(node.parent for node in trees[0])]
    assert [node.get("B") or node.get("W") for node in line][1:] == ["aa", "bb", "cc"]


def test_collections_old_names_and_line_breaks() -> None:
    trees = game_tree.parse("\n some words (;GaMe[1]\n B [aa]\t[bb]C[one\\\ntwo\r\nthree]) (;GM[2])")
    assert len(trees) == 2
    assert trees[0][0].properties == {"GM": ["1"], "B": ["aa", "bb"], "C": ["onetwo\nthree"]}


def test_encodings() -> None:
    assert game_tree.parse("(;C[本手])".encode())[0][0].get("C") == "本手"
    assert game_tree.parse("(;CA[Shift_JIS]C[本手])".encode("shift_jis"))[0][0].get("C") == "本手"
    assert game_tree.parse(b"(;C[\xff\xfe])")[0][0].get("C") == "ÿþ"
    assert game_tree.parse(b"(;CA[no-such]C[a])")[0][0].get("C") == "a"


def test_depth_costs_nothing() -> None:
    depth = 20_000
    trees = game_tree.parse("(;B[aa]" * depth + ")" * depth)
    assert len(trees[0]) == depth
    assert game_tree.parse(game_tree.write(trees)) == trees


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no game"),
        ("hello", "no game"),
        ("(;B[aa]", "a \\) is missing"),
        ("(;B[aa)", "no end"),
        ("(;B)", "no value"),
        ("(;B[aa](W[bb]))", "outside of a node"),
        ("(;B[aa]())", "unexpected"),
        ("(;B[aa]((;W[bb])))", "without a node"),
        ("(;B[aa]%)", "unexpected '%'"),
    ],
)
def test_what_is_no_sgf(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        game_tree.parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(;GM[6])", "GM\\[6\\]"),
        ("(;GM[x])", "not a whole number"),
        ("(;GM[1]SZ[9:7])", "not a square board"),
        ("(;GM[1]SZ[5]KM[x];B[aa])", "KM"),
        ("(;GM[1]SZ[5];B[zz])", "not a point"),
        ("(;GM[1]SZ[5];B[aa];AB[zz])", "'zz' is not a point"),
    ],
)
def test_files_that_are_no_games_of_ours(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        conversion.from_sgf(text)


def test_random_bytes_never_break_the_reader() -> None:
    chosen = random.Random(5)
    pieces = [
        "(",
        ")",
        ";",
        "B",
        "[",
        "]",
        "aa",
        "\\",
        "GM[1]",
        "SZ[9]",
        ":",
        "\n",
        "\x00",
        "é",
        "AB[aa:cc]",
        "KM[7]",
        "W[]",
    ]
    good = 0
    for _ in range(3000):
        text = "(;" + "".join(chosen.choices(pieces, k=chosen.randrange(30))) + ")" * chosen.randrange(2)
        try:
            trees = game_tree.parse(text.encode())
        except ValueError:
            continue
        good += 1
        assert game_tree.parse(game_tree.write(trees)) == trees
        with contextlib.suppress(ValueError):
            conversion.from_sgf(text)
    assert good > 100

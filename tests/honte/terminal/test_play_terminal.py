"""``honte play`` as a person sees it: in pseudo-terminals of several widths, and over a dumb pipe."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from games import position
from honte.drawing.terminal import draw_position

ROOT = Path(__file__).resolve().parents[3]
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")
"""An escape sequence that sets a colour."""

pytestmark = pytest.mark.slow  # each test starts a program in a terminal of its own

Start = Callable[..., Any]
Clean = Callable[[str], str]
PROMPT = "your move (x): "
END = "new, undo, side, save FILE or quit: "


def longest(text: str) -> int:
    return max(map(len, text.splitlines()))


def legal_moves(play: Any, without_escapes: Clean) -> list[str]:
    return re.findall(r"\b[abc][123]\b", without_escapes(play.type("legal", PROMPT)))


@pytest.mark.parametrize("columns", [40, 120])
def test_an_evening_against_rollouts(terminal: Start, without_escapes: Clean, columns: int) -> None:
    """A whole game with analysis, undo, redo, save and load, and a resignation; nothing is wider than the terminal."""
    play = terminal("play mcts:50 --game tic_tac_toe --seed 1", columns=columns)
    play.expect(PROMPT)
    table = without_escapes(play.type("analysis 200", PROMPT))
    assert ("variation" in table) == (columns == 120)
    assert len(re.findall(r"^[abc][123] +\d+ +\d+\.\d% +\S+ +\S+", table, re.MULTILINE)) == 9
    first = play.type("b2", PROMPT)
    assert re.search(r"\[o\]", without_escapes(first))  # the last move is marked
    assert COLOUR.search(first)
    assert "did you mean the command help?" in " ".join(without_escapes(play.type("hepl", PROMPT)).split())
    assert "3 . . .\n2 . . .\n1 . . ." in without_escapes(play.type("undo", PROMPT))
    assert "[o]" in without_escapes(play.type("redo", PROMPT))
    play.type("save game.json", PROMPT)
    assert "[" not in without_escapes(play.type("new", PROMPT))
    assert "[o]" in without_escapes(play.type("load game.json", PROMPT))
    while not (shown := play.type(legal_moves(play, without_escapes)[0], PROMPT, END)).endswith(END):
        assert "mcts:50 played " in without_escapes(shown)
    assert re.search(r"(You win|mcts:50 wins|A draw)\.", without_escapes(shown))
    play.type("undo", PROMPT)
    assert "mcts:50 wins." in play.type("resign", END)
    assert play.close() == 0
    assert longest(without_escapes(play.output)) <= columns


def test_a_game_against_the_shipped_network(terminal: Start, without_escapes: Clean) -> None:
    """The person loses; while the network thinks, a status line shows how far it is."""
    play = terminal("play connect_four --seed 1 --simulations 40")
    play.expect(PROMPT)
    table = without_escapes(play.type("analysis 900", PROMPT))
    assert "win rate of x: " in table
    assert re.search(r"connect_four\?simulations=40: [\d,]+ of 900 simulations, win rate \d+%", play.output)
    for move in "abgafgcab":
        shown = play.type(move, PROMPT, END)
        assert "is not legal" not in shown
        if shown.endswith(END):
            break
        assert "connect_four?simulations=40 played " in shown
    assert "connect_four?simulations=40 wins." in shown
    assert play.close() == 0
    assert longest(without_escapes(play.output)) <= 80


@pytest.mark.parametrize("setting", ["NO_COLOR", "TERM"])
def test_colours_degrade(terminal: Start, without_escapes: Clean, setting: str) -> None:
    """NO_COLOR leaves bold; a dumb terminal gets no escape sequence at all, and its width is still known."""
    environment = {"NO_COLOR": "1"} if setting == "NO_COLOR" else {"TERM": "dumb"}
    play = terminal("play random --game tic_tac_toe --seed 1", columns=40, **environment)
    play.expect(PROMPT)
    assert "[o]" in without_escapes(play.type("b2", PROMPT))
    play.type("hint", PROMPT)
    assert play.close() == 0
    assert not COLOUR.search(play.output)
    assert ("\x1b" in play.output) == (setting == "NO_COLOR")
    assert longest(without_escapes(play.output)) <= 40


def test_without_a_player_it_lists_and_asks(terminal: Start, without_escapes: Clean) -> None:
    play = terminal("play", columns=40)
    ask = "any player's text): "
    shown = without_escapes(play.expect(ask))
    assert all(name in shown for name in ("connect_four", "mcts:400", "minimax:5", "perfect", "random", "person"))
    assert "The games are amazons," in shown
    assert "there is no player 77; the list has" in " ".join(without_escapes(play.type("77", ask)).split())
    assert "mean perfect?" in without_escapes(play.type("prefect", ask))
    number = re.search(r"(\d+)  person", shown)
    assert number is not None
    play.type(number[1], "game (such as hex:size=7): ")
    assert "did you mean hex?" in " ".join(play.type("hexx", "game (such as hex:size=7): ").split())
    assert "1 . .\n2 . .\n  a b" in without_escapes(play.type("hex:size=2", "move of x: "))
    for move in ("a1", "b1"):
        play.type(move, "move of ")
    assert "x wins." in without_escapes(play.type("a2", END))
    assert play.close() == 0


def test_leaving_the_list_is_no_error(terminal: Start) -> None:
    play = terminal("play --game hex:size=3")
    shown = play.expect("any player's text): ")
    assert "connect_four" not in shown  # it plays another game
    assert play.close() == 0
    assert "Goodbye." in play.output


def honte(text: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command with ``text`` on a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "honte", *words], input=text, capture_output=True, text=True, timeout=300, cwd=folder
    )


def test_a_pipe_without_a_player_gets_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = honte("connect_four\n", "play", folder=tmp_path)
    assert done.returncode == 2
    assert re.search("connect_four +the network that ships with honte", done.stdout)
    assert done.stderr.startswith("honte play: PLAYER is missing; ")
    assert len(done.stderr.splitlines()) == 1


def test_a_whole_game_over_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    moves = "\n".join(["analysis 60", *"abgafgcabgfe", "moves", "quit"])
    done = honte(moves, "play", "connect_four", "--simulations", "20", "--seed", "1", folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert "win rate of x: " in done.stdout
    assert "connect_four?simulations=20 wins." in done.stdout


def test_a_board_that_is_too_wide_is_drawn_without_gaps() -> None:
    here = position("gomoku:size=19").play("a1 s19")
    wide, narrow = str(draw_position(here, 80)), str(draw_position(here, 40))
    assert "[o]" in wide
    assert longest(narrow) <= 40
    lines = narrow.splitlines()
    assert lines[0] == "19 " + "." * 18 + "o"
    assert lines[-2:] == ["last move s19", "x to play"]

"""``honte ugi``: the conversation that the protocol has, and a match of honte with itself through two pipes."""

from __future__ import annotations

import io
import json
import shlex
import sys
import threading
from pathlib import Path

import pytest

from agent.players import player
from games import make
from honte.__main__ import main
from honte.gtp import Input
from honte.ugi import Ugi


class Silent(io.BytesIO):
    """A manager that waits for an answer: nothing comes, and no end either."""

    def read(self, size: int | None = -1) -> bytes:
        threading.Event().wait()
        return b""


def talk(game: str, text: str, *lines: str) -> list[str]:
    """What a player says to ``lines``, each answered before the next arrives."""
    said: list[str] = []
    rules = make(game)
    ugi = Ugi(rules, player(text, rules, num_slots=1), text, Input(Silent()), said.append)
    for line in lines:
        ugi.obey(line.encode())
    return "".join(said).splitlines()


def test_the_conversation_of_the_protocol() -> None:
    said = talk("tic_tac_toe", "minimax:9", "ugi", "isready", "uginewgame", "position startpos", "query p1turn")
    assert said[0].startswith("id name honte ")
    assert said[2:] == ["ugiok", "readyok", "response true"]
    asked = ("position startpos moves a1 b1 a2 b2", "query p1turn", "query result", "go movetime 1000")
    assert talk("tic_tac_toe", "minimax:9", *asked)[-1] == "bestmove a3"
    asked = ("position startpos moves a1 b1 a2 b2", "position startpos moves a1 b1 a2 b2 a3", "query gameover")
    assert talk("tic_tac_toe", "random", *asked, "query result", "go nodes 5") == [
        "response true",
        "response p1win",
        "bestmove 0000",
    ]


def test_a_search_keeps_to_its_limits() -> None:
    few = talk("connect_four", "mcts:5000", "position startpos", "go nodes 40")
    assert few[-2].startswith("info nodes 4")
    assert few[-1].split()[0] == "bestmove"
    clock = talk("connect_four", "mcts:50", "go p1time 100 p2time 100 p1inc 0 p2inc 0")
    assert clock[-1].startswith("bestmove ")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("position fen 9/9", "position startpos moves"),
        ("position startpos moves z9", "z9"),
        ("go nodes many", "each with a whole number"),
        ("query weather", "query one of"),
        ("dance", "unknown command"),
        ("\xff\xfe", "unknown command"),
    ],
)
def test_what_cannot_be_had_is_said(line: str, sentence: str) -> None:
    (said,) = talk("tic_tac_toe", "random", line)
    assert said.startswith("info string ")
    assert sentence in said
    assert talk("tic_tac_toe", "random", line, "isready")[-1] == "readyok"


def test_honte_plays_honte_through_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", str(clone))
    monkeypatch.chdir(tmp_path)
    engine = shlex.join([sys.executable, "-m", "honte", "ugi", "minimax:9", "--game", "tic_tac_toe"])
    words = ["match", f"ugi:engines=1 {engine}", "random", "--game", "tic_tac_toe", "--games", "6", "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["forfeits"] == []
    assert result["losses"] == 0

"""``honte ugi``: the conversation that the protocol has, and a match of honte with itself through two pipes."""

from __future__ import annotations

import io
import json
import random
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.players import make_player
from games import make
from honte.__main__ import main
from honte.protocols.gtp.framing import LineReader
from honte.protocols.ugi import UgiCommandLoop


class Silent(io.BytesIO):
    """A manager that waits for an answer: nothing comes, and no end either."""

    def read(self, size: int | None = -1) -> bytes:
        threading.Event().wait()
        return b""


def talk(game: str, text: str, *lines: str) -> list[str]:
    """What a player says to ``lines``, each answered before the next arrives."""
    said: list[str] = []
    rules = make(game)
    ugi = UgiCommandLoop(rules, make_player(text, rules, num_slots=1), text, LineReader(Silent()), said.append)
    for line in lines:
        ugi.run_line(line.encode())
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
        ("go nodes many", "a whole number must follow nodes"),
        ("query weather", "write query and one of"),
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
    clone = Path(__file__).resolve().parents[3]
    monkeypatch.setenv("PYTHONPATH", str(clone))
    monkeypatch.chdir(tmp_path)
    engine = shlex.join([sys.executable, "-m", "honte", "ugi", "minimax:9", "--game", "tic_tac_toe"])
    words = ["match", f"ugi:engines=1 {engine}", "random", "--game", "tic_tac_toe", "--games", "6", "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["forfeits"] == []
    assert result["losses"] == 0


def stream(game: str, text: str, content: bytes) -> list[str]:
    """What a player says to an input that is there at once and then ends."""
    said: list[str] = []
    rules = make(game)
    source = LineReader(io.BytesIO(content), returns_end_lines=True)
    UgiCommandLoop(rules, make_player(text, rules, num_slots=1), text, source, said.append).run()
    return "".join(said).splitlines()


def best_moves(said: list[str]) -> int:
    return sum(line.startswith("bestmove ") for line in said)


def test_a_limited_search_finishes_at_the_end_of_the_input() -> None:
    said = stream("connect_four", "mcts:500", b"position startpos\ngo nodes 400\n")
    assert said[0].startswith("info nodes 401 ")
    assert said[1].startswith("bestmove ")


def test_lines_during_a_search_are_answered_after_it() -> None:
    lines = (
        b"go nodes 100\nposition startpos moves d\nisready\nquery p1turn\ngo nodes 50\nquery result\nquery weather\n"
    )
    said = stream("connect_four", "mcts:500", lines)
    assert said[0] == "readyok"  # at once, also during the search
    assert said[1].startswith("info nodes 101 ")
    assert said[2].startswith("bestmove ")
    assert said[3] == "response false"
    assert said[4].startswith("info nodes 51 ")
    assert said[6] == "response none"
    assert said[7].startswith("info string write query and one of")


@pytest.mark.parametrize("name", ["mcts:50", "random", "minimax:2"])
@pytest.mark.parametrize("rest", [b"", b"stop\n", b"quit\n", b"query p1turn\nstop\nquery p1turn\n"])
def test_an_infinite_search_ends_with_a_move(name: str, rest: bytes) -> None:
    said = stream("tic_tac_toe", name, b"go infinite\n" + rest)
    assert best_moves(said) == 1
    assert said.count("response true") == rest.count(b"query")
    assert "response true" not in said[:1]


def test_a_stop_belongs_to_the_search_before_it() -> None:
    said = stream("tic_tac_toe", "mcts:50", b"go nodes 40\ngo infinite\nstop\ngo nodes 30\nquery p1turn\n")
    assert best_moves(said) == 3
    assert said[0].startswith("info nodes 41 ")
    assert said[-1] == "response true"


@pytest.mark.parametrize("name", ["mcts:20", "random"])
def test_an_infinite_search_waits_for_stop(name: str) -> None:
    """Also where there is nothing left to think about, and where the game is over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "honte", "ugi", name, "--game", "tic_tac_toe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for moves, best in (("moves a1 b1 a2 b2", "bestmove "), ("moves a1 b1 a2 b2 a3", "bestmove 0000")):
            print(f"position startpos {moves}\ngo infinite", file=process.stdin, flush=True)
            for _ in range(20):  # the search goes on however often it is asked whether it lives
                print("isready", file=process.stdin, flush=True)
                line = process.stdout.readline()
                while line.startswith("info "):
                    line = process.stdout.readline()
                assert line == "readyok\n"
            print("stop", file=process.stdin, flush=True)
            line = process.stdout.readline()
            while line.startswith("info "):
                line = process.stdout.readline()
            assert line.startswith(best)
        print("go infinite", file=process.stdin, flush=True)
        process.stdin.close()
        assert process.stdout.readline().startswith("bestmove ")
        assert process.wait(60) == 0


def test_words_of_other_protocols_are_passed_over() -> None:
    said = stream("tic_tac_toe", "mcts:20", b"go wtime x nodes 30 p1time -5 ponder\ngo nodes 99999999999999\n")
    assert [line.split()[3] for line in said if line.startswith("info string go ")] == ["wtime", "x", "ponder"]
    assert best_moves(said) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n", ""])
def test_any_byte_order_mark_and_line_end_is_read(encoding: str, end: str) -> None:
    lines = "isready\nposition startpos moves a1\nquery p1turn"
    said = stream("tic_tac_toe", "random", (lines.replace("\n", end or "\n") + end).encode(encoding))
    assert said == ["readyok", "response false"]


def test_any_dialogue_ends_with_a_move_for_every_search() -> None:
    rules = make("tic_tac_toe")
    engine = make_player("mcts:20", rules, num_slots=1)
    pieces = ["go nodes 9", "go infinite", "go movetime 1", "stop", "isready", "query p1turn", "position startpos"]
    pieces += ["position startpos moves a1 b1", "go", "dance", "", "uginewgame", "go nodes x", "go depth 3 infinite"]
    for seed in range(200):
        lines = random.Random(seed).choices(pieces, k=8)
        said: list[str] = []
        source = LineReader(io.BytesIO("\n".join(lines).encode()), returns_end_lines=True)
        UgiCommandLoop(rules, engine, "mcts:20", source, said.append).run()
        answers = "".join(said).splitlines()
        searches = sum(line.startswith("go") and line != "go nodes x" for line in lines)
        assert best_moves(answers) == searches, lines
        assert answers.count("readyok") == lines.count("isready")
        assert sum(line.startswith("response ") for line in answers) == lines.count("query p1turn")

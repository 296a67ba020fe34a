"""Players are tried before the first game: who cannot play ends the command with a sentence, and nothing is stored."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from honte.__main__ import main

ENGINE = '''\
"""An engine of tic-tac-toe that takes the first free cell, unless it is told how to fail."""
import sys, time
fault = sys.argv[1] if len(sys.argv) > 1 else ""
if fault == "exit":
    sys.exit("no licence")
if fault == "hang":
    time.sleep(60)
if fault == "start":
    open("started", "a").write("x")
cells = [c + r for r in "321" for c in "abc"]
played, moves = [], 0
for line in sys.stdin:
    words = line.split()
    command = words[0] if words else ""
    answer = "="
    if fault == "garbage":
        print("good morning", flush=True)
        continue
    if command == "list_commands" and fault != "dumb":
        answer = "= play\\ngenmove"
    elif command == "boardsize" and fault == "size":
        answer = "? unacceptable size"
    elif command == "clear_board":
        played = []
    elif command == "play":
        played.append(words[2])
    elif command == "genmove" and fault != "dumb":
        moves += 1
        if fault == "later" and moves > 3:
            sys.exit("out of luck")
        move = next(cell for cell in cells if cell not in played)
        played.append(move)
        answer = {"go": "= Q16", "resign": "= resign"}.get(fault, "= " + move)
    print(answer + "\\n", flush=True)
'''

UGI = """\
import sys
for line in sys.stdin:
    answer = {"ugi": "ugiok", "isready": "readyok", "go": "bestmove q9"}.get(line.split()[0])
    if answer:
        print(answer, flush=True)
"""

NO_PROGRAM = "'gtp:nosuchprogram' cannot play tic_tac_toe: 'nosuchprogram' cannot be started: No such file"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("engine.py").write_text(ENGINE)
    Path("ugi.py").write_text(UGI)
    Path("plain.txt").write_text("no program")


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(words) == code
    return capsys.readouterr().err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence that the command ends with; it has stored nothing."""
    before = files()
    err = run(capsys, *words, code=2)
    assert err.count("\n") == 1
    assert files() == before
    return err


def engine(fault: str = "") -> str:
    return f"'{sys.executable}' engine.py {fault}".strip()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gtp:nosuchprogram", "'nosuchprogram' cannot be started: No such file"),
        ("gtp:./plain.txt", "cannot be started: Permission denied"),
        ("gtp:'unclosed", "cannot be read as a command"),
        ("gtp:PYTHON engine.py exit", "the engine ended (exit code 1) at 'list_commands'; it said: no licence"),
        ("gtp:seconds=1 PYTHON engine.py hang", "no reply to 'list_commands' within 1 seconds"),
        ("gtp:PYTHON engine.py garbage", "'list_commands' was answered with 'good morning'"),
        ("gtp:PYTHON engine.py dumb", "it answered genmove with '', which is no move of tic_tac_toe"),
        ("gtp:PYTHON engine.py go", "it answered genmove with 'Q16', which is no move of tic_tac_toe"),
        ("ugi:nosuchprogram", "'nosuchprogram' cannot be started"),
        ("ugi:PYTHON ugi.py", "its best move is 'q9'"),
        ("ugi:seconds=1 PYTHON engine.py", "no reply to 'ugi' within 1 seconds"),
    ],
)
def test_an_engine_that_cannot_play(capsys: pytest.CaptureFixture[str], text: str, sentence: str) -> None:
    text = text.replace("PYTHON", f"'{sys.executable}'")
    err = refused(capsys, "match", text, "random", "--game", "tic_tac_toe", "--games", "4")
    assert f"{text!r} cannot play tic_tac_toe: " in err
    assert sentence in err


def test_an_engine_that_refuses_the_board_size(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, "match", "random", f"gtp:{engine('size')}", "--game", "go:size=5", "--games", "4")
    assert "it refuses 'boardsize 5': unacceptable size" in err


@pytest.mark.parametrize(
    "words",
    [
        "match random gtp:nosuchprogram --games 4",
        "match random gtp:nosuchprogram --sprt 0 50",
        "match random gtp:nosuchprogram --out here --fresh",
        "tournament random gtp:nosuchprogram mcts:5",
        "play gtp:nosuchprogram",
        "grade gtp:nosuchprogram --make positions.jsonl --count 5",
    ],
)
def test_every_command_tries_its_players(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert NO_PROGRAM in refused(capsys, *words.split(), "--game", "tic_tac_toe")


def test_a_refused_match_moves_nothing_aside(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", "mcts:5", "random", "--game", "tic_tac_toe", "--games", "4", "--out", "here")
    run(capsys, *words)
    refused(capsys, "match", "gtp:nosuchprogram", "random", *words[3:], "--fresh")


def test_perfect_must_answer_for_the_openings(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", "random", "perfect", "--games", "2", "--game")
    assert "there are solvers for" in refused(capsys, *words, "gomoku")
    assert "begin from longer openings" in refused(capsys, *words, "othello:size=6")
    assert "begin from longer openings" in refused(capsys, "play", "perfect", "--game", "othello:size=6")


def test_an_engine_that_dies_later_forfeits(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", f"gtp:engines=1 {engine('later')}", "random", "--game", "tic_tac_toe", "--games", "8")
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0 < len(found["forfeits"]) < 8
    assert all("out of luck" in each["reason"] for each in found["forfeits"])
    assert run(capsys, "match", f"gtp:{engine('resign')}", *words[2:]) == ""


def test_a_stopped_match_goes_on_and_a_whole_one_needs_no_engine(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", f"gtp:{engine('start')}", "random", "--game", "tic_tac_toe", "--games", "8", "--out", "here")
    run(capsys, *words)
    games = Path("here/games.jsonl")
    whole = games.read_bytes()
    Path("started").unlink()
    run(capsys, *words)
    assert not Path("started").exists()
    games.write_bytes(b"".join(whole.splitlines(keepends=True)[:5]) + b'{"torn')
    run(capsys, *words)
    assert len(games.read_bytes().splitlines()) == 8
    games.write_bytes(b"".join(whole.splitlines(keepends=True)[:5]))
    kept = games.read_bytes()
    Path("engine.py").unlink()
    assert "cannot play tic_tac_toe: the engine ended" in run(capsys, *words, code=2)
    assert games.read_bytes() == kept


def test_a_whole_tournament_needs_no_engine(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("tournament", f"gtp:{engine('start')}", "random", "--game", "tic_tac_toe", "--games", "4")
    run(capsys, *words)
    Path("engine.py").unlink()
    run(capsys, *words)
    assert "cannot play tic_tac_toe: the engine ended" in run(capsys, *words[:-1], "6", code=2)


def test_an_engine_is_graded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", f"gtp:{engine()}", "--game", "tic_tac_toe", "--make", "few", "--count", "20", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]
    assert found["mistakes"] > 0
    err = run(capsys, "grade", f"gtp:{engine('later')}", "--game", "tic_tac_toe", "--positions", "few", code=2)
    assert "out of luck" in err


def test_an_engine_is_no_judge(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("match", "random", "mcts:5", "--judge", f"gtp:{engine()}", "--game", "tic_tac_toe", "--games", "4")
    assert "an engine from outside cannot judge openings" in refused(capsys, *words)


def test_python_is_told_as_well() -> None:
    import honte

    with pytest.raises(ValueError, match="'gtp:nosuchprogram' cannot play tic_tac_toe"):
        honte.match("random", "gtp:nosuchprogram", "tic_tac_toe", games=2)

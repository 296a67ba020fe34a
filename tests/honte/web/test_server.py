"""``honte web`` as a process: its address, its port, Ctrl-C, a kill and a new start, an engine, a user's own game."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from honte.web.server import FIRST_PORT, can_open_browser, open_socket

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def server(*arguments: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server and its address; it is killed at the end."""
    command = [sys.executable, "-m", "honte", "web", "--no-browser", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("honte web: http://"), line + (process.stderr.read() if process.stderr else "")
        yield process, line.split()[2].rstrip("/")
    finally:
        process.kill()
        process.communicate()


def session(address: str) -> dict[str, str]:
    return {"x-honte-session": httpx.post(f"{address}/api/sessions", timeout=120).json()["session"]}


@pytest.mark.skipif(os.name != "posix", reason="Windows has another Ctrl-C")
def test_ctrl_c_ends_it_with_0(tmp_path: Path):
    with server("--port", "0", folder=tmp_path) as (process, address):
        headers = session(address)
        body = {"game": "tic_tac_toe", "player": "rollouts", "strength": 0}
        with httpx.stream("POST", f"{address}/api/analysis", json=body, headers=headers, timeout=60) as answer:
            for line in answer.iter_lines():  # an analysis runs when Ctrl-C comes
                if line.startswith("data"):
                    break
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_killed_and_started_again(tmp_path: Path):
    with server("--port", "0", folder=tmp_path) as (process, address):
        headers, boot = session(address), httpx.get(f"{address}/healthz").json()["boot"]
        process.kill()
        process.wait()
    port = address.rpartition(":")[2]
    with server("--port", port, folder=tmp_path) as (_, again):
        assert again == address
        assert httpx.get(f"{address}/healthz").json()["boot"] != boot
        body = {"game": "nim", "moves": ["a1"]}
        answer = httpx.post(f"{address}/api/position", json=body, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "unknown-session"
        assert httpx.post(f"{address}/api/position", json=body, headers=session(address)).json()["line"] == ["a1"]


def test_two_at_once(tmp_path: Path):
    with server("--port", "0", folder=tmp_path) as (_, address):
        port = address.rpartition(":")[2]
        command = [sys.executable, "-m", "honte", "web", "--no-browser", "--port", port]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        second = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
    assert second.returncode == 2
    assert second.stderr.startswith(f"honte web: --port {port}: ")
    assert second.stderr.count("\n") == 1


def test_a_taken_port_is_passed_over():
    first, second = open_socket("127.0.0.1", None), open_socket("127.0.0.1", None)
    with contextlib.closing(first), contextlib.closing(second):
        ports = first.getsockname()[1], second.getsockname()[1]
    assert FIRST_PORT <= ports[0] < ports[1]


def test_no_display_means_no_browser(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not can_open_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    assert can_open_browser()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "needs --token"),
        (["nosuchplayer"], "nosuchplayer"),
        (["--game", "missing.py:game"], "missing.py"),
        (["--run", "nowhere"], "nowhere"),
        (["--port", "99999"], "--port"),
    ],
)
def test_mistakes_on_the_command_line(arguments: list[str], sentence: str, tmp_path: Path):
    command = [sys.executable, "-m", "honte", "web", "--no-browser", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


GAME = """
import numpy as np
from games import from_rules
from games.board import Board
from games.game import ONGOING

STATE = np.dtype([("left", np.int8), ("to_play", np.int8)])


def init(s):
    s["left"] = 5


def legal_actions(s, legal):
    for a in range(2):
        legal[a] = s["left"] > a


def step(s, a):
    s["left"] -= a + 1
    s["to_play"] = 1 - s["to_play"]


def outcome(s):
    return ONGOING if s["left"] else -1


def observe(s, planes):
    for i in range(s["left"]):
        planes[0, 0, i] = 1


game = from_rules(
    name="five",
    state=STATE,
    num_actions=2,
    observation_shape=(1, 1, 5),
    max_plies=5,
    init=init,
    legal_actions=legal_actions,
    step=step,
    outcome=outcome,
    observe=observe,
    draw=lambda s: np.array([[1 if i < s["left"] else 0 for i in range(5)]], np.int8),
    write_action=lambda a: str(a + 1),
    board=Board(1, 5),
)
"""


def test_a_game_and_an_engine_of_the_command_line(tmp_path: Path):
    (tmp_path / "five.py").write_text(GAME)
    engine = f"ugi:{sys.executable} -m honte ugi random --game tic_tac_toe"
    with server(engine, "--game", "five.py:game", "--port", "0", folder=tmp_path) as (_, address):
        headers = session(address)
        catalogue = httpx.get(f"{address}/api/catalogue", timeout=120).json()
        own = next(game for game in catalogue["games"] if game["id"].startswith("file:"))
        assert own["id"] == "file:five"
        assert own["default_player"] == "rollouts"
        assert str(tmp_path) not in str(catalogue)
        assert ".py" not in str(own)

        def post(path: str, **body: object) -> httpx.Response:
            return httpx.post(f"{address}{path}", json=body, headers=headers, timeout=120)

        here = post("/api/position", game="file:five", moves=["2"]).json()
        assert [move["move"] for move in here["legal"]] == ["1", "2"]
        assert all(len(move["steps"]) == 1 for move in here["legal"])
        for player in ("rollouts", "random", "minimax"):
            answer = post("/api/move", game="file:five", moves=["2"], player=player, strength=4)
            assert answer.json()["move"] in ("1", "2"), answer.text
        saved = post("/api/save", game="file:five", moves=["2", "1"]).json()
        assert post("/api/load", text=saved["text"]).json()["moves"] == ["2", "1"]
        moves = ["b2", "a1"]
        answer = post("/api/move", game="tic_tac_toe", moves=moves, player="given0")
        legal = post("/api/position", game="tic_tac_toe", moves=moves).json()["legal"]
        assert answer.json()["move"] in [move["move"] for move in legal], answer.text
        text = str(
            post("/api/setup", game="tic_tac_toe", text="3 x . .\n2 . o .\n1 . . .\n  a b c").json()["setup_text"]
        )
        refused = post("/api/move", game="tic_tac_toe", setup=text, moves=[], player="given0")
        assert "reads moves" in refused.json()["detail"]

"""``honte perft`` where it takes long: what it will take, the smaller depths as they finish, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from honte.__main__ import main
from honte.cli.commands.tools import perft
from honte.command_line import format_duration

ROOT = Path(__file__).resolve().parents[3]


def test_a_long_count_shows_the_depths_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perft, "LONG", 50_000.0)
    assert main(["perft", "connect_four", "7"]) == 0
    out, err = capsys.readouterr()
    assert out == "823536\n"
    lines = err.splitlines()
    assert lines[0].startswith("connect_four has about ")
    assert [line.partition(":")[0] for line in lines[1:]] == [f"depth {depth}" for depth in range(1, 8)]
    assert lines[6].startswith("depth 6: 117,649 sequences in ")
    assert "; depths 7 to 7 take about " in lines[6]


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX systems")
def test_a_long_count_can_be_interrupted() -> None:
    # A shell starts a background job with SIGINT ignored, and its children inherit that: restore the default.
    restore = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = ["-m", "honte", "perft", "tic_tac_toe:rows=6,columns=6,k=6", "30"]
    process = subprocess.Popen(
        [sys.executable, "-c", restore, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "sequences of 30 actions; Ctrl-C stops" in first
    while "depth 3" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err.endswith("\ninterrupted\n")
    assert "Traceback" not in err


def test_durations() -> None:
    assert [format_duration(s) for s in (0.04, 90, 180, 3600 * 5, 86400 * 3, 1e9, 1e20)] == [
        *("0.0 seconds", "90 seconds", "3 minutes", "5 hours", "3 days", "32 years", "3e+12 years"),
    ]

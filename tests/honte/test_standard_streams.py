"""Commands run where a standard stream is closed, full or a broken pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HONTE = f"{sys.executable} -m honte"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the shell closes streams in POSIX's way")


def run(line: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of the line; HONTE stands for the program."""
    words = ["/bin/sh", "-c", line.replace("HONTE", HONTE)]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONUNBUFFERED": ""}
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("HONTE --help >&-", 0),
        ("HONTE --version <&- >&- 2>&-", 0),
        ("HONTE perft tic_tac_toe 1 <&- >&-", 0),
        ("HONTE gtp random --game tic_tac_toe <&-", 0),
        ("HONTE nosuch >&-", 2),
    ],
)
def test_a_closed_stream_is_like_the_null_device(line: str, code: int) -> None:
    done = run(line)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert (code == 0) == (done.stderr == "")


def test_an_error_does_not_go_to_the_output_where_the_error_stream_is_closed() -> None:
    done = run("HONTE nosuch 2>&-")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_file_that_is_opened_does_not_take_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    program = "import honte.standard_streams as s; s.open_closed_streams(); print(open('file', 'w').fileno() > 2)"
    done = subprocess.run(
        ["/bin/sh", "-c", f'{sys.executable} -c "{program}" <&- 2>&-'],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_output_is_one_sentence() -> None:
    done = run("HONTE --help >/dev/full")
    assert done.returncode == 2
    assert done.stderr == "honte --help: standard output: No space left on device\n"


def test_nobody_reads_on() -> None:
    assert run("HONTE --help | head -1").stderr == ""

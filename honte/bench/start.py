"""How long honte takes to start: to import it, to play a short match, and to the prompt of a game in the terminal.

Each start is a process of its own, and the first of each kind is not timed, because it may compile. The seconds are
those of the clock on the wall, since a person waits for them.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from agent import weights
from honte.bench.setup import BenchSetup
from honte.bench.turns import Row

PACKAGES = ("numpy", "numba", "torch")
"""The packages whose import takes most of a start."""

PROMPT = b"your move"


class Start(NamedTuple):
    """The seconds of one start."""

    wall: float  # to the text that was waited for, or to the end of the process
    processor: float  # of the whole process; 0 where the system does not tell
    errors: str  # what the process wrote to stderr


def start_process(arguments: Sequence[str], *, until: bytes = b"", commands: bytes = b"") -> Start:
    """Run Python with ``arguments`` until its output contains ``until``; then send it ``commands`` and wait for it.

    RuntimeError for a process that fails or never prints ``until``.
    """
    before, begun = os.times(), time.perf_counter()
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile() as errors:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [sys.executable, *arguments], stdin=pipe, stdout=pipe, stderr=errors, env=environment
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            shown = b""
            while until and until not in shown and (more := os.read(process.stdout.fileno(), 1 << 16)):
                shown += more
            reached = time.perf_counter()
            process.communicate(commands)
        ended, after = time.perf_counter(), os.times()
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    if process.returncode != 0 or until not in shown:
        raise RuntimeError(f"python {' '.join(arguments)} failed: {text.strip()}")
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Start((reached if until else ended) - begun, processor, text)


def import_seconds(report: str) -> dict[str, float]:
    """{package: seconds} of ``PACKAGES``, from what ``python -X importtime`` wrote.

    A package that imports another one first, as numba imports numpy, has its time as well.
    """
    found = re.findall(r"^import time:\s*\d+ \|\s*(\d+) \|\s*(\S+)\s*$", report, re.MULTILINE)
    return {name: int(microseconds) / 1e6 for microseconds, name in found if name in PACKAGES}


def measure_start(bench: BenchSetup) -> Iterator[Row]:
    """The rows of imports are those of the last command. A game without a network that ships is played by mcts only."""
    name = bench.game.name
    with tempfile.TemporaryDirectory() as folder:
        match = [
            "match",
            "mcts:100",
            "random",
            "--game",
            name,
            "--games",
            "2",
            "--fresh",
            "--out",
            str(Path(folder, "m")),
        ]
        starts = _repeat(bench.rounds, ["-c", "import honte"])
        yield _row("import honte", starts)
        starts = _repeat(bench.rounds, ["-m", "honte", *match])
        yield from _rows("match mcts:100 random", ", 2 games, to the end", starts)
    what, play = "play mcts:100", ["-m", "honte", "play", "mcts:100", "--game", name]
    starts = _repeat(bench.rounds, play, until=PROMPT, commands=b"quit\n")
    yield from _rows(what, ", to the prompt", starts)
    if weights.folder(name):
        what, play = f"play {name}", ["-m", "honte", "play", name]
        starts = _repeat(bench.rounds, play, until=PROMPT, commands=b"quit\n")
        yield from _rows(what, ", to the prompt", starts)
    profiles = [
        import_seconds(start_process(["-X", "importtime", *play], until=PROMPT, commands=b"quit\n").errors)
        for _ in range(bench.rounds)
    ]
    rest = statistics.median(each.wall for each in starts)
    for package in PACKAGES:
        if seconds := statistics.median(each.get(package, 0.0) for each in profiles):
            rest -= seconds
            yield Row("start", f"{what}: import of {package}", seconds, "s")
    yield Row("start", f"{what}: everything else", max(rest, 0.0), "s")


def _repeat(rounds: int, arguments: Sequence[str], *, until: bytes = b"", commands: bytes = b"") -> list[Start]:
    start_process(arguments, until=until, commands=commands)
    return [start_process(arguments, until=until, commands=commands) for _ in range(rounds)]


def _rows(what: str, end: str, starts: Sequence[Start]) -> Iterator[Row]:
    """The seconds on the wall to the ``end``, and the processor time of the whole process, where it is known."""
    yield _row(what + end, starts)
    if processor := statistics.median(each.processor for each in starts):
        yield Row("start", f"{what}, processor time of the process", processor, "s")


def _row(what: str, starts: Sequence[Start]) -> Row:
    return Row("start", what, statistics.median(each.wall for each in starts), "s")

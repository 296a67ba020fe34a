"""A terminal for tests: ``honte`` runs in a pseudo-terminal, and the test types and reads."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 300
"""Seconds to wait for a text; a test fails then."""

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One command in a pseudo-terminal of ``columns``."""

    def __init__(self, arguments: str, folder: Path, *, columns: int = 80, **environment: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        hidden = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "honte", *arguments.split()],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=kept | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | environment,
            start_new_session=True,
        )
        os.close(slave)
        self.output, self.place = "", 0  # everything, and where the last expected text ended

    def expect(self, *texts: str) -> str:
        """Wait for one of ``texts`` and return the output since the last call, with its escape sequences."""
        expression, end = re.compile("|".join(map(re.escape, texts))), time.monotonic() + LIMIT
        while (found := expression.search(self.output, self.place)) is None:
            if time.monotonic() > end or not self._read(1.0):
                raise AssertionError(f"{texts!r} did not come; the output was:\n{self.output[-3000:]}")
        start, self.place = self.place, found.end()
        return self.output[start : self.place]

    def type(self, line: str, *then: str) -> str:
        """Type ``line`` and return the output up to one of the texts ``then``."""
        os.write(self.master, f"{line}\n".encode())
        self.expect(line)  # the terminal echoes it
        return self.expect(*then)

    def close(self) -> int:
        """Type Ctrl-D, read to the end and return the exit code."""
        os.write(self.master, b"\x04")
        while self._read(LIMIT):
            pass
        return self.process.wait(LIMIT)

    def _read(self, seconds: float) -> bool:
        """Read what is there; False at the end of the output."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.master, 1 << 16)
        except OSError:  # Linux says so when the last program has closed the terminal
            piece = b""
        self.output += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(piece)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """``terminal("play mcts:50 --game hex", columns=40)`` starts a ``Terminal`` in a folder of its own."""
    if sys.platform == "win32":
        pytest.skip("pseudo-terminals are there on POSIX only")
    started: list[Terminal] = []

    def start(arguments: str, **options: object) -> Terminal:
        started.append(Terminal(arguments, tmp_path, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.end()


def plain(text: str) -> str:
    """Terminal output without escape sequences and with status lines that were overwritten removed."""
    lines = ESCAPE.sub("", text).split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)


@pytest.fixture
def without_escapes() -> Callable[[str], str]:
    return plain

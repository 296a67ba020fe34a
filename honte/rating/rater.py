"""Starts ``honte rate RUN --watch`` in a process beside a training run, and reads the ratings that it writes.

Knows processes and the files of the rater. Does not know how ratings are computed. The run only displays the ratings,
so it learns the same with a rater, without one, and with one that crashes.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from honte.command_text import command, game_flag
from training.evaluation import rating_curve
from training.evaluation.rating_curve import RatedCheckpoint, RatingConfig

LOG = "log.txt"
POLL_SECONDS = 2.0
FINISH_SECONDS = 120.0
"""A finished run waits so long for the rating of its last checkpoint."""

IDLE = getattr(subprocess, "IDLE_PRIORITY_CLASS", 0)
"""The priority on Windows. On other systems the rater lowers its priority itself."""


class BackgroundRater:
    """A context manager. The process of the rater ends at its end, and also if this process is killed."""

    def __init__(self, folder: Path, config: RatingConfig, game: str) -> None:
        """``game``: passed to the rater if it is a file of the user."""
        self.folder, self.config, self.game = folder, config, game
        self.notes: list[str] = []  # problems, for the display to take and show
        self.process: subprocess.Popen[bytes] | None = None
        self.points: list[RatedCheckpoint] = []
        self._last_poll = self._curve_time = 0.0
        self.disabled = config.every_minutes == 0  # do not start the process any more

    def __enter__(self) -> BackgroundRater:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            try:
                self.process.wait(2.0)
            except subprocess.TimeoutExpired:  # safe at any moment: its files are written atomically
                self.process.kill()
                self.process.wait()

    def poll(self) -> list[RatedCheckpoint]:
        """The ratings so far. Starts the process when the first checkpoint is due."""
        now = time.monotonic()
        if now - self._last_poll < POLL_SECONDS:
            return self.points
        self._last_poll = now
        try:
            self._read_curve()
            if self.disabled:
                return self.points
            if self.process is None:
                if rating_curve.next_checkpoint(self.folder, self.config.every_minutes) is not None:
                    self._start_process()
            elif self.process.poll():
                self._stop(self._last_log_line())
        except (OSError, ValueError) as error:
            if not self.disabled:
                self._stop(str(error))
        return self.points

    def finish(self, stopping: Callable[[], bool]) -> list[RatedCheckpoint]:
        """Wait until the rater, if it runs, has rated the last checkpoint of a finished run; return the ratings."""
        deadline = time.monotonic() + FINISH_SECONDS
        while self.process is not None and self.process.poll() is None and not stopping():
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self._last_poll = 0.0
        return self.poll()

    @property
    def working(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def _read_curve(self) -> None:
        """Read the ratings if their file has changed."""
        path = self.folder / rating_curve.RATINGS / rating_curve.CURVE
        changed = path.stat().st_mtime if path.is_file() else 0.0
        if changed != self._curve_time:
            self.points, self._curve_time = list(rating_curve.read_curve(self.folder).points), changed

    def _start_process(self) -> None:
        command = [sys.executable, "-m", "honte", "rate", str(self.folder), "--watch", "--with-stdin"]
        command += ["--rating", json.dumps(asdict(self.config)), "--device", self.config.device]
        command += ["--game", self.game] if ".py:" in self.game else []
        root = str(Path(__file__).resolve().parent.parent.parent)
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        ratings = self.folder / rating_curve.RATINGS
        ratings.mkdir(exist_ok=True)
        with (ratings / LOG).open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
                creationflags=IDLE if self.config.give_way else 0,
            )

    def _stop(self, reason: str) -> None:
        """Do not start the rater again while this run goes on."""
        self.disabled = True
        again = command("rate", str(self.folder), *game_flag(self.game))
        self.notes.append(f"the rater has stopped: {reason}; '{again}' continues the ratings")

    def _last_log_line(self) -> str:
        text = (self.folder / rating_curve.RATINGS / LOG).read_text(encoding="utf-8", errors="replace").strip()
        return text.split("\n")[-1].removeprefix("honte: ") or "its process ended without a message"

"""A run's rater: ``honte rate RUN --watch`` in a process of its own, kept by the run that it rates.

Knows processes and the files that the rater leaves. Does not know how ratings are made. Nothing comes back but numbers
to look at, so a run learns the same with a rater, without one, and with one that dies.
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
SECONDS_A_LOOK = 2.0
AT_THE_END = 120.0
"""Seconds that a finished run waits for the rating of its last checkpoint."""

IDLE = getattr(subprocess, "IDLE_PRIORITY_CLASS", 0)
"""Windows' word for time that nobody else wants; elsewhere the rater steps back by itself."""


class BackgroundRater:
    """A context manager: the process ends with it, or with this process, however it ends."""

    def __init__(self, folder: Path, config: RatingConfig, game: str) -> None:
        """``game`` is named to the rater where it is a file of the user's."""
        self.folder, self.config, self.game = folder, config, game
        self.notes: list[str] = []  # what went wrong, in sentences; taken by whoever shows them
        self.process: subprocess.Popen[bytes] | None = None
        self.points: list[RatedCheckpoint] = []
        self._looked = self._changed = 0.0
        self.over = config.every_minutes == 0  # nothing is begun any more

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
            except subprocess.TimeoutExpired:  # what it has stored is whole
                self.process.kill()
                self.process.wait()

    def look(self) -> list[RatedCheckpoint]:
        """The curve as it stands; begins the process when the first checkpoint is due."""
        now = time.monotonic()
        if now - self._looked < SECONDS_A_LOOK:
            return self.points
        self._looked = now
        try:
            self._read()
            if self.over:
                return self.points
            if self.process is None:
                if rating_curve.next_checkpoint(self.folder, self.config.every_minutes) is not None:
                    self._begin()
            elif self.process.poll():
                self._stop(self._last_words())
        except (OSError, ValueError) as error:
            if not self.over:
                self._stop(str(error))
        return self.points

    def finish(self, stopping: Callable[[], bool]) -> list[RatedCheckpoint]:
        """Wait until the last checkpoint of a finished run is rated, where a rater was at work; the curve."""
        deadline = time.monotonic() + AT_THE_END
        while self.process is not None and self.process.poll() is None and not stopping():
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self._looked = 0.0
        return self.look()

    @property
    def working(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def _read(self) -> None:
        """The curve, where it is new."""
        path = self.folder / rating_curve.RATINGS / rating_curve.CURVE
        changed = path.stat().st_mtime if path.is_file() else 0.0
        if changed != self._changed:
            self.points, self._changed = list(rating_curve.read_curve(self.folder).points), changed

    def _begin(self) -> None:
        command = [sys.executable, "-m", "honte", "rate", str(self.folder), "--watch", "--with-stdin"]
        command += ["--rating", json.dumps(asdict(self.config)), "--device", self.config.device]
        command += ["--game", self.game] if ".py:" in self.game else []
        here = str(Path(__file__).resolve().parent.parent.parent)
        paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
        place = self.folder / rating_curve.RATINGS
        place.mkdir(exist_ok=True)
        with (place / LOG).open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
                creationflags=IDLE if self.config.give_way else 0,
            )

    def _stop(self, reason: str) -> None:
        """No more ratings in this start of the run; it goes on without."""
        self.over = True
        again = command("rate", str(self.folder), *game_flag(self.game))
        self.notes.append(f"ratings have stopped: {reason}; '{again}' goes on with them")

    def _last_words(self) -> str:
        text = (self.folder / rating_curve.RATINGS / LOG).read_text(encoding="utf-8", errors="replace").strip()
        return text.split("\n")[-1].removeprefix("honte: ") or "their process ended without a word"

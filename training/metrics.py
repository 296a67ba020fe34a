"""Metrics: one JSON object a line in ``metrics.jsonl``, and the same numbers as TensorBoard events.

Knows steps, names and numbers, and how to go on after a crash. Does not know what the numbers measure.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selfplay import fsio

FILE = "metrics.jsonl"


class Metrics:
    """Appends records to a run folder; a context manager.

    ``resume_step``: records of later steps are dropped, since they will be made again. A last line that a crash tore is
    dropped in any case. ``tensorboard=False``, or the package missing: lines only.
    """

    def __init__(self, folder: str | Path, resume_step: int | None = None, *, tensorboard: bool = True) -> None:
        self.path = Path(folder) / FILE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            kept = [r for r in _records(self.path) if resume_step is None or r["step"] <= resume_step]
            fsio.write_atomic(self.path, "".join(json.dumps(record) + "\n" for record in kept).encode())
        self._placed: set[int] = set()
        self._file = self.path.open("a", encoding="utf-8")
        self._events = _event_writer(self.path.parent / "events", resume_step) if tensorboard else None

    def write(self, step: int, values: Mapping[str, float], late: Mapping[str, float] | None = None) -> None:
        """Append one record of numbers at ``step``; "step" and "time" (seconds since 1970) are added.

        What is not finite is kept as null, which JSON has a word for. ``late`` numbers tell of an earlier step: they
        are in the line only, and ``place`` puts them where they belong among the events.
        """
        told = {**values, **(late or {})}
        numbers = {name: float(value) if math.isfinite(value) else None for name, value in told.items()}
        record = {"step": step, "time": round(time.time(), 3), **numbers}
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
        self._file.flush()
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, float(value), step)

    def place(self, curve: Mapping[int, Mapping[str, float]]) -> None:
        """Numbers by step, at last known, as events at those steps; a step that was placed stays as it was."""
        for step in sorted(curve.keys() - self._placed):
            for name, value in curve[step].items():
                if self._events is not None:
                    self._events.add_scalar(name, float(value), step)
        self._placed |= curve.keys()

    def close(self) -> None:
        self._file.close()
        if self._events is not None:
            self._events.close()

    def __enter__(self) -> Metrics:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(folder: str | Path) -> list[dict[str, Any]]:
    """All whole records of a run folder in the order they were written; not-a-number comes back as NaN."""
    path = Path(folder) / FILE
    if not path.exists():
        return []
    return [{k: math.nan if v is None else v for k, v in record.items()} for record in _records(path)]


def last_time(folder: str | Path) -> float | None:
    """When the last record was written, in seconds since 1970; None without one. Reads only the end of the file."""
    path = Path(folder) / FILE
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        times = [record.get("time") for record in _parsed(file.read())]
    return next((float(time) for time in reversed(times) if isinstance(time, int | float)), None)


def _records(path: Path) -> list[dict[str, Any]]:
    return _parsed(path.read_bytes())


def _parsed(data: bytes) -> list[dict[str, Any]]:
    """The lines that are records with a step; a torn one, wherever it is, is left out."""
    records = []
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            records.append(record)
    return records


def _event_writer(folder: Path, resume_step: int | None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    purge = None if resume_step is None else resume_step + 1
    return SummaryWriter(folder, purge_step=purge)

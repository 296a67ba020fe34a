"""Metrics: one JSON object a line in ``metrics.jsonl``, and the same numbers as TensorBoard events.

Knows steps, names and numbers, and how to go on after a crash. Does not know what the numbers measure.

A line ends with the CRC-32 of what is before it: one that was torn or changed is no record. Lines of runs that are
older than that have none, and hold nothing but numbers.
"""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.storage import durable_files
from agent.storage.write_errors import append

FILE = "metrics.jsonl"


class Metrics:
    """Appends records to a run folder; a context manager.

    ``resume_step``: records of later steps are dropped, since they will be made again. Lines that a crash tore, or that
    were changed since, are dropped in any case; ``notes`` names them. ``tensorboard=False``, or the package missing:
    lines only.
    """

    def __init__(self, folder: str | Path, resume_step: int | None = None, *, tensorboard: bool = True) -> None:
        self.path = Path(folder) / FILE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.notes: list[str] = []
        if self.path.exists():
            records, damaged = _parsed(self.path.read_bytes())
            if damaged:
                lines = ", ".join(map(str, damaged[:8])) + ", …" * (len(damaged) > 8)
                self.notes.append(f"{FILE}: damaged and dropped, line {lines} of {len(records) + len(damaged)}")
            kept = [r for r in records if resume_step is None or r["step"] <= resume_step]
            durable_files.write_atomic(self.path, "".join(map(_line, kept)).encode())
        self._placed: set[int] = set()
        self._file = self.path.open("ab", buffering=0)
        self._events = _event_writer(self.path.parent / "events", resume_step) if tensorboard else None

    def write(self, step: int, values: Mapping[str, float], late: Mapping[str, float] | None = None) -> None:
        """Append one record of numbers at ``step``; "step" and "time" (seconds since 1970) are added.

        What is not finite is kept as null, which JSON has a word for. ``late`` numbers tell of an earlier step: they
        are in the line only, and ``place`` puts them where they belong among the events.
        """
        told = {**values, **(late or {})}
        numbers = {name: float(value) if math.isfinite(value) else None for name, value in told.items()}
        record = {"step": step, "time": round(time.time(), 3), **numbers}
        append(self._file, _line(record).encode(), self.path, durably=False)
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, float(value), step)

    def place(self, curve: Mapping[int, Mapping[str, float]]) -> None:
        """Numbers by step, at last known, as events at those steps; a step that was placed stays as it was."""
        if self._events is not None:
            for step in sorted(curve.keys() - self._placed):
                for name, value in curve[step].items():
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
    return [{k: math.nan if v is None else v for k, v in record.items()} for record in _parsed(path.read_bytes())[0]]


def last_time(folder: str | Path) -> float | None:
    """When the last record was written, in seconds since 1970; None without one. Reads only the end of the file."""
    path = Path(folder) / FILE
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        records, _ = _parsed(file.read())
    return next((float(r["time"]) for r in reversed(records) if isinstance(r.get("time"), int | float)), None)


def _line(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, allow_nan=False)
    return f'{text[:-1]}, "crc": "{zlib.crc32(text.encode()):08x}"}}\n'


CRC = len(', "crc": "00000000"}')


def _parsed(data: bytes) -> tuple[list[dict[str, Any]], list[int]]:
    """The lines that are whole records, and the numbers, from 1, of those that are not."""
    records, damaged = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            record = json.loads(line) if line else {}
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and _whole(line, record):
            records.append({name: value for name, value in record.items() if name != "crc"})
        elif line:
            damaged.append(number)
    return records, damaged


def _whole(line: bytes, record: Mapping[str, Any]) -> bool:
    """Whether a line is as it was written."""
    if not isinstance(record.get("step"), int):
        return False
    if "crc" in record:
        return bool(record["crc"] == f"{zlib.crc32(line[:-CRC] + b'}'):08x}")
    return all(value is None or isinstance(value, int | float) for value in record.values())


def _event_writer(folder: Path, resume_step: int | None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    purge = None if resume_step is None else resume_step + 1
    return SummaryWriter(folder, purge_step=purge)

"""Metrics: one JSON object per line in ``metrics.jsonl``, and the same numbers as TensorBoard events.

A line ends with the CRC-32 of the text before it, so a line that is incomplete or was changed is recognised and left
out. Lines of older runs have no CRC-32; they hold nothing but numbers.
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

    Records of steps after ``resume_step`` are dropped, because the resumed run will make them again. Damaged lines are
    always dropped, and ``notes`` names them. TensorBoard events are written unless ``tensorboard`` is False or the
    package is missing.
    """

    def __init__(self, folder: str | Path, resume_step: int | None = None, *, tensorboard: bool = True) -> None:
        self.path = Path(folder) / FILE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.notes: list[str] = []
        if self.path.exists():
            records, damaged = _parse(self.path.read_bytes())
            if damaged:
                lines = ", ".join(map(str, damaged[:8])) + ", …" * (len(damaged) > 8)
                self.notes.append(f"{FILE}: damaged and dropped, line {lines} of {len(records) + len(damaged)}")
            valid = [r for r in records if resume_step is None or r["step"] <= resume_step]
            durable_files.write_atomic(self.path, "".join(map(_line, valid)).encode())
        self._steps_with_events: set[int] = set()
        self._file = self.path.open("ab", buffering=0)
        self._events = _event_writer(self.path.parent / "events", resume_step) if tensorboard else None

    def write(self, step: int, values: Mapping[str, float], late: Mapping[str, float] | None = None) -> None:
        """Append one record of numbers at ``step``; "step" and "time" (seconds since 1970) are added.

        A number that is not finite becomes null, because JSON has no word for it. ``late`` numbers belong to an earlier
        step: they are in the line only, and ``add_events`` writes them as events of their own step.
        """
        numbers = {name: float(v) if math.isfinite(v) else None for name, v in {**values, **(late or {})}.items()}
        record = {"step": step, "time": round(time.time(), 3), **numbers}
        append(self._file, _line(record).encode(), self.path, durably=False)
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, float(value), step)

    def add_events(self, curve: Mapping[int, Mapping[str, float]]) -> None:
        """Write ``curve``, numbers by step, as events of those steps; a step that has events already is left alone."""
        if self._events is not None:
            for step in sorted(curve.keys() - self._steps_with_events):
                for name, value in curve[step].items():
                    self._events.add_scalar(name, float(value), step)
        self._steps_with_events |= curve.keys()

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._events is not None:
            self._events.close()

    def __enter__(self) -> Metrics:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(folder: str | Path) -> list[dict[str, Any]]:
    """All undamaged records of a run folder in the order they were written; null becomes NaN."""
    path = Path(folder) / FILE
    if not path.exists():
        return []
    return [{k: math.nan if v is None else v for k, v in record.items()} for record in _parse(path.read_bytes())[0]]


def last_time(folder: str | Path) -> float | None:
    """When the last record was written, in seconds since 1970; None without records. Only the file's end is read."""
    path = Path(folder) / FILE
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        records, _ = _parse(file.read())
    return next((float(r["time"]) for r in reversed(records) if isinstance(r.get("time"), int | float)), None)


def _line(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, allow_nan=False)
    return f'{text[:-1]}, "crc": "{zlib.crc32(text.encode()):08x}"}}\n'


_CRC_LENGTH = len(', "crc": "00000000"}')


def _parse(data: bytes) -> tuple[list[dict[str, Any]], list[int]]:
    """The undamaged records, and the numbers of the damaged lines, counted from 1."""
    records, damaged = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            record = json.loads(line) if line else {}
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and _is_undamaged(line, record):
            records.append({name: value for name, value in record.items() if name != "crc"})
        elif line:
            damaged.append(number)
    return records, damaged


def _is_undamaged(line: bytes, record: Mapping[str, Any]) -> bool:
    """Whether a line is as it was written, by its CRC-32 where it has one."""
    if not isinstance(record.get("step"), int):
        return False
    if "crc" in record:
        return bool(record["crc"] == f"{zlib.crc32(line[:-_CRC_LENGTH] + b'}'):08x}")
    return all(value is None or isinstance(value, int | float) for value in record.values())


def _event_writer(folder: Path, resume_step: int | None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    purge = None if resume_step is None else resume_step + 1
    return SummaryWriter(folder, purge_step=purge)

"""What a result file says besides its numbers: machine, versions, configuration, commit. Knows no benchmark."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def processor() -> str:
    """The processor's name, as well as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit that is checked out, with a + where files differ from it; empty outside a clone."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()


def versions() -> dict[str, str]:
    out = {"python": platform.python_version()}
    for name in ("numpy", "numba", "open_spiel"):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue
    return out


def report(
    benchmark: str, config: dict[str, Any], rows: list[dict[str, Any]], *, out: str | None, as_json: bool
) -> None:
    """A table for people, and one JSON object: to ``out``, and to stdout's last line if asked."""
    result = {
        "benchmark": benchmark,
        "config": config,
        "rows": rows,
        "machine": processor(),
        "versions": versions(),
        "commit": commit(),
    }
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [
        names,
        *([f"{v:,}" if isinstance(v := row.get(name, ""), int) else str(v) for name in names] for row in rows),
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)), file=sys.stderr)
    if out:
        Path(out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(result))

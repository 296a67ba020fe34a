"""What scripts share: the flags, a result with the machine and the commit (a file and a table), and the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from honte.bench.machine import commit, processor, versions
from honte.error_sentences import exit_code


def run_script(main: Callable[[], int | None]) -> None:
    """Run ``main`` and end the process as the commands of ``honte`` do: an error is one sentence and exit code 2."""
    file = Path(sys.argv[0])
    sys.exit(exit_code(file.parent.name if file.stem == "__main__" else file.stem, main))


def at_least(least: int) -> Callable[[str], int]:
    """The ``type`` of a flag: a whole number that is not smaller than ``least``."""

    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return int(text)

    return number


def even(text: str) -> int:
    """The ``type`` of a flag for a match's games: an even number of 2 or more, because an opening is played twice."""
    if int(text) < 2 or int(text) % 2:
        raise argparse.ArgumentTypeError(f"{text} is not an even number of 2 or more")
    return int(text)


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """The parser of a script's flags, with ``--out`` and ``--json`` for ``report``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line, the table to stderr")
    return parser


def report(
    benchmark: str, config: dict[str, Any], rows: list[dict[str, Any]], *, out: str | None, as_json: bool
) -> None:
    """A table for people, and one JSON object: to ``out``, and to stdout's last line if asked."""
    result = store(benchmark, config, rows, out=out)
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [
        names,
        *([f"{v:,}" if isinstance(v := row.get(name, ""), int) else str(v) for name in names] for row in rows),
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)), file=sys.stderr)
    if as_json:
        print(json.dumps(result))


def store(benchmark: str, config: dict[str, Any], rows: list[dict[str, Any]], *, out: str | None) -> dict[str, Any]:
    """The JSON object of a result; also written to ``out`` if it is given."""
    result = {
        "benchmark": benchmark,
        "config": config,
        "rows": rows,
        "machine": processor(),
        "versions": versions(),
        "commit": commit(),
    }
    if out:
        Path(out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result

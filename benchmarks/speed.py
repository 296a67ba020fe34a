"""Every table of docs/speed.md in one command: each part is a process of its own, and its result a file.

The parts are those of ``honte bench`` that the page shows, ``benchmarks.many_cores``, and with ``--peers`` also
``benchmarks.peers``, which needs programs that are not part of the project: its text is the flags of that script. A
part that is stored in the folder already is not measured again. The tables are written to ``speed.md`` after each part.

    python -m benchmarks.speed --out FOLDER [--seconds 0.5] [--only ratio round] [--peers "--pgx-python PY"]
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.script import run_script
from honte.bench.machine import ROOT

GAMES = ("connect_four", "othello", "go", "gomoku", "amazons")


class Part(NamedTuple):
    """A measurement: the arguments of Python, without those that say where the result goes."""

    table: str
    name: str  # of its row, and with the table's of its file
    arguments: tuple[str, ...]


def list_parts(seconds: str, peers: str | None) -> Iterator[Part]:
    bench = ("-m", "honte", "bench", "--seconds", seconds, "--only")
    for game in GAMES:
        yield Part("ratio", game, (*bench, "self-play", "--game", game))
        yield Part("round", game, (*bench, "round", "--game", game))
        yield Part("learner", game, (*bench, "learner", "--game", game))
    yield Part("start", "connect_four", (*bench, "start"))
    yield Part("many cores", "all", ("-m", "benchmarks.many_cores"))
    if peers is not None:
        yield Part("peers", "all", ("-m", "benchmarks.peers", *shlex.split(peers)))


def measured(part: Part, folder: Path) -> dict[str, Any]:
    """The result of ``part``: the stored one, or else it is measured and stored."""
    file = folder / f"{part.table} {part.name}.json".replace(" ", "_")
    if not file.exists():
        command = [sys.executable, *part.arguments, "--json"]
        print(" ".join(command[1:]), file=sys.stderr, flush=True)
        shown = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        file.write_text(shown.stdout.splitlines()[-1] + "\n", encoding="utf-8")
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result


def list_rows(part: Part, result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of ``part`` in its table."""
    if "part" not in result["rows"][0] or "unit" not in result["rows"][0]:  # a script of its own
        yield from result["rows"]
        return
    for row in result["rows"]:
        yield {"game": part.name, "what": row["what"], "value": f"{row['value']:,.3g}", "unit": row["unit"]}


def as_table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names), *([str(row.get(name, "")) for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="for the results and the tables")
    parser.add_argument("--seconds", default="0.5", help="of each measurement of honte bench in each round")
    parser.add_argument("--only", nargs="+", metavar="TABLE", help="ratio, round, learner, start, many cores or peers")
    parser.add_argument("--peers", metavar="FLAGS", help="measure benchmarks.peers with these flags, too")
    args = parser.parse_args()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[dict[str, Any]]] = {}
    machines: list[str] = []
    for part in list_parts(args.seconds, args.peers):
        if args.only and part.table not in args.only:
            continue
        result = measured(part, folder)
        machines.append(json.dumps(result["machine"]))
        tables.setdefault(part.table, []).extend(list_rows(part, result))
        text = "\n\n".join(f"## {name}\n\n{as_table(rows)}" for name, rows in tables.items())
        (folder / "speed.md").write_text(f"{text}\n\nMachine: {machines[0]}\n", encoding="utf-8")
    print(folder / "speed.md")


if __name__ == "__main__":
    run_script(main)

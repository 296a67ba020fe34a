"""How fast do honte and other programs learn Connect Four? Trains each for the same minutes and grades its networks.

    python -m benchmarks.learning_peers --out FOLDER --minutes 10 --alpha-zero-general CLONE --pgx-python PYTHON

FOLDER gets the runs, results.json and curves.svg. A peer that is not given is left out. Each peer trains with its own
defaults and with two other settings. The minutes begin with the process, so compilation counts. Grading comes after
training and takes none of its time. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from agent.storage import durable_files
from benchmarks.learning.curves import Line, Panel, draw
from benchmarks.learning_curves import chosen
from benchmarks.learning_peers.grading import grade
from benchmarks.learning_peers.training import SETTINGS, Run, train
from benchmarks.script import at_least, run_script
from games import make
from honte.bench.machine import machine
from training.evaluation.solved_positions import solved_sets

HOW = {"raw": "network only", "search": "with search"}


def runs_of(args: argparse.Namespace) -> list[Run]:
    """The runs that are asked for."""
    adapters = {"honte": ([], [])}
    if args.alpha_zero_general:
        module = [sys.executable, "-m", "benchmarks.learning_peers.alpha_zero_general"]
        adapters["alpha-zero-general"] = (module, [str(Path(args.alpha_zero_general).resolve())])
    if args.pgx_python:
        adapters["pgx + mctx"] = ([args.pgx_python, "-m", "benchmarks.learning_peers.pgx_example"], [])
    return [
        Run(program, setting, changes, module, more)
        for program, (module, more) in adapters.items()
        for setting, changes in SETTINGS[program].items()
    ]


def write_results(folder: Path, config: dict[str, Any], points: list[dict[str, Any]]) -> None:
    """Write ``results.json`` and ``curves.svg``."""
    result = {"benchmark": "learning_peers", "config": config, "points": points, **machine()}
    durable_files.write_atomic(folder / "results.json", (json.dumps(result, indent=1) + "\n").encode())
    panels = []
    for how, words in HOW.items():
        lines: dict[str, list[tuple[float, float]]] = {}
        for point in points:
            mistakes, count = point[how]["middle_easy"]
            lines.setdefault(f"{point['program']}, {point['setting']}", []).append(
                (point["seconds"] / 60, 100 * mistakes / count)
            )
        drawn = [Line(name, curve) for name, curve in lines.items()]
        top = max((y for line in drawn for _, y in line.points), default=1.0)
        panels.append(Panel(f"mistakes on middle_easy, {words}, per cent", drawn, 0.0, top))
    svg = draw(panels, across="minutes", last=config["minutes"])
    durable_files.write_atomic(folder / "curves.svg", svg.encode())


def table(points: list[dict[str, Any]]) -> str:
    """The last network of each run, in Markdown."""
    rows = {(point["program"], point["setting"]): point for point in points}
    sets = list(points[0]["raw"]) if points else []
    head = [
        "program",
        "settings",
        "networks",
        "minutes of the last",
        *(f"{s}, {HOW[how]}" for how in HOW for s in sets),
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for (program, setting), point in rows.items():
        rates = [f"{100 * point[how][name][0] / point[how][name][1]:.1f} %" for how in HOW for name in sets]
        cells = [program, setting, str(point["networks"]), f"{point['seconds'] / 60:.1f}", *rates]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder of the result")
    parser.add_argument("--minutes", type=float, default=10, help="of each training")
    parser.add_argument("--alpha-zero-general", metavar="CLONE", help="the folder of a clone of alpha-zero-general")
    parser.add_argument("--pgx-python", metavar="PYTHON", help="a Python that has jax, pgx, mctx, optax and flax")
    parser.add_argument("--cores", type=int, nargs="+", default=(), help="the only cores to train on (Linux)")
    help_points = "graded networks of each run, the first and the last too"
    parser.add_argument("--points", type=at_least(2), default=5, help=help_points)
    parser.add_argument("--positions", type=int, default=300, help="of each set")
    parser.add_argument("--simulations", type=int, default=100, help="of the graded searches")
    parser.add_argument("--nice", type=int, default=0, help="lower the priority by so much (not on Windows)")
    args = parser.parse_args()
    if args.points < 2:
        parser.error("--points must be at least 2")
    if args.nice and hasattr(os, "nice"):
        os.nice(args.nice)
    game = make("connect_four")
    sets = {name: positions[: args.positions] for name, positions in solved_sets(game).items()}
    config = {name: getattr(args, name) for name in ("minutes", "positions", "simulations", "points")}
    config["cores"] = list(args.cores)
    args.out.mkdir(parents=True, exist_ok=True)
    file, points = args.out / "results.json", []
    if file.is_file():
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["config"] != config:
            raise ValueError(f"{file} has {stored['config']}, not {config}: choose another --out")
        points = stored["points"]
    untrained: list[str] = []
    for run in runs_of(args):
        folder = args.out / run.folder
        print(f"{run.program}, {run.setting}", file=sys.stderr, flush=True)
        trained = train(run, folder, 60 * args.minutes, args.cores)
        networks = trained.networks
        known = {(point["program"], point["setting"], point["number"]) for point in points}
        if len(networks) == 1:
            untrained.append(f"{run.program}, {run.setting}")
        for number in chosen(list(range(1, len(networks))), args.points):  # the first one has not learned yet
            if (run.program, run.setting, number) in known:
                continue
            network = networks[number]
            mistakes = grade(game, run, folder, network.path, sets, args.simulations)
            point = {
                "program": run.program,
                "setting": run.setting,
                "number": number,
                "networks": len(networks) - 1,
            }
            point |= {"seconds": round(network.seconds, 1), "load": trained.load, **mistakes}
            points.append(point)
            write_results(args.out, config, points)
            print(f"  minute {network.seconds / 60:.1f}: {mistakes}", file=sys.stderr, flush=True)
    print(table(points))
    for name in untrained:
        print(f"{name}: no network but the untrained one in {args.minutes:g} minutes")


if __name__ == "__main__":
    run_script(main)

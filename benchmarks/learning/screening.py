"""A screening: train every variant with every seed, measure on the way, and stop what is clearly worse.

All runs go to the first point before any goes to the second, so that variants can be compared at equal work. A run's
folder holds its checkpoints and ``points.json``, its measurements; the same command goes on where it was killed.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from agent.storage import durable_files
from benchmarks.learning.intervals import Measures, compare, log_rate
from benchmarks.learning.plan import Plan
from benchmarks.learning.positions import stored_positions
from benchmarks.learning.strength import measure
from games import make
from training.alphazero import AlphaZeroRun
from training.config import to_dict
from training.start_checks import check_start
from training.trainer import TrainingDiverged

POINTS = "points.json"
STOPPED = "stopped.json"
DIVERGED = "diverged.txt"

Point = dict[str, Any]
"""A measurement: the number of the point, the work, minutes, samples and steps so far, and the strength."""


def run_folder(folder: Path, variant: str, seed: int) -> Path:
    """The folder of one run."""
    return folder / "runs" / variant / str(seed)


def read_points(run: Path) -> list[Point]:
    """The measurements of a run so far."""
    path = run / POINTS
    return json.loads(path.read_bytes())["points"] if path.is_file() else []


def train_to(plan: Plan, folder: Path, variant: str, seed: int, number: int) -> None:
    """Train one run on to point ``number``, counting from 0, measure its strength, and store the measurement.

    A run that diverges leaves a file that says so. ValueError if the run was begun with other settings.
    """
    torch.set_num_threads(1)
    game, config, run_in = make(plan.game), plan.config(variant, seed), run_folder(folder, variant, seed)
    run_in.mkdir(parents=True, exist_ok=True)
    settings = json.dumps(to_dict(config), sort_keys=True)
    with durable_files.FolderLock(run_in):
        path = run_in / POINTS
        if path.is_file() and json.loads(path.read_bytes())["settings"] != settings:
            raise ValueError(f"{run_in} was begun with other settings: choose another folder or another variant's name")
        points = read_points(run_in)
        if not path.is_file():
            write_points(path, settings, [])
        goal = plan.works()[number]
        run = AlphaZeroRun(game, config, run_in, stopping=lambda: run.work >= goal)
        try:
            run.go()
        except ValueError as error:
            if not isinstance(error.__cause__, TrainingDiverged):
                raise
            durable_files.write_atomic(run_in / DIVERGED, f"{error.__cause__}\n".encode())
            return
        counts = {"minutes": run.minutes, "samples": run.num_samples(), "steps": run.trainer.steps}
        point = {"point": number, "work": run.work, "flops": run.flops, **counts}
        point |= measure(game, plan, config, run_in, stored_positions(game))
        write_points(path, settings, [*points, point])
        if number == plan.points - 1:
            shutil.rmtree(run_in / "games", ignore_errors=True)  # nothing goes on from here


def write_points(path: Path, settings: str, points: list[Point]) -> None:
    durable_files.write_atomic(path, (json.dumps({"settings": settings, "points": points}) + "\n").encode())


def strength(point: Point, how: str) -> float:
    """The number that variants are compared by: Elo, or the negative logarithm of the mistake rate."""
    return float(point["elo"][0]) if "elo" in point else -log_rate(*point[how]["all"])


def measures_at(plan: Plan, folder: Path, number: int, how: str = "search") -> dict[str, dict[int, float]]:
    """The strength of every variant that has reached point ``number``, by seed."""
    found: dict[str, dict[int, float]] = {}
    for variant in plan.variants:
        for seed in plan.seeds:
            points = read_points(run_folder(folder, variant, seed))
            if len(points) > number:
                found.setdefault(variant, {})[seed] = strength(points[number], how)
    return found


def clearly_worse(measures: Measures, baseline: str) -> list[str]:
    """The variants whose 99 % interval lies below the baseline, from two paired seeds on."""
    if baseline not in measures:
        return []
    found = compare(measures, baseline, level=0.99)
    return [name for name, difference in found.items() if difference.seeds >= 2 and difference.high < 0]


def read_stopped(folder: Path) -> dict[str, int]:
    """The variants that were stopped, with the number of their last point."""
    path = folder / STOPPED
    return json.loads(path.read_bytes()) if path.is_file() else {}


def has_diverged(plan: Plan, folder: Path, variant: str) -> bool:
    """Whether a run of the variant has diverged; no run of it goes on then."""
    return any((run_folder(folder, variant, seed) / DIVERGED).is_file() for seed in plan.seeds)


@contextmanager
def workers(jobs: int) -> Iterator[Callable[..., Future[None] | None]]:
    """A function that calls another one in one of ``jobs`` processes, or here if there is one job."""
    if jobs == 1:
        yield lambda function, *arguments: function(*arguments)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.submit


def screen(plan: Plan, folder: Path, *, jobs: int = 1, report: Callable[[], None] = lambda: None) -> None:
    """Do what is missing of the plan. ``report`` is called after every point that all runs have reached."""
    for variant in plan.variants:  # wrong settings are found before hours of work
        for seed in plan.seeds:
            check_start(make(plan.game), plan.config(variant, seed))
    stopped = read_stopped(folder)
    with workers(jobs) as call:
        for number in range(plan.points):
            wanted = [
                (variant, seed)
                for seed in plan.seeds
                for variant in plan.variants
                if stopped.get(variant, plan.points) >= number
                and not has_diverged(plan, folder, variant)
                and len(read_points(run_folder(folder, variant, seed))) <= number
            ]
            tasks = []
            for variant, seed in wanted:
                print(f"point {number + 1} of {plan.points}: {variant}, seed {seed}", file=sys.stderr, flush=True)
                tasks.append(call(train_to, plan, folder, variant, seed, number))
            try:
                for task in tasks:
                    if task is not None:
                        task.result()
            except BrokenProcessPool as error:
                raise RuntimeError("a process of the screening was killed; the same command goes on") from error
            share = (number + 1) / plan.points
            if plan.stop_from <= share < 1:
                for variant in clearly_worse(measures_at(plan, folder, number), plan.baseline):
                    if variant not in stopped:
                        print(f"{variant} is clearly worse and is stopped", file=sys.stderr, flush=True)
                        stopped[variant] = number
                durable_files.write_atomic(folder / STOPPED, (json.dumps(stopped) + "\n").encode())
            report()

"""The result of a screening: a table of all variants with intervals as JSON and Markdown, and a plot as SVG."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.storage import durable_files
from benchmarks.learning.curves import Line, Panel, draw
from benchmarks.learning.intervals import Difference, compare
from benchmarks.learning.plan import Plan
from benchmarks.learning.screening import (
    Point,
    has_diverged,
    measures_at,
    read_points,
    read_stopped,
    run_folder,
)
from honte.bench.machine import commit, processor, versions


def rows_of(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """A row for each variant with measurements, at the last point that all its seeds have reached."""
    rows = []
    stopped = read_stopped(folder)
    for variant in plan.variants:
        runs = {seed: read_points(run_folder(folder, variant, seed)) for seed in plan.seeds}
        runs = {seed: points for seed, points in runs.items() if points}
        if not runs:
            if has_diverged(plan, folder, variant):
                rows.append({"variant": variant, "settings": plan.variants[variant], "diverged": True})
            continue
        number = min(len(points) for points in runs.values()) - 1
        last = [points[number] for points in runs.values()]
        row: dict[str, Any] = {"variant": variant, "settings": plan.variants[variant], "seeds": sorted(runs)}
        row |= {"point": number + 1, "stopped": variant in stopped, "diverged": has_diverged(plan, folder, variant)}
        for name in ("work", "minutes", "samples", "steps"):
            row[name] = sum(point[name] for point in last) / len(last)
        if "elo" in last[0]:
            row["elo"] = sum(point["elo"][0] for point in last) / len(last)
            row["elo_of_seeds"] = [point["elo"] for point in last]
        else:
            row["mistakes"] = {how: mistake_rates(last, how) for how in ("raw", "search")}
        for how in ("search",) if "elo" in last[0] else ("search", "raw"):
            if variant != plan.baseline:
                measures = measures_at(plan, folder, number, how)
                found = compare(measures, plan.baseline).get(variant) if plan.baseline in measures else None
                row[f"gain_{how}"] = None if found is None else describe(found, elo="elo" in last[0])
        rows.append(row)
    return rows


def mistake_rates(points: Sequence[Point], how: str) -> dict[str, float]:
    """{class of positions: the mean rate over runs}"""
    return {
        name: sum(point[how][name][0] / point[how][name][1] for point in points) / len(points)
        for name in points[0][how]
    }


def describe(difference: Difference, *, elo: bool) -> dict[str, Any]:
    """A difference of Elo, or the ratio of mistakes to the baseline's (below 1 is better), with its interval."""
    mean, low, high = difference[:3]
    verdict = "better" if low > 0 else "worse" if high < 0 else "not decided"
    if not elo:  # the measure was the negative logarithm of the rate
        mean, low, high = math.exp(-mean), math.exp(-high), math.exp(-low) if math.isfinite(low) else math.inf
    shown: list[float | None] = [x if math.isfinite(x) and not (x == 0 and not elo) else None for x in (low, high)]
    return {"value": mean, "low": shown[0], "high": shown[1], "seeds": difference.seeds, "verdict": verdict}


def markdown(plan: Plan, rows: Sequence[dict[str, Any]]) -> str:
    """The table for people."""
    solved = any("mistakes" in row for row in rows)
    ratio = "mistakes relative to" if solved else "Elo minus that of"
    graded = [row["mistakes"]["search"] for row in rows if "mistakes" in row]
    classes = [name for name in (graded[0] if graded else ()) if name != "all"]
    head = ["variant", "seeds", "point", "work", "minutes"]
    if solved:
        head += ["mistakes, search", *classes, "mistakes, network only", f"search: {ratio} {plan.baseline}"]
        head += [f"network only: {ratio} {plan.baseline}", "verdict"]
    else:
        head += ["Elo", f"{ratio} {plan.baseline}", "verdict"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        if "seeds" not in row:
            lines.append("| " + " | ".join([row["variant"], *[""] * (len(head) - 2), "diverged"]) + " |")
            continue
        cells = [row["variant"], str(len(row["seeds"])), f"{row['point']} of {plan.points}"]
        cells += [f"{row['work']:.3g}", f"{row['minutes']:.1f}"]
        if solved:
            rates = row["mistakes"]["search"]
            cells += [percent(rates["all"]), *(percent(rates[name]) for name in classes)]
            cells += [percent(row["mistakes"]["raw"]["all"]), gain(row.get("gain_search")), gain(row.get("gain_raw"))]
        else:
            cells += [f"{row['elo']:.0f}", gain(row.get("gain_search"))]
        verdict = (row.get("gain_search") or {}).get("verdict", "")
        end = " (diverged)" if row["diverged"] else " (stopped)" if row["stopped"] else ""
        lines.append("| " + " | ".join([*cells, verdict + end]) + " |")
    notes = [
        f"{plan.game}: every run had {plan.work:g} * 10^12 operations of the networks (work), measured at {plan.points}"
        f" points with {plan.simulations} simulations and no look ahead. Rates are means over seeds.",
        "Intervals are 95 % for each row alone: of twenty rows without an effect, about one is called better or worse.",
    ]
    return "\n".join(lines) + "\n\n" + "\n".join(notes) + "\n"


def percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"


def gain(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    low, high = ("?" if found[name] is None else f"{found[name]:.3g}" for name in ("low", "high"))
    return f"{found['value']:.3g} ({low} to {high})"


def plot(plan: Plan, folder: Path) -> str:
    """Strength over work as an SVG: a thin line for each run, a thick one for the mean of each variant."""
    lines: list[Line] = []
    elo = False
    for variant in plan.variants:
        curves = []
        for seed in plan.seeds:
            points = read_points(run_folder(folder, variant, seed))
            elo |= any("elo" in point for point in points)
            if points:
                curves.append(
                    [(p["work"], p["elo"][0] if "elo" in p else 100 * rate(p["search"]["all"])) for p in points]
                )
        lines += [Line(variant, curve, thin=True) for curve in curves]
        if curves:
            lines.append(Line(variant, [tuple(np.mean(at, axis=0)) for at in zip(*curves, strict=False)]))
    every = [y for line in lines for _, y in line.points]
    if not every:
        return ""
    title = "Elo" if elo else "mistakes with search, per cent"
    panel = Panel(title, lines, min(every) if elo else 0.0, max(every))
    return draw([panel], across=f"work, 10^12 operations (0 to {plan.work:g})", last=plan.work)


def rate(counts: Sequence[int]) -> float:
    return counts[0] / counts[1]


def write_report(plan: Plan, folder: Path) -> str:
    """Write ``table.json``, ``table.md`` and ``curves.svg`` into ``folder``; returns the table in Markdown."""
    rows = rows_of(plan, folder)
    result = {
        "benchmark": "learning",
        "config": {"game": plan.game, "work": plan.work, "points": plan.points, "simulations": plan.simulations},
        "base": plan.base,
        "rows": rows,
        "machine": processor(),
        "versions": versions(),
        "commit": commit(),
    }
    text = markdown(plan, rows)
    durable_files.write_atomic(folder / "table.json", (json.dumps(result, indent=1) + "\n").encode())
    durable_files.write_atomic(folder / "table.md", text.encode())
    durable_files.write_atomic(folder / "curves.svg", plot(plan, folder).encode())
    return text

"""Curves of a run over minutes, games, samples, steps and simulations, with intervals where there are counts.

Knows the names of metrics and what they measure. Does not know files, stored games or how a curve is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfplay.solved.grading import wilson_interval
from training.run.progress import METHOD_TITLES, set_title

AXES = {
    "minutes": "minutes",
    "games": "games",
    "samples": "samples",
    "step": "steps",
    "simulations": "simulations",
}
"""Each axis of a run and what people call it."""

NUM_POINTS = 300
"""A longer curve is averaged down to this many points."""

Record = Mapping[str, Any]
Track = dict[str, list[float | None]]
"""{axis: where on it each point of a curve lies}"""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line; ``low`` and ``high`` are its 95 % interval or another band, as the figure's note says."""

    name: str
    at: Track
    y: list[float | None]
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    count: int = 0  # how many trials stand behind each point, where it is a rate
    quiet: bool = False  # for comparison: drawn thin


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Curves that share a scale. Figures of several runs with one ``key`` are drawn as one."""

    key: str
    section: str
    title: str
    note: str
    curves: list[Curve]
    unit: str = ""  # "%": shares in [0, 1]
    scale: str = "linear"  # or sqrt, log
    floor: float | None = 0.0  # the axis begins here at the latest
    aim: tuple[float, str] | None = None  # a dashed line and its name
    axis: str = ""  # an axis of its own; otherwise the one that the reader chooses
    diagonal: bool = False  # dashed, where y equals x


def positions(records: Sequence[Record]) -> dict[str, NDArray[np.float64]]:
    """Where each record lies on each axis; simulations are their rates summed up over the minutes of work."""
    at = {axis: column(records, axis) for axis in AXES if axis != "simulations"}
    seconds = 60 * np.diff(at["minutes"], prepend=0.0).clip(0)
    return at | {"simulations": np.cumsum(np.nan_to_num(column(records, "simulations_per_second")) * seconds)}


def column(records: Sequence[Record], name: str) -> NDArray[np.float64]:
    """One metric of every record, NaN where it has none."""
    return np.array([record.get(name, math.nan) for record in records], np.float64)


def track(at: Mapping[str, NDArray[np.float64]], rows: Any) -> Track:
    return {axis: numbers(values[rows]) for axis, values in at.items()}


def numbers(values: Any) -> list[float | None]:
    """For JSON: four digits are more than a screen shows; what is not finite is a gap."""
    return [float(f"{v:.5g}") if math.isfinite(v) else None for v in np.asarray(values, np.float64).tolist()]


def averaged(records: Sequence[Record], names: Mapping[str, str]) -> list[Curve]:
    """The metrics ``names`` {metric: its name for people} that the run has, averaged over stretches of records."""
    kept = [record for record in records if any(name in record for name in names)]
    if not kept:
        return []
    bins = np.array_split(np.arange(len(kept)), min(len(kept), NUM_POINTS))
    at = track(positions(records), np.searchsorted(column(records, "minutes"), column(kept, "minutes"))[_last(bins)])
    found = []
    for name, said in names.items():
        values = column(kept, name)
        if np.isfinite(values).any():
            found.append(Curve(name=said, at=at, y=numbers([_mean(values[rows]) for rows in bins])))
    return found


def _last(bins: Sequence[NDArray[np.int64]]) -> list[int]:
    return [int(rows[-1]) for rows in bins]


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan


def rates(records: Sequence[Record], names: Mapping[str, tuple[str, float]]) -> list[Curve]:
    """How fast counts grew, from {count: (its name for people, units a second)}, over equal shares of the run."""
    if len(records) < 3:
        return []
    marks = np.unique(np.linspace(0, len(records) - 1, min(len(records), 61)).astype(int))
    at, minutes = positions(records), column(records, "minutes")
    spans = 60 * np.diff(minutes[marks])
    good = spans > 0
    place = track(at, marks[1:][good])
    return [
        Curve(name=said, at=place, y=numbers(np.diff(at[name][marks])[good] / spans[good] / unit))
        if name in at
        else Curve(name=said, at=place, y=numbers(np.diff(column(records, name)[marks])[good] / spans[good] / unit))
        for name, (said, unit) in names.items()
    ]


def graded_records(records: Sequence[Record]) -> tuple[list[int], list[str]]:
    """The records that brought new grades, the last one included, and the names of the grades."""
    names = sorted({name for record in records for name in record if name.startswith("mistakes/")})
    rows, last = [], None
    for i, record in enumerate(records):
        now = [record.get(name) for name in names]
        if any(value is not None for value in now) and now != last:
            rows.append(i)
        last = now
    if rows and rows[-1] != len(records) - 1:
        rows.append(len(records) - 1)
    return rows, names


def mistakes(records: Sequence[Record], counts: Mapping[str, int]) -> list[Figure]:
    """A figure for each set of solved positions; ``counts`` {metric: positions} give the intervals."""
    rows, names = graded_records(records)
    if not rows:
        return []
    at, figures = track(positions(records), rows), []
    for each in sorted({name.split("/")[1] for name in names}):
        curves = []
        for how, said in METHOD_TITLES.items():
            name = f"mistakes/{each}/{how}"
            if name in names:
                curves.append(rate_curve(said, at, column(records, name)[rows], counts.get(name, 0)))
        figures.append(
            Figure(
                key=f"mistakes/{each}",
                section="strength",
                title=f"Mistakes on {set_title(each)}",
                note="Share of solved positions in which the move gives away a win or a draw; bars are 95 % intervals.",
                curves=curves,
                unit="%",
                scale="sqrt",
                aim=(0.0, "perfect play"),
            )
        )
    return figures


def rate_curve(name: str, at: Track, shares: NDArray[np.float64], count: int) -> Curve:
    """A curve of shares of ``count`` trials each, with Wilson's intervals; without a count it has none."""
    if not count:
        return Curve(name=name, at=at, y=numbers(shares))
    ends = [
        wilson_interval(round(s * count), count) if math.isfinite(s) else (math.nan, math.nan) for s in shares.tolist()
    ]
    low, high = ([end[side] for end in ends] for side in (0, 1))
    return Curve(name=name, at=at, y=numbers(shares), low=numbers(low), high=numbers(high), count=count)


def by_class(records: Sequence[Record], counts: Mapping[str, int]) -> list[Figure]:
    """A figure for each set whose positions are of several classes, and for the network only and with search."""
    rows, _ = graded_records(records)
    names = list(dict.fromkeys(name for record in records for name in record if name.startswith("by_class/")))
    at, figures = track(positions(records), rows), []
    for each, how in dict.fromkeys((name.split("/")[1], name.split("/")[2]) for name in names):
        mine = [name for name in names if name.startswith(f"by_class/{each}/{how}/")]
        lines = [rate_curve(name.split("/")[3], at, column(records, name)[rows], counts.get(name, 0)) for name in mine]
        title = f"Mistakes by class: {set_title(each)}, {METHOD_TITLES.get(how, how)}"
        note = "By stage of the game and by how far its end is; bars are 95 % intervals."
        figures.append(
            Figure(
                key=f"by_class/{each}/{how}",
                section="strength",
                title=title,
                note=note,
                curves=lines,
                unit="%",
                scale="sqrt",
                aim=(0.0, "perfect play"),
            )
        )
    return figures


def ratings(
    points: Sequence[tuple[Record, float, float, float]], anchors: Sequence[tuple[str, float]] = (), name: str = "Elo"
) -> list[Figure]:
    """Elo over the run from ``points`` (the axes' values, Elo, low, high), such as a rating database knows them.

    ``anchors`` (player, Elo) do not change; the perfect one among them is what the curve aims at. No points, no figure.
    """
    if not points:
        return []
    at = {axis: numbers([place.get(axis, math.nan) for place, *_ in points]) for axis in AXES}
    y, low, high = (numbers([point[i] for point in points]) for i in (1, 2, 3))
    curve = Curve(name=name, at=at, y=y, low=low, high=high)
    others = ", ".join(f"{player} at {elo:+.0f}" for player, elo in anchors)
    note = "Rating of the run's checkpoints; bars are 95 % intervals." + (
        f" For comparison: {others}." if others else ""
    )
    aim = next(((elo, "perfect play") for player, elo in anchors if player.partition("?")[0] == "perfect"), None)
    return [Figure(key="elo", section="strength", title="Elo", note=note, curves=[curve], floor=None, aim=aim)]


def learning(records: Sequence[Record]) -> list[Figure]:
    """Losses, policy, value and step sizes."""
    made = [
        ("loss", "Losses", "What the learner minimises, smoothed.", "", "linear",
         {"loss": "all", "policy_loss": "policy", "value_loss": "value"}),
        ("entropy", "Policy entropy", "In nats. The policy loss cannot fall below the search's entropy; the gap is what"
         " is left to learn.", "", "linear",
         {"policy_loss": "policy loss", "policy_entropy": "search's policy", "network_entropy": "network's policy"}),
        ("accuracy", "Network and search agree", "Share of samples where both would play the same move.", "%", "linear",
         {"policy_accuracy": "same first choice"}),
        ("value_error", "Value against the outcome", "Mean square error: of the network on what it was trained on, and"
         " of the search when it played. New games well above trained samples speak of over-fitting.", "", "linear",
         {"value_error": "trained samples (network)"}),
        ("rate", "Learning rate", "", "", "log", {"learning_rate": "learning rate"}),
        ("grad", "Gradient norm", "Before clipping.", "", "linear", {"grad_norm": "gradient norm"}),
    ]  # fmt: skip
    return [
        Figure(key=key, section="learning", title=title, note=note, unit=unit, scale=scale, curves=curves,
               floor=None if scale == "log" else 0.0)
        for key, title, note, unit, scale, names in made
        if (curves := averaged(records, names))
    ]  # fmt: skip


def machine(records: Sequence[Record]) -> list[Figure]:
    """Throughput, the cache and the window."""
    fast = {"simulations": ("simulations", 1.0), "trained": ("trained samples", 1.0), "samples": ("new samples", 1.0)}
    figures = [
        Figure(key="speed", section="machine", title="Throughput a second", note="Every pause is in it; a logarithmic"
               " scale.", curves=rates(records, fast), scale="log", floor=None),
        Figure(key="games_minute", section="machine", title="Games a minute", note="",
               curves=rates(records, {"games": ("games a minute", 1 / 60)})),
        Figure(key="cache", section="machine", title="Cache", note="Share of simulations whose position the network"
               " had judged already.", unit="%", curves=averaged(records, {"cache_hits": "met the cache"})),
        Figure(key="batch", section="machine", title="Positions a network call", note="",
               curves=averaged(records, {"rows_per_call": "positions"})),
        Figure(key="window", section="machine", title="Replay window", note="Samples that the learner draws from.",
               curves=averaged(records, {"window": "samples"})),
    ]  # fmt: skip
    return [figure for figure in figures if figure.curves]

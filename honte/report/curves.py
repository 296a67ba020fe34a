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
from training.evaluation.solved_positions import BY_CLASS, MISTAKES, RateName, split_rate_name
from training.run.progress import METHOD_TITLES, set_title

AXES = {
    "minutes": "minutes",
    "games": "games",
    "samples": "samples",
    "step": "steps",
    "simulations": "simulations",
}
"""The metrics that can be the x-axis of a chart, with their titles."""

NUM_POINTS = 300
"""The points of a longer curve are averaged down to this many."""

Record = Mapping[str, Any]
Track = dict[str, list[float | None]]
"""{axis: the x-coordinate of each point of a curve}"""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line; ``low`` and ``high`` are its 95 % interval, or another band that the note of the figure names."""

    name: str
    at: Track
    y: list[float | None]
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    count: int = 0  # trials behind each point, where it is a rate
    quiet: bool = False  # drawn thin: only for comparison


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Curves on one scale. Figures of several runs that have the same ``key`` become one chart."""

    key: str
    section: str
    title: str
    note: str
    curves: list[Curve]
    unit: str = ""  # "%": shares in [0, 1]
    scale: str = "linear"  # or sqrt, log
    floor: float | None = 0.0  # the y-axis includes this value
    aim: tuple[float, str] | None = None  # value and name of a dashed horizontal line
    axis: str = ""  # the name of its own x-axis; empty: the reader chooses one of AXES
    diagonal: bool = False  # draw the line y = x


def positions(records: Sequence[Record]) -> dict[str, NDArray[np.float64]]:
    """The x-coordinate of each record on each axis; simulations are summed up from their rate per second."""
    at = {axis: column(records, axis) for axis in AXES if axis != "simulations"}
    seconds = 60 * np.diff(at["minutes"], prepend=0.0).clip(0)
    return at | {"simulations": np.cumsum(np.nan_to_num(column(records, "simulations_per_second")) * seconds)}


def column(records: Sequence[Record], name: str) -> NDArray[np.float64]:
    """One metric of every record, NaN where a record does not have it."""
    return np.array([record.get(name, math.nan) for record in records], np.float64)


def track(at: Mapping[str, NDArray[np.float64]], rows: Any) -> Track:
    """The x-coordinates of some rows, as JSON."""
    return {axis: numbers(values[rows]) for axis, values in at.items()}


def numbers(values: Any) -> list[float | None]:
    """Numbers for JSON with five digits, which is more than a screen shows; None, a gap, where one is not finite."""
    return [float(f"{v:.5g}") if math.isfinite(v) else None for v in np.asarray(values, np.float64).tolist()]


def averaged(records: Sequence[Record], names: Mapping[str, str]) -> list[Curve]:
    """A curve of each metric of ``names`` {metric: its title} that the run has, averaged over neighbouring records."""
    chosen = [record for record in records if any(name in record for name in names)]
    if not chosen:
        return []
    bins = np.array_split(np.arange(len(chosen)), min(len(chosen), NUM_POINTS))
    ends = [int(rows[-1]) for rows in bins]
    at = track(positions(records), np.searchsorted(column(records, "minutes"), column(chosen, "minutes"))[ends])
    curves = []
    for name, title in names.items():
        values = column(chosen, name)
        if np.isfinite(values).any():
            curves.append(Curve(name=title, at=at, y=numbers([_mean(values[rows]) for rows in bins])))
    return curves


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan


def rates(records: Sequence[Record], names: Mapping[str, tuple[str, float]]) -> list[Curve]:
    """Curves of how fast counters grew in up to 60 equal parts of the run.

    ``names`` {counter: (title, unit)}: the curve is the growth per second, divided by the unit.
    """
    if len(records) < 3:
        return []
    marks = np.unique(np.linspace(0, len(records) - 1, min(len(records), 61)).astype(int))
    at, minutes = positions(records), column(records, "minutes")
    spans = 60 * np.diff(minutes[marks])
    good = spans > 0
    place = track(at, marks[1:][good])
    return [
        Curve(name=title, at=place, y=numbers(np.diff(counter[marks])[good] / spans[good] / unit))
        for name, (title, unit) in names.items()
        for counter in [at[name] if name in at else column(records, name)]
    ]


def graded_records(records: Sequence[Record]) -> tuple[list[int], list[str]]:
    """Rows of the records with new rates of mistakes, the last row included, and the names of these rates."""
    names = sorted({name for record in records for name in record if name.startswith(MISTAKES)})
    rows, previous = [], None
    for i, record in enumerate(records):
        rates = [record.get(name) for name in names]
        if any(rate is not None for rate in rates) and rates != previous:
            rows.append(i)
        previous = rates
    if rows and rows[-1] != len(records) - 1:
        rows.append(len(records) - 1)
    return rows, names


def mistakes(records: Sequence[Record], counts: Mapping[str, int]) -> list[Figure]:
    """A figure for each set of solved positions; ``counts`` {metric: number of positions} give the intervals."""
    rows, names = graded_records(records)
    if not rows:
        return []
    at, figures = track(positions(records), rows), []
    for each in sorted({split_rate_name(name).set_name for name in names}):
        curves = []
        for how, title in METHOD_TITLES.items():
            name = RateName(each, how).text
            if name in names:
                curves.append(rate_curve(title, at, column(records, name)[rows], counts.get(name, 0)))
        note = (
            "Share of solved positions where the move turns a win into a draw or a loss, or a draw into a loss; bars"
            " are 95 % intervals."
        )
        figures.append(_mistakes_figure(f"{MISTAKES}{each}", f"Mistakes on {set_title(each)}", note, curves))
    return figures


def _mistakes_figure(key: str, title: str, note: str, curves: list[Curve]) -> Figure:
    aim = (0.0, "perfect play")
    return Figure(key=key, section="strength", title=title, note=note, curves=curves, unit="%", scale="sqrt", aim=aim)


def rate_curve(name: str, at: Track, shares: NDArray[np.float64], count: int) -> Curve:
    """A curve of shares of ``count`` trials each, with Wilson intervals; without intervals where ``count`` is 0."""
    if not count:
        return Curve(name=name, at=at, y=numbers(shares))
    ends = [
        wilson_interval(round(s * count), count) if math.isfinite(s) else (math.nan, math.nan) for s in shares.tolist()
    ]
    low, high = ([end[side] for end in ends] for side in (0, 1))
    return Curve(name=name, at=at, y=numbers(shares), low=numbers(low), high=numbers(high), count=count)


def by_class(records: Sequence[Record], counts: Mapping[str, int]) -> list[Figure]:
    """Mistakes by class of positions: a figure for each set and each way of choosing moves."""
    rows, _ = graded_records(records)
    names = list(dict.fromkeys(name for record in records for name in record if name.startswith(BY_CLASS)))
    at, figures = track(positions(records), rows), []
    rates = {name: split_rate_name(name) for name in names}
    for each, how in dict.fromkeys(rate[:2] for rate in rates.values()):
        lines = [
            rate_curve(rate.class_name, at, column(records, name)[rows], counts.get(name, 0))
            for name, rate in rates.items()
            if rate[:2] == (each, how)
        ]
        title = f"Mistakes by class: {set_title(each)}, {METHOD_TITLES.get(how, how)}"
        note = "Classes are the stage of the game and the number of plies to its end; bars are 95 % intervals."
        figures.append(_mistakes_figure(f"{BY_CLASS}{each}/{how}", title, note, lines))
    return figures


def ratings(
    points: Sequence[tuple[Record, float, float, float]], anchors: Sequence[tuple[str, float]] = (), name: str = "Elo"
) -> list[Figure]:
    """A figure of Elo over the run from ``points`` (position on each axis, Elo, low, high); none without points.

    ``anchors`` (player, Elo) have fixed ratings. The figure marks the perfect player's, if there is one.
    """
    if not points:
        return []
    at = {axis: numbers([place.get(axis, math.nan) for place, *_ in points]) for axis in AXES}
    y, low, high = (numbers([point[i] for point in points]) for i in (1, 2, 3))
    curve = Curve(name=name, at=at, y=y, low=low, high=high)
    others = ", ".join(f"{player} at {elo:+.0f}" for player, elo in anchors)
    note = "Ratings of the run's checkpoints; bands are 95 % intervals." + (f" Anchors: {others}." if others else "")
    aim = next(((elo, "perfect play") for player, elo in anchors if player.partition("?")[0] == "perfect"), None)
    return [Figure(key="elo", section="strength", title="Elo", note=note, curves=[curve], floor=None, aim=aim)]


def learning(records: Sequence[Record]) -> list[Figure]:
    """Losses, entropies, accuracy, learning rate and gradient norm."""
    made = [
        ("loss", "Losses", "The losses that training minimises, smoothed.", "", "linear",
         {"loss": "total", "policy_loss": "policy", "value_loss": "value"}),
        ("entropy", "Policy entropy", "In nats. The policy loss cannot fall below the entropy of the search's policy;"
         " the network can still learn the difference.", "", "linear",
         {"policy_loss": "policy loss", "policy_entropy": "entropy of the search's policy",
          "network_entropy": "entropy of the network's policy"}),
        ("accuracy", "Policy accuracy", "Share of samples where network and search have the same most likely move.",
         "%", "linear", {"policy_accuracy": "same move"}),
        ("value_error", "Error of the value", "Mean squared error against the outcome: the network's on trained samples"
         " and the search's on new games. A much larger error on new games is a sign of overfitting.", "", "linear",
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
    """Throughput, cache, batch size and replay window."""
    fast = {"simulations": ("simulations", 1.0), "trained": ("trained samples", 1.0), "samples": ("new samples", 1.0)}
    figures = [
        Figure(key="speed", section="machine", title="Throughput per second", note="Averages, pauses included."
               " The scale is logarithmic.", curves=rates(records, fast), scale="log", floor=None),
        Figure(key="games_minute", section="machine", title="Games per minute", note="",
               curves=rates(records, {"games": ("games per minute", 1 / 60)})),
        Figure(key="cache", section="machine", title="Cache hits", note="Share of simulations whose position was in the"
               " evaluation cache.", unit="%", curves=averaged(records, {"cache_hits": "cache hits"})),
        Figure(key="batch", section="machine", title="Batch size", note="Positions per call of the network.",
               curves=averaged(records, {"rows_per_call": "positions"})),
        Figure(key="window", section="machine", title="Replay window", note="Samples that the learner draws from.",
               curves=averaged(records, {"window": "samples"})),
    ]  # fmt: skip
    return [figure for figure in figures if figure.curves]

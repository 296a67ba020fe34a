"""Ray's own metrics of a run, tagged with its name and its game, for Prometheus and Ray's dashboard.

Knows names and units. Does not import Ray: it is handed ``ray.util.metrics``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COUNTERS = {
    "games": "finished games that the learner took",
    "positions": "positions in them",
    "evaluations": "positions that networks judged",
}
GAUGES = {
    "actors": "actors at work",
    "version": "version of the network that is played with",
}
LOSSES = ("actor", "node", "quarantined")


class RayMetrics:
    """Counters and gauges called ``honte_...``; each has the tags ``run`` and ``game``."""

    def __init__(self, metrics: Any, tags: Mapping[str, str]) -> None:
        tags = {"run": "", **tags}
        keys = tuple(tags)
        self.evaluations = 0
        self.counters = {name: metrics.Counter(f"honte_{name}", text, keys) for name, text in COUNTERS.items()}
        self.gauges = {name: metrics.Gauge(f"honte_{name}", text, keys) for name, text in GAUGES.items()}
        self.losses = metrics.Counter("honte_losses", "actors, nodes and games lost", (*keys, "kind"))
        for meter in (*self.counters.values(), *self.gauges.values(), self.losses):
            meter.set_default_tags(dict(tags))

    def show(self, games: int, positions: int, evaluations: int, **now: int) -> None:
        """``games`` and ``positions`` since the last time, ``evaluations`` so far, and what the gauges stand at."""
        for name, more in (("games", games), ("positions", positions), ("evaluations", evaluations - self.evaluations)):
            if more > 0:
                self.counters[name].inc(more)
        self.evaluations = evaluations
        for name, value in now.items():
            self.gauges[name].set(value)

    def lost(self, kind: str) -> None:
        """One of ``LOSSES``."""
        self.losses.inc(1, {"kind": kind})

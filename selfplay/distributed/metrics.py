"""Ray's own metrics of a run, tagged with its name and its game, for Prometheus and Ray's dashboard.

Knows names and units. Does not import Ray: the caller passes ``ray.util.metrics``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COUNTERS = {
    "games": "finished games that the learner received",
    "positions": "positions in them",
    "evaluations": "positions that networks evaluated",
}
GAUGES = {
    "actors": "actors that have started",
    "version": "version of the network that plays",
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
        for metric in (*self.counters.values(), *self.gauges.values(), self.losses):
            metric.set_default_tags(dict(tags))

    def update(self, games: int, positions: int, evaluations: int, **gauges: int) -> None:
        """``games`` and ``positions`` since the last update, ``evaluations`` in all, and the gauges' values."""
        new_evaluations = evaluations - self.evaluations
        for name, more in (("games", games), ("positions", positions), ("evaluations", new_evaluations)):
            if more > 0:
                self.counters[name].inc(more)
        self.evaluations = evaluations
        for name, value in gauges.items():
            self.gauges[name].set(value)

    def count_loss(self, kind: str) -> None:
        """Count one loss; ``kind`` is one of ``LOSSES``."""
        self.losses.inc(1, {"kind": kind})

"""The settings of a Ray cluster: how many actors play, and what each of them may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from agent.settings import Count, Number, PositiveNumber, Range, Settings


@dataclass(frozen=True, kw_only=True)
class RayConfig(Settings, called="ray"):
    """How self-play is spread over a Ray cluster (``honte train --ray``). Resources are those of one actor."""

    num_actors: Count = 0  # 0: as many as the cluster has room for, adjusted when nodes come and go
    groups: Annotated[int, Range(1, 4096)] = (
        1  # groups of games that an actor plays in threads that share its backend; 2 or more pay on a GPU
    )
    num_cpus: Number = 1.0  # processor cores of each actor
    num_gpus: Number = 0.0  # above 0, engine.device auto is cuda on actors; fractions share a GPU between actors
    resources: dict[str, Number] = field(default_factory=dict)  # custom resources, as nodes offer them
    scheduling_strategy: Literal["DEFAULT", "SPREAD"] = "SPREAD"  # Ray's strategy for placing actors on nodes
    seconds: PositiveNumber = (
        0.5  # that an actor plays before it returns the finished games; two such calls are in flight
    )
    timeout: PositiveNumber = 120.0  # seconds without an answer after which an actor is replaced
    startup_timeout: PositiveNumber = 600.0  # the same for its first answer: it compiles and measures backends
    object_store_mb: Annotated[int, Range(80, 1 << 24)] = 256  # of the cluster that --ray local starts
    aggregate_above: Count = 100  # with more actors than this, one aggregator a node checks games for the driver

    def default_num_actors(self, resources: Mapping[str, float]) -> int:
        """The number of actors on a cluster with these resources; at least one."""
        return max(1, self.capacity(resources))

    def capacity(self, resources: Mapping[str, float], *, learner: bool = True) -> int:
        """The number of actors that fit into these resources.

        With ``learner``, one of more than 4 CPUs is left to the learner.
        """
        cpus = resources.get("CPU", 0)
        free = {**resources, "CPU": cpus - (learner and cpus > 4)}
        needs = {"CPU": self.num_cpus, "GPU": self.num_gpus, **self.resources}
        fits = [int(free.get(name, 0) / need) for name, need in needs.items() if need]
        if not fits:
            raise ValueError("ray.num_actors is 0 and an actor takes no resource: say how many there should be")
        return max(0, min(fits))

    def answer_timeout(self, first: bool, seconds: float) -> float:
        """After how long a call that plays for ``seconds`` counts as unanswered; ``first``: an actor's first call."""
        return self.startup_timeout if first else self.timeout + seconds

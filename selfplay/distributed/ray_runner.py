"""RayRunner: self-play by actors on a Ray cluster. The only file that imports Ray.

Knows actors, calls in flight, weights in the object store, and what to do when any of it dies. Does not know how games
are played (``worker``, ``ordeal``) nor which game is played where (``ledger``).

The driver is the learner, and everything durable is its: actors, objects and nodes may vanish at any moment. Each
actor has two calls in flight, so that it never waits for the driver; where the driver does not collect, none is added:
that is the backpressure. Weights are put once a version and fetched once a node. With many actors, each node has an
aggregator with a crew of its own, and the driver's crew are the aggregators.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # a driver's stdout is its own; ``notes`` says what died
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 lets any other process take the cores from self-play

import ray
import ray.util.metrics
from ray.exceptions import RayActorError, RayError, RaySystemError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from games.game import Game
from selfplay.distributed.actor import ActorJob, ActorReport, RayConfig, SelfPlayActor
from selfplay.distributed.actor_handle import (
    ANYWHERE,
    ActorHandle,
    ActorRole,
    RemoteEvaluator,
    check_address,
    error_line,
    keep_signal_handlers,
    plan_roles,
    retry_start,
)
from selfplay.distributed.actor_pool import ActorPool
from selfplay.distributed.aggregator import Aggregator
from selfplay.distributed.assignments import Assignments
from selfplay.distributed.checked_games import Games, num_samples
from selfplay.distributed.metrics import RayMetrics
from selfplay.distributed.quarantine import Quarantine
from selfplay.local_runner import Evaluator, SelfPlayConfig, Weights


class _RayActor(SelfPlayActor):
    """A worker, and an ordeal for games that are suspected."""

    def __init__(self, job: ActorJob, cluster: RayConfig) -> None:
        super().__init__(job)
        self.ordeal = Quarantine(ray.cloudpickle.dumps(job), cluster.patience)  # type: ignore[no-untyped-call]

    def hello(self) -> tuple[int, str]:
        """Its process id and its node."""
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def work(
        self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None, suspected: bool = False
    ) -> ActorReport:
        """It is never given both kinds at once."""
        if len(ids) and not suspected:
            self.ordeal.close()
        own = super().work([] if suspected else ids, seconds, weights)
        tried = self.ordeal.work(ids if suspected else [], seconds, weights)
        moves, asked, evaluated = (a + b for a, b in zip(own[2:5], tried[2:5], strict=True))
        return (own if own.ids else tried)._replace(moves=moves, asked=asked, evaluated=evaluated)


class _RayAggregator:
    """An actor whose games the other actors of its node play."""

    def __init__(self, job: ActorJob, cluster: RayConfig) -> None:
        self.job, self.cluster = job, cluster

    def hello(self) -> tuple[int, str]:
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def begin(self) -> None:
        crew = _RayActorPool(
            self.job, self.job.make_game(), self.cluster, Assignments(endless=False), ActorRole(self.hello()[1])
        )
        self.aggregator = Aggregator(crew)

    def work(
        self, ids: Sequence[int], seconds: float, weights: tuple[Any, int] | None, suspected: bool = False
    ) -> ActorReport:
        """Its own crew finds out whom to suspect."""
        return self.aggregator.work(ids, seconds, weights)


class _RayActorPool(ActorPool):
    """A crew of Ray actors."""

    def __init__(
        self, job: ActorJob, game: Game, cluster: RayConfig, ledger: Assignments, post: ActorRole = ANYWHERE
    ) -> None:
        """``post``: where each of the actors goes; aggregators are hired only for actors that may go anywhere."""
        super().__init__(game, job.config, cluster, ledger)
        self.post, self.aggregated = post, False
        self._job = ray.put(job)
        self._kinds = {kind: ray.remote(kind) for kind in (_RayActor, _RayAggregator)}

    def _posts(self) -> list[ActorRole]:
        """What actors are wanted for."""
        wanted = self.cluster.num_actors or self.cluster.room(ray.cluster_resources())  # type: ignore[no-untyped-call]
        self.aggregated |= wanted > self.cluster.aggregate_above and not self.post.node
        if not self.aggregated:
            return [self.post] * wanted
        alive = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        nodes = {node["NodeID"]: node["Resources"] for node in alive}
        here = ray.get_runtime_context().get_node_id()
        return plan_roles(self.cluster, nodes, here, [hired.post for hired in self.staff.values()])

    def _hire(self, post: ActorRole) -> ActorHandle:
        where = NodeAffinitySchedulingStrategy(post.node, soft=False) if post.node else self.cluster.scheduling_strategy
        options: dict[str, Any] = {"scheduling_strategy": where, "max_restarts": 0, "max_task_retries": 0}
        if post.actors:
            own = replace(self.cluster, num_actors=post.actors)
            handle: Any = self._kinds[_RayAggregator].options(**options, num_cpus=0).remote(self._job, own)
        else:
            needs = {name: getattr(self.cluster, name) for name in ("num_cpus", "num_gpus", "resources")}
            handle = self._kinds[_RayActor].options(**options, **needs).remote(self._job, self.cluster)
        calls = deque([("hello", handle.hello.remote()), ("begin", handle.begin.remote())])
        now = time.monotonic()
        return ActorHandle(handle, calls, now, now, post)

    def _end(self, hired: ActorHandle) -> None:
        with contextlib.suppress(Exception):
            ray.kill(hired.handle)

    def _ask(self, hired: ActorHandle, ids: Sequence[int], weights: Any, suspected: bool) -> Any:
        if weights is not None and hired.post.actors:  # in a tuple it stays a reference, for its crew
            weights = (weights, self._version)
        return hired.handle.work.remote(ids, self.seconds, weights, suspected)

    def _harvest(self, timeout: float) -> list[Games]:
        """Take every answer that is there, waiting for the first."""
        oldest = {hired.calls[0][1]: name for name, hired in self.staff.items() if hired.calls}
        if not oldest:
            time.sleep(min(timeout, 0.05))
            return []
        refs = list(oldest)
        ready, _ = ray.wait(refs, num_returns=1, timeout=timeout)
        if ready:
            ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        found: list[Games] = []
        for ref in ready:
            found += self._take(oldest[ref])
        now, answered = time.monotonic(), set(ready)
        for ref, name in oldest.items():
            if ref not in answered and name in self.staff:
                self._watch(name, now)
        return found

    def _watch(self, name: str, now: float) -> None:
        """Give ``name`` up where it has not answered for too long; one that waits for a place may wait on."""
        hired = self.staff[name]
        (kind, ref), limit = hired.calls[0], self.cluster.patience(not any(hired.counts), self.seconds)
        if kind == "hello" or now - hired.since < limit:
            return
        if not ray.wait([ref], timeout=1.0)[0]:  # the driver itself may have slept
            there = NodeAffinitySchedulingStrategy(hired.node, soft=False)  # it does not do what ray.kill asks
            ray.remote(_kill).options(num_cpus=0, scheduling_strategy=there).remote(hired.pid)
            self._crashed(name, f"no answer for {limit:.0f} seconds")

    def _take(self, name: str) -> list[Games]:
        """The answer to the oldest call of ``name``, which is there."""
        hired = self.staff[name]
        kind, ref = hired.calls.popleft()
        try:
            answer = ray.get(ref)
        except RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if hired.post.actors and isinstance(cause, ValueError):  # its crew has given up
                raise ValueError(str(cause)) from error
            if kind != "work":  # the configuration's fault, not a game's
                raise ValueError(f"an actor could not begin: {type(cause).__name__}: {cause}") from error
            self._crashed(name, f"{type(cause).__name__}: {cause}")
            return []
        except RayActorError as error:
            if hired.pid and _gone(hired.node):
                self._lost(name, "its node has left")
            else:
                self._crashed(name, f"its process died ({error_line(error)})")
            return []
        except RaySystemError:
            raise
        except RayError as error:  # an answer that was lost on the way: the games are played again
            self._lost(name, f"its answer was lost ({type(error).__name__})")
            return []
        hired.since = time.monotonic()
        if kind == "hello":
            hired.pid, hired.node = answer
        return self._settled(name, answer) if kind == "work" else []


class RayRunner(_RayActorPool):
    """A ``Runner`` whose games are played by actors."""

    def __init__(
        self,
        game: Game,
        config: SelfPlayConfig,
        evaluator: Callable[[Game], Evaluator],
        *,
        seed: int,
        first_id: int = 0,
        missing: Iterable[int] = (),
        address: str = "local",
        cluster: RayConfig | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """``evaluator`` makes one of a game, in each actor; ``missing``: earlier ids that are still to be played.

        ``address``: auto, local, or that of a cluster. ValueError when there is none.
        """
        cluster = cluster or RayConfig()
        self.job = ActorJob.of(game, config, evaluator, seed=seed, groups=cluster.groups)
        self.own = connect(address, cluster)
        super().__init__(self.job, game, cluster, Assignments(first_id, missing))
        self.evaluator = RemoteEvaluator(lambda: evaluator(game), self.staff)
        self.meters = RayMetrics(ray.util.metrics, {"game": game.name, **(tags or {})})

    def publish(self, weights: Weights, version: int) -> None:
        """Put the weights into the object store once; each actor gets them with its next call."""
        self.evaluator.weights = weights, version
        arrays = {name: t.numpy() if hasattr(t, "numpy") else t for name, t in weights.items()}
        self.hand_out(ray.put((arrays, version)), version)

    def collect(self, timeout: float = 1.0) -> Games:
        """As a crew does, and Ray's metrics are told."""
        games = super().collect(timeout)
        at_work = sum(max(1, hired.post.actors) for hired in self.staff.values() if hired.pid)
        self.meters.show(len(games), num_samples(games), self.counts()[2], actors=at_work, version=self._version)
        while self.losses:
            self.meters.lost(self.losses.pop())
        return games

    def close(self) -> None:
        """End the actors, and the cluster where it is ours."""
        for hired in self.staff.values():
            self._end(hired)
        self.staff.clear()
        if self.own:
            with keep_signal_handlers():
                ray.shutdown()

    @property
    def moves(self) -> int:
        return self.counts()[0]

    @property
    def next_id(self) -> int:
        return self.ledger.next_id

    @property
    def missing(self) -> list[int]:
        """Ids below ``next_id`` that have not been handed to whoever collects."""
        return self.ledger.open


def connect(address: str, config: RayConfig) -> bool:
    """Join the cluster at ``address``, or start one for ``local``; whether it is ours to end.

    ValueError when there is none.
    """
    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}
    with keep_signal_handlers():
        if address == "local":
            quiet |= {"include_dashboard": False, "object_store_memory": config.object_store_mb << 20}
            retry_start(lambda: ray.init("local", **quiet), ray.shutdown)
            return True
        try:
            check_address(address)
            ray.init(address, **quiet)
        except (OSError, RuntimeError, ValueError) as error:
            hint = "'ray start --head' starts one, and --ray local is one for this run alone"
            raise ValueError(f"there is no Ray cluster at {address!r} ({error_line(error)}); {hint}") from error
    return True


def _gone(node: str) -> bool:
    return not any(each["NodeID"] == node and each["Alive"] for each in ray.nodes())  # type: ignore[no-untyped-call]


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)

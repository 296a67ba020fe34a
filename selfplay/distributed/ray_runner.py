"""RayRunner: self-play by actors on a Ray cluster. The only file that imports Ray.

Knows actors, calls in flight, weights in the object store, and how the death of an actor, a node or an answer shows.
Does not know how games are played (``actor``, ``quarantine``), which actor plays which game (``assignments``), or what
follows from a death (``actor_pool``).

The driver is the learner's process. It alone stores anything: actors, objects and nodes may vanish at any moment. Each
actor has two calls in flight, so that it never waits for the driver. While the driver does not collect, no call is
added: that is the backpressure. Weights are stored once for each version and fetched once by each node. With many
actors, each node has an aggregator with an actor pool of its own, and the driver's pool consists of the aggregators.
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
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import ActorJob, ActorReport, SelfPlayActor
from selfplay.distributed.actor_handle import ANYWHERE, ActorHandle, ActorRole, PendingCall, RemoteEvaluator, plan_roles
from selfplay.distributed.actor_pool import ActorPool
from selfplay.distributed.aggregator import Aggregator
from selfplay.distributed.assignments import Assignments
from selfplay.distributed.checked_games import Games, num_samples
from selfplay.distributed.cluster_connection import check_address, error_line, keep_signal_handlers, retry_start
from selfplay.distributed.config import RayConfig
from selfplay.distributed.metrics import RayMetrics
from selfplay.distributed.quarantine import IsolatedActor
from selfplay.records import Arrays
from selfplay.runner import Evaluator, Weights


class _RayActor(SelfPlayActor):
    """An actor, with an isolated actor for suspected games."""

    def __init__(self, job: ActorJob, cluster: RayConfig) -> None:
        super().__init__(job)
        pickled: bytes = ray.cloudpickle.dumps(job)  # type: ignore[no-untyped-call]
        self.isolated = IsolatedActor(pickled, cluster.answer_timeout)

    def hello(self) -> tuple[int, str]:
        """Its process id and its node."""
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def work(
        self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None, suspected: bool = False
    ) -> ActorReport:
        """Play as ``SelfPlayActor.work`` does. It never has suspected and other games at the same time."""
        if len(ids) and not suspected:
            self.isolated.close()
        own = super().work([] if suspected else ids, seconds, weights)
        isolated = self.isolated.work(ids if suspected else [], seconds, weights)
        return (own if own.ids else isolated)._replace(counts=own.counts + isolated.counts)


class _RayAggregator:
    """An actor whose games are played by the other actors of its node."""

    def __init__(self, job: ActorJob, cluster: RayConfig) -> None:
        self.job, self.cluster = job, cluster

    def hello(self) -> tuple[int, str]:
        """Its process id and its node."""
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def begin(self) -> None:
        """Make its actor pool."""
        assignments, role = Assignments(endless=False), ActorRole(self.hello()[1])
        self.aggregator = Aggregator(_RayActorPool(self.job, self.job.make_game(), self.cluster, assignments, role))

    def work(
        self, ids: Sequence[int], seconds: float, weights: tuple[Any, int] | None, suspected: bool = False
    ) -> ActorReport:
        """Play as ``SelfPlayActor.work`` does. Its own pool finds out which games are suspected."""
        return self.aggregator.work(ids, seconds, weights)


class _RayActorPool(ActorPool):
    """An actor pool of Ray actors."""

    def __init__(
        self, job: ActorJob, game: Game, cluster: RayConfig, assignments: Assignments, role: ActorRole = ANYWHERE
    ) -> None:
        """``role``: each actor's. There are aggregators only if it lets actors run on any node."""
        super().__init__(game, job.config, cluster, assignments)
        self.role, self.aggregated = role, False
        self._job = ray.put(job)
        self._classes = {kind: ray.remote(kind) for kind in (_RayActor, _RayAggregator)}

    def _wanted_roles(self) -> list[ActorRole]:
        """One role for each actor, or aggregator, that there should be."""
        resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        wanted = self.cluster.num_actors or self.cluster.default_num_actors(resources)
        self.aggregated |= wanted > self.cluster.aggregate_above and not self.role.node
        if not self.aggregated:
            return [self.role] * wanted
        alive = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        nodes = {node["NodeID"]: node["Resources"] for node in alive}
        learner = ray.get_runtime_context().get_node_id()
        return plan_roles(self.cluster, nodes, learner, [actor.role for actor in self.actors.values()])

    def _start_actor(self, role: ActorRole) -> ActorHandle:
        where = NodeAffinitySchedulingStrategy(role.node, soft=False) if role.node else self.cluster.scheduling_strategy
        options: dict[str, Any] = {"scheduling_strategy": where, "max_restarts": 0, "max_task_retries": 0}
        if role.actors:
            own = replace(self.cluster, num_actors=role.actors)
            remote: Any = self._classes[_RayAggregator].options(**options, num_cpus=0).remote(self._job, own)
        else:
            needs = {name: getattr(self.cluster, name) for name in ("num_cpus", "num_gpus", "resources")}
            remote = self._classes[_RayActor].options(**options, **needs).remote(self._job, self.cluster)
        calls = deque([PendingCall("hello", remote.hello.remote()), PendingCall("begin", remote.begin.remote())])
        now = time.monotonic()
        return ActorHandle(remote, calls, waiting_since=now, started_at=now, role=role)

    def _kill_actor(self, actor: ActorHandle) -> None:
        with contextlib.suppress(Exception):
            ray.kill(actor.remote)

    def _start_call(self, actor: ActorHandle, ids: Sequence[int], weights: Any, suspected: bool) -> Any:
        if weights is not None and actor.role.actors:  # inside a tuple it stays a reference, for the aggregator's pool
            weights = (weights, self._version)
        return actor.remote.work.remote(ids, self.seconds, weights, suspected)

    def _receive_answers(self, timeout: float) -> list[Games]:
        """Handle every answer that has arrived, waiting for the first; return the games in them."""
        oldest = {actor.calls[0].answer: name for name, actor in self.actors.items() if actor.calls}
        if not oldest:
            time.sleep(min(timeout, 0.05))
            return []
        answers = list(oldest)
        ready, _ = ray.wait(answers, num_returns=1, timeout=timeout)
        if ready:
            ready, _ = ray.wait(answers, num_returns=len(answers), timeout=0)
        games: list[Games] = []
        for answer in ready:
            games += self._receive_answer(oldest[answer])
        now, arrived = time.monotonic(), set(ready)
        for answer, name in oldest.items():
            if answer not in arrived and name in self.actors:
                self._replace_if_silent(name, now)
        return games

    def _replace_if_silent(self, name: str, now: float) -> None:
        """Replace an actor that has not answered for too long. One that waits for a place on a node may wait on."""
        actor = self.actors[name]
        call, limit = actor.calls[0], self.cluster.answer_timeout(not actor.has_worked, self.seconds)
        if call.method == "hello" or now - actor.waiting_since < limit:
            return
        if not ray.wait([call.answer], timeout=1.0)[0]:  # the driver itself may have slept
            # A frozen process does not do what ray.kill asks of it.
            on_its_node = NodeAffinitySchedulingStrategy(actor.node, soft=False)
            ray.remote(_kill_process).options(num_cpus=0, scheduling_strategy=on_its_node).remote(actor.pid)
            self._handle_crash(name, f"no answer for {limit:.0f} seconds")

    def _receive_answer(self, name: str) -> list[Games]:
        """Handle the answer to an actor's oldest call, which has arrived: games, or how the actor died."""
        actor = self.actors[name]
        call = actor.calls.popleft()
        try:
            answer = ray.get(call.answer)
        except RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if actor.role.actors and isinstance(cause, ValueError):  # the aggregator's pool has given up
                raise ValueError(str(cause)) from error
            if call.method != "work":  # the configuration's fault, not a game's
                raise ValueError(f"an actor could not begin: {type(cause).__name__}: {cause}") from error
            self._handle_crash(name, f"{type(cause).__name__}: {cause}")
            return []
        except RayActorError as error:
            if actor.pid and _has_left(actor.node):
                self._handle_loss(name, "its node has left")
            else:
                self._handle_crash(name, f"its process died ({error_line(error)})")
            return []
        except RaySystemError:
            raise
        except RayError as error:  # the answer was lost on the way: its games are played again
            self._handle_loss(name, f"its answer was lost ({type(error).__name__})")
            return []
        actor.waiting_since = time.monotonic()
        if call.method == "hello":
            actor.pid, actor.node = answer
        return self._accept_report(name, answer) if call.method == "work" else []


class RayRunner(_RayActorPool):
    """A ``Runner`` whose games are played by actors on a Ray cluster."""

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
        """``evaluator`` makes each actor's evaluator of a game. ``missing``: earlier ids that are still to be played.

        ``address``: auto, local, or that of a cluster. ValueError if there is none.
        """
        cluster = cluster or RayConfig()
        self.progress = 0.0  # nothing that actors do depends on it
        self.job = ActorJob.of(game, config, evaluator, seed=seed, groups=cluster.groups)
        self.owns_cluster = connect(address, cluster)
        super().__init__(self.job, game, cluster, Assignments(first_id, missing))
        self.evaluator = RemoteEvaluator(lambda: evaluator(game), self.actors)
        self.metrics = RayMetrics(ray.util.metrics, {"game": game.name, **(tags or {})})

    def publish(self, weights: Weights, version: int) -> None:
        """Put the weights into the object store once; each actor gets them with its next call."""
        self.evaluator.weights = weights, version
        arrays = {name: t.numpy() if hasattr(t, "numpy") else t for name, t in weights.items()}
        self.set_weights(ray.put((arrays, version)), version)

    def collect(self, timeout: float = 1.0) -> Games:
        """Games finished since the last call, as ``ActorPool.collect`` gives them; this updates Ray's metrics."""
        games = super().collect(timeout)
        num_actors = sum(max(1, actor.role.actors) for actor in self.actors.values() if actor.pid)
        evaluated = self.counts().evaluated
        self.metrics.update(len(games), num_samples(games), evaluated, actors=num_actors, version=self._version)
        while self.losses:
            self.metrics.count_loss(self.losses.pop())
        return games

    def state(self) -> dict[str, Arrays]:
        """Nothing: actors keep nothing from finished games."""
        return {}

    def close(self) -> None:
        """End the actors, and the cluster if this runner started it."""
        for actor in self.actors.values():
            self._kill_actor(actor)
        self.actors.clear()
        if self.owns_cluster:
            with keep_signal_handlers():
                ray.shutdown()

    @property
    def moves(self) -> int:
        return self.counts().moves

    @property
    def next_id(self) -> int:
        return self.assignments.next_id

    @property
    def missing(self) -> list[int]:
        """Ids below ``next_id`` whose games ``collect`` has not returned, except those in quarantine."""
        return self.assignments.unfinished


def connect(address: str, config: RayConfig) -> bool:
    """Join the cluster at ``address``, or start one for ``local``; return whether this process started it.

    ValueError if there is no cluster.
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


def _has_left(node: str) -> bool:
    return not any(each["NodeID"] == node and each["Alive"] for each in ray.nodes())  # type: ignore[no-untyped-call]


def _kill_process(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)

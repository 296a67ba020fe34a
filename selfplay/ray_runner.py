"""RayRunner: self-play by actors on a Ray cluster. The only file that imports Ray.

Knows actors, calls in flight, weights in the object store, and what to do when any of it dies. Does not know how games
are played (``worker``) nor which game is played where (``ledger``).

The driver is the learner, and everything durable is its: actors, objects and nodes may vanish at any moment. Each
actor has two calls in flight, so that it never waits for the driver; where the driver does not collect, none is added:
that is the backpressure. Weights are put once a version and fetched once a node.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
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
from selfplay.hired import Backoff, Front, Hired, Staff, own_signals, patiently, probe, reason
from selfplay.ledger import Ledger
from selfplay.local_runner import Evaluator, SelfPlayConfig, Weights
from selfplay.meters import Meters
from selfplay.records import GameRecord, samples, unpack
from selfplay.worker import Finished, Job, RayConfig, Worker

IN_FLIGHT = 2
CALLS_A_SECOND = 200.0
"""More actors than this get longer calls, so that the driver's work does not grow with them."""

STAFF_SECONDS = 2.0
HOPELESS = 12
"""Crashes in a row, with no game finished between them, after which the fault is not one game's."""


class _Actor(Worker):
    def hello(self) -> tuple[int, str]:
        """Its process id and its node."""
        return os.getpid(), ray.get_runtime_context().get_node_id()


class RayRunner:
    """A ``Runner`` whose games are played by actors. ``notes`` says what went wrong and was mended."""

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
        self.game, self.config, self.cluster = game, config, cluster or RayConfig()
        self.seconds = self.cluster.seconds
        self.notes: list[str] = []
        self.ledger = Ledger(first_id, missing)
        self.job = Job.of(game, config, evaluator, seed=seed, groups=self.cluster.groups)
        self.staff, self.backoff = Staff(), Backoff()
        self.evaluator = Front(lambda: evaluator(game), self.staff)
        self._weights: Any = None
        self._version, self._staffed = -1, -1e9
        self.own = connect(address, self.cluster)
        self._job = ray.put(self.job)
        options = {name: getattr(self.cluster, name) for name in ("num_cpus", "num_gpus", "resources")}
        options |= {"scheduling_strategy": self.cluster.scheduling_strategy, "max_restarts": 0, "max_task_retries": 0}
        self._hire_one = ray.remote(_Actor).options(**options)
        self.meters = Meters(ray.util.metrics, {"game": game.name, **(tags or {})})

    # ---- the runner ----------------------------------------------------------------------------------------------

    def publish(self, weights: Weights, version: int) -> None:
        """Put the weights into the object store once; each actor gets them with its next call."""
        self.evaluator.weights = weights, version
        arrays = {name: t.numpy() if hasattr(t, "numpy") else t for name, t in weights.items()}
        self._weights, self._version = ray.put((arrays, version)), version

    def collect(self, timeout: float = 1.0) -> list[GameRecord]:
        """Games finished since the last call, each id once; waits up to ``timeout`` seconds for the first."""
        deadline = time.monotonic() + timeout
        records: list[GameRecord] = []
        while True:
            self._staff_up()
            for name in list(self.staff):
                self._feed(name)
            records += self._harvest(0.0 if records else max(0.0, deadline - time.monotonic()))
            if records or time.monotonic() >= deadline:
                break
        for name in list(self.staff):
            self._feed(name)
        at_work = sum(bool(hired.pid) for hired in self.staff.values())
        self.meters.show(len(records), samples(records), self.staff.counts()[2], actors=at_work, version=self._version)
        return records

    def close(self) -> None:
        """End the actors, and the cluster where it is ours."""
        for hired in self.staff.values():
            _end(hired)
        self.staff.clear()
        if self.own:
            with own_signals():
                ray.shutdown()

    @property
    def moves(self) -> int:
        return self.staff.counts()[0]

    @property
    def next_id(self) -> int:
        return self.ledger.next_id

    @property
    def missing(self) -> list[int]:
        """Ids below ``next_id`` that have not been handed to whoever collects."""
        return self.ledger.open

    # ---- actors come and go --------------------------------------------------------------------------------------

    def _staff_up(self) -> None:
        """Hire up to the wanted number, and let go what is beyond it."""
        now = time.monotonic()
        if (now - self._staffed < STAFF_SECONDS and self._staffed > self.backoff.last) or now < self.backoff.until:
            return
        self._staffed = now
        wanted = self.cluster.num_actors or self.cluster.room(ray.cluster_resources())  # type: ignore[no-untyped-call]
        self.seconds = max(self.cluster.seconds, IN_FLIGHT * wanted / CALLS_A_SECOND)
        while len(self.staff) < wanted:
            handle: Any = self._hire_one.remote(self._job)
            calls = deque([("hello", handle.hello.remote()), ("begin", handle.begin.remote())])
            self.staff[f"actor {self.staff.hired}"] = Hired(handle, calls, now, now)
            self.staff.hired += 1
        for name in sorted(self.staff, key=lambda name: bool(self.staff[name].pid))[: len(self.staff) - wanted]:
            self._part(name)
            self.ledger.release(name)

    def _part(self, name: str) -> Hired:
        hired = self.staff.part(name)
        _end(hired)
        return hired

    def _crashed(self, name: str, why: str) -> None:
        """``name`` died or hangs over its games: another takes its place, later each time."""
        hired = self._part(name)
        self.backoff.crashed(hired.hired)
        self.notes.append(f"{name} (process {hired.pid}) is replaced: {why}")
        for i in self.ledger.blame(name):
            self.notes.append(f"game {i} is in quarantine: it crashed three workers that played nothing else; {why}")
            self.meters.lost("quarantined")
        self.meters.lost("actor")
        if self.backoff.crashes >= HOPELESS:
            raise ValueError(
                f"{self.backoff.crashes} times in a row an actor crashed before any game was finished: {why}"
            )

    def _lost(self, name: str, why: str) -> None:
        """``name`` is gone through no fault of its games."""
        self._part(name)
        self.ledger.release(name)
        self._staffed = -1e9
        self.notes.append(f"{name} is replaced: {why}")
        self.meters.lost("node")

    # ---- calls ---------------------------------------------------------------------------------------------------

    def _feed(self, name: str) -> None:
        """Keep the calls of ``name`` in flight and its games many, once it has begun."""
        hired = self.staff[name]
        if not hired.pid:
            return
        while len(hired.calls) < IN_FLIGHT and self._weights is not None:
            room = self.config.num_games * self.cluster.groups + 3 * hired.peak
            ids = self.ledger.lend(name, room)
            weights = self._weights if hired.version != self._version else None
            hired.version = self._version
            if not hired.calls:
                hired.since = time.monotonic()
            hired.calls.append(("work", hired.handle.work.remote(ids, self.seconds, weights)))

    def _harvest(self, timeout: float) -> list[GameRecord]:
        """Take every answer that is there, waiting for the first."""
        oldest = {hired.calls[0][1]: name for name, hired in self.staff.items() if hired.calls}
        if not oldest:
            time.sleep(min(timeout, 0.05))
            return []
        refs = list(oldest)
        ready, _ = ray.wait(refs, num_returns=1, timeout=timeout)
        if ready:
            ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        records: list[GameRecord] = []
        for ref in ready:
            records += self._take(oldest[ref])
        now, answered = time.monotonic(), set(ready)
        for ref, name in oldest.items():
            if ref not in answered and name in self.staff:
                self._watch(name, now)
        return records

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

    def _take(self, name: str) -> list[GameRecord]:
        """The answer to the oldest call of ``name``, which is there."""
        hired = self.staff[name]
        kind, ref = hired.calls.popleft()
        try:
            answer = ray.get(ref)
        except RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if kind != "work":  # the configuration's fault, not a game's
                raise ValueError(f"an actor could not begin: {type(cause).__name__}: {cause}") from error
            self._crashed(name, f"{type(cause).__name__}: {cause}")
            return []
        except RayActorError as error:
            if hired.pid and _gone(hired.node):
                self._lost(name, "its node has left")
            else:
                self._crashed(name, f"its process died ({reason(error)})")
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

    def _settled(self, name: str, answer: Finished) -> list[GameRecord]:
        hired = self.staff[name]
        hired.counts, hired.peak = answer[2:], max(hired.peak, len(answer.ids))
        if not answer.ids:
            return []
        self.backoff.crashes = 0
        records = unpack(self.game, answer.data, f"what {name} played")
        accepted = self.ledger.settle(name, [record.id for record in records])
        return [record for record, fine in zip(records, accepted, strict=True) if fine]


def connect(address: str, config: RayConfig) -> bool:
    """Join the cluster at ``address``, or start one for ``local``; whether it is ours to end.

    ValueError when there is none.
    """
    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}
    with own_signals():
        if address == "local":
            quiet |= {"include_dashboard": False, "object_store_memory": config.object_store_mb << 20}
            patiently(lambda: ray.init("local", **quiet), ray.shutdown)
            return True
        try:
            probe(address)
            ray.init(address, **quiet)
        except (OSError, RuntimeError, ValueError) as error:
            hint = "'ray start --head' starts one, and --ray local is one for this run alone"
            raise ValueError(f"there is no Ray cluster at {address!r} ({reason(error)}); {hint}") from error
    return True


def _gone(node: str) -> bool:
    return not any(each["NodeID"] == node and each["Alive"] for each in ray.nodes())  # type: ignore[no-untyped-call]


def _end(hired: Hired) -> None:
    with contextlib.suppress(Exception):  # it may be gone already
        ray.kill(hired.handle)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)

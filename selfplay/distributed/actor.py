"""What plays in another process: many games at once, handed out by id, finished ones back as bytes.

Knows game loops and packed records. Does not know Ray, the ledger or the learner: whoever calls ``work`` decides which
games are played, with which weights, and for how long.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from agent.inference.evaluate import Evaluate, EvaluateFunction, hash_evaluate
from agent.search.search import Search
from agent.settings import Count, Number, PositiveNumber, Range, Settings
from agent.storage import durable_files
from games.cache_folders import private_folder
from games.game import Game
from games.registry import make
from selfplay.distributed.checked_games import DecidedPositions
from selfplay.game_loop import GameLoop, Start
from selfplay.local_runner import Evaluator, SelfPlayConfig, Weights, self_play_openings, self_play_terms
from selfplay.records import GameRecord, pack


@dataclass(frozen=True, kw_only=True)
class RayConfig(Settings, called="ray"):
    """How self-play is spread over a Ray cluster (``honte train --ray``). Resources are those of one actor."""

    num_actors: Count = 0  # 0: as many as the cluster has room for, following it as nodes come and go
    groups: Annotated[int, Range(1, 4096)] = (
        1  # groups of games an actor plays in threads that share its backend; 2 or more pay on a GPU
    )
    num_cpus: Number = 1.0
    num_gpus: Number = 0.0  # above 0, engine.device auto is cuda on actors; fractions share a GPU between actors
    resources: dict[str, Number] = field(default_factory=dict)  # custom resources, as nodes offer them
    scheduling_strategy: Literal["DEFAULT", "SPREAD"] = "SPREAD"
    seconds: PositiveNumber = (
        0.5  # that an actor plays before it hands in what is finished; two such calls are in flight
    )
    timeout: PositiveNumber = 120.0  # seconds without an answer after which an actor is replaced
    startup_timeout: PositiveNumber = 600.0  # the same for its first answer: it compiles and measures backends
    object_store_mb: Annotated[int, Range(80, 1 << 24)] = 256  # of the cluster that --ray local starts
    aggregate_above: Count = 100  # with more actors than this, one aggregator a node checks games for the driver

    def room(self, have: Mapping[str, float]) -> int:
        """How many actors a cluster of these resources gets; one at least."""
        return max(1, self.fits(have))

    def fits(self, have: Mapping[str, float], *, learner: bool = True) -> int:
        """How many actors fit into these resources; of more than 4 CPUs one is left to the learner if it is there."""
        free = {**have, "CPU": have.get("CPU", 0) - (learner and have.get("CPU", 0) > 4)}
        wants = {"CPU": self.num_cpus, "GPU": self.num_gpus, **self.resources}
        fits = [int(free.get(name, 0) / want) for name, want in wants.items() if want]
        if not fits:
            raise ValueError("ray.num_actors is 0 and an actor takes no resource: say how many there should be")
        return max(0, min(fits))

    def patience(self, first: bool, seconds: float) -> float:
        """How long an answer to a call of so many seconds may take."""
        return self.startup_timeout if first else self.timeout + seconds


@dataclass(frozen=True, kw_only=True)
class ActorJob:
    """All that a worker must be told once. ``source`` is a user's game file, which the worker may not have."""

    game: str
    source: bytes
    config: SelfPlayConfig
    evaluator: Callable[[Game], Evaluator]
    seed: int
    groups: int = 1

    @classmethod
    def of(
        cls, game: Game, config: SelfPlayConfig, evaluator: Callable[[Game], Evaluator], *, seed: int, groups: int = 1
    ) -> ActorJob:
        """The job of playing ``game`` as its name says; a user's file is read here and travels along."""
        head, separator, _ = game.name.partition(".py:")
        source = Path(head + ".py").read_bytes() if separator else b""
        return cls(game=game.name, source=source, config=config, evaluator=evaluator, seed=seed, groups=groups)

    def make_game(self) -> Game:
        """The game, under the same name, also where its file does not exist."""
        if not self.source:
            return make(self.game)
        head, separator, rest = self.game.partition(".py:")
        digest = hashlib.sha256(self.source).hexdigest()
        path = private_folder() / "games" / digest[:32] / (Path(head).name + ".py")  # nobody else can change what runs
        if not path.exists() or path.read_bytes() != self.source:
            durable_files.write_atomic(path, self.source)
        game = make(f"{path}{separator[3:]}{rest}")
        game.name = self.game
        return game


class ActorReport(NamedTuple):
    """What one call of ``work`` gives back. Counters are of the worker's whole life."""

    ids: list[int]
    data: bytes  # the records, packed; empty without any
    moves: int
    asked: int
    evaluated: int
    rows: DecidedPositions | None = None  # the positions, from an aggregator, whose records are checked
    notes: Sequence[str] = ()  # and what it tells of its workers
    losses: Sequence[str] = ()
    quarantined: Sequence[int] = ()


class SelfPlayActor:
    """Plays the games it is given, in the job's number of groups."""

    def __init__(self, job: ActorJob) -> None:
        self.job = job
        self.starts: deque[Start] = deque()
        self.loops: list[GameLoop] = []
        self.searches: list[Search] = []

    def begin(self) -> None:
        """Make the game, the evaluator and the loops. Errors here are the configuration's, not a game's."""
        job = self.job
        self.game = job.make_game()
        self.evaluator = job.evaluator(self.game)
        self.loops = [self._loop(_Queue(self.starts), job.config.num_games) for _ in range(job.groups)]
        self.pool = ThreadPoolExecutor(job.groups) if job.groups > 1 else None
        if self.pool is not None:  # Numba is not sure to compile well in several threads
            self.warm()

    def warm(self) -> None:
        """Play one move, so that what moves need is compiled and loaded."""
        self._loop(iter([Start(0, (0, 0))]), 1).round()

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> ActorReport:
        """Play on for so many seconds, ``ids`` besides what is under way, with ``weights`` and their version where
        given; returns earlier where nothing is left to play.
        """
        if weights is not None:
            self.evaluator.load(*weights)
        if len(ids):
            openings = self_play_openings(self.game, self.job.config, self.job.seed, np.asarray(ids, np.int64))
            self.starts.extend(Start(int(i), (0, 0), opening) for i, opening in zip(ids, openings, strict=True))
        until = time.monotonic() + seconds
        for search in self.searches:  # a move of many games may take minutes
            search.until = until
        if self.pool is None:
            records = self._play(self.loops[0], until)
        else:
            records = [r for part in self.pool.map(lambda loop: self._play(loop, until), self.loops) for r in part]
        return ActorReport(
            [record.id for record in records],
            pack(self.game, records) if records else b"",
            sum(loop.moves for loop in self.loops),
            self.evaluator.asked,
            self.evaluator.evaluated,
        )

    def _play(self, loop: GameLoop, until: float) -> list[GameRecord]:
        records = loop.round()
        while not loop.idle and time.monotonic() < until:
            records += loop.round()
        return records

    def _loop(self, starts: Iterator[Start], num_slots: int) -> GameLoop:
        config = self.job.config
        self.searches.append(Search(self.game, self.evaluator, config.search, num_slots=num_slots))
        return GameLoop(
            self.game,
            self.searches[-1:],
            starts,
            num_slots=num_slots,
            seed=self.job.seed,
            terms=self_play_terms(config),
            stop_when_proven=config.stop_when_proven,
            version=lambda: self.evaluator.version,
        )


class _Queue:
    """Starts as they come: ``next`` ends while there are none, and goes on when there are some again."""

    def __init__(self, starts: deque[Start]) -> None:
        self.starts = starts

    def __iter__(self) -> Iterator[Start]:
        return self

    def __next__(self) -> Start:
        try:
            return self.starts.popleft()
        except IndexError:
            raise StopIteration from None


class FixedEvaluator(Evaluate):
    """An ``Evaluate`` without weights, with the face of one that learns."""

    def __init__(self, evaluate: EvaluateFunction) -> None:
        self.evaluate = evaluate
        self.version = self.asked = self.evaluated = self.calls = 0

    def __call__(self, states: Any, positions: Any) -> Any:
        self.asked += len(states)
        self.evaluated += len(states)
        self.calls += 1
        return self.evaluate(states, positions)

    def load(self, weights: Mapping[str, Any], version: int) -> None:
        self.version = version


def hash_network(game: Game) -> Evaluator:
    """The hash network: exact on every machine, so that games can be compared between machines and runners."""
    return FixedEvaluator(hash_evaluate)

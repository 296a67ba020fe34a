"""The actor: it plays many games at once in another process, receives their ids, and returns finished games as bytes.

Knows game loops and packed records. Does not know Ray, the assignments or the learner: the caller of ``work`` decides
which games are played, with which weights, and for how long.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agent.inference.evaluate import Evaluate, EvaluateFunction, hash_evaluate
from agent.search.search import Search
from agent.storage import durable_files
from games.cache_folders import private_folder
from games.game import Game
from games.registry import make
from selfplay.config import SelfPlayConfig
from selfplay.distributed.checked_games import DecidedPositions
from selfplay.game_loop import GameLoop, Start
from selfplay.local_runner import make_self_play_loop, self_play_openings
from selfplay.records import GameRecord, pack
from selfplay.runner import Evaluator, Weights


@dataclass(frozen=True, kw_only=True)
class ActorJob:
    """What an actor needs to know from the start. ``source`` is a user's game file, which its machine may not have."""

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
        """The job of playing ``game``, found by its name. The file of a user's game becomes part of the job."""
        head, separator, _ = game.name.partition(".py:")
        source = Path(head + ".py").read_bytes() if separator else b""
        return cls(game=game.name, source=source, config=config, evaluator=evaluator, seed=seed, groups=groups)

    def make_game(self) -> Game:
        """The game, under the same name even where its file does not exist."""
        if not self.source:
            return make(self.game)
        head, separator, rest = self.game.partition(".py:")
        digest = hashlib.sha256(self.source).hexdigest()
        path = private_folder() / "games" / digest[:32] / (Path(head).name + ".py")  # only this user can change it
        if not path.exists() or path.read_bytes() != self.source:
            durable_files.write_atomic(path, self.source)
        game = make(f"{path}{separator[3:]}{rest}")
        game.name = self.game
        return game


@dataclass(frozen=True)
class WorkCounts:
    """How much an actor has done in its whole life."""

    moves: int = 0
    asked: int = 0  # positions that searches wanted evaluated
    evaluated: int = 0  # of those, positions that the network evaluated; the cache had the others

    def __add__(self, other: WorkCounts) -> WorkCounts:
        return WorkCounts(self.moves + other.moves, self.asked + other.asked, self.evaluated + other.evaluated)


NO_WORK = WorkCounts()


class ActorReport(NamedTuple):
    """The answer to one call of ``work``."""

    ids: Sequence[int] = ()  # the finished games
    data: bytes = b""  # their records, packed; empty if there are none
    counts: WorkCounts = NO_WORK
    positions: DecidedPositions | None = None  # their positions, from an aggregator, which has checked the records
    notes: Sequence[str] = ()  # what an aggregator reports about its own actors
    losses: Sequence[str] = ()  # kinds of losses, for the metrics
    quarantined: Sequence[int] = ()  # ids of games that must not be played again


class SelfPlayActor:
    """Plays the games that it is given, in as many groups as the job says."""

    def __init__(self, job: ActorJob) -> None:
        self.job = job
        self.starts: deque[Start] = deque()
        self.loops: list[GameLoop] = []
        self.searches: list[Search] = []

    def begin(self) -> None:
        """Make the game, the evaluator and the loops. An error here is the configuration's fault, not a game's."""
        job = self.job
        self.game = job.make_game()
        self.evaluator = job.evaluator(self.game)
        self.loops = [self._make_loop(_StartQueue(self.starts), job.config.num_games) for _ in range(job.groups)]
        self.threads = ThreadPoolExecutor(job.groups) if job.groups > 1 else None
        if self.threads is not None:  # Numba may fail to compile in several threads at once
            self.compile_kernels()

    def compile_kernels(self) -> None:
        """Play one move, which compiles or loads everything that moves need."""
        self._make_loop(iter([Start(0, (0, 0))]), 1).round()

    def work(self, ids: Sequence[int], seconds: float, weights: tuple[Weights, int] | None) -> ActorReport:
        """Play for ``seconds``: the games ``ids`` and those already begun. Return earlier if no game is left to play.

        ``weights`` are new weights and their version, or None to go on with the present ones.
        """
        if weights is not None:
            self.evaluator.load(*weights)
        if len(ids):
            openings = self_play_openings(self.game, self.job.config, self.job.seed, np.asarray(ids, np.int64))
            self.starts.extend(Start(int(i), (0, 0), opening) for i, opening in zip(ids, openings, strict=True))
        until = time.monotonic() + seconds
        for search in self.searches:  # a move of many games may take minutes
            search.deadline = until
        if self.threads is None:
            records = self._play(self.loops[0], until)
        else:
            groups = self.threads.map(lambda loop: self._play(loop, until), self.loops)
            records = [record for group in groups for record in group]
        moves = sum(loop.moves for loop in self.loops)
        return ActorReport(
            [record.id for record in records],
            pack(self.game, records) if records else b"",
            WorkCounts(moves, self.evaluator.asked, self.evaluator.evaluated),
        )

    def _play(self, loop: GameLoop, until: float) -> list[GameRecord]:
        records = loop.round()
        while not loop.idle and time.monotonic() < until:
            records += loop.round()
        return records

    def _make_loop(self, starts: Iterator[Start], num_slots: int) -> GameLoop:
        config = self.job.config
        self.searches.append(Search(self.game, self.evaluator, config.search, num_slots=num_slots))
        return make_self_play_loop(self.searches[-1], starts, config, self.evaluator, seed=self.job.seed)


class _StartQueue:
    """An iterator over a queue: it ends while the queue is empty, and continues when something is added."""

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
    """An ``Evaluator`` around an ``Evaluate`` that has no weights: loading weights changes its version only."""

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
    """The hash network. It is exact on every machine, so that the games of machines and runners can be compared."""
    return FixedEvaluator(hash_evaluate)

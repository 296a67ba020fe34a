"""LocalRunner: self-play in this process, in threads beside the learner or in turns with it.

Knows game loops, threads and versions of weights. Does not know how weights are learned or where records are stored.
Kernels and torch release the GIL, so each thread keeps one core busy with its own group of games.
"""

from __future__ import annotations

import itertools
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from agent.search.search import Search
from games.game import Game
from selfplay.config import SelfPlayConfig
from selfplay.cores import num_cores
from selfplay.game_loop import GameLoop, Repeat, ResignsOf, Start, TermsOf
from selfplay.openings import Opening, random_openings
from selfplay.records import Arrays, GameRecord, num_samples
from selfplay.resignation import Resignation
from selfplay.restarts import RestartArchive
from selfplay.runner import Evaluator, Weights

OPENING_PLY = 1 << 40
"""The ply whose random key determines the length of a game's opening. No game has that many plies."""

STARTS_PER_BATCH = 32
"""Games whose openings are drawn together."""

SELF_PLAY_NICENESS = 10
"""How much the niceness of self-play threads is raised, so that the learner goes first when cores are few."""


def self_play_openings(game: Game, config: SelfPlayConfig, seed: int, ids: NDArray[np.int64]) -> list[Opening]:
    """The random actions with which each of the games ``ids [R]`` begins."""
    deep, depth = random_numbers.draw_uniforms(
        random_numbers.make_keys(seed, ids, OPENING_PLY), random_numbers.OPENING, 2
    ).T
    most = np.where(deep < config.deep_openings, config.max_opening_plies, config.opening_plies)
    return random_openings(game, ids, (depth * (most + 1)).astype(np.int64), seed=seed)


def full_simulations(config: SelfPlayConfig, progress: float) -> int:
    """Simulations of a full search at the ``progress`` of a run: they rise by a constant factor (MiniZero)."""
    last, first = config.search.num_simulations, config.first_simulations
    if not first:
        return last
    growth: float = (last / first) ** min(1.0, progress / config.rise_share)
    return round(first * growth)


def self_play_terms(
    config: SelfPlayConfig, progress: Callable[[], float] = lambda: 1.0, *, always_full: bool = False
) -> TermsOf:
    """The terms of self-play: playout cap randomisation (Wu 2019), and two temperatures, one for the first plies.

    ``progress`` is how much of the run is done. ``always_full``: no move gets a fast search.
    """

    def terms(ids: NDArray[np.int64], plies: NDArray[np.int64], keys: NDArray[np.uint64]) -> Terms:
        full = random_numbers.draw_uniforms(keys, random_numbers.CAP, 1)[:, 0] < config.full_fraction
        full |= always_full or not config.has_fast_searches
        budgets = np.where(full, full_simulations(config, progress()), config.fast_simulations)
        warm = np.where(plies < config.temperature_plies, config.temperature, config.late_temperature)
        return Terms(budgets.astype(np.int64), keys, warm.astype(np.float32), full)

    return terms


def make_self_play_loop(
    search: Search,
    starts: Iterator[Start],
    config: SelfPlayConfig,
    evaluator: Evaluator,
    *,
    seed: int,
    progress: Callable[[], float] = lambda: 1.0,
    resigns: ResignsOf | None = None,
) -> GameLoop:
    """A game loop in which ``search`` has both seats, with as many games at once as it has slots."""
    repeat = None
    if config.repeat_surprise:
        repeat = Repeat(config.repeat_surprise, self_play_terms(config, progress, always_full=True))
    return GameLoop(
        search.game,
        [search],
        starts,
        num_slots=len(search.trees.slots),
        seed=seed,
        terms=self_play_terms(config, progress),
        stop_when_proven=config.stop_when_proven,
        version=lambda: evaluator.version,
        surprises=search.surprises if config.measure_surprises or repeat is not None else None,
        repeat=repeat,
        resigns=resigns,
    )


class LocalRunner:
    """Plays in this process: groups of games in threads, or one ``deterministic`` group in turns with the learner."""

    def __init__(
        self,
        game: Game,
        config: SelfPlayConfig,
        evaluator: Callable[[], Evaluator],
        *,
        seed: int,
        first_id: int = 0,
        deterministic: bool = False,
    ) -> None:
        """``evaluator`` makes the evaluator that all groups share."""
        self.game, self.config, self.seed, self.deterministic = game, config, seed, deterministic
        self.evaluator = evaluator()
        self.next_id = first_id
        self.progress = 0.0  # how much of the run is done
        self.archive = RestartArchive(game, config.archive_games) if config.restart_share else None
        self.resignation: Resignation | None = None
        if config.resign_errors:
            self.resignation = Resignation(game, errors=config.resign_errors, played_on=config.played_on, seed=seed)
        self.missing: list[int] = []  # always empty: no thread dies alone, so a resumed run has no earlier ids to play
        self.notes: list[str] = []
        self._ids = itertools.count(first_id)
        # The queue is short: games that wait in it are older than necessary when the learner gets them.
        self._finished: queue.Queue[GameRecord | BaseException] = queue.Queue(maxsize=max(64, config.num_games // 2))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        num_loops = 1 if deterministic else config.num_groups or max(1, num_cores() - 1)
        self.loops = [self._make_loop(self._starts(), config.num_games) for _ in range(num_loops)]

    def _make_loop(self, starts: Iterator[Start], num_slots: int) -> GameLoop:
        search = Search(self.game, self.evaluator, self.config.search, num_slots=num_slots)
        return make_self_play_loop(
            search,
            starts,
            self.config,
            self.evaluator,
            seed=self.seed,
            progress=lambda: self.progress,
            resigns=None if self.resignation is None else self.resignation.resigns,
        )

    def _starts(self) -> Iterator[Start]:
        while True:
            ids = np.array([next(self._ids) for _ in range(STARTS_PER_BATCH)])
            for game_id, opening in zip(ids, self_play_openings(self.game, self.config, self.seed, ids), strict=True):
                self.next_id = max(self.next_id, int(game_id) + 1)
                yield Start(int(game_id), (0, 0), self._draw_restart(int(game_id)) or opening)

    def _draw_restart(self, game_id: int) -> Opening | None:
        """The opening of a restart, if the game ``game_id`` is to be one and the archive is not empty."""
        if self.archive is None:
            return None
        key = random_numbers.make_keys(self.seed, game_id, OPENING_PLY)
        chosen, place = random_numbers.draw_uniforms(key, random_numbers.RESTART, 2)[0]
        return self.archive.draw(float(place)) if chosen < self.config.restart_share else None

    def publish(self, weights: Weights, version: int) -> None:
        self.evaluator.load(weights, version)

    def collect(self, timeout: float = 1.0) -> list[GameRecord]:
        records = self._play_quantum() if self.deterministic else self._take_finished(timeout)
        if self.archive is not None:
            self.archive.add(records)
        if self.resignation is not None:
            self.resignation.add(records)
        return records

    def state(self) -> dict[str, Arrays]:
        """What this runner has learned from finished games, as groups of arrays for a checkpoint."""
        return {name: part.state() for name, part in self._stateful_parts()}

    def load_state(self, groups: Mapping[str, Arrays]) -> None:
        """Go on from what ``state`` returned."""
        for name, part in self._stateful_parts():
            if name in groups:
                part.load(groups[name])

    def _stateful_parts(self) -> Iterator[tuple[str, RestartArchive | Resignation]]:
        if self.archive is not None:
            yield "archive", self.archive
        if self.resignation is not None:
            yield "resignation", self.resignation

    def _take_finished(self, timeout: float) -> list[GameRecord]:
        """The games that threads have finished."""
        if not self._threads:
            # One move played here compiles what the threads need: Numba may fail to compile in several at once.
            self._make_loop(iter([Start(0, (0, 0))]), 1).round()
            self._threads = [
                threading.Thread(target=self._play_in_thread, args=(loop,), daemon=True) for loop in self.loops
            ]
            for thread in self._threads:
                thread.start()
        records: list[GameRecord] = []
        try:
            records.append(self._unwrap(self._finished.get(timeout=timeout)))
            while True:
                records.append(self._unwrap(self._finished.get_nowait()))
        except queue.Empty:
            return records

    def close(self) -> None:
        self._stop.set()
        while any(thread.is_alive() for thread in self._threads):
            try:  # a thread may be waiting until the queue has room
                self._finished.get(timeout=0.05)
            except queue.Empty:
                continue

    @property
    def moves(self) -> int:
        return sum(loop.moves for loop in self.loops)

    def in_flight(self) -> list[GameRecord]:
        """In deterministic runs: the unfinished games, in the order of their slots."""
        return self.loops[0].in_flight()

    def restore(self, records: Sequence[GameRecord]) -> None:
        """In deterministic runs: continue these unfinished games."""
        self.loops[0].restore(records)

    def _play_quantum(self) -> list[GameRecord]:
        """Play until ``quantum`` samples are finished. Searches begin anew first, so that only moves must be stored."""
        records: list[GameRecord] = []
        self.loops[0].restart_moves()
        while num_samples(records) < self.config.quantum:
            records += self.loops[0].round()
        return records

    def _play_in_thread(self, loop: GameLoop) -> None:
        if sys.platform == "linux":  # here each thread has its own priority, which threads that it starts inherit
            os.nice(SELF_PLAY_NICENESS)
        try:
            while not self._stop.is_set():
                for record in loop.round():
                    self._finished.put(record)
        except BaseException as error:  # passed to the thread that collects
            self._finished.put(error)

    @staticmethod
    def _unwrap(item: GameRecord | BaseException) -> GameRecord:
        if isinstance(item, BaseException):
            raise item
        return item

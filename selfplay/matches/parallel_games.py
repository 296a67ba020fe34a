"""Many games at once in several threads, for matches and tournaments.

Knows game loops and threads. Does not know who plays, or what is counted. The id of a game and the seed determine its
moves, whichever thread plays it and whichever games are played at the same time. Only the order in which games end
varies.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Sequence

from agent.player import Player
from games.game import Game
from selfplay.game_loop import GameLoop, Start, TermsOf, default_terms
from selfplay.records import GameRecord

COMPILE_ROUNDS = 2
"""Rounds played before the threads start, since Numba may fail to compile in several threads at once. After two rounds
every player has decided once.
"""


def play_games(
    game: Game,
    players: Sequence[Sequence[Player]],
    starts: Iterator[Start],
    *,
    num_slots: int,
    seed: int,
    terms: TermsOf = default_terms,
) -> Generator[GameRecord, None, None]:
    """Play every game of ``starts``, ``num_slots`` at once in each thread, and yield the records as games end.

    ``players`` has the players of each thread: the same ones, made again, since they must not share anything that
    changes. Close the iterator to stop early: unfinished games are dropped. An exception of a player is raised here.
    """
    shared = _SharedIterator(starts)
    loops = [GameLoop(game, own, shared, num_slots=num_slots, seed=seed, terms=terms) for own in players]
    for _ in range(COMPILE_ROUNDS if len(loops) > 1 else 0):
        yield from loops[0].round()
    if len(loops) > 1:
        yield from _play_in_threads(loops)
    else:
        for records in _rounds(loops[0]):
            yield from records


def _rounds(loop: GameLoop) -> Iterator[list[GameRecord]]:
    while (records := loop.round()) or not loop.idle:
        yield records


def _play_in_threads(loops: Sequence[GameLoop]) -> Iterator[GameRecord]:
    """Play each loop in a thread of its own, until none has a game left."""
    finished: queue.SimpleQueue[list[GameRecord] | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def play(loop: GameLoop) -> None:
        try:
            for records in _rounds(loop):
                if stop.is_set():
                    return
                if records:
                    finished.put(records)
            finished.put(None)
        except BaseException as error:  # passed to the thread that yields the records
            finished.put(error)

    threads = [threading.Thread(target=play, args=(loop,), daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        left = len(threads)
        while left:
            item = finished.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                left -= 1
            else:
                yield from item
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class _SharedIterator:
    """An iterator that several threads may take from."""

    def __init__(self, starts: Iterator[Start]) -> None:
        self.starts, self.lock = starts, threading.Lock()

    def __iter__(self) -> Iterator[Start]:
        return self

    def __next__(self) -> Start:
        with self.lock:
            return next(self.starts)

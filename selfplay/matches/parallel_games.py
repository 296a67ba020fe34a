"""Many games at once in several threads: what matches and tournaments play with.

Knows game loops and threads. Does not know who plays, or what is counted. What a game comes to follows from its id and
the seed, whichever thread plays it and whatever is played beside it; only the order in which games end does not.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Sequence

from agent.player import Player
from games.game import Game
from selfplay.game_loop import GameLoop, Start, TermsOf, default_terms
from selfplay.records import GameRecord

Crew = Sequence[Player]
"""The players of one thread. Every thread has the same ones, made anew: they share nothing that changes."""


WARM_ROUNDS = 2
"""Played before there are threads, for Numba is not sure to compile well in several: by then all have decided."""


def play_games(
    game: Game,
    crews: Sequence[Crew],
    starts: Iterator[Start],
    *,
    num_slots: int,
    seed: int,
    terms: TermsOf = default_terms,
) -> Generator[GameRecord, None, None]:
    """Play all that ``starts`` gives, ``num_slots`` games at once in each crew; records as games end.

    Close the iterator to stop early: games under way are dropped. What a player raises is raised here.
    """
    shared = _SharedIterator(starts)
    loops = [GameLoop(game, crew, shared, num_slots=num_slots, seed=seed, terms=terms) for crew in crews]
    for _ in range(WARM_ROUNDS if len(loops) > 1 else 0):
        yield from loops[0].round()
    if len(loops) > 1:
        yield from _side_by_side(loops)
    else:
        for records in _rounds(loops[0]):
            yield from records


def _rounds(loop: GameLoop) -> Iterator[list[GameRecord]]:
    while (records := loop.round()) or not loop.idle:
        yield records


def _side_by_side(loops: Sequence[GameLoop]) -> Iterator[GameRecord]:
    """Every loop in a thread of its own, until none has a game left."""
    finished: queue.SimpleQueue[list[GameRecord] | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work(loop: GameLoop) -> None:
        try:
            for records in _rounds(loop):
                if stop.is_set():
                    return
                if records:
                    finished.put(records)
            finished.put(None)
        except BaseException as error:  # handed to the thread that takes the records
            finished.put(error)

    threads = [threading.Thread(target=work, args=(loop,), daemon=True) for loop in loops]
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

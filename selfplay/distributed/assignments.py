"""The ledger of game ids: which are open, who plays them, and which are suspected of crashing their workers.

Knows ids and names of workers. Does not know Ray, games or records.

An id is accepted once, from the worker it was lent to; what a lost worker held is lent again. When workers crash the
ids of a first crash go back among the others, those of a second are suspects: lots of √n, each lent by itself to a
worker that must outlive them and says which it gave up (``ordeal``). Workers that are killed from outside, however
often, thus cost time and never a game. For one whose games bring it down all the same, by taking all memory for
instance, there is an end: ``DEATHS`` of them over the same lot divide it, or put its one game in quarantine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

DEATHS = 20


class Assignments:
    """Every id from ``first_id`` on, and the earlier ones in ``missing``, each accepted exactly once.

    With ``endless`` off there are no ids but those in ``missing`` and those that are put into ``again``.
    """

    def __init__(self, first_id: int = 0, missing: Iterable[int] = (), *, endless: bool = True) -> None:
        self.next_id, self.endless = first_id, endless
        self.again: deque[int] = deque(missing)  # open, lent to nobody
        self.lots: deque[tuple[int, ...]] = deque()  # suspects, each lot to be played by itself
        self.held: dict[str, set[int]] = {}
        self.alone: set[str] = set()  # workers that play a lot
        self.crashes: dict[int, int] = {}  # of workers that held the id; a suspect's, of those that played its lot
        self.quarantined: list[int] = []

    def lend(self, worker: str, room: int) -> list[int]:
        """Ids for ``worker`` to play, so that it holds ``room`` of them; a lot of suspects where it holds nothing."""
        mine = self.held.setdefault(worker, set())
        if not mine:
            self.alone.discard(worker)
            if self.lots:
                self.alone.add(worker)
                mine.update(self.lots[0])
                return list(self.lots.popleft())
        if worker in self.alone:
            return []
        wanted = max(0, room - len(mine))
        ids = [self.again.popleft() for _ in range(min(wanted, len(self.again)))]
        if self.endless:
            ids += range(self.next_id, self.next_id + wanted - len(ids))
            self.next_id = max([self.next_id, *(i + 1 for i in ids[-1:])])
        mine.update(ids)
        return ids

    def settle(self, worker: str, ids: Sequence[int]) -> list[bool]:
        """``worker`` finished these games; for each whether it is accepted: once, and from its holder alone."""
        mine, accepted = self.held.get(worker, set()), []
        for i in ids:
            accepted.append(i in mine)
            mine.discard(i)
            self.crashes.pop(i, None)
        return accepted

    def release(self, worker: str) -> None:
        """``worker`` is gone through no fault of its games; they are open again."""
        ids = sorted(self.held.pop(worker, ()))
        if worker in self.alone:
            self.alone.discard(worker)
            if ids:
                self.lots.appendleft(tuple(ids))
        else:
            self.again.extendleft(reversed(ids))

    def blame(self, worker: str) -> list[int]:
        """``worker`` crashed over what it held; the ids that this puts in quarantine."""
        ids = sorted(self.held.setdefault(worker, set()))
        for i in ids:
            self.crashes[i] = self.crashes.get(i, 0) + 1
        quarantined: list[int] = []
        if worker not in self.alone:
            suspects = [i for i in ids if self.crashes[i] >= 2]
            self._suspect(worker, suspects, max(1, math.isqrt(len(suspects))))
        elif ids and self.crashes[ids[0]] >= DEATHS:
            if len(ids) > 1:
                self._suspect(worker, ids, 1)
            else:
                self.condemn(worker, ids)
                quarantined = ids
        self.release(worker)
        return quarantined

    def condemn(self, worker: str, ids: Iterable[int]) -> None:
        """``worker`` has given up these of its games."""
        for i in ids:
            self.held[worker].discard(i)
            self.crashes.pop(i, None)
            self.quarantined.append(i)

    @property
    def open(self) -> list[int]:
        """Ids below ``next_id`` that are neither accepted nor in quarantine: what a run that goes on still owes."""
        return sorted(
            [*self.again, *(i for lot in self.lots for i in lot), *(i for m in self.held.values() for i in m)]
        )

    @property
    def busy(self) -> bool:
        """Whether any id is open."""
        return bool(self.again or self.lots or any(self.held.values()))

    def _suspect(self, worker: str, ids: Sequence[int], size: int) -> None:
        """Take these from ``worker``: lots of ``size``, for whoever is free."""
        self.held[worker].difference_update(ids)
        self.crashes.update(dict.fromkeys(ids, 0))
        self.lots.extend(tuple(ids[i : i + size]) for i in range(0, len(ids), size))

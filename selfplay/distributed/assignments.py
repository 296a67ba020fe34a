"""The assignment of game ids to actors: which games are unfinished, who plays them, and which may crash their actors.

Knows ids and names of actors. Does not know Ray, games or records.

An id is accepted once, from the actor it was assigned to. The games of a lost actor are assigned again. When an actor
crashes, its games may be the cause: after the first crash of an id it is mixed with other ids again; after the second
it is a suspect. Suspects are split into groups of √n, each assigned by itself to an actor that must survive them and
reports which ones it gave up (``quarantine``). So actors that are killed from outside, however often, cost time and
never a game. Some games bring even that actor down, by using up all memory for instance: after
``MAX_ISOLATED_CRASHES`` crashes over the same group it is divided, or its only game is quarantined.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

MAX_ISOLATED_CRASHES = 20


class Assignments:
    """Every id from ``first_id`` on, and the earlier ones in ``missing``, each accepted exactly once.

    Without ``endless`` there are only the ids in ``missing`` and those that the owner adds to ``waiting``.
    """

    def __init__(self, first_id: int = 0, missing: Iterable[int] = (), *, endless: bool = True) -> None:
        self.next_id, self.endless = first_id, endless
        self.waiting: deque[int] = deque(missing)  # unfinished, assigned to no actor
        self.suspect_groups: deque[tuple[int, ...]] = deque()  # each group is to be played by itself
        self.assigned: dict[str, set[int]] = {}  # by actor
        self.isolated: set[str] = set()  # actors that play a group of suspects
        self.crash_counts: dict[int, int] = {}  # of actors that played the id; for a suspect, of those isolated with it
        self.quarantined: list[int] = []

    def assign(self, actor: str, count: int) -> list[int]:
        """Assign new ids to ``actor`` until it has ``count``; a group of suspects if it has none."""
        mine = self.assigned.setdefault(actor, set())
        if not mine:
            self.isolated.discard(actor)
            if self.suspect_groups:
                self.isolated.add(actor)
                mine.update(self.suspect_groups[0])
                return list(self.suspect_groups.popleft())
        if actor in self.isolated:
            return []
        wanted = max(0, count - len(mine))
        ids = [self.waiting.popleft() for _ in range(min(wanted, len(self.waiting)))]
        if self.endless:
            ids += range(self.next_id, self.next_id + wanted - len(ids))
            self.next_id = max([self.next_id, *(i + 1 for i in ids[-1:])])
        mine.update(ids)
        return ids

    def accept(self, actor: str, ids: Sequence[int]) -> list[bool]:
        """``actor`` finished these games: whether each is accepted, that is once and only if it is assigned to it."""
        mine, accepted = self.assigned.get(actor, set()), []
        for i in ids:
            accepted.append(i in mine)
            mine.discard(i)
            self.crash_counts.pop(i, None)
        return accepted

    def release(self, actor: str) -> None:
        """``actor`` is gone, and its games are not the cause: they can be assigned again."""
        ids = sorted(self.assigned.pop(actor, ()))
        if actor in self.isolated:
            self.isolated.discard(actor)
            if ids:
                self.suspect_groups.appendleft(tuple(ids))
        else:
            self.waiting.extendleft(reversed(ids))

    def record_crash(self, actor: str) -> list[int]:
        """``actor`` crashed, perhaps over a game of its own; returns the ids that are quarantined because of that."""
        ids = sorted(self.assigned.setdefault(actor, set()))
        for i in ids:
            self.crash_counts[i] = self.crash_counts.get(i, 0) + 1
        quarantined: list[int] = []
        if actor not in self.isolated:
            suspects = [i for i in ids if self.crash_counts[i] >= 2]
            self._isolate(actor, suspects, max(1, math.isqrt(len(suspects))))
        elif ids and self.crash_counts[ids[0]] >= MAX_ISOLATED_CRASHES:
            if len(ids) > 1:
                self._isolate(actor, ids, 1)
            else:
                self.quarantine(actor, ids)
                quarantined = ids
        self.release(actor)
        return quarantined

    def quarantine(self, actor: str, ids: Iterable[int]) -> None:
        """Never assign these games of ``actor`` again."""
        for i in ids:
            self.assigned[actor].discard(i)
            self.crash_counts.pop(i, None)
            self.quarantined.append(i)

    @property
    def unfinished(self) -> list[int]:
        """Ids below ``next_id`` that are neither accepted nor quarantined: a run that is resumed must play them."""
        suspects = [i for group in self.suspect_groups for i in group]
        return sorted([*self.waiting, *suspects, *(i for ids in self.assigned.values() for i in ids)])

    @property
    def has_unfinished(self) -> bool:
        return bool(self.waiting or self.suspect_groups or any(self.assigned.values()))

    def _isolate(self, actor: str, ids: Sequence[int], size: int) -> None:
        """Take these ids from ``actor``, and make them suspects in groups of ``size``."""
        self.assigned[actor].difference_update(ids)
        self.crash_counts.update(dict.fromkeys(ids, 0))
        self.suspect_groups.extend(tuple(ids[i : i + size]) for i in range(0, len(ids), size))

"""THE game loop: self-play (one player, both seats), matches (two players), a person (one of them is human).

Knows players, seats and records. Does not know what a player is, who learns, or where records go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Forfeit, Terms
from agent.player import MoveFollower, Player, StatefulPlayer
from agent.search.tree import Ints
from games.game import Game, States
from games.playouts import state_after
from selfplay.records import GameRecord

NOBODY = -1


class Start(NamedTuple):
    """How a game begins."""

    id: int
    seats: tuple[int, int]  # which player has the first and the second seat
    opening: tuple[int, ...] = ()  # actions played before anybody decides


TermsOf = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]], Terms]
"""(game ids [R], plies [R], keys [R]) -> the terms on which those moves are decided."""


def default_terms(ids: NDArray[np.int64], plies: NDArray[np.int64], keys: NDArray[np.uint64]) -> Terms:
    """Every player on its own terms: no noise, the best move."""
    return Terms.of(len(ids), keys=keys)


@dataclass
class _GameUnderWay:
    """One game under way."""

    start: Start
    actions: list[int]
    policies: list[Any] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    budgets: list[int] = field(default_factory=list)
    networks: list[int] = field(default_factory=list)


class GameLoop:
    """``num_slots`` games at once; a finished one makes room for the next that ``starts`` gives."""

    def __init__(
        self,
        game: Game,
        players: Sequence[Player],
        starts: Iterator[Start],
        *,
        num_slots: int,
        seed: int,
        terms: TermsOf = default_terms,
        stop_when_proven: bool = False,
        version: Callable[[], int] = lambda: 0,
    ) -> None:
        """``stop_when_proven``: a game ends once a search proves its outcome. ``version`` names the network now."""
        self.game, self.players, self.starts, self.seed = game, players, starts, seed
        self.terms, self.stop_when_proven, self.version = terms, stop_when_proven, version
        self.states: States = game.new(num_slots)
        self.seats: list[_GameUnderWay | None] = [None] * num_slots
        self.empty = set(range(num_slots))
        self.unasked: list[int] = []  # slots with a game for whose move nobody has been asked
        self.thinking = np.full(num_slots, NOBODY)  # which player each slot waits for
        self.granted = np.zeros(num_slots, np.int64)  # simulations for the move under way
        self.remembering = [player for player in players if isinstance(player, StatefulPlayer)]
        self.followers = {i: player for i, player in enumerate(players) if isinstance(player, MoveFollower)}
        self.failures: list[tuple[int, Forfeit]] = []  # players and what they gave up, to be recorded
        self.moves = 0

    def round(self) -> list[GameRecord]:
        """Let every player decide once; the games that finished. Empty slots are filled first."""
        self._fill()
        finished: list[GameRecord] = []
        for index, player in enumerate(self.players):
            if (self.thinking == index).any():
                try:
                    slots, decisions = player.decide()
                except Forfeit as failure:
                    self.failures.append((index, failure))
                else:
                    finished += self._play(slots, decisions)
        while self.failures:
            finished += self._give_up(*self.failures.pop(0))
        return finished

    @property
    def idle(self) -> bool:
        """No game is under way, and the last ``round`` found none to start."""
        return all(seat is None for seat in self.seats)

    def rethink(self) -> None:
        """Every move under way begins again: the network has changed, or moves must depend on nothing before."""
        for player in self.players:
            player.stop()
        self.thinking[:] = NOBODY
        self.unasked = [slot for slot, seat in enumerate(self.seats) if seat is not None]

    def in_flight(self) -> list[GameRecord]:
        """The games under way, as unfinished records in the order of their slots."""
        return [self._record(seat) for seat in self.seats if seat is not None]

    def restore(self, records: Sequence[GameRecord]) -> None:
        """Put games under way back into the first slots, as ``in_flight`` gave them (self-play: one player)."""
        for slot, record in enumerate(records):
            opening = tuple(int(a) for a in record.actions[: record.opening])
            seat = _GameUnderWay(Start(record.id, (0, 0), opening), [int(a) for a in record.actions])
            seat.policies, seat.values = list(record.policies), [float(v) for v in record.values]
            seat.budgets, seat.networks = [int(b) for b in record.budgets], [int(n) for n in record.networks]
            self._sit(slot, seat)

    def _sit(self, slot: int, seat: _GameUnderWay) -> None:
        self.states[slot] = state_after(self.game, seat.actions)[0]
        self.seats[slot] = seat
        self.empty.discard(slot)
        self.unasked.append(slot)
        for player in self.remembering:
            player.forget(slot)

    def _leave(self, slot: int) -> None:
        self.seats[slot], self.thinking[slot] = None, NOBODY
        self.empty.add(slot)

    def _fill(self) -> None:
        """Start games in empty slots, and ask for every move that nobody thinks about."""
        for slot in sorted(self.empty):
            start = next(self.starts, None)
            if start is None:
                break
            self._sit(slot, _GameUnderWay(start, list(start.opening)))
        if self.unasked:
            waiting, self.unasked = self.unasked, []
            self._ask(waiting)

    def _ask(self, waiting: list[int]) -> None:
        """Give each slot of ``waiting`` to the player whose turn it is there."""
        slots = np.array(waiting)
        seats = [self.seats[slot] for slot in waiting]
        to_play = self.game.describe_new(self.states[slots]).to_play
        owners = np.array([seat.start.seats[turn] for seat, turn in zip(seats, to_play, strict=True) if seat])
        ids = np.array([seat.start.id for seat in seats if seat])
        plies = np.array([len(seat.actions) for seat in seats if seat])
        terms = self.terms(ids, plies, random_numbers.make_keys(self.seed, ids, plies))
        for slot, seat, owner in zip(waiting, seats, owners, strict=True):
            if seat and owner in self.followers:
                self.followers[owner].follow(slot, seat.actions)
        self.granted[slots] = terms.budgets
        for index, player in enumerate(self.players):
            mine = owners == index
            if mine.any():
                self.thinking[slots[mine]] = index
                try:
                    player.think(slots[mine], self.states[slots[mine]], terms.rows(mine))
                except Forfeit as failure:
                    self.failures.append((index, failure))

    def _play(self, slots: Ints, decisions: Decisions) -> list[GameRecord]:
        """Play what was decided in ``slots``; the games this ends, and the others asked on."""
        before = self.game.describe_new(self.states[slots])
        self.game.advance(self.states, slots, slots, decisions.action)
        after = self.game.describe_new(self.states[slots])
        finished = []
        version = self.version()
        for i, slot in enumerate(slots):
            seat = self.seats[slot]
            assert seat is not None
            seat.actions.append(int(decisions.action[i]))
            seat.policies.append(decisions.policy[i].copy())
            seat.values.append(float(decisions.value[i]))
            seat.budgets.append(int(self.granted[slot]))
            seat.networks.append(version)
            self.thinking[slot] = NOBODY
            self.moves += 1
            mover, value = int(before.to_play[i]), float(decisions.value[i])
            if after.terminal[i]:
                record = self._record(seat)
                record.outcome = int(after.value[i]) * (1 if after.to_play[i] == 0 else -1)
            elif self.stop_when_proven and bool(decisions.proven[i]):
                record = self._record(seat)
                record.outcome, record.proven = round(value) * (1 if mover == 0 else -1), True
            else:
                self.unasked.append(int(slot))
                continue
            finished.append(record)
            self._leave(int(slot))
        self._fill()
        return finished

    def _give_up(self, index: int, failure: Forfeit) -> list[GameRecord]:
        """The games that player ``index`` has lost by ``failure``."""
        slots = [slot for slot in failure.slots.tolist() if self.thinking[slot] == index]
        to_play = self.game.describe_new(self.states[slots]).to_play
        finished = []
        for slot, loser in zip(slots, to_play, strict=True):
            seat = self.seats[slot]
            assert seat is not None
            record = self._record(seat)
            record.outcome, record.reason = -1 if loser == 0 else 1, failure.reason
            finished.append(record)
            self._leave(slot)
        self._fill()
        return finished

    def _record(self, seat: _GameUnderWay) -> GameRecord:
        decided = len(seat.policies)
        return GameRecord(
            id=seat.start.id,
            seed=self.seed,
            actions=np.array(seat.actions, np.int16),
            policies=np.array(seat.policies, np.float32).reshape(decided, self.game.num_actions),
            values=np.array(seat.values, np.float32),
            budgets=np.array(seat.budgets, np.int32),
            networks=np.array(seat.networks, np.int32),
        )

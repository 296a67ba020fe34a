"""The game loop: it plays self-play (one player has both seats), matches (two players) and games with a person.

Knows players, seats and records. Does not know how a player decides, who learns, or where records go.
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

NO_PLAYER = -1


class Start(NamedTuple):
    """How a game begins: its id, who plays it, and its opening."""

    id: int
    seats: tuple[int, int]  # the indices of the players that have the first and the second seat
    opening: tuple[int, ...] = ()  # actions played before the players decide


TermsOf = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]], Terms]
"""(game ids [R], plies [R], random keys [R]) -> the terms on which those moves are decided."""


SurprisesOf = Callable[[Ints, Decisions], NDArray[np.float32]]
"""(slots [R], decisions just made there) -> how far each policy is from the network's [R]."""


ResignsOf = Callable[[NDArray[np.int64], NDArray[np.float32]], NDArray[np.bool_]]
"""(game ids [R], values of the search [R], each in the view of its player) -> who resigns after its decision [R]."""


class Repeat(NamedTuple):
    """Which decisions are not played, but made once more on other terms: surprising ones of fast searches."""

    surprise: float  # the least surprise, of a decision without exploration
    terms: TermsOf  # of the second decision; it is played, whatever its surprise


def default_terms(ids: NDArray[np.int64], plies: NDArray[np.int64], keys: NDArray[np.uint64]) -> Terms:
    """Every player's own terms: no noise, the best move."""
    return Terms.of(len(ids), keys=keys)


@dataclass
class _ActiveGame:
    """A game that is not finished."""

    start: Start
    actions: list[int]
    policies: list[Any] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    budgets: list[int] = field(default_factory=list)
    networks: list[int] = field(default_factory=list)
    surprises: list[float] = field(default_factory=list)  # empty unless they are measured


class GameLoop:
    """Plays ``num_slots`` games at once. When a game ends, the next one of ``starts`` takes its slot."""

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
        surprises: SurprisesOf | None = None,
        repeat: Repeat | None = None,
        resigns: ResignsOf | None = None,
    ) -> None:
        """``stop_when_proven``: a game ends once a search proves its outcome. ``version``: the network's version.

        ``surprises`` measures the decisions of one player, for the records; None: they are not measured. ``repeat``
        needs them. ``resigns`` says which players give up; None: nobody does.
        """
        self.resigns = resigns
        self.game, self.players, self.starts, self.seed = game, players, starts, seed
        self.terms, self.stop_when_proven, self.version, self.surprises = terms, stop_when_proven, version, surprises
        self.states: States = game.new(num_slots)
        self.num_slots = num_slots
        self.active: list[_ActiveGame | None] = [None] * num_slots  # by slot
        self.empty_slots = set(range(num_slots))
        self.slots_to_ask: list[int] = []  # with a game whose next move no player has been asked for
        self.waiting_for = np.full(num_slots, NO_PLAYER)  # the player that thinks about each slot's game
        self.budgets = np.zeros(num_slots, np.int64)  # simulations granted for the move that is being decided
        self.stateful_players = [player for player in players if isinstance(player, StatefulPlayer)]
        self.move_followers = {i: player for i, player in enumerate(players) if isinstance(player, MoveFollower)}
        self.repeat = repeat
        self.explored = np.zeros(num_slots, np.bool_)  # whether the move that is being decided is searched in full
        self.slots_to_repeat = set[int]()  # whose next decision is a second one
        self.forfeits: list[tuple[int, Forfeit]] = []  # (player, the slots that it gave up), not yet recorded
        self.moves = 0

    def round(self) -> list[GameRecord]:
        """Fill empty slots with new games, let every player decide once, and return the games that finished."""
        self._fill_slots()
        finished: list[GameRecord] = []
        for index, player in enumerate(self.players):
            if (self.waiting_for == index).any():
                try:
                    slots, decisions = player.decide()
                except Forfeit as forfeit:
                    self.forfeits.append((index, forfeit))
                else:
                    finished += self._apply_decisions(slots, decisions)
        while self.forfeits:
            finished += self._lose_games(*self.forfeits.pop(0))
        return finished

    @property
    def idle(self) -> bool:
        """Whether no game is active. After a ``round`` this means that ``starts`` has no more games."""
        return all(active is None for active in self.active)

    def restart_moves(self) -> None:
        """Decide every pending move anew: for a new network, or so that nothing depends on earlier searches."""
        for player in self.players:
            player.stop()
        self.waiting_for[:] = NO_PLAYER
        self.slots_to_repeat.clear()
        self.slots_to_ask = [slot for slot, active in enumerate(self.active) if active is not None]

    def in_flight(self) -> list[GameRecord]:
        """The active games, as unfinished records in the order of their slots."""
        return [self._make_record(active) for active in self.active if active is not None]

    def restore(self, records: Sequence[GameRecord]) -> None:
        """Put games that ``in_flight`` returned back into the first slots (self-play only: one player)."""
        for slot, record in enumerate(records):
            opening = tuple(int(a) for a in record.actions[: record.opening])
            active = _ActiveGame(Start(record.id, (0, 0), opening), [int(a) for a in record.actions])
            active.policies, active.values = list(record.policies), [float(v) for v in record.values]
            active.budgets, active.networks = [int(b) for b in record.budgets], [int(n) for n in record.networks]
            active.surprises = [] if record.surprises is None else [float(s) for s in record.surprises]
            self._occupy_slot(slot, active)

    def _occupy_slot(self, slot: int, active: _ActiveGame) -> None:
        self.states[slot] = state_after(self.game, active.actions)[0]
        self.active[slot] = active
        self.empty_slots.discard(slot)
        self.slots_to_ask.append(slot)
        for player in self.stateful_players:
            player.forget(slot)

    def _clear_slot(self, slot: int) -> None:
        self.active[slot], self.waiting_for[slot] = None, NO_PLAYER
        self.empty_slots.add(slot)

    def _fill_slots(self) -> None:
        """Start games in empty slots, and ask the players for every move that none of them thinks about."""
        for slot in sorted(self.empty_slots):
            start = next(self.starts, None)
            if start is None:
                break
            self._occupy_slot(slot, _ActiveGame(start, list(start.opening)))
        if self.slots_to_ask:
            slots, self.slots_to_ask = self.slots_to_ask, []
            self._ask_players(slots)

    def _ask_players(self, slot_list: list[int]) -> None:
        """Let the player to move in each slot think about its game."""
        slots = np.array(slot_list)
        games = [self.active[slot] for slot in slot_list]
        to_play = self.game.describe_new(self.states[slots]).to_play
        owners = np.array([active.start.seats[turn] for active, turn in zip(games, to_play, strict=True) if active])
        ids = np.array([active.start.id for active in games if active])
        plies = np.array([len(active.actions) for active in games if active])
        terms = self._terms(slots, ids, plies)
        for slot, active, owner in zip(slot_list, games, owners, strict=True):
            if active and owner in self.move_followers:
                self.move_followers[owner].follow(slot, active.actions)
        self.budgets[slots], self.explored[slots] = terms.budgets, terms.explore
        for index, player in enumerate(self.players):
            mine = owners == index
            if mine.any():
                self.waiting_for[slots[mine]] = index
                try:
                    player.think(slots[mine], self.states[slots[mine]], terms.rows(mine))
                except Forfeit as forfeit:
                    self.forfeits.append((index, forfeit))

    def _terms(self, slots: Ints, ids: NDArray[np.int64], plies: NDArray[np.int64]) -> Terms:
        """The terms of the next moves in ``slots``, other ones where a decision is repeated."""
        keys = random_numbers.make_keys(self.seed, ids, plies)
        terms = self.terms(ids, plies, keys)
        if self.repeat is not None and self.slots_to_repeat:
            again = np.array([slot in self.slots_to_repeat for slot in slots.tolist()], np.bool_)
            pairs: Any = zip(terms, self.repeat.terms(ids, plies, keys), strict=True)
            for normal, repeated in pairs:
                normal[again] = repeated[again]
        return terms

    def _repeat_decisions(self, slots: Ints, surprises: NDArray[np.float32]) -> NDArray[np.bool_]:
        """[R] which decisions in ``slots`` are to be made once more; their players are asked soon."""
        if self.repeat is None:
            return np.zeros(len(slots), np.bool_)
        again = ~self.explored[slots] & (surprises >= self.repeat.surprise)
        for slot in slots[again].tolist():
            self.waiting_for[slot] = NO_PLAYER
            self.slots_to_ask.append(slot)
        self.slots_to_repeat.difference_update(slots.tolist())
        self.slots_to_repeat.update(slots[again].tolist())
        return np.asarray(again)

    def _apply_decisions(self, slots: Ints, decisions: Decisions) -> list[GameRecord]:
        """Play the decided moves in ``slots``, and ask for the next ones; return the games that end."""
        surprises = None if self.surprises is None else self.surprises(slots, decisions)
        if surprises is not None and (again := self._repeat_decisions(slots, surprises)).any():
            slots, decisions, surprises = slots[~again], decisions.rows(~again), surprises[~again]
        before = self.game.describe_new(self.states[slots])
        self.game.advance(self.states, slots, slots, decisions.action)
        after = self.game.describe_new(self.states[slots])
        finished = []
        version, resigned = self.version(), self._who_resigns(slots, decisions)
        for i, slot in enumerate(slots):
            active = self.active[slot]
            assert active is not None
            active.actions.append(int(decisions.action[i]))
            active.policies.append(decisions.policy[i].copy())
            active.values.append(float(decisions.value[i]))
            active.budgets.append(int(self.budgets[slot]))
            active.networks.append(version)
            if surprises is not None:
                active.surprises.append(float(surprises[i]))
            self.waiting_for[slot] = NO_PLAYER
            self.moves += 1
            mover, value = int(before.to_play[i]), float(decisions.value[i])
            if after.terminal[i]:
                record = self._make_record(active)
                record.outcome = int(after.value[i]) * (1 if after.to_play[i] == 0 else -1)
            elif self.stop_when_proven and bool(decisions.proven[i]):
                record = self._make_record(active)
                record.outcome, record.proven = round(value) * (1 if mover == 0 else -1), True
            elif resigned[i]:
                record = self._make_record(active)
                record.outcome, record.resigned = -1 if mover == 0 else 1, True
            else:
                self.slots_to_ask.append(int(slot))
                continue
            finished.append(record)
            self._clear_slot(int(slot))
        self._fill_slots()
        return finished

    def _who_resigns(self, slots: Ints, decisions: Decisions) -> NDArray[np.bool_]:
        """[R] which of the players who have decided in ``slots`` give up their games."""
        if self.resigns is None:
            return np.zeros(len(slots), np.bool_)
        ids = np.array([active.start.id for slot in slots.tolist() if (active := self.active[slot])], np.int64)
        return self.resigns(ids, decisions.value)

    def _lose_games(self, index: int, forfeit: Forfeit) -> list[GameRecord]:
        """End the games that player ``index`` has lost by its ``forfeit``, and return them."""
        slots = [slot for slot in forfeit.slots.tolist() if self.waiting_for[slot] == index]
        to_play = self.game.describe_new(self.states[slots]).to_play
        finished = []
        for slot, loser in zip(slots, to_play, strict=True):
            active = self.active[slot]
            assert active is not None
            record = self._make_record(active)
            record.outcome, record.reason = -1 if loser == 0 else 1, forfeit.reason
            finished.append(record)
            self._clear_slot(slot)
        self._fill_slots()
        return finished

    def _make_record(self, active: _ActiveGame) -> GameRecord:
        decided = len(active.policies)
        return GameRecord(
            id=active.start.id,
            seed=self.seed,
            actions=np.array(active.actions, np.int16),
            policies=np.array(active.policies, np.float32).reshape(decided, self.game.num_actions),
            values=np.array(active.values, np.float32),
            budgets=np.array(active.budgets, np.int32),
            networks=np.array(active.networks, np.int32),
            surprises=None if self.surprises is None else np.array(active.surprises, np.float32),
        )

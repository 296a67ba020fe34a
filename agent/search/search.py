"""The search over many slots at once: select, step the rules, evaluate, expand, backup.

Knows trees, a game and an ``Evaluate``. Does not know torch, nor how a rule (Gumbel, PUCT, UCT) chooses.

A slot is one search; slots are independent, each has its own budget, and none waits for another. A row of a batch is a
(tree, leaf): one tree may gather several leaves at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.inference.evaluate import Evaluate, Evaluation
from agent.inference.symmetries import average_symmetries
from agent.search.expand_backup import expand_and_backup, init_roots
from agent.search.gumbel import Gumbel, GumbelConfig
from agent.search.lookahead import Lookahead
from agent.search.memory_limit import check_memory
from agent.search.puct import Puct, PuctConfig
from agent.search.scheduling import list_unproven, prove_finished, sort_slots
from agent.search.subtree_reuse import reroot
from agent.search.tree import NONE, ROOT, Ints, Trees, node_bytes
from agent.search.uct import Uct, UctConfig
from agent.settings import Count, Range, Settings
from games.game import Game, Positions, States

WORTH_ANSWERING = 32
"""One ready slot of so many waits for others: an answer costs the caller much more than a simulation."""


class SelectionRule(Protocol):
    """How edges are chosen and what a finished tree says."""

    def open(self, rows: Ints, terms: Terms) -> None: ...

    def walk(self, walking: Ints, leaves: int, batch: Ints, count: int) -> tuple[int, int]: ...

    def decide(self, rows: Ints, terms: Terms) -> Decisions: ...


RuleName = Literal["gumbel", "puct", "uct"]

SELECTION_RULES: dict[RuleName, Callable[[Any, Trees, int], SelectionRule]] = {
    "gumbel": Gumbel,
    "puct": Puct,
    "uct": Uct,
}
"""By the names that ``SearchConfig`` gives their constants."""


@dataclass(frozen=True, kw_only=True)
class SearchConfig(Settings, called="search"):
    """How a player searches."""

    rule: RuleName = "gumbel"  # how actions are selected
    num_simulations: Count = 32  # simulations for each move
    leaves: Annotated[int, Range(1, 1024)] = 1  # leaves that one tree gathers before they are evaluated together
    lookahead: Annotated[int, Range(0, 10_000)] = (
        0  # plies that the rules alone look ahead at each new leaf for a forced end
    )
    lookahead_nodes: Count = 0  # positions that this may cost a leaf; 0: no limit
    reuse: bool = False  # keep the subtree of the moves played
    average_symmetries: bool = False  # judge each leaf in every symmetry of the board, and take the mean
    gumbel: GumbelConfig = field(default_factory=GumbelConfig)
    puct: PuctConfig = field(default_factory=PuctConfig)
    uct: UctConfig = field(default_factory=UctConfig)


def refuse_large(game: Game, config: SearchConfig, num_slots: int, capacity: int = 0) -> int:
    """How many nodes a tree gets: ``capacity``, or where that is 0 what ``num_simulations`` needs.

    ValueError for trees that would not fit into the memory that is left.
    """
    capacity = capacity or (config.num_simulations + 2) * (2 if config.reuse else 1)
    check_memory(
        num_slots * capacity * (game.state.itemsize + node_bytes(game.num_actions)),
        what=f"searching {num_slots} games of {game.name} at once, {capacity:,} positions each,",
        instead="fewer games at once or fewer simulations take less",
    )
    return capacity


class Search:
    """A player's search: ``think`` starts slots, ``decide`` answers those that are ready."""

    def __init__(
        self, game: Game, evaluate: Evaluate, config: SearchConfig, *, num_slots: int, capacity: int = 0
    ) -> None:
        """``capacity``: nodes a tree can hold; 0: what ``num_simulations`` needs.

        ValueError for trees that would not fit into the memory that is left.
        """
        capacity = refuse_large(game, config, num_slots, capacity)
        self.game, self.config = game, config
        self.evaluate = average_symmetries(evaluate, game.symmetries) if config.average_symmetries else evaluate
        self.draw_from = getattr(evaluate, "draw_from", None)  # rollouts ask what their random numbers follow from
        self.trees = Trees(num_slots, capacity, game.num_actions)
        self.arena = game.new(num_slots * capacity)  # the state of every node
        self.lookahead = Lookahead(game, config.lookahead, config.lookahead_nodes)
        self.rule = SELECTION_RULES[config.rule](getattr(config, config.rule), self.trees, game.num_actions)
        self.terms = Terms.of(num_slots)
        self.simulations = self.num_ready = 0
        self.until = math.inf  # by time.monotonic
        # Written anew in every round:
        self.lists = np.empty((3, num_slots), np.int64)
        self.batch = np.empty((5, num_slots * config.leaves), np.int64)
        self.out = game.positions(num_slots * config.leaves, observed=getattr(self.evaluate, "observes", True))
        self.proven = np.empty(num_slots * config.leaves, np.int8)
        self.wanted = np.empty(num_slots * config.leaves, np.int64)
        self.nothing = Evaluation(np.empty((0, game.num_actions), np.float32), np.empty(0, np.float32))

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        """Begin a move in each of ``slots [R]`` at ``states [R]``, which must not be over."""
        slots = np.asarray(slots, np.int64)
        budgets = np.where(terms.budgets < 0, self.config.num_simulations, terms.budgets)
        budgets = np.minimum(budgets, self.trees.capacity - 2)
        pairs: Any = zip(self.terms, terms, strict=True)
        for mine, given in pairs:
            mine[slots] = given
        record = self.trees.slots
        record["budget"][slots], record["spent"][slots], record["active"][slots] = budgets, 0, True
        kept = np.zeros(len(slots), bool)
        if self.config.reuse:
            kept[:] = [self._keep(int(t), states[i], bool(terms.explore[i])) for i, t in enumerate(slots)]
        bare = slots[~kept]
        init_roots(*self.trees.arrays, bare)
        roots = self.game.new(len(bare))
        self.game.copy(roots, states[~kept])
        self.arena[bare * self.trees.capacity] = roots
        if kept.any():
            self.rule.open(slots[kept], self.terms.rows(slots[kept]))

    def decide(self) -> tuple[Ints, Decisions]:
        """Search on until some slots are ready: their numbers [R] and decisions. With no slot active: none.

        From ``until`` on, after each round of simulations, with those that are ready, be it none.
        """
        while self.grow() and time.monotonic() < self.until:
            pass
        rows = self.lists[0, : self.num_ready].copy()
        self.trees.slots["active"][rows] = False
        return rows, self._decisions(rows)

    def grow(self) -> bool:
        """One round of simulations; False, and none of them, once enough slots are ready or none is active.

        Between rounds trees may be read, ``hurry`` called and ``think`` started in other slots.
        """
        _, bare, walking = self.lists
        self.num_ready, num_bare, num_walking = sort_slots(
            self.trees.slots, self.trees.nodes, self.config.leaves, *self.lists
        )
        busy = num_bare + num_walking
        if self.num_ready * WORTH_ANSWERING > busy or not busy:
            return False
        self._simulate(bare[:num_bare], walking[:num_walking])
        return True

    def hurry(self, slot: int) -> None:
        """The search in ``slot`` has no more to spend: it is ready as soon as its root is judged."""
        self.trees.slots[slot]["budget"] = 0

    def stop(self) -> None:
        """Forget every search under way."""
        self.trees.slots["active"] = False

    def forget(self, slot: int) -> None:
        """Drop the tree of ``slot``: another game begins there."""
        self._drop(slot)

    def _simulate(self, fresh: Ints, walking: Ints) -> None:
        """One round: a leaf of each tree that is walked and the roots of the ``fresh`` ones, evaluated together."""
        rows, leaves, sources, targets, actions = self._gather(fresh, walking)
        count = len(rows)
        if not count:  # every walk met an exact value
            return
        self.game.advance(self.arena, sources, targets, actions)
        states, out, proven = self.arena.take(targets), self.out.rows(0, count), self.proven[:count]
        self.game.describe(states, out)
        prove_finished(out.terminal, out.value, proven)
        if self.config.lookahead > 0:  # not at roots: a proven root would have no edge to play
            self.lookahead(states[len(fresh) :], proven[len(fresh) :])
        answer = self._judge(rows, leaves, states, out, list_unproven(proven, self.wanted))
        expand_and_backup(*self.trees.arrays, rows, leaves, (out.legal, out.to_play, proven), *answer)
        if len(fresh):
            if out.terminal[: len(fresh)].any():
                raise ValueError(f"a finished game of {self.game.name} cannot be searched")
            self.rule.open(fresh, self.terms.rows(fresh))

    def _judge(self, rows: Ints, leaves: Ints, states: States, positions: Positions, num_wanted: int) -> Evaluation:
        """Ask what those leaves are worth that the rules alone did not prove."""
        if num_wanted == 0:
            return self.nothing
        if num_wanted < len(rows):
            wanted = self.wanted[:num_wanted]
            rows, leaves, states, positions = rows[wanted], leaves[wanted], states.take(wanted), positions.take(wanted)
        if self.draw_from is not None:
            self.draw_from(self.terms.keys[rows], leaves)
        return self.evaluate(states, positions)

    def _gather(self, fresh: Ints, walking: Ints) -> Ints:
        """Walk down each of the trees ``walking``: [5, B] as ``walker`` says, the bare roots of ``fresh`` first."""
        count = len(fresh)
        if count:
            place = fresh * self.trees.capacity
            self.batch[:, :count] = fresh, 0 * fresh, place, place, 0 * fresh + NONE
        if len(walking):
            count, exact = self.rule.walk(walking, self.config.leaves, self.batch, count)
            self.simulations += count - len(fresh) + exact
        return self.batch[:, :count]

    def _decisions(self, rows: Ints) -> Decisions:
        terms = self.terms.rows(rows)
        out = self.rule.decide(rows, terms)
        warm = np.flatnonzero(terms.temperature > 0)
        if len(warm):
            with np.errstate(divide="ignore"):
                logs = np.log(out.policy[warm].astype(np.float64)) / terms.temperature[warm, None]
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            out.action[warm] = random_numbers.draw_choices(terms.keys[warm], random_numbers.SAMPLE, weights)
        return out

    def _keep(self, t: int, state: Any, explore: bool) -> bool:
        """Whether tree ``t`` has ``state`` within two plies of its root; if so, that node becomes the root.

        Not the root itself where it is explored: it may have had its noise already.
        """
        trees, capacity = self.trees, self.trees.capacity
        if trees.slots[t]["num_nodes"] == 0:
            return False
        level = [ROOT]
        for _ in range(3):
            for node in level:
                here = self.arena[t * capacity + node] == state and trees.nodes[t, node]["num_edges"] > 0
                if here and not (explore and node == ROOT):
                    moved = np.empty(int(trees.slots[t]["num_nodes"]), np.int64)
                    kept = reroot(*trees.arrays, t, node, moved)
                    self.arena[t * capacity : t * capacity + kept] = self.arena[t * capacity + moved[:kept]]
                    return bool(kept + trees.slots[t]["budget"] < capacity) or self._drop(t)
            level = [int(e["child"]) for node in level for e in trees.children(t, node) if e["child"] != NONE]
        return False

    def _drop(self, t: int) -> bool:
        """A subtree that leaves too little room is not worth keeping."""
        self.trees.slots[t]["num_nodes"] = 0
        return False

    def principal_variation(self, slot: int) -> list[int]:
        """The most visited actions from the root of the last search in ``slot``."""
        line: list[int] = []
        node = ROOT
        while len(edges := self.trees.children(slot, node)):
            best = edges[np.argmax(edges["visits"])]
            if best["visits"] == 0:
                break
            line.append(int(best["action"]))
            if best["child"] == NONE:
                break
            node = int(best["child"])
        return line

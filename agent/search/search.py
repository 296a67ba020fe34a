"""The search over many slots at once: select, step the rules, evaluate, expand, backup.

Knows trees, a game and an ``Evaluate``. Does not know torch, nor how a rule (Gumbel, PUCT, UCT) selects an edge.

A slot holds one search. Slots are independent: each has a budget of its own, and none waits for another. One row of a
batch is one leaf of one tree; a tree may have several leaves in a batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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
from agent.search.surprise import write_surprises
from agent.search.tree import NONE, ROOT, Ints, LeafBatch, LeafPositions, Trees, node_bytes
from agent.search.uct import Uct, UctConfig
from agent.settings import Count, Range, Settings
from games.compilation.jit_cache import Rule
from games.game import Game, Positions, States, copy_rows

MIN_READY_SHARE = 32
"""``decide`` returns once more than one of so many slots are ready: a return costs much more than a simulation."""


class SelectionRule(Protocol):
    """How edges are selected, and how decisions are read from finished trees."""

    arguments: Any  # named tuple of the constants and arrays that ``select_leaves`` reads
    select_leaves: Rule  # made by ``make_select_leaves``

    def prepare_roots(self, rows: Ints, terms: Terms) -> None:
        """The roots of the trees ``rows [R]`` have just been expanded or reused: add noise, order simulations."""

    def decide(self, rows: Ints, terms: Terms) -> Decisions:
        """The decisions of the finished trees ``rows [R]``."""


RuleName = Literal["gumbel", "puct", "uct"]

SELECTION_RULES: dict[RuleName, Callable[[Any, Trees, int], SelectionRule]] = {
    "gumbel": Gumbel,
    "puct": Puct,
    "uct": Uct,
}
"""By name; ``SearchConfig`` has a field of each name with the constants of the rule."""

PriorTemperature = Annotated[float, Range(0.01, 1000)]


@dataclass(frozen=True, kw_only=True)
class SearchConfig(Settings, called="search"):
    """How a player searches."""

    rule: RuleName = "gumbel"  # how actions are selected
    num_simulations: Count = 32  # simulations for each move
    leaves: Annotated[int, Range(1, 1024)] = 1  # leaves of one tree that are evaluated together
    lookahead: Annotated[int, Range(0, 10_000)] = 0  # plies from each new leaf in which a forced end is looked for
    lookahead_nodes: Count = 0  # positions that the lookahead of one leaf may visit; 0: no limit
    reuse: bool = False  # keep the subtree below the moves played
    average_symmetries: bool = False  # evaluate each leaf in every symmetry of the board, and take the mean
    prior_temperature: PriorTemperature = 1.0  # divides the network's logits: above 1, unlikely moves get more visits
    gumbel: GumbelConfig = field(default_factory=GumbelConfig)
    puct: PuctConfig = field(default_factory=PuctConfig)
    uct: UctConfig = field(default_factory=UctConfig)


def refuse_large(game: Game, config: SearchConfig, num_slots: int, capacity: int = 0) -> int:
    """The number of nodes of each tree: ``capacity``, or if that is 0, as many as ``num_simulations`` needs.

    ValueError if the trees do not fit into the available memory.
    """
    capacity = capacity or (config.num_simulations + 2) * (2 if config.reuse else 1)
    check_memory(
        num_slots * capacity * (game.state.itemsize + node_bytes(game.num_actions)),
        what=f"searching {num_slots} games of {game.name} at once, {capacity:,} positions each,",
        instead="fewer games at once or fewer simulations take less",
    )
    return capacity


class Search:
    """A player that searches: ``think`` starts slots, and ``decide`` returns the decisions of those that are ready."""

    def __init__(
        self, game: Game, evaluate: Evaluate, config: SearchConfig, *, num_slots: int, capacity: int = 0
    ) -> None:
        """``capacity``: the number of nodes that a tree can hold; 0: as many as ``num_simulations`` needs.

        ValueError if the trees do not fit into the available memory.
        """
        capacity = refuse_large(game, config, num_slots, capacity)
        self.game, self.config = game, config
        self.evaluate = average_symmetries(evaluate, game.symmetries) if config.average_symmetries else evaluate
        self.trees = Trees(num_slots, capacity, game.num_actions)
        self.arena = game.new(num_slots * capacity)  # the state of every node
        self.lookahead = Lookahead(game, config.lookahead, config.lookahead_nodes)
        self.rule = SELECTION_RULES[config.rule](getattr(config, config.rule), self.trees, game.num_actions)
        self.terms = Terms.of(num_slots)
        self.simulations = self.num_ready = 0
        self.deadline = math.inf  # by time.monotonic
        # Every round writes these:
        size = num_slots * config.leaves
        self.ready, self.bare, self.unfinished = np.empty((3, num_slots), np.int64)
        self.columns = np.empty((5, size), np.int64)  # the fields of a LeafBatch
        self.states = game.new(size)
        self.positions = game.positions(size, observed=self.evaluate.observes)
        # The part of them that is evaluated. New arrays in every round would cost more than copying into these.
        self.evaluated_states = game.new(size if self.evaluate.reads_states else 0)
        self.evaluated_positions = game.positions(size, observed=self.evaluate.observes)
        self.proven = np.empty(size, np.int8)
        self.unproven = np.empty(size, np.int64)
        self.no_evaluation = Evaluation(np.empty((0, game.num_actions), np.float32), np.empty(0, np.float32))

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        """Begin a search in each of ``slots [R]`` from ``states [R]``, which must not be over."""
        slots = np.asarray(slots, np.int64)
        budgets = np.where(terms.budgets < 0, self.config.num_simulations, terms.budgets)
        budgets = np.minimum(budgets, self.trees.capacity - 2)
        pairs: Any = zip(self.terms, terms, strict=True)
        for of_all_slots, of_these in pairs:
            of_all_slots[slots] = of_these
        record = self.trees.slots
        record["budget"][slots], record["spent"][slots], record["active"][slots] = budgets, 0, True
        reused = np.zeros(len(slots), bool)
        if self.config.reuse:
            reused[:] = [self._reuse(int(t), states[i], bool(terms.explore[i])) for i, t in enumerate(slots)]
        bare = slots[~reused]
        init_roots(*self.trees.arrays, bare)
        roots = self.game.new(len(bare))
        self.game.copy(roots, states[~reused])
        self.arena[bare * self.trees.capacity] = roots
        if reused.any():
            self.rule.prepare_roots(slots[reused], self.terms.rows(slots[reused]))

    def decide(self) -> tuple[Ints, Decisions]:
        """Simulate until some slots are ready; return their numbers [R] and decisions, none if no slot is active.

        Once the time ``deadline`` has passed, return after one round of simulations, even if no slot is ready.
        """
        while self.grow() and time.monotonic() < self.deadline:
            pass
        rows = self.ready[: self.num_ready].copy()
        self.trees.slots["active"][rows] = False
        return rows, self._decisions(rows)

    def grow(self) -> bool:
        """Do one round of simulations and return True; return False if enough slots are ready or none is active.

        Between rounds a caller may read the trees, call ``finish_early``, and start other slots with ``think``.
        """
        self.num_ready, num_bare, num_unfinished = sort_slots(
            self.trees.slots, self.trees.nodes, self.config.leaves, self.ready, self.bare, self.unfinished
        )
        busy = num_bare + num_unfinished
        if self.num_ready * MIN_READY_SHARE > busy or not busy:
            return False
        self._simulate(self.bare[:num_bare], self.unfinished[:num_unfinished])
        return True

    def finish_early(self, slot: int) -> None:
        """End the search in ``slot`` early: it is ready as soon as its root has been evaluated."""
        self.trees.slots[slot]["budget"] = 0

    def stop(self) -> None:
        """Drop all searches that are not finished."""
        self.trees.slots["active"] = False

    def forget(self, slot: int) -> None:
        """Drop the tree of ``slot``, because another game begins there."""
        self._drop(slot)

    def _simulate(self, bare: Ints, unfinished: Ints) -> None:
        """One round: evaluate new leaves of the ``unfinished`` trees together with the roots of the ``bare`` ones."""
        batch = self._select(bare, unfinished)
        count = len(batch.trees)
        if not count:  # every simulation ended at a proven edge
            return
        self.game.advance(self.arena, batch.sources, batch.targets, batch.actions)
        states, positions, proven = self.states[:count], self.positions.rows(0, count), self.proven[:count]
        copy_rows(self.arena, batch.targets, states)
        self.game.describe(states, positions)
        prove_finished(positions.terminal, positions.value, proven)
        if self.config.lookahead > 0:  # not at roots: a proven root would have no edge to play
            self.lookahead(states[len(bare) :], proven[len(bare) :])
        evaluation = self._evaluate(batch, states, positions, list_unproven(proven, self.unproven))
        leaf_positions = LeafPositions(positions.legal, positions.to_play, proven)
        expand_and_backup(*self.trees.arrays, batch.trees, batch.leaves, tuple(leaf_positions), *evaluation)
        if len(bare):
            if positions.terminal[: len(bare)].any():
                raise ValueError(f"a finished game of {self.game.name} cannot be searched")
            self.rule.prepare_roots(bare, self.terms.rows(bare))

    def _select(self, bare: Ints, unfinished: Ints) -> LeafBatch:
        """The roots of the ``bare`` trees, and behind them new leaves of the ``unfinished`` ones."""
        count = len(bare)
        if count:
            roots = LeafBatch(*self.columns[:, :count])
            roots.trees[:], roots.leaves[:], roots.actions[:] = bare, ROOT, NONE
            roots.sources[:] = roots.targets[:] = bare * self.trees.capacity
        if len(unfinished):
            arguments = (unfinished, self.config.leaves, tuple(self.rule.arguments), self.columns, count)
            count, num_proven = self.rule.select_leaves(*self.trees.arrays, *arguments)
            self.simulations += count - len(bare) + num_proven
        return LeafBatch(*self.columns[:, :count])

    def _evaluate(self, batch: LeafBatch, states: States, positions: Positions, num_unproven: int) -> Evaluation:
        """Evaluate the leaves that the rules alone did not prove."""
        if num_unproven == 0:
            return self.no_evaluation
        trees, leaves = batch.trees, batch.leaves
        if num_unproven < len(trees):
            rows = self.unproven[:num_unproven]
            if self.evaluate.reads_states:
                states = copy_rows(states, rows, self.evaluated_states[:num_unproven])
            states = states[:num_unproven]
            positions = positions.take(rows, self.evaluated_positions)
            trees, leaves = trees[rows], leaves[rows]
        self.evaluate.draw_from(self.terms.keys[trees], leaves)
        evaluation = self.evaluate(states, positions)
        if self.config.prior_temperature != 1:
            return evaluation._replace(logits=evaluation.logits / np.float32(self.config.prior_temperature))
        return evaluation

    def _decisions(self, rows: Ints) -> Decisions:
        """The decisions of the finished trees ``rows [R]``, with actions sampled where the temperature is above 0."""
        terms = self.terms.rows(rows)
        out = self.rule.decide(rows, terms)
        sampled = np.flatnonzero(terms.temperature > 0)
        if len(sampled):
            with np.errstate(divide="ignore"):
                logs = np.log(out.policy[sampled].astype(np.float64)) / terms.temperature[sampled, None]
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            out.action[sampled] = random_numbers.draw_choices(terms.keys[sampled], random_numbers.SAMPLE, weights)
        return out

    def surprises(self, slots: Ints, decisions: Decisions) -> NDArray[np.float32]:
        """[R] how far each policy of the ``decisions`` just made in ``slots [R]`` is from the priors of its root.

        It is the KL divergence in nats. The priors are those at ``prior_temperature``; under PUCT, the priors of a slot
        that explores include their noise.
        """
        out = np.zeros(len(slots), np.float32)
        write_surprises(self.trees.nodes, self.trees.moves, slots, decisions.policy, out)
        return out

    def _reuse(self, t: int, state: Any, explore: bool) -> bool:
        """Make the node of tree ``t`` that holds ``state`` its root, and return whether the tree can be used again.

        The node is looked for within two plies of the root. The root itself is not reused where the slot explores,
        because noise may have been mixed into its priors already.
        """
        trees, capacity = self.trees, self.trees.capacity
        if trees.slots[t]["num_nodes"] == 0:
            return False
        level = [ROOT]
        for _ in range(3):
            for node in level:
                same = self.arena[t * capacity + node] == state and trees.nodes[t, node]["num_edges"] > 0
                if same and not (explore and node == ROOT):
                    moved = np.empty(int(trees.slots[t]["num_nodes"]), np.int64)
                    kept = reroot(*trees.arrays, t, node, moved)
                    self.arena[t * capacity : t * capacity + kept] = self.arena[t * capacity + moved[:kept]]
                    has_room = bool(kept + trees.slots[t]["budget"] < capacity)
                    return has_room or self._drop(t)
            level = [int(e["child"]) for node in level for e in trees.children(t, node) if e["child"] != NONE]
        return False

    def _drop(self, t: int) -> bool:
        """Empty tree ``t``; return False."""
        self.trees.slots[t]["num_nodes"] = 0
        return False

    def principal_variation(self, slot: int) -> list[int]:
        """The most visited actions from the root of the last search in ``slot``."""
        return [int(edge["action"]) for _, edge in self.trees.most_visited_line(slot)]

"""The analysis of one position by a player: its moves in order, with visits, win rates and variations.

Knows search trees and decisions. Does not know protocols or clocks. A win rate is that of the player to move: 1 is a
win, 0 a loss, one half a draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from agent.decision import Decisions, Terms
from agent.player import MoveFollower, Player
from agent.search.search import Search
from agent.search.tree import NONE, ROOT, UNKNOWN, node_bytes
from games import Position
from selfplay.solved.grading import wilson_interval

MAX_VARIATION = 64
MAX_NODES = 100_000
"""A tree has room for at most so many nodes."""


class CandidateMove(NamedTuple):
    """One legal move and what the search knows of it."""

    action: int
    visits: int
    winrate: float
    prior: float  # the network's policy
    lcb: float  # lower end of the win rate's 95 % interval (Wilson), if every visit were a game
    proven: int  # +1 win, 0 draw, -1 loss for the player to move; 2: not proven
    variation: tuple[int, ...]  # actions, this one first
    variation_visits: tuple[int, ...]


class Analysis(NamedTuple):
    """The analysis of a position; the best move comes first."""

    visits: int  # including the evaluation of the position itself
    winrate: float
    candidates: list[CandidateMove]


@dataclass
class PositionSearch:
    """A search of one position in one slot of a player: ``begin``, ``grow`` while it returns True, then ``decide``."""

    player: Player
    slot: int
    position: Position
    decisions: Decisions | None = None

    def begin(self, terms: Terms) -> None:
        if isinstance(self.player, MoveFollower):
            self.player.follow(self.slot, self.position.moves)
        self.player.think(np.array([self.slot]), self.position.states, terms)

    def grow(self) -> bool:
        """Search one round further; False when the search is done. A player without a tree does all in ``decide``."""
        return isinstance(self.player, Search) and self.player.grow()

    def decide(self) -> Decisions:
        """The decision. A search that is not done ends here."""
        if isinstance(self.player, Search):
            self.player.finish_early(self.slot)
        slots, self.decisions = self.player.decide()
        assert slots.tolist() == [self.slot]
        return self.decisions

    def analysis(self) -> Analysis:
        """The analysis as of now."""
        if isinstance(self.player, Search):
            return analysis_of_search(self.player, self.slot, self.decisions)
        assert self.decisions is not None
        return analysis_of_decisions(self.decisions)


def tree_capacity(num_actions: int, num_slots: int) -> int:
    """Nodes for each tree, so that all slots together take at most one GiB (memory that is not used costs nothing)."""
    return int(min(MAX_NODES, max(64, 2**30 // (num_slots * node_bytes(num_actions)))))


def endless_budget(player: Player) -> int:
    """The budget of a search without an end: half of the tree, since a tree that is reused may fill the other half."""
    return player.trees.capacity // 2 if isinstance(player, Search) else -1


def analysis_of_search(player: Search, slot: int, decisions: Decisions | None) -> Analysis:
    """The analysis of the tree in ``slot``. The move of ``decisions``, if given, comes first."""
    root, edges = player.trees.nodes[slot, ROOT], player.trees.children(slot, ROOT)
    if not len(edges):
        return Analysis(0, 0.5, [])
    chosen = int(decisions.action[0]) if decisions is not None else NONE
    value = float(root["proven"]) if root["proven"] != UNKNOWN else float(root["value_sum"]) / max(1, root["visits"])
    candidates = [_candidate(player, slot, edge, value) for edge in edges]
    candidates.sort(key=lambda c: (c.action != chosen, -proof_rank(c), -c.visits, -c.prior))
    return Analysis(int(root["visits"]), (1 + value) / 2, candidates)


def proof_rank(candidate: CandidateMove) -> int:
    """1 for a proven win, -1 for a proven loss, else 0. It is sorted by before visits."""
    return candidate.proven if abs(candidate.proven) == 1 else 0


def _candidate(player: Search, slot: int, edge: Any, unvisited_value: float) -> CandidateMove:
    visits, proven = int(edge["visits"]), int(edge["proven"])
    value = float(proven) if proven != UNKNOWN else float(edge["value_sum"]) / visits if visits else unvisited_value
    rate = min(1.0, max(0.0, (1 + value) / 2))
    bound = rate if proven != UNKNOWN else wilson_interval(rate * visits, visits)[0]
    return CandidateMove(
        int(edge["action"]), visits, rate, float(edge["prior"]), bound, proven, *_variation(player, slot, edge)
    )


def _variation(player: Search, slot: int, edge: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(actions, their visits) of the most visited line that begins with ``edge``."""
    line = [each for _, each in islice(player.trees.most_visited_line(slot, edge), MAX_VARIATION)]
    return tuple(int(each["action"]) for each in line), tuple(int(each["visits"]) for each in line)


def analysis_of_decisions(decisions: Decisions) -> Analysis:
    """The analysis of a player without a tree: the moves of its policy, each with the value of the position."""
    policy, chosen, value = decisions.policy[0], int(decisions.action[0]), float(decisions.value[0])
    rate = (1 + value) / 2
    proven = round(value) if decisions.proven[0] else UNKNOWN
    actions = sorted(np.flatnonzero(policy > 0).tolist(), key=lambda a: (a != chosen, -policy[a]))
    return Analysis(1, rate, [CandidateMove(a, 1, rate, float(policy[a]), rate, proven, (a,), (1,)) for a in actions])


def variation_text(here: Position, actions: Sequence[int]) -> list[str]:
    """The moves of a variation that begins at ``here``, as people write them."""
    return list(here.after(actions).line[len(here.line) :])

"""What a player thinks of a position, for people and programs that ask: moves in order, with visits and variations.

Knows search trees and decisions. Does not know protocols, clocks or who asks. Winrates are a won game's share, 0 to 1
with a draw at one half, as the player to move sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from agent.decision import Decisions, Terms
from agent.player import MoveFollower, Player
from agent.search.search import Search
from agent.search.tree import NONE, ROOT, UNKNOWN, node_bytes
from games import Position
from selfplay.solved.grading import wilson_interval

LONGEST_VARIATION = 64
DEEPEST = 100_000
"""Nodes that a tree has room for at most."""


class CandidateMove(NamedTuple):
    """One move of a position."""

    action: int
    visits: int
    winrate: float
    prior: float  # the network's policy
    lcb: float  # lower end of the winrate's 95 % interval, every visit counted as a game (Wilson's score interval)
    proven: int  # +1, 0, -1 for who moves; 2: not proven
    variation: tuple[int, ...]  # actions, this one first
    variation_visits: tuple[int, ...]


class Analysis(NamedTuple):
    """A position as a player sees it; the best move comes first."""

    visits: int  # the position's own evaluation included
    winrate: float
    candidates: list[CandidateMove]


@dataclass
class PositionThinking:
    """A player thinking about a position in one of its slots: ``grow`` while it has more to think, then ``decide``."""

    player: Player
    slot: int
    here: Position
    decisions: Decisions | None = None

    def begin(self, terms: Terms) -> None:
        if isinstance(self.player, MoveFollower):
            self.player.follow(self.slot, self.here.moves)
        self.player.think(np.array([self.slot]), self.here.states, terms)

    def grow(self) -> bool:
        """Think a little further; False when there is no more to think. Not every player can do it in pieces."""
        return isinstance(self.player, Search) and self.player.grow()

    def decide(self) -> Decisions:
        """The decision now: a search that could go on is cut short."""
        if isinstance(self.player, Search):
            self.player.finish_early(self.slot)
        slots, self.decisions = self.player.decide()
        assert slots.tolist() == [self.slot]
        return self.decisions

    def analysis(self) -> Analysis:
        """What is known by now."""
        if isinstance(self.player, Search):
            return analysis_of_search(self.player, self.slot, self.decisions)
        assert self.decisions is not None
        return analysis_of_decisions(self.decisions)


def tree_capacity(num_actions: int, num_slots: int) -> int:
    """Nodes a tree that fit a GiB for all slots together, which is touched only where it is used."""
    return int(min(DEEPEST, max(64, 2**30 // (num_slots * node_bytes(num_actions)))))


def endless(player: Player) -> int:
    """The budget of a search without an end: half of what a tree has room for, since a kept tree may fill the rest."""
    return player.trees.capacity // 2 if isinstance(player, Search) else -1


def analysis_of_search(player: Search, slot: int, decisions: Decisions | None) -> Analysis:
    """What the tree in ``slot`` says; ``decisions``, if they are made, say what comes first."""
    root, edges = player.trees.nodes[slot, ROOT], player.trees.children(slot, ROOT)
    if not len(edges):
        return Analysis(0, 0.5, [])
    chosen = int(decisions.action[0]) if decisions is not None else NONE
    value = float(root["proven"]) if root["proven"] != UNKNOWN else float(root["value_sum"]) / max(1, root["visits"])
    found = [_candidate(player, slot, edge, value) for edge in edges]
    found.sort(key=lambda c: (c.action != chosen, -proof_rank(c), -c.visits, -c.prior))
    return Analysis(int(root["visits"]), (1 + value) / 2, found)


def proof_rank(candidate: CandidateMove) -> int:
    """1 for a proven win, -1 for a proven loss, else 0: what comes before visits."""
    return candidate.proven if abs(candidate.proven) == 1 else 0


def _candidate(player: Search, slot: int, edge: Any, fallback: float) -> CandidateMove:
    visits, proven = int(edge["visits"]), int(edge["proven"])
    value = float(proven) if proven != UNKNOWN else float(edge["value_sum"]) / visits if visits else fallback
    rate = min(1.0, max(0.0, (1 + value) / 2))
    bound = rate if proven != UNKNOWN else wilson_interval(rate * visits, visits)[0]
    return CandidateMove(
        int(edge["action"]), visits, rate, float(edge["prior"]), bound, proven, *_variation(player, slot, edge)
    )


def _variation(player: Search, slot: int, edge: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The most visited line that begins with ``edge``: its actions and their visits."""
    actions, visits = [int(edge["action"])], [int(edge["visits"])]
    while edge["child"] != NONE and len(actions) < LONGEST_VARIATION:
        edges = player.trees.children(slot, int(edge["child"]))
        if not len(edges) or edges["visits"].max() == 0:
            break
        edge = edges[np.argmax(edges["visits"])]
        actions.append(int(edge["action"]))
        visits.append(int(edge["visits"]))
    return tuple(actions), tuple(visits)


def analysis_of_decisions(decisions: Decisions) -> Analysis:
    """What a player without a tree says: the moves it would play, each as good as its value."""
    policy, chosen, value = decisions.policy[0], int(decisions.action[0]), float(decisions.value[0])
    rate = (1 + value) / 2
    proven = round(value) if decisions.proven[0] else UNKNOWN
    actions = sorted(np.flatnonzero(policy > 0).tolist(), key=lambda a: (a != chosen, -policy[a]))
    return Analysis(1, rate, [CandidateMove(a, 1, rate, float(policy[a]), rate, proven, (a,), (1,)) for a in actions])

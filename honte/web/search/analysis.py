"""The analysis of a position as JSON: read from a search tree between two rounds, written as texts afterwards.

Knows trees and moves. Does not know requests. All numbers are from the view of the player to move.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from agent.search.search import Search
from agent.search.tree import NONE, ROOT, UNKNOWN
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.problems import Problem
from honte.web.search.search_service import NO_SLOT, SearchRequest
from selfplay.solved.grading import wilson_interval

MOST_LINES = 12
"""Principal variations are read for so many moves."""

LONGEST_LINE = 16


class Snapshot(NamedTuple):
    """What a tree says about its root at one moment."""

    visits: int
    value: float  # of the search, -1 to 1
    proven: int  # UNKNOWN unless the root is proven
    network_value: float
    edges: Any  # CHILD [K], the best first
    lines: list[list[tuple[int, int, int]]]  # (action, player, visits) of the first moves


def read_snapshot(search: Search, request: SearchRequest) -> Snapshot | None:
    """What the tree of ``request`` says now; None before its root is evaluated."""
    slot = request.slot
    if slot == NO_SLOT:
        raise Problem(410, "the tree of this analysis is gone; analyse the position again")
    edges = search.trees.children(slot)
    if not len(edges):
        return None
    root = search.trees.nodes[slot, ROOT]
    value = float(root["proven"]) if root["proven"] != UNKNOWN else float(root["value_sum"]) / max(1, root["visits"])
    proof = np.where(np.abs(edges["proven"]) == 1, edges["proven"], 0)
    order = np.lexsort((-edges["prior"], -edges["visits"], -proof))
    edges = edges[order]
    lines = [_read_line(search, slot, edge) for edge in edges[:MOST_LINES] if edge["visits"]]
    return Snapshot(int(root["visits"]), value, int(root["proven"]), float(root["value"]), edges, lines)


def _read_line(search: Search, slot: int, edge: Any) -> list[tuple[int, int, int]]:
    """The most visited line that begins with ``edge``."""
    nodes = search.trees.nodes
    return [
        (int(each["action"]), int(nodes[slot, node]["to_play"]), int(each["visits"]))
        for node, each in islice(search.trees.most_visited_line(slot, edge), LONGEST_LINE)
    ]


def win_probability(value: float) -> float:
    return round(min(1.0, max(0.0, (1 + value) / 2)), 5)


def proof(proven: int) -> int | None:
    return None if proven == UNKNOWN else int(proven)


def analysis_json(
    offered: OfferedGame, request: SearchRequest, snapshot: Snapshot, to_play: int, *, has_network: bool
) -> dict[str, Any]:
    """A snapshot as the page reads it."""
    text = offered.game.action_text
    seconds = max(1e-6, time.monotonic() - request.started)
    moves = [_move_json(offered, snapshot, i, to_play) for i in range(len(snapshot.edges))]
    known = [move["win_probability"] for move in moves if move["win_probability"] is not None]
    best = max([moves[0]["win_probability"] or 0.0]) if moves and moves[0]["visits"] else max(known, default=None)
    for move in moves:
        here = move["win_probability"]
        move["loss"] = None if best is None or here is None else round(max(0.0, best - here), 5)
    policy = sorted(((float(e["prior"]), int(e["action"])) for e in snapshot.edges), reverse=True)
    network = {
        "win_probability": win_probability(snapshot.network_value),
        "policy": [[text(action, to_play), round(prior, 5)] for prior, action in policy],
    }
    return {
        "visits": snapshot.visits,
        "win_probability": win_probability(snapshot.value),
        "value": round(snapshot.value, 5),
        "proven": proof(snapshot.proven),
        "moves": moves,
        "network": network if has_network else None,
        "truth": None,
        "seconds": round(seconds, 3),
        "simulations_per_second": round(snapshot.visits / seconds, 1),
        "done": request.is_done,
    }


def _move_json(offered: OfferedGame, snapshot: Snapshot, i: int, to_play: int) -> dict[str, Any]:
    edge, text = snapshot.edges[i], offered.game.action_text
    visits, proven = int(edge["visits"]), int(edge["proven"])
    known = proven != UNKNOWN or visits > 0
    value = float(proven) if proven != UNKNOWN else float(edge["value_sum"]) / visits if visits else None
    rate = win_probability(value) if value is not None else None
    bound = rate if proven != UNKNOWN or rate is None else wilson_interval(rate * visits, visits)[0]
    line = snapshot.lines[i] if i < len(snapshot.lines) else [(int(edge["action"]), to_play, visits)]
    return {
        "move": text(int(edge["action"]), to_play),
        "action": int(edge["action"]),
        "visits": visits,
        "prior": round(float(edge["prior"]), 5),
        "win_probability": rate,
        "value": round(value, 5) if known and value is not None else None,
        "lower_bound": round(bound, 5) if bound is not None else None,
        "proven": proof(proven),
        "line": [text(action, player) for action, player, _ in line],
        "line_visits": [count for _, _, count in line],
    }


def read_tree(search: Search, request: SearchRequest, offered: OfferedGame, path: list[str]) -> dict[str, Any]:
    """A node of the tree and its children, the most visited first."""
    slot, node, trees = request.slot, ROOT, search.trees
    if slot == NO_SLOT:
        raise Problem(410, "the tree of this analysis is gone; analyse the position again")
    for text in path:
        to_play = int(trees.nodes[slot, node]["to_play"])
        try:
            action = offered.find_action(text, to_play)
        except ValueError as error:
            raise Problem(422, str(error)) from error
        found = [edge for edge in trees.children(slot, node) if edge["action"] == action]
        if not found or found[0]["child"] == NONE:
            raise Problem(404, f"the search has no position after {' '.join(path)[:80]} yet")
        node = int(found[0]["child"])
    record = trees.nodes[slot, node]
    to_play, visits = int(record["to_play"]), int(record["visits"])
    value = float(record["proven"]) if record["proven"] != UNKNOWN else float(record["value_sum"]) / max(1, visits)
    children = sorted(trees.children(slot, node), key=lambda e: (-int(e["visits"]), -float(e["prior"])))
    return {
        "visits": visits,
        "to_play": to_play,
        "win_probability": win_probability(value),
        "proven": proof(int(record["proven"])),
        "children": [_child_json(offered, edge, to_play) for edge in children],
    }


def _child_json(offered: OfferedGame, edge: Any, to_play: int) -> dict[str, Any]:
    visits, proven = int(edge["visits"]), int(edge["proven"])
    value = float(proven) if proven != UNKNOWN else float(edge["value_sum"]) / visits if visits else None
    return {
        "move": offered.game.action_text(int(edge["action"]), to_play),
        "visits": visits,
        "prior": round(float(edge["prior"]), 5),
        "win_probability": win_probability(value) if value is not None else None,
        "proven": proof(proven),
        "expanded": int(edge["child"]) != NONE and visits > 0,
    }

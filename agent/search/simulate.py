"""How trees are walked down to new leaves, whatever rule chooses the way.

Knows nodes, moves, edges and proofs. Does not know how a move is chosen, nor how a leaf is judged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.search.expand_backup import add_pending_visit, new_node, try_move, update_ancestors
from agent.search.tree import ROOT, UNKNOWN, Ints, Records
from games.jit_cache import Rule, compile_cached, fingerprint


def make_simulate(choose: Rule) -> Rule:
    """The loop that walks trees down to new leaves by ``choose(slots, nodes, moves, edges, t, index, rule)``.

    Its arguments: the four arrays; ``walking [R]``, trees whose roots are judged; how many ``leaves`` each may gather;
    the ``rule`` that ``choose`` wants; and what is gathered: behind the first ``count`` columns of ``batch [5, B]`` go
    trees, leaves, the places in the arena of parents and leaves, and the actions between. A walk that ends at a proven
    value adds it and begins again; one that meets a leaf which still waits for its judgement ends its tree's round.
    Returns the new count, and how many walks met a proven value.
    """

    def walk(
        slots: Records,
        nodes: Records,
        moves: Records,
        edges: Records,
        walking: Ints,
        leaves: int,
        rule: Any,
        batch: Any,
        count: int,
    ) -> tuple[int, int]:
        trees, found, sources, targets, actions = batch
        capacity = nodes.shape[1]
        exact = 0
        for t in walking:
            slot, root = slots[t], nodes[t, ROOT]
            last = count + leaves
            while count < last and slot["spent"] < slot["budget"] and root["proven"] == UNKNOWN:
                index = ROOT
                pick = choose(slots, nodes, moves, edges, t, index, rule)
                tried = pick < nodes[t, index]["first_edge"] + nodes[t, index]["num_tried"]
                while tried and edges[t, pick]["proven"] == UNKNOWN and nodes[t, edges[t, pick]["child"]]["num_edges"]:
                    index = edges[t, pick]["child"]
                    pick = choose(slots, nodes, moves, edges, t, index, rule)
                    tried = pick < nodes[t, index]["first_edge"] + nodes[t, index]["num_tried"]
                if not tried:
                    pick = try_move(nodes, moves, edges, t, index, pick)
                    add_pending_visit(nodes, edges, t, index, pick)
                    leaf = new_node(slots, nodes, t, index, pick)
                    edges[t, pick]["child"] = leaf
                    trees[count] = t
                    found[count] = leaf
                    sources[count] = t * capacity + index
                    targets[count] = t * capacity + leaf
                    actions[count] = moves[t, pick]["action"]
                    count += 1
                elif edges[t, pick]["proven"] != UNKNOWN:
                    proven = edges[t, pick]["proven"]
                    update_ancestors(nodes, edges, t, index, pick, np.float32(proven), proven, 0)
                    exact += 1
                else:
                    break
                slot["spent"] += 1
        return count, exact

    return compile_cached(walk, fingerprint({"walk": walk}))

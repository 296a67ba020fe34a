"""The lists of slots and leaves of a round, built by hand."""

from __future__ import annotations

import numpy as np
import pytest

from agent.search.expand_backup import expand, init_roots
from agent.search.scheduling import list_unproven, prove_finished, sort_slots
from agent.search.tree import ROOT, UNKNOWN, Trees

pytestmark = pytest.mark.nojit


def test_sort_slots_lists_the_active_slots() -> None:
    trees = Trees(8, 8, 3)
    init_roots(*trees.arrays, np.arange(8))
    for t in range(1, 8):
        expand(*trees.arrays[:3], t, ROOT, np.ones(3, bool), np.zeros(3, np.float32))
    trees.slots["active"] = [True] * 7 + [False]
    trees.slots["budget"] = 5
    trees.slots["spent"] = [9, 4, 5, 0, 0, 0, 1, 9]
    trees.nodes[3, ROOT]["proven"] = 0
    trees.slots["num_nodes"] = [1, 7, 1, 1, 7, 4, 1, 1]  # of 8
    lists = np.full((3, 8), -7)
    counts = sort_slots(trees.slots, trees.nodes, 4, *lists)
    assert counts == (3, 1, 3)
    ready, bare, unfinished = (row[:count].tolist() for row, count in zip(lists, counts, strict=True))
    assert ready == [2, 3, 4]  # spent, proven, no room for four more leaves
    assert bare == [0]  # spent or not: it has not been evaluated yet
    assert unfinished == [1, 5, 6]
    assert sort_slots(trees.slots[7:], trees.nodes[7:], 4, *lists) == (0, 0, 0)


def test_finished_games_are_proven() -> None:
    proven, rows = np.full(4, 9, np.int8), np.full(4, -7)
    prove_finished(np.array([True, False, True, True]), np.array([-1, 0, 0, 1], np.float32), proven)
    assert proven.tolist() == [-1, UNKNOWN, 0, 1]
    assert list_unproven(proven, rows) == 1
    assert rows.tolist() == [1, -7, -7, -7]

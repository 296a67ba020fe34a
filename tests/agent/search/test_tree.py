"""Kernels on trees of one to four nodes, built by hand, and ``reroot`` on real ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit

from agent.search import tree
from agent.search.expand_backup import expand_and_backup, init_roots
from agent.search.simulate import make_select_leaves
from agent.search.subtree_reuse import reroot
from agent.search.tree import NONE, ROOT, UNKNOWN, Trees

pytestmark = pytest.mark.nojit


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def bare(num_slots: int = 1) -> Trees:
    trees = Trees(num_slots, 8, 3)
    trees.nodes["value_sum"] = trees.edges["value_sum"] = 99  # whatever memory holds: no kernel may rely on it
    trees.edges["child"] = trees.edges["visits"] = trees.moves["prior"] = 99
    init_roots(*trees.arrays, np.arange(num_slots))
    return trees


@pytest.mark.parametrize(
    ("capacity", "num_actions", "sentence"),
    [
        (10, 40_000, "the game has 40000 actions; a search takes 32767 at most"),
        (10_000_000, 362, "10,000,000 positions with 362 actions each may have more than 2,147,483,647 edges"),
    ],
)
def test_what_the_fields_cannot_count_is_refused(capacity: int, num_actions: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Trees(1, capacity, num_actions)


def test_what_the_fields_can_just_count_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(Trees(1, 2, 32_767).moves[0]) == 2 * 32_767
    monkeypatch.setattr(tree, "MOST_EDGES", 30)
    assert Trees(1, 10, 3).capacity == 10
    with pytest.raises(ValueError, match="a tree of 11 positions with 3 actions each may have more than 30 edges"):
        Trees(1, 11, 3)


class FollowArguments(NamedTuple):
    actions: Any  # [T, N] the action to follow from each node


@njit
def follow_actions(slots: Any, nodes: Any, moves: Any, edges: Any, t: int, index: int, arguments: Any) -> int:
    """Select the action ``arguments.actions[t, index]`` at node ``index`` of tree ``t``."""
    first = nodes[t, index]["first_edge"]
    for e in range(first, first + nodes[t, index]["num_edges"]):
        if moves[t, e]["action"] == arguments.actions[t, index]:
            return int(e)
    return -1


select_leaves = make_select_leaves(follow_actions, FollowArguments)


def select_along(trees: Trees, *path: int, times: int = 1, leaves: int = 1) -> Any:
    """Follow the actions ``path`` in tree 0, ``times``; the batch [5, B], and how often a proven edge was reached."""
    actions, node = np.zeros((len(trees.slots), trees.capacity), np.int64), ROOT
    for action in path:
        actions[0, node] = action
        node = child(trees, node, action)
    trees.slots["budget"] = trees.slots["spent"] + times
    batch = np.zeros((5, 8), np.int64)
    count, num_proven = select_leaves(*trees.arrays, ints(0), leaves, (actions,), batch, 0)
    return batch[:, :count], num_proven


def child(trees: Trees, node: int, action: int) -> int:
    return int(trees.children(0, node)["child"][trees.children(0, node)["action"] == action][0])


def add(trees: Trees, *path: int, to_play: int, value: float, proven: int = UNKNOWN, legal: Any = (1, 1, 1)) -> int:
    """One simulation that ends at a new leaf behind the actions ``path``; the leaf."""
    leaf = select_along(trees, *path)[0][1]
    back_up(trees, 0, leaf, to_play=to_play, value=value, proven=proven, legal=legal)
    return int(leaf[0])


def back_up(
    trees: Trees,
    t: int,
    leaf: Any,
    *,
    to_play: int = 0,
    value: float = 0.0,
    proven: int = UNKNOWN,
    legal: Any = (1, 1, 1),
    logits: Any = (0, 0, 0),
) -> None:
    """``expand_and_backup`` one leaf of tree ``t``."""
    rows = 1 if proven == UNKNOWN else 0
    answer = np.array([logits], np.float32)[:rows], np.array([value], np.float32)[:rows]
    expand_and_backup(*trees.arrays, ints(t), leaf, (np.array([legal], bool), ints(to_play), ints(proven)), *answer)


def root(trees: Trees, *, value: float = 0.5, legal: Any = (1, 1, 1), to_play: int = 0) -> Any:
    """Evaluate the root of tree 0; its record."""
    back_up(trees, 0, ints(0), to_play=to_play, value=value, legal=legal, logits=np.log([1, 2, 5]))
    return trees.nodes[0, ROOT]


def test_init_roots_leaves_one_blank_node_in_each_tree() -> None:
    trees = bare(3)
    for name in trees.nodes.dtype.names or ():
        trees.nodes[name] = trees.slots["num_edges"] = 7
    init_roots(*trees.arrays, np.arange(3))
    blank = {"parent": NONE, "parent_edge": NONE, "proven": UNKNOWN}
    assert all((trees.nodes[name][:, 0] == blank.get(name, 0)).all() for name in trees.nodes.dtype.names or ())
    assert trees.slots["num_nodes"].tolist() == [1, 1, 1]
    assert trees.slots["num_edges"].tolist() == [0, 0, 0]
    assert len(trees.children(1)) == 0
    assert trees.nodes[1, ROOT]["proven"] == UNKNOWN


def test_expand_makes_an_edge_for_each_legal_action() -> None:
    trees = bare()
    record = root(trees, legal=(1, 0, 1))
    edges = trees.children(0)
    assert edges["action"].tolist() == [0, 2]
    np.testing.assert_allclose(edges["prior"], [1 / 6, 5 / 6], rtol=1e-6)
    for name, blank in (
        ("child", NONE),
        ("visits", 0),
        ("pending", 0),
        ("value_sum", 0),
    ):
        assert (edges[name] == blank).all()
    assert (edges["proven"] == UNKNOWN).all()
    assert (record["visits"], record["value_sum"], record["value"]) == (1, 0.5, 0.5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_count_as_uniform(bad: float) -> None:
    trees = bare()
    back_up(trees, 0, ints(0), value=np.nan, logits=(3, bad, 1))
    np.testing.assert_allclose(trees.children(0)["prior"], 1 / 3, rtol=1e-6)
    assert trees.nodes[0, ROOT]["value_sum"] == 0


def test_an_illegal_logit_changes_nothing() -> None:
    trees = bare()
    back_up(trees, 0, ints(0), legal=(1, 0, 1), logits=(0, np.inf, 0))
    np.testing.assert_allclose(trees.children(0)["prior"], 0.5)


def test_large_logits_do_not_overflow() -> None:
    trees = bare()
    back_up(trees, 0, ints(0), logits=(1e4, 0, -1e4))
    np.testing.assert_allclose(trees.children(0)["prior"], [1, 0, 0])


def test_moves_lie_in_the_order_of_their_first_visit_and_then_the_likeliest() -> None:
    trees = bare()
    record = root(trees)  # priors 1, 2 and 5 eighths
    assert trees.moves["action"][0, :3].tolist() == [2, 1, 0]
    add(trees, 0, to_play=1, value=0)
    assert record["num_tried"] == 1
    assert trees.moves["action"][0, :3].tolist() == [0, 2, 1]
    add(trees, 1, to_play=1, value=0)
    assert trees.moves["action"][0, :3].tolist() == [0, 1, 2]
    assert trees.children(0)["action"].tolist() == [0, 1, 2]
    assert trees.children(0)["visits"].tolist() == [1, 1, 0]


def test_of_equally_likely_moves_the_lowest_comes_first() -> None:
    trees = bare()
    back_up(trees, 0, ints(0))
    for tried in (0, 1, 2):
        assert trees.moves["action"][0, tried] == tried
        add(trees, tried, to_play=1, value=0)


def test_a_visit_is_pending_until_its_leaf_is_evaluated() -> None:
    trees = bare()
    root(trees)
    first = add(trees, 1, to_play=1, value=0.25)
    batch, _ = select_along(trees, 1, 2)
    leaf = batch[1]
    assert batch.ravel().tolist() == [0, 2, first, 2, 2]  # tree, leaf, places of parent and leaf, action
    assert trees.children(0)["pending"].tolist() == [0, 1, 0]
    assert trees.nodes[0, :3]["pending"].tolist() == [1, 1, 0]
    back_up(trees, 0, leaf)
    assert not trees.nodes[0, :3]["pending"].any()
    assert not trees.children(0)["pending"].any()
    assert not trees.children(0, first)["pending"].any()


@pytest.mark.parametrize(
    ("movers", "expected"),
    [
        ((0, 1, 0), (0.75, -0.75, 0.75)),
        ((0, 0, 1), (-0.75, -0.75, 0.75)),
        ((0, 1, 1), (-0.75, 0.75, 0.75)),
        ((1, 1, 1), (0.75, 0.75, 0.75)),
    ],
)
def test_backup_turns_the_sign_where_the_mover_changes(movers: Any, expected: Any) -> None:
    trees = bare()
    root(trees, value=0, to_play=movers[0])
    first = add(trees, 2, to_play=movers[1], value=0)
    second = add(trees, 2, 0, to_play=movers[2], value=0.75)
    nodes = trees.nodes[0, [ROOT, first, second]]
    assert nodes["value_sum"].tolist() == list(expected)
    assert nodes["visits"].tolist() == [3, 2, 1]
    assert trees.children(0)["visits"].tolist() == [0, 0, 2]
    assert trees.children(0)["value_sum"][2] == expected[0]
    assert trees.children(0, first)["value_sum"][0] == expected[1]


def test_one_win_proves_the_owner_and_a_loss_alone_does_not() -> None:
    trees = bare()
    record = root(trees)
    add(trees, 0, to_play=1, value=0, proven=1)  # the other player wins: a lost move
    assert trees.children(0)["proven"].tolist() == [-1, UNKNOWN, UNKNOWN]
    assert record["proven"] == UNKNOWN
    add(trees, 1, to_play=1, value=0, proven=-1)
    assert trees.children(0)["proven"].tolist() == [-1, 1, UNKNOWN]
    assert record["proven"] == 1
    assert record["value_sum"] == 0.5 - 1 + 1


@pytest.mark.parametrize(
    ("values", "best"), [((1, 1, 1), -1), ((1, 0, 1), 0), ((0, 0, 0), 0), ((0, 1, -1), 1), ((1, 1, 0), 0)]
)
def test_all_proven_is_the_best_of_them(values: Any, best: int) -> None:
    trees = bare()
    record = root(trees)
    for pick, value in enumerate(values):
        add(trees, pick, to_play=1, value=0, proven=value)
    assert record["proven"] == best


def test_a_proof_climbs_as_far_as_it_holds() -> None:
    trees = bare()
    record = root(trees, legal=(1, 1, 0))
    below = add(trees, 0, to_play=1, value=0.5, legal=(1, 0, 0))
    add(trees, 0, 0, to_play=0, value=0, proven=0)
    assert trees.nodes[0, below]["proven"] == 0
    assert trees.children(0)["proven"].tolist() == [0, UNKNOWN]
    assert record["proven"] == UNKNOWN  # a draw in hand, the other move may win
    add(trees, 1, to_play=1, value=0, proven=1)
    assert record["proven"] == 0
    assert trees.children(0)["proven"].tolist() == [0, -1]


def test_a_loss_below_a_double_move_is_a_loss_above() -> None:
    trees = bare()
    record = root(trees, legal=(1, 0, 0), to_play=1)
    below = add(trees, 0, to_play=1, value=0, legal=(1, 0, 0))
    add(trees, 0, 0, to_play=0, value=0, proven=1)
    assert trees.nodes[0, below]["proven"] == -1
    assert record["proven"] == -1


def test_a_simulation_that_ends_at_a_proven_edge_adds_its_exact_value() -> None:
    trees = bare()
    record = root(trees, value=0)
    add(trees, 0, to_play=1, value=0, proven=0)
    batch, num_proven = select_along(trees, 0, times=2)
    assert (batch.size, num_proven) == (0, 2)
    assert trees.children(0)["visits"].tolist() == [3, 0, 0]
    assert (record["visits"], record["value_sum"], record["pending"]) == (4, 0, 0)


def test_a_collision_leaves_no_trace() -> None:
    trees = bare()
    root(trees)
    select_along(trees, 1)
    trees.slots["budget"] = 2
    before = [array.tobytes() for array in trees.arrays]
    batch, num_proven = select_along(trees, 1)
    assert (batch.size, num_proven) == (0, 0)
    assert [array.tobytes() for array in trees.arrays] == before


def test_simulations_go_on_until_there_is_a_leaf_or_the_budget_is_spent() -> None:
    """New leaves go behind those of the batch; a tree whose simulation ends at a proven edge begins another one."""
    trees = bare(4)
    for t in range(4):
        back_up(trees, t, ints(0))
    for t in (1, 2):
        first_actions = np.zeros((4, 8), np.int64)
        trees.slots["budget"] = 1
        batch = np.zeros((5, 8), np.int64)
        select_leaves(*trees.arrays, ints(t), 1, (first_actions,), batch, 0)
        back_up(trees, t, batch[1, :1], to_play=1, proven=0)
    trees.slots["budget"], trees.slots["spent"] = [5, 5, 5, 4], [0, 1, 3, 4]
    batch = np.full((5, 4), -7)
    actions = np.zeros((4, 8), np.int64)
    actions[0] = 2
    assert select_leaves(*trees.arrays, ints(0, 1, 2, 3), 1, (actions,), batch, 1) == (2, 4 + 2)
    assert batch[:, 1].tolist() == [0, 1, 0, 1, 2]
    assert (batch[:, [0, 2, 3]] == -7).all()
    assert trees.slots["spent"].tolist() == [1, 5, 5, 4]
    assert trees.nodes[:, ROOT]["pending"].tolist() == [1, 0, 0, 0]


def test_evaluations_go_to_the_leaves_that_are_not_proven() -> None:
    """Of three leaves the middle one is proven: there are two evaluations, in the order of their leaves."""
    trees = bare(3)
    logits = np.log(np.array([[1, 1, 2], [4, 1, 1]], np.float32))
    legal, proven = np.ones((3, 3), bool), ints(UNKNOWN, -1, UNKNOWN)
    positions = (legal, ints(0, 0, 1), proven)
    expand_and_backup(
        *trees.arrays, ints(0, 1, 2), ints(0, 0, 0), positions, logits, np.array([0.25, -0.5], np.float32)
    )
    assert trees.nodes[:, ROOT]["value"].tolist() == [0.25, -1, -0.5]
    assert trees.nodes[:, ROOT]["num_edges"].tolist() == [3, 0, 3]
    assert trees.nodes[:, ROOT]["proven"].tolist() == [UNKNOWN, -1, UNKNOWN]
    np.testing.assert_allclose(trees.children(0)["prior"], [0.25, 0.25, 0.5], rtol=1e-6)
    np.testing.assert_allclose(trees.children(2)["prior"], [2 / 3, 1 / 6, 1 / 6], rtol=1e-6)


def test_trees_do_not_touch_each_other() -> None:
    trees = bare(3)
    before = [[array[t].tobytes() for array in trees.arrays] for t in range(3)]
    back_up(trees, 1, ints(0), value=1.0)
    after = [[array[t].tobytes() for array in trees.arrays] for t in range(3)]
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1] != before[1]


def path_edges(trees: Trees, node: int = ROOT, path: tuple[int, ...] = ()) -> dict[tuple[int, ...], list[Any]]:
    """All edges below ``node`` by the actions that lead there, with what must survive ``reroot``."""
    found = {}
    for edge in trees.children(0, node):
        here = (*path, int(edge["action"]))
        names = ("visits", "pending", "value_sum", "prior", "proven")
        below = int(edge["child"])
        record = [edge[name].item() for name in names]
        if below != NONE:
            assert trees.nodes[0, below]["parent"] == node
            assert trees.moves[0, trees.nodes[0, below]["parent_edge"]]["action"] == edge["action"]
            assert trees.edges[0, trees.nodes[0, below]["parent_edge"]]["child"] == below
            names = ("visits", "value_sum", "value", "proven", "to_play")
            record += [trees.nodes[0, below][name].item() for name in names]
            found.update(path_edges(trees, below, here))
        found[here] = record
    return found


def grown(seed: int, simulations: int) -> Trees:
    """A tree grown at random places."""
    random = np.random.default_rng(seed)
    trees = Trees(1, simulations + 2, 3)
    init_roots(*trees.arrays, ints(0))
    root(trees)
    for _ in range(simulations):
        node, path = ROOT, list[int]()
        while True:
            edge = random.choice(trees.children(0, node))
            path.append(int(edge["action"]))
            if edge["child"] == NONE:
                break
            node = int(edge["child"])
        legal = random.permutation([1, random.random() < 0.5, random.random() < 0.5])
        add(trees, *path, to_play=int(random.integers(2)), value=random.uniform(-1, 1), legal=legal)
    return trees


@pytest.mark.parametrize("seed", range(6))
def test_a_kept_subtree_is_the_old_one_edge_for_edge(seed: int) -> None:
    trees = grown(seed, 60)
    edges = path_edges(trees)
    node = int(trees.children(0)["child"].max()) if seed % 2 else 1
    prefix = next(path for path in edges if len(path) == 1 and child(trees, ROOT, path[0]) == node)
    below = trees.nodes[0, node].copy()
    old_children = [int(c) for n in range(trees.slots[0]["num_nodes"]) for c in trees.children(0, n)["child"]]
    moved = np.full(62, -7, np.int64)
    kept = reroot(*trees.arrays, 0, node, moved)
    expected = {path[1:]: record for path, record in edges.items() if path[0] == prefix[0] and len(path) > 1}
    assert path_edges(trees) == expected
    assert kept == trees.slots[0]["num_nodes"] == 1 + sum(len(record) > 6 for record in expected.values())
    assert trees.slots[0]["num_edges"] == len(expected)
    assert moved[0] == node
    assert set(moved[1:kept].tolist()) <= set(old_children)
    assert (np.diff(moved[:kept]) > 0).all()
    assert (moved[kept:] == -7).all()
    new_root = trees.nodes[0, ROOT]
    assert new_root["parent_edge"] == NONE
    for name in ("visits", "value_sum", "value", "to_play", "proven"):
        assert new_root[name] == below[name]


def test_reroot_at_the_root_keeps_all_nodes() -> None:
    trees = grown(9, 30)
    edges, nodes = path_edges(trees), trees.nodes.copy()
    assert reroot(*trees.arrays, 0, ROOT, np.zeros(32, np.int64)) == 31
    assert path_edges(trees) == edges
    assert (trees.nodes["visits"][0, :31] == nodes["visits"][0, :31]).all()

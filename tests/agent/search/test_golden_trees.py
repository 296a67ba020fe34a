"""The search finds mctx's trees, number by number, alone and among other slots.

Knows the golden files (tests/goldens/make_mctx_goldens.py says what is in them). Does not know Numba.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.search.gumbel import GumbelConfig
from agent.search.puct import PuctConfig
from agent.search.search import Search, SearchConfig
from agent.search.sequential_halving import considered_visits
from tests.agent.search.worlds import HashWorld

pytestmark = pytest.mark.nojit
FOLDER = Path(__file__).parents[2] / "goldens"


def records() -> list[Any]:
    params = []
    for rule in ("puct", "gumbel"):
        for record in json.loads((FOLDER / f"{rule}.json").read_text(encoding="utf-8"))["records"]:
            name = f"{rule}-root{record['root_hash']}-A{record['num_actions']}-n{record['num_simulations']}"
            params.append(pytest.param(record, id=name))
    return params


def search_of(record: dict[str, Any], num_slots: int, monkeypatch: pytest.MonkeyPatch) -> tuple[HashWorld, Search]:
    """A search under the golden's constants; whoever explores meets the golden's noise."""
    world = HashWorld(record["num_actions"], tuple(record["illegal_root_actions"]))
    if "root_gumbel" in record:
        config = SearchConfig(
            rule="gumbel",
            num_simulations=record["num_simulations"],
            gumbel=GumbelConfig(
                max_considered=record["max_considered_actions"], c_visit=record["c_visit"], c_scale=record["c_scale"]
            ),
        )
    else:
        config = SearchConfig(
            rule="puct",
            num_simulations=record["num_simulations"],
            puct=PuctConfig(
                c_init=record["c_init"],
                c_base=record["c_base"],
                fpu_reduction=record["fpu_reduction"],
                root_exploration_fraction=record["root_exploration_fraction"],
                forced_playouts=0,
            ),
        )
    draws = np.array(record.get("root_gumbel", record.get("root_noise", [])), np.float32)
    monkeypatch.setattr(random_numbers, "draw_gumbels", lambda of, use, count: np.tile(draws, (len(of), 1)))
    monkeypatch.setattr(random_numbers, "draw_dirichlets", lambda of, use, alpha: np.tile(draws, (len(of), 1)))
    return world, Search(world, world.evaluate, config, num_slots=num_slots)


def terms(count: int, budgets: list[int] | int = -1) -> Terms:
    return Terms.of(count)._replace(budgets=np.full(count, budgets), explore=np.ones(count, bool))


def tree_of(search: Search, slot: int) -> dict[str, list[Any]]:
    """The tree as the golden files write it."""
    nodes = search.trees.nodes[slot, : search.trees.slots[slot]["num_nodes"]]
    return {
        "parent": nodes["parent"].tolist(),
        "action": [-1, *search.trees.moves[slot, nodes["parent_edge"][1:]]["action"].tolist()],
        "visits": nodes["visits"].tolist(),
        "value": (nodes["value_sum"] / nodes["visits"]).tolist(),
        "raw_value": nodes["value"].tolist(),
    }


def assert_golden(record: dict[str, Any], search: Search, slot: int, out: Decisions, i: int) -> None:
    tree = tree_of(search, slot)
    for name in ("parent", "action", "visits"):
        assert tree[name] == record["tree"][name]
    np.testing.assert_array_equal(np.float32(tree["raw_value"]), np.float32(record["tree"]["raw_value"]))
    np.testing.assert_allclose(tree["value"], record["tree"]["value"], rtol=0, atol=1e-5)
    assert out.action[i] == record["action"]
    assert out.visits[i].tolist() == record["root_visits"]
    np.testing.assert_allclose(out.policy[i], record["action_weights"], rtol=0, atol=1e-5)
    if "root_gumbel" not in record:
        np.testing.assert_allclose(out.value[i], record["root_value"], rtol=0, atol=1e-5)
    else:
        q = np.array(record["root_q"])
        weights = np.array(record["action_weights"]) * (np.array(record["root_visits"]) > 0)
        np.testing.assert_allclose(out.value[i], (weights * q).sum() / weights.sum(), rtol=0, atol=1e-5)
    assert not search.trees.nodes[slot]["pending"][: len(tree["visits"])].any()


@pytest.mark.parametrize("record", records())
def test_the_tree_of_mctx(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    world, search = search_of(record, 1, monkeypatch)
    search.think(np.array([0]), world.roots(record["root_hash"]), terms(1))
    slots, out = search.decide()
    assert slots.tolist() == [0]
    assert_golden(record, search, 0, out, 0)
    assert len(search.decide()[0]) == 0
    assert search.simulations == record["num_simulations"]


@pytest.mark.parametrize("record", records())
def test_a_slot_does_not_see_the_others(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden root stands among others with their own budgets, which are refilled while it thinks on."""
    world, alone = search_of(record, 1, monkeypatch)
    alone.think(np.array([0]), world.roots(record["root_hash"]), terms(1))
    (only,) = alone.decide()[1].policy
    _, search = search_of(record, 5, monkeypatch)
    n = record["num_simulations"]
    search.think(np.arange(4), world.roots(77, 78, record["root_hash"], 79), terms(4, [1, n // 2, n, n]))
    refilled = 0
    golden = {2: 1, 4: 0}  # how often each slot shall be found golden
    while True:
        slots, out = search.decide()
        if not len(slots):
            break
        for i, slot in enumerate(slots.tolist()):
            if golden.get(slot):
                golden[slot] -= 1
                assert_golden(record, search, slot, out, i)
                assert out.policy[i].tobytes() == only.tobytes()
            if refilled < 8:
                refilled += 1
                fresh, root = (4, record["root_hash"]) if refilled == 3 else (slot, 100 + refilled)
                golden[4] += refilled == 3
                search.think(np.array([fresh]), world.roots(root), terms(1, n if refilled == 3 else n // 3))
    assert golden == {2: 0, 4: 0}


@pytest.mark.parametrize("record", [r for r in records() if r.id.startswith("gumbel")])
def test_the_order_of_sequential_halving(record: dict[str, Any]) -> None:
    legal = record["num_actions"] - len(record["illegal_root_actions"])
    order = considered_visits(min(record["max_considered_actions"], legal), record["num_simulations"])
    assert order.tolist() == record["considered_visits"]

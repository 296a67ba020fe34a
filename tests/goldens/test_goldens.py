"""The golden trees themselves: mctx's numbers, repeated by the naive search, without JAX.

It knows the golden files and the naive search. It does not know this project's own search, whose tests use both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.goldens import hash_world
from tests.goldens.naive_search import NaiveSearch, considered_visits


def records() -> list[Any]:
    params = []
    for method in ("puct", "gumbel"):
        document = json.loads(Path(__file__).with_name(f"{method}.json").read_text(encoding="utf-8"))
        for record in document["records"]:
            name = f"{method}-root{record['root_hash']}-A{record['num_actions']}-n{record['num_simulations']}"
            params.append(pytest.param(record, id=name))
    return params


def test_hash_world_never_changes() -> None:
    hashes = hash_world.child(np.array([0, 1, 0xFFFFFFFF]), np.array([0, 6, 19]))
    logits, values = hash_world.network(hashes, 2)
    assert hashes.tolist() == [33350994, 1448771575, 1370815248]
    assert (logits * 2**14).astype(int).tolist() == [[-10584, -28070], [7125, -21197], [16848, -3666]]
    assert (values * 2**15).astype(int).tolist() == [7035, 8127, -22950]


def test_hash_world_takes_scalars_and_batches_alike() -> None:
    batch = hash_world.child(np.array([5, 7]), np.array([2, 3]))
    assert [int(hash_world.child(5, 2)), int(hash_world.child(7, 3))] == batch.tolist()


@pytest.mark.parametrize("record", records())
def test_naive_search_finds_the_tree_of_mctx(record: dict[str, Any]) -> None:
    search = NaiveSearch(record)
    action, weights = search.decide()
    tree = record["tree"]
    assert search.parents == tree["parent"]
    assert search.actions == tree["action"]
    assert [node.visits for node in search.nodes] == tree["visits"]
    assert np.array_equal(np.float32([node.raw_value for node in search.nodes]), np.float32(tree["raw_value"]))
    np.testing.assert_allclose([node.value for node in search.nodes], tree["value"], rtol=0, atol=1e-6)
    assert action == record["action"]
    np.testing.assert_allclose(weights, record["action_weights"], rtol=0, atol=2e-6)
    assert search.margin >= 5e-5  # far from ties: a search in float32 must find the same tree
    if "considered_visits" in record:
        assert considered_visits(record) == record["considered_visits"]


@pytest.mark.parametrize("record", records())
def test_root_fields_repeat_the_tree(record: dict[str, Any]) -> None:
    tree = record["tree"]
    visits, q = np.zeros(record["num_actions"], int), np.zeros(record["num_actions"])
    for node, (parent, action) in enumerate(zip(tree["parent"], tree["action"], strict=True)):
        if parent == 0:
            visits[action], q[action] = tree["visits"][node], -tree["value"][node]
    assert record["root_visits"] == visits.tolist()
    assert visits.sum() == record["num_simulations"]
    assert not visits[record["illegal_root_actions"]].any()
    assert record["root_q"] == q.tolist()
    assert record["root_value"] == tree["value"][0]

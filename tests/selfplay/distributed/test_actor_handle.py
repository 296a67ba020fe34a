"""The nodes of aggregators: one for each node, as many actors as wanted, and none moves when a node comes."""

from __future__ import annotations

from selfplay.distributed.actor_handle import ActorRole, plan_roles
from selfplay.distributed.config import RayConfig

NODES = {name: {"CPU": cpus} for name, cpus in {"a": 16.0, "b": 16.0, "c": 4.0, "d": 0.0}.items()}


def test_without_a_number_every_node_is_full_and_the_learner_keeps_a_core() -> None:
    assert plan_roles(RayConfig(), NODES, "a", []) == [ActorRole("a", 15), ActorRole("b", 16), ActorRole("c", 4)]


def test_a_number_is_filled_node_by_node() -> None:
    cluster = RayConfig(num_actors=20)
    assert plan_roles(cluster, NODES, "c", []) == [ActorRole("a", 16), ActorRole("b", 4)]


def test_an_aggregator_stays_on_its_node() -> None:
    cluster = RayConfig(num_actors=20)
    present = [ActorRole("b", 16), ActorRole("c", 4)]
    assert plan_roles(cluster, NODES, "", present) == present
    assert plan_roles(cluster, {"a": NODES["a"], "c": NODES["c"]}, "", present) == [
        ActorRole("c", 4),
        ActorRole("a", 16),
    ]

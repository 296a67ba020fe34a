"""Where aggregators go: one a node, as many actors as wanted, and nobody moves because another node came."""

from __future__ import annotations

from selfplay.hired import Post, posts
from selfplay.worker import RayConfig

NODES = {name: {"CPU": cpus} for name, cpus in {"a": 16.0, "b": 16.0, "c": 4.0, "d": 0.0}.items()}


def test_without_a_number_every_node_is_full_and_the_learner_keeps_a_core() -> None:
    assert posts(RayConfig(), NODES, "a", []) == [Post("a", 15), Post("b", 16), Post("c", 4)]


def test_a_number_is_filled_node_by_node() -> None:
    cluster = RayConfig(num_actors=20)
    assert posts(cluster, NODES, "c", []) == [Post("a", 16), Post("b", 4)]


def test_who_is_there_stays() -> None:
    cluster = RayConfig(num_actors=20)
    there = [Post("b", 16), Post("c", 4)]
    assert posts(cluster, NODES, "", there) == there
    assert posts(cluster, {"a": NODES["a"], "c": NODES["c"]}, "", there) == [Post("c", 4), Post("a", 16)]

"""Where aggregators go: one a node, as many actors as wanted, and nobody moves because another node came. Tokens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selfplay.distributed.actor import RayConfig
from selfplay.distributed.actor_handle import ActorRole, plan_roles, show_cluster_token

NODES = {name: {"CPU": cpus} for name, cpus in {"a": 16.0, "b": 16.0, "c": 4.0, "d": 0.0}.items()}


def test_without_a_number_every_node_is_full_and_the_learner_keeps_a_core() -> None:
    assert plan_roles(RayConfig(), NODES, "a", []) == [ActorRole("a", 15), ActorRole("b", 16), ActorRole("c", 4)]


def test_a_number_is_filled_node_by_node() -> None:
    cluster = RayConfig(num_actors=20)
    assert plan_roles(cluster, NODES, "c", []) == [ActorRole("a", 16), ActorRole("b", 4)]


def test_who_is_there_stays() -> None:
    cluster = RayConfig(num_actors=20)
    there = [ActorRole("b", 16), ActorRole("c", 4)]
    assert plan_roles(cluster, NODES, "", there) == there
    assert plan_roles(cluster, {"a": NODES["a"], "c": NODES["c"]}, "", there) == [ActorRole("c", 4), ActorRole("a", 16)]


def test_the_token_that_ray_made_is_shown_unless_somebody_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that what is set below goes away again
        monkeypatch.delenv(name)
    show_cluster_token()
    assert "RAY_AUTH_MODE" not in os.environ
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("secret")
    show_cluster_token()
    assert os.environ["RAY_AUTH_MODE"] == "token"
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    show_cluster_token()
    assert os.environ["RAY_AUTH_MODE"] == "disabled"

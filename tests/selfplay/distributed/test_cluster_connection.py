"""Joining a cluster: Ray presents the user's token, unless the user said otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selfplay.distributed.cluster_connection import show_cluster_token


def test_the_token_that_ray_made_is_presented_unless_the_user_said_otherwise(
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

"""Keeps others out."""

from __future__ import annotations

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHORTEST_TOKEN = 16


def check_host(host: str, token: str) -> None:
    """ValueError where anybody in the network could use the page."""
    if host not in LOOPBACK and not token:
        raise ValueError(f"--host {host} lets other machines in, so it needs --token with a secret of your choice")
    if token and len(token) < SHORTEST_TOKEN:
        raise ValueError(f"--token has {len(token)} characters; it needs {SHORTEST_TOKEN} or more")

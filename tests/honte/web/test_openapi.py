"""The description of the interface: every route is in it, and random requests get the answers that it promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.web_fuzz import Answer, fuzz
from honte.web.app import make_app
from honte.web.requests.sessions import Limits
from honte.web.services import make_services

NUM_REQUESTS = 300


def test_every_route_is_described(services: Any, client: Any):
    described = client.get("/api/openapi.json").json()["paths"]
    routes = {
        route.path: route.methods - {"HEAD"} for route in make_app(services).routes if route.path.startswith("/api")
    }
    assert {
        path: {method.upper() for method in methods} for path, methods in described.items() if path != "/healthz"
    } == routes


@pytest.mark.slow
def test_random_requests(client: Any):
    services = make_services(limits=Limits(burst=10**6, visits=64, seconds=2))
    with type(client)(make_app(services), base_url="http://127.0.0.1:8765") as own:
        session = own.post("/api/sessions").json()["session"]

        def send(method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> Answer:
            answer = own.request(method, path, params=dict(query), headers=dict(headers), content=body)
            return Answer(answer.status_code, answer.headers["content-type"].partition(";")[0], answer.text)

        description = own.get("/api/openapi.json").json()
        statuses, faults = fuzz(description, send, lambda: session, requests=NUM_REQUESTS, number=1)
    assert not faults, "\n".join(faults[:10])
    assert statuses.total() > NUM_REQUESTS // 2
    for path in ("position", "line", "move", "load", "save"):
        assert statuses[f"POST /api/{path} 200"], (path, statuses)
        # Most random requests for a move name a game session that does not exist; test_play_and_analysis has its 422.
        assert statuses[f"POST /api/{path} {404 if path == 'move' else 422}"], (path, statuses)

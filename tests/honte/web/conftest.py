from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from honte.web.app import make_app
from honte.web.requests.sessions import Limits
from honte.web.services import Services, make_services

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client of Starlette asks for another version of httpx
    from starlette.testclient import TestClient


class Page:
    """A client with a session."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.session = client.post("/api/sessions").json()["session"]
        self.headers = {"x-honte-session": self.session}

    def post(self, path: str, /, **body: Any) -> Any:
        return self.client.post(path, json=body, headers=self.headers)

    def ask(self, path: str, /, **body: Any) -> Any:
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, /, **body: Any) -> str:
        answer = self.post(path, **body)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return str(answer.json()["detail"])

    def stream(self, path: str, /, **body: Any) -> list[tuple[str, Any]]:
        """All events until the end."""
        return read_events(self.post(path, **body).text)


def read_events(text: str) -> list[tuple[str, Any]]:
    import json

    events = []
    for block in filter(None, text.split("\n\n")):
        event, data = block.split("\n")
        events.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = make_services(limits=Limits(burst=10**6, analyses=8))
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(make_app(services), base_url="http://127.0.0.1:8765", raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def page(client: TestClient) -> Page:
    return Page(client)

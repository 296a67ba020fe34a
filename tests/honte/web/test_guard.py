"""The guard: who may send requests, checked with every combination of Host, Origin and method."""

from __future__ import annotations

import itertools
import warnings

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from honte.web.requests.guard import HEADERS, Guard, check_host
from honte.web.requests.rate_limit import RateLimit
from honte.web.requests.sessions import Limits

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client of Starlette asks for another version of httpx
    from starlette.testclient import TestClient

TOKEN = "correct-horse-battery"
ME = "127.0.0.1:8765"

HOSTS = {
    ME: 200,
    "localhost:8765": 200,
    "LOCALHOST:8765": 200,
    "[::1]:8765": 200,
    "127.0.0.1": 200,
    "localhost": 200,
    "127.8.8.8:80": 200,
    "evil.example:8765": 403,
    "127.0.0.1.evil.example:8765": 403,
    "localhost.evil.example": 403,
    "192.168.1.5:8765": 403,
    "[2001:db8::1]:8765": 403,
    "127.0.0.1:99999": 400,
    "127.0.0.1:8765/x": 400,
    "a b": 400,
    "": 400,
    "user@127.0.0.1:8765": 400,
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
ORIGINS = ("none", "same", "other", "null", "other port")


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())}")


def client(**guard: object) -> TestClient:
    methods = list(METHODS)
    app = Starlette(routes=[Route("/", echo, methods=methods), Route("/api/x", echo, methods=methods)])
    return TestClient(Guard(app, limits=guard.pop("limits", Limits(burst=10**6)), **guard), base_url=f"http://{ME}")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def local() -> TestClient:
    return client()


def origin_text(origin: str, host: str) -> str | None:
    other_port = host.rpartition(":")[0] + ":1" if host[-1:].isdigit() and ":" in host else f"{host}:1"
    return {"none": None, "same": f"http://{host}", "other": "http://evil.example", "null": "null"}.get(
        origin, f"http://{other_port}"
    )


def expected(host_status: int, origin: str, method: str) -> int:
    if method not in ("GET", "HEAD", "POST"):
        return 405
    if host_status != 200:
        return host_status
    return 200 if origin in ("none", "same") else 403


MATRIX = list(itertools.product(HOSTS, ORIGINS, METHODS))


def test_the_matrix_is_large():
    assert len(MATRIX) >= 60


@pytest.mark.parametrize(("host", "origin"), list(itertools.product(HOSTS, ORIGINS)))
def test_every_host_origin_and_method(local: TestClient, host: str, origin: str):
    for method in METHODS:
        headers = {"host": host}
        if (text := origin_text(origin, host)) is not None:
            headers["origin"] = text
        answer = local.request(method, "/api/x", headers=headers)
        assert answer.status_code == expected(HOSTS[host], origin, method), (host, text, method)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        if answer.status_code != 200 and method != "HEAD":
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["detail"]


def test_two_host_headers_are_refused(local: TestClient):
    answer = local.get("/", headers=[("host", ME), ("host", "evil.example")])  # type: ignore[arg-type]
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("site", "mode", "dest", "path", "method", "status"),
    [
        ("same-origin", "cors", "empty", "/api/x", "POST", 200),
        ("none", "navigate", "document", "/", "GET", 200),
        ("cross-site", "navigate", "document", "/", "GET", 200),  # a link to the page
        ("cross-site", "navigate", "document", "/api/x", "GET", 403),
        ("cross-site", "navigate", "iframe", "/", "GET", 403),
        ("cross-site", "navigate", "document", "/", "POST", 403),
        ("cross-site", "no-cors", "image", "/", "GET", 403),
        ("cross-site", "no-cors", "script", "/api/x", "GET", 403),
        ("same-site", "cors", "empty", "/api/x", "POST", 403),  # another port of this machine
        ("same-site", "cors", "empty", "/api/x", "HEAD", 403),
    ],
)
def test_pages_of_other_sites_are_refused(
    local: TestClient, site: str, mode: str, dest: str, path: str, method: str, status: int
):
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    assert local.request(method, path, headers=headers).status_code == status


def test_bodies_are_limited(local: TestClient):
    assert local.post("/api/x", content=b"a" * 65536).text == "65536"
    assert local.post("/api/x", content=b"a" * 65537).status_code == 413
    pieces = (b"a" * 10_000 for _ in range(7))  # without a length in the headers
    assert local.post("/api/x", content=pieces).status_code == 413
    assert local.post("/api/x", headers={"content-length": "-1"}, content=b"").status_code == 413


def test_a_token_is_asked_for_on_every_path_and_method():
    page = client(host="0.0.0.0", token=TOKEN)
    for method, path in itertools.product(("GET", "POST", "HEAD"), ("/", "/api/x")):
        assert page.request(method, path).status_code == 401
        for wrong in (TOKEN[:-1], TOKEN + "x", "", TOKEN.upper(), "ü"):
            headers = {"authorization": f"Bearer {wrong}".encode()}
            assert page.request(method, path, headers=headers).status_code == 401
            assert page.request(method, path, params={"token": wrong}).status_code == 401
        assert page.request(method, path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert page.get("/api/x", params={"token": TOKEN}).status_code == 401  # only the address of the page carries it


def test_the_address_with_the_token_opens_the_page():
    page = client(host="0.0.0.0", token=TOKEN)
    answer = page.get("/", params={"token": TOKEN})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert page.get("/api/x").status_code == 200  # the cookie is sent
    assert page.get("/api/x", headers={"host": "elsewhere.example"}).status_code == 200


def test_a_named_address_refuses_other_names():
    page = client(host="192.168.1.5", token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert page.get("/", headers={**headers, "host": "192.168.1.5:8765"}).status_code == 200
    assert page.get("/", headers={**headers, "host": "evil.example"}).status_code == 403


def test_the_rate_is_limited():
    page = client(limits=Limits(requests_per_second=0.001, burst=5))
    statuses = [page.get("/").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert page.get("/").headers["retry-after"] == "1"


def test_rate_limit_fills_up_again():
    limit = RateLimit(2.0, 4)
    assert [limit.allows("a", 0.0) for _ in range(5)] == [True] * 4 + [False]
    assert limit.allows("b", 0.0)
    assert limit.allows("a", 1.0)


def test_other_machines_need_a_token():
    check_host("127.0.0.1", "")
    check_host("::1", "")
    check_host("localhost", "")
    check_host("0.0.0.0", TOKEN)
    with pytest.raises(ValueError, match="needs --token"):
        check_host("0.0.0.0", "")
    with pytest.raises(ValueError, match="16 or more"):
        check_host("0.0.0.0", "short")
    with pytest.raises(ValueError, match="--token may have"):
        check_host("0.0.0.0", "a;b" * 8)

"""Keeps others out: an ASGI middleware in front of all routes.

A page of another site may make a browser send requests to this machine. So Host, Origin and Sec-Fetch-Site are checked
on every request, whatever its method; bodies must be small; and answers say that no other page may frame or read them.
A server that other machines reach needs a token. Does not know routes, but that ``/`` is the page itself.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honte.web.requests.problems import Problem
from honte.web.requests.rate_limit import RateLimit
from honte.web.requests.sessions import Limits

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERY_ADDRESS = ("0.0.0.0", "::")
SHORTEST_TOKEN = 16
METHODS = ("GET", "HEAD", "POST")
COOKIE = "honte_token"
HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
BODY_SECONDS = 20.0
"""A body must arrive within so many seconds."""

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Sent with every answer."""


def check_host(host: str, token: str) -> None:
    """ValueError where anybody in the network could use the page."""
    if not is_loopback(host) and not token:
        raise ValueError(f"--host {host} lets other machines in, so it needs --token with a secret of your choice")
    if token and len(token) < SHORTEST_TOKEN:
        raise ValueError(f"--token has {len(token)} characters; it needs {SHORTEST_TOKEN} or more")
    if not all(" " < character < "\x7f" for character in token) or any(c in token for c in '";,\\&+%#='):
        raise ValueError('--token may have letters, digits and plain signs, but none of " ; , \\ & + % # =')


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK


class Guard:
    """Lets a request through to ``app``, or answers it with a problem."""

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", token: str = "", limits: Limits) -> None:
        """``host``: the address on which the server listens. ``token``: what every request must show, if not empty."""
        self.app, self.host, self.token, self.limits = app, host.strip("[]").lower(), token, limits
        self.rates = RateLimit(limits.requests_per_second, limits.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # a websocket is closed before it opens
            await send({"type": "websocket.close", "code": 1008})
            return
        respond = _with_headers(send, scope["path"])
        try:
            cookie = self._check(scope)
            body = await self._read_body(scope, receive)
        except Problem as problem:
            await problem.response()(scope, receive, respond)
            return
        await self.app(scope, _replay(body, receive), _with_cookie(respond, cookie) if cookie else respond)

    def _check(self, scope: Scope) -> str:
        """The cookie to set, if any. A Problem says why a request is refused."""
        headers = _Headers(scope)
        if scope["method"] not in METHODS:
            raise Problem(405, "the methods are GET, HEAD and POST", headers={"Allow": ", ".join(METHODS)})
        host = self._check_name(headers)
        self._check_origin(headers, host, scope)
        cookie = self._check_token(headers, scope)
        client = scope.get("client")
        if not self.rates.allows(client[0] if client else ""):
            raise Problem(429, "this address sends too many requests; wait a second", headers={"Retry-After": "1"})
        return cookie

    def _check_name(self, headers: _Headers) -> str:
        """The Host header, whose name must be one of this server: other names mean that DNS was made to point here."""
        hosts = headers.all("host")
        match = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None or int(match["port"] or 80) > 65535:
            raise Problem(400, "the request needs one valid Host header")
        name = match["name"].strip("[]").lower()
        if is_loopback(self.host):
            known = is_loopback(name) or name == self.host
        elif self.host in EVERY_ADDRESS:
            known = True  # the token, which a page under another name does not have, keeps others out
        else:
            known = name == self.host
        if not known:
            raise Problem(403, f"the Host header names {name[:80]}, which is not this server")
        return hosts[0]

    def _check_origin(self, headers: _Headers, host: str, scope: Scope) -> None:
        """Refuse requests that a page of another origin caused."""
        origins = headers.all("origin")
        if origins and (
            len(origins) > 1 or origins[0].lower() not in (f"http://{host}".lower(), f"https://{host}".lower())
        ):
            raise Problem(403, "the Origin header names another site than the Host header")
        sites = headers.all("sec-fetch-site")
        if not sites or sites in (["same-origin"], ["none"]):
            return
        navigates = headers.all("sec-fetch-mode") == ["navigate"] and headers.all("sec-fetch-dest") == ["document"]
        if not (scope["method"] == "GET" and scope["path"] == "/" and navigates and not origins):  # a link to the page
            raise Problem(403, "the request comes from a page of another site (Sec-Fetch-Site)")

    def _check_token(self, headers: _Headers, scope: Scope) -> str:
        """The cookie to set where the token was in the address of the page. A Problem without the right token."""
        if not self.token:
            return ""
        shown = [value[7:] for value in headers.all("authorization") if value[:7].lower() == "bearer "]
        shown += [_cookie(value) for value in headers.all("cookie")]
        in_address = parse_qs(scope["query_string"].decode("latin-1")).get("token", []) if scope["path"] == "/" else []
        right = [hmac.compare_digest(each.encode("utf-8", "replace"), self.token.encode()) for each in shown[:4]]
        right_address = [
            hmac.compare_digest(each.encode("utf-8", "replace"), self.token.encode()) for each in in_address[:4]
        ]
        if any(right_address):
            return f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        if not any(right):
            problem = "open the address that honte web printed, with its token"
            raise Problem(401, problem, "wrong-token", headers={"WWW-Authenticate": "Bearer"})
        return ""

    async def _read_body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. A Problem if it is too large or too slow."""
        most = self.limits.body_bytes
        lengths = _Headers(scope).all("content-length")
        if lengths and (not lengths[0].isascii() or not lengths[0].isdecimal() or int(lengths[0][:12]) > most):
            raise Problem(413, f"the body has more than {most} bytes")
        parts, size = list[bytes](), 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "the request ended before its body")
                    part = message.get("body", b"")
                    size += len(part)
                    if size > most:
                        raise Problem(413, f"the body has more than {most} bytes")
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Problem(400, f"the body did not arrive within {BODY_SECONDS:g} seconds") from None


class _Headers:
    """The headers of a request; a name may occur more than once."""

    def __init__(self, scope: Scope) -> None:
        self.pairs: Iterable[tuple[bytes, bytes]] = scope["headers"]

    def all(self, name: str) -> list[str]:
        wanted = name.encode()
        return [value.decode("latin-1").strip() for key, value in self.pairs if key == wanted]


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once and then what else comes, such as the end of the connection."""
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


def _with_headers(send: Send, path: str) -> Send:
    """A ``send`` that adds the headers of every answer."""
    more = {**HEADERS, "cache-control": "no-store"} if path.startswith("/api/") else HEADERS

    async def respond(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            extra = [(n.encode(), v.encode()) for n, v in more.items() if n.encode() not in known]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return respond


def _with_cookie(send: Send, cookie: str) -> Send:
    async def respond(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie.encode())]}
        await send(message)

    return respond

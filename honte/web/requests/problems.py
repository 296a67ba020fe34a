"""What goes wrong, as problem JSON (RFC 9457): a status and one sentence for the person who reads it."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

TITLES = {
    400: "The request is not valid",
    401: "The token is missing or wrong",
    403: "The request comes from elsewhere",
    404: "There is nothing here",
    405: "The method is not allowed",
    410: "The session has ended",
    413: "The request is too large",
    415: "The content is not JSON",
    422: "The request cannot be fulfilled",
    429: "There are too many requests",
    500: "The server has made a mistake",
    503: "The server is busy",
}

UNKNOWN_SESSION = "unknown-session"
"""The type of the problem that a page meets after the server was started again."""


class Problem(Exception):
    """An error that a client is told about."""

    def __init__(self, status: int, detail: str, kind: str = "about:blank", headers: dict[str, str] | None = None):
        """``kind`` is the type of the problem, which programs may compare."""
        super().__init__(detail)
        self.status, self.detail, self.kind, self.headers = status, detail, kind, headers

    def as_json(self) -> dict[str, Any]:
        title = TITLES.get(self.status, "The request failed")
        return {"type": self.kind, "title": title, "status": self.status, "detail": self.detail}

    def response(self) -> JSONResponse:
        return JSONResponse(self.as_json(), self.status, headers=self.headers, media_type="application/problem+json")


def refuse(detail: str) -> Problem:
    """The problem of a request whose content cannot be used."""
    return Problem(422, detail)

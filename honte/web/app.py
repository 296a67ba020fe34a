"""The application: all routes, and errors as problem JSON."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from honte import __version__
from honte.web.openapi import describe
from honte.web.requests.guard import Guard
from honte.web.requests.problems import TITLES, Problem
from honte.web.routes.analysis import AnalysisRoutes
from honte.web.routes.files import FileRoutes
from honte.web.routes.play import PlayRoutes
from honte.web.routes.runs import RunRoutes
from honte.web.services import Services

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
"""The files of static/ that are sent; any other is not."""


def make_app(services: Services, *, host: str = "127.0.0.1", token: str = "") -> Starlette:
    """The application of a server that listens on ``host``, with its guard in front."""

    async def openapi(request: Request) -> Response:
        return JSONResponse(describe(services.limits))

    routes = [
        *PlayRoutes(services).routes(),
        *AnalysisRoutes(services).routes(),
        *FileRoutes(services).routes(),
        *RunRoutes(services).routes(),
        Route("/api/openapi.json", openapi),
        Route("/healthz", health),
        Route("/static/{name:path}", static_file),
        Route("/", index),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        services.close()

    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, host=host, token=token, limits=services.limits)],
        lifespan=lifespan,
        exception_handlers={Problem: as_problem, HTTPException: as_http_problem, Exception: as_own_mistake},
    )


async def as_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def as_http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = TITLES.get(error.status_code, str(error.detail))
    headers = dict(error.headers) if error.headers else None
    return Problem(error.status_code, f"{title}: {request.method} {request.url.path[:80]}.", headers=headers).response()


async def as_own_mistake(request: Request, error: Exception) -> Response:
    return Problem(500, "the server has made a mistake; its terminal shows more").response()


BOOT = secrets.token_urlsafe(9)
"""Tells a page whether the server is still the one that it began with."""


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok", "boot": BOOT, "version": __version__}, headers={"Cache-Control": "no-store"})


async def index(request: Request) -> Response:
    return _file("index.html")


async def static_file(request: Request) -> Response:
    return _file(request.path_params["name"])


def static_names() -> list[str]:
    """The files of the page, by their paths below static/."""
    return sorted(_walk(_static(), ""))


def _walk(folder: Traversable, path: str) -> Iterator[str]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _walk(each, f"{path}{each.name}/")
        elif any(each.name.endswith(ending) for ending in MEDIA_TYPES):
            yield path + each.name


def _static() -> Traversable:
    return resources.files("honte.web").joinpath("static")


def _file(name: str) -> Response:
    """A file of the page. A client's name is only compared with those that there are."""
    if name not in static_names():
        raise HTTPException(404)
    content = _static().joinpath(*name.split("/")).read_bytes()
    media_type = next(kind for ending, kind in MEDIA_TYPES.items() if name.endswith(ending))
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

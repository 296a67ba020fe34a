"""Routes for files: games are loaded from texts and saved as texts; the server reads and writes no file for them."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from honte.game_files.variations import from_fields
from honte.web.games import game_files
from honte.web.requests.problems import refuse
from honte.web.services import Services

FORMATS = ("json", "sgf")


class FileRoutes:
    """Loads and saves games."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def routes(self) -> list[Route]:
        return [
            Route("/api/load", self.load, methods=["POST"]),
            Route("/api/save", self.save, methods=["POST"]),
        ]

    async def load(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        text, game = body.text("text", longest=self.services.limits.body_bytes), body.optional_text("game", longest=200)
        return JSONResponse(await run_in_threadpool(game_files.load, self.services.games, text, game))

    async def save(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        game, setup, moves = body.query()
        form = body.text("format", longest=8, default="json")
        if form not in FORMATS:
            raise refuse(f"format is {form!r}; it must be one of {', '.join(FORMATS)}")
        names = [*body.texts("players", longest=80, most=2), "", ""][:2]

        def answer() -> dict[str, Any]:
            offered = self.services.games.find(game)
            try:
                tree = from_fields({**body.fields, "moves": moves})
            except ValueError as error:
                raise refuse(str(error)) from error
            return game_files.save(offered, setup, tree, form, (names[0], names[1]))

        return JSONResponse(await run_in_threadpool(answer))

"""Routes for playing: the catalogue, sessions, games, positions, boards and moves."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from games import Position
from honte.drawing.page_board import page_board
from honte.web.catalogue import OfferedPlayer
from honte.web.games.offered_games import OfferedGame
from honte.web.games.positions import first_position, position_json, read_line, why_not
from honte.web.requests.problems import Problem, refuse
from honte.web.search.analysis import win_probability
from honte.web.search.search_service import SearchRequest
from honte.web.services import Services


class PlayRoutes:
    """Answers the requests of a game."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def routes(self) -> list[Route]:
        return [
            Route("/api/catalogue", self.catalogue),
            Route("/api/sessions", self.sessions, methods=["POST"]),
            Route("/api/games", self.games, methods=["POST"]),
            Route("/api/board", self.board),
            Route("/api/position", self.position, methods=["POST"]),
            Route("/api/line", self.line, methods=["POST"]),
            Route("/api/setup", self.setup, methods=["POST"]),
            Route("/api/move", self.move, methods=["POST"]),
        ]

    async def catalogue(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self.services.catalogue.as_json))

    async def sessions(self, request: Request) -> Response:
        session = self.services.sessions.open()
        return JSONResponse({"session": session.id, "expires_in": self.services.limits.session_seconds})

    async def games(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        text = body.text("game", longest=200)
        return JSONResponse(await run_in_threadpool(self._entry, text))

    def _entry(self, text: str) -> dict[str, Any]:
        entry = self.services.games.entry(text)
        return {**entry, "default_player": self.services.catalogue.default_player(entry["game"])}

    async def board(self, request: Request) -> Response:
        text = request.query_params.get("game", "")
        offered = await run_in_threadpool(self.services.games.find, text)
        return JSONResponse(await run_in_threadpool(page_board, offered.game.board))

    async def position(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        game, setup, moves = body.query()
        cells = body.cells("cells")

        def answer() -> dict[str, Any]:
            offered = self.services.games.find(game)
            line = read_line(offered, setup, moves)
            if cells is not None:
                raise refuse(why_not(offered, line[-1], cells))
            return position_json(offered, line)

        return JSONResponse(await run_in_threadpool(answer))

    async def line(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        game, setup, moves = body.query()

        def answer() -> list[dict[str, Any]]:
            offered = self.services.games.find(game)
            line = read_line(offered, setup, moves)
            return [
                position_json(offered, line[max(0, ply - 1) : ply + 1], with_legal=False) for ply in range(len(line))
            ]

        return JSONResponse({"positions": await run_in_threadpool(answer)})

    async def setup(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        game, text = body.text("game", longest=200), body.text("text", longest=8192)

        def answer() -> dict[str, Any]:
            offered = self.services.games.find(game)
            if not text.strip():
                raise refuse("the drawn position is empty")
            return position_json(offered, [first_position(offered, text)])

        return JSONResponse(await run_in_threadpool(answer))

    async def move(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        player = self.services.catalogue.find_player(body.text("player", longest=80))
        strength = body.whole("strength", minimum=0, maximum=self.services.limits.visits, default=-1)
        temperature = body.number("temperature", minimum=0, maximum=10, default=0)
        read = self.services.read_unfinished
        offered, setup, here = await run_in_threadpool(read, body, "there is no move to choose")
        strength = strength if strength >= 0 else int(player.strength["default"])
        started = time.monotonic()
        if player.kind in ("network", "rollouts"):
            action, value, proven, visits = await self._search(player, offered, here, strength, temperature)
        else:
            choose = self.services.opponents.choose
            answer = await self.services.in_slow_thread(lambda: choose(player, offered, setup, here, strength))
            action, value, proven, visits = answer["action"], answer["value"], answer["proven"], 0
        return JSONResponse(
            {
                "move": offered.game.action_text(action, here.to_play),
                "action": action,
                "win_probability": None if value is None else win_probability(value),
                "proven": int(np.sign(value)) if proven else None,
                "visits": visits,
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    async def _search(
        self, player: OfferedPlayer, offered: OfferedGame, here: Position, strength: int, temperature: float
    ) -> tuple[int, float, bool, int]:
        """(action, value, whether it is proven, visits) of a player that searches."""
        service = self.services.models.find(player, offered)
        search = service.submit(SearchRequest(here.states, strength, temperature))
        try:
            async with asyncio.timeout(self.services.limits.seconds):
                decisions = await asyncio.wrap_future(search.decision)
        except TimeoutError:
            raise Problem(503, f"{player.label} did not finish in {self.services.limits.seconds} seconds") from None
        finally:
            if not search.is_done:
                service.cancel(search)
        value, proven = float(decisions.value[0]), bool(decisions.proven[0])
        return int(decisions.action[0]), value, proven, int(decisions.visits[0].sum())

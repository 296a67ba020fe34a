"""Routes for watching a run learn."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from games import Position
from honte.web.catalogue import OfferedPlayer, OfferedRun
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.event_streams import KEEP_ALIVE, Events, stream_events
from honte.web.requests.problems import Problem, refuse
from honte.web.run_pages import judge, run_json, signature
from honte.web.services import Services

LOOK_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 15.0
MOST_WATCHERS = 60


class RunRoutes:
    """Shows runs."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.watchers = 0
        self.pages: dict[str, tuple[Any, dict[str, Any]]] = {}  # {id: (signature, JSON)}

    def routes(self) -> list[Route]:
        return [
            Route("/api/runs/{id}", self.run),
            Route("/api/runs/{id}/events", self.events),
            Route("/api/runs/{id}/judge", self.judge, methods=["POST"]),
        ]

    def _find(self, request: Request) -> tuple[OfferedRun, OfferedGame]:
        run = self.services.catalogue.find_run(request.path_params["id"])
        if not run.game:
            raise refuse(f"{run.name} learns a game that is not on this page; start honte web with --game for it")
        return run, self.services.games.find(run.game)

    def _page(self, run: OfferedRun, offered: OfferedGame) -> tuple[Any, dict[str, Any]]:
        """The run as JSON, and the signature of its state."""
        now = signature(run)
        known = self.pages.get(run.id)
        if known is None or known[0] != now:
            try:
                known = now, run_json(self.services.catalogue, run, offered)
            except (OSError, ValueError) as error:  # a file that is being replaced, or a damaged one
                raise Problem(503, f"{run.name} cannot be read now: {error}") from error
            self.pages[run.id] = known
        return known

    async def run(self, request: Request) -> Response:
        run, offered = await run_in_threadpool(self._find, request)
        return JSONResponse((await run_in_threadpool(self._page, run, offered))[1])

    async def events(self, request: Request) -> Response:
        run, offered = await run_in_threadpool(self._find, request)
        if self.watchers >= MOST_WATCHERS:
            raise Problem(503, f"{MOST_WATCHERS} pages watch runs already; close one of them")
        return stream_events(self._watch(run, offered))

    async def _watch(self, run: OfferedRun, offered: OfferedGame) -> Events:
        self.watchers += 1
        shown, told = None, time.monotonic()
        try:
            while True:
                now = await run_in_threadpool(signature, run)
                if now != shown:
                    shown, page = await run_in_threadpool(self._page, run, offered)
                    yield "run", page
                    told = time.monotonic()
                elif time.monotonic() - told > KEEP_ALIVE_SECONDS:
                    yield KEEP_ALIVE, None
                    told = time.monotonic()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self.watchers -= 1

    async def judge(self, request: Request) -> Response:
        _, body = await self.services.read(request)
        run, own = await run_in_threadpool(self._find, request)

        def prepare() -> tuple[OfferedGame, Position, list[OfferedPlayer], dict[int, float]]:
            offered, _, here = self.services.read_unfinished(body, "there is nothing to judge")
            if offered.text != own.text:
                raise refuse(f"{run.name} learns {own.text}; this is a position of {offered.text}")
            minutes = {each["step"]: each["minutes"] for each in self._page(run, offered)[1]["checkpoints"]}
            return offered, here, self.services.catalogue.checkpoints(run), minutes

        offered, here, players, minutes = await run_in_threadpool(prepare)
        return stream_events(self._judge_events(offered, here, players, minutes))

    async def _judge_events(
        self, offered: OfferedGame, here: Position, players: list[OfferedPlayer], minutes: dict[int, float]
    ) -> Events:
        device = self.services.models.device
        for player in players:
            try:
                answer = await self.services.in_slow_thread(
                    lambda player=player: judge(player, offered, here, device=device)  # type: ignore[misc]
                )
            except Problem:  # the run has deleted the checkpoint meanwhile, or it is damaged
                continue
            step = player.step or 0
            newest = max(minutes.values(), default=0.0)  # for a checkpoint that was written just now
            yield "checkpoint", {"step": step, "minutes": minutes.get(step, newest), "player": player.id, **answer}

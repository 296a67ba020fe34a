"""Routes for studying: the analysis of a position as a stream of events, and the tree behind it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from games import Position
from honte.web.games.offered_games import OfferedGame
from honte.web.games.positions import read_line
from honte.web.requests.event_streams import Events, stream_events
from honte.web.requests.problems import Problem
from honte.web.requests.sessions import Session
from honte.web.search.analysis import analysis_json, read_snapshot, read_tree
from honte.web.search.review import Review
from honte.web.search.search_service import SearchRequest, SearchService
from honte.web.services import Services

MOST_REMEMBERED = 200
MOST_REVIEW_VISITS = 2000
SLOWER_AFTER, SLOWER = 20.0, 5
"""After so many seconds an analysis changes little, and is written so many times less often."""


@dataclass(eq=False)
class RunningAnalysis:
    """An analysis with what is needed to read its tree."""

    id: str
    session: Session
    service: SearchService
    search: SearchRequest
    offered: OfferedGame
    setup: str | None
    here: Position
    has_network: bool


class AnalysisRoutes:
    """Answers questions about positions."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.analyses: OrderedDict[str, RunningAnalysis] = OrderedDict()

    def routes(self) -> list[Route]:
        return [
            Route("/api/analysis", self.analysis, methods=["POST"]),
            Route("/api/tree", self.tree, methods=["POST"]),
            Route("/api/review", self.review, methods=["POST"]),
        ]

    async def analysis(self, request: Request) -> Response:
        session, body = await self.services.read(request)
        player = self.services.catalogue.find_player(body.text("player", longest=80))
        strength = body.whole("strength", minimum=0, maximum=self.services.limits.visits, default=0)
        every = body.whole("every_ms", minimum=50, maximum=60_000, default=200) / 1000
        read = self.services.read_unfinished
        offered, setup, here = await run_in_threadpool(read, body, "there is nothing to analyse")
        service = self.services.models.find(player, offered)
        self._ensure_room(session)
        budget = strength or self.services.limits.visits
        analysis = RunningAnalysis(
            secrets.token_urlsafe(12), session, service, SearchRequest(here.states, budget, keep_tree=True), offered,
            setup, here, player.kind == "network",
        )  # fmt: skip
        return stream_events(self._events(analysis, every))

    def _ensure_room(self, session: Session) -> None:
        if len(session.analyses) >= self.services.limits.analyses:
            raise Problem(429, f"this page runs {len(session.analyses)} analyses already; stop one of them first")

    async def _events(self, analysis: RunningAnalysis, every: float) -> Events:
        session, search, service = analysis.session, analysis.search, analysis.service
        self._ensure_room(session)
        session.analyses.append(analysis.id)
        self.analyses[analysis.id] = analysis
        while len(self.analyses) > MOST_REMEMBERED:
            self.analyses.popitem(last=False)
        deadline = time.monotonic() + self.services.limits.seconds
        truth = asyncio.ensure_future(self._truth(analysis))
        try:
            service.submit(search)
            await asyncio.wrap_future(search.evaluated)
            while True:
                done = search.is_done
                if done and (error := search.decision.exception()) is not None:
                    raise error
                known = truth.result() if truth.done() else None
                if (data := await self._snapshot(analysis)) is not None:
                    yield "analysis", {**data, "truth": known, "done": done, "analysis_id": analysis.id}
                if done and not truth.done() and await truth is not None:  # one more event with the truth
                    continue
                if done:
                    return
                if time.monotonic() > deadline:
                    service.cancel(search)
                late = time.monotonic() - search.started > SLOWER_AFTER
                await self._wait(search, every * SLOWER if late else every)
                session.used = time.monotonic()
        finally:
            truth.cancel()
            session.analyses.remove(analysis.id)
            service.cancel(search)

    async def _truth(self, analysis: RunningAnalysis) -> dict[str, Any] | None:
        """What a solver says; None where there is none or it takes too long."""
        offered, here, opponents = analysis.offered, analysis.here, self.services.opponents
        if not opponents.knows_truth(offered, here):
            return None
        return await self.services.in_slow_thread(lambda: opponents.truth(offered, analysis.setup, here))

    async def _wait(self, search: SearchRequest, seconds: float) -> None:
        """Wait until the search is done, at most so many seconds."""
        done = asyncio.wrap_future(search.decision)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(done), seconds)

    async def _snapshot(self, analysis: RunningAnalysis) -> dict[str, Any] | None:
        search, here = analysis.search, analysis.here
        snapshot = await asyncio.wrap_future(analysis.service.ask(lambda trees: read_snapshot(trees, search)))
        if snapshot is None:
            return None
        return await run_in_threadpool(
            analysis_json, analysis.offered, search, snapshot, here.to_play, has_network=analysis.has_network
        )

    async def tree(self, request: Request) -> Response:
        session, body = await self.services.read(request)
        analysis = self.analyses.get(body.text("analysis_id", longest=80))
        path = body.texts("path", most=200)
        if analysis is None or analysis.session is not session:
            raise Problem(404, "there is no analysis of that id in this session")
        answer = analysis.service.ask(lambda trees: read_tree(trees, analysis.search, analysis.offered, path))
        return JSONResponse(await asyncio.wrap_future(answer))

    async def review(self, request: Request) -> Response:
        session, body = await self.services.read(request)
        game, setup, moves = body.query()
        player = self.services.catalogue.find_player(body.text("player", longest=80))
        strength = body.whole("strength", minimum=1, maximum=MOST_REVIEW_VISITS, default=100)
        first = body.whole("from", minimum=0, maximum=100_000, default=0)

        def prepare() -> tuple[OfferedGame, list[Position]]:
            offered = self.services.games.find(game)
            return offered, read_line(offered, setup, moves)

        offered, line = await run_in_threadpool(prepare)
        service = self.services.models.find(player, offered)
        review = Review(offered, setup, line, first, strength, service, self.services.opponents)
        return stream_events(self._review_events(session, review))

    async def _review_events(self, session: Session, review: Review) -> Events:
        name = secrets.token_urlsafe(12)
        self._ensure_room(session)
        session.analyses.append(name)
        try:
            async for ply in review.plies(self.services.in_slow_thread):
                yield "ply", ply
                session.used = time.monotonic()
        finally:
            session.analyses.remove(name)
            review.cancel()

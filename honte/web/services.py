"""Everything that the routes of the server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from games import Position
from honte.web.catalogue import Catalogue
from honte.web.games.offered_games import OfferedGame, OfferedGames
from honte.web.games.positions import read_position
from honte.web.requests.bodies import Body, read_body
from honte.web.requests.problems import refuse
from honte.web.requests.sessions import Limits, Session, Sessions
from honte.web.search.models import Models
from honte.web.search.opponents import Opponents

SESSION_HEADER = "x-honte-session"

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Services:
    """What answers the requests."""

    limits: Limits
    games: OfferedGames
    catalogue: Catalogue
    sessions: Sessions
    models: Models
    opponents: Opponents
    slow: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, "slow"))
    """Threads that wait for opponents and solvers, so that other requests do not wait for these."""

    async def read(self, request: Request) -> tuple[Session, Body]:
        """The session that a request belongs to, and its body."""
        session = self.sessions.find(request.headers.get(SESSION_HEADER))
        return session, await read_body(request)

    def read_unfinished(self, body: Body, so: str) -> tuple[OfferedGame, str | None, Position]:
        """The game, the setup and the position of a request. A Problem if the game is over, ``so`` it has no answer."""
        game, setup, moves = body.query()
        offered = self.games.find(game)
        here = read_position(offered, setup, moves)
        if here.is_over:
            raise refuse(f"the game is over, so {so}")
        return offered, setup, here

    async def in_slow_thread(self, work: Callable[[], Answer]) -> Answer:
        """The answer of work that may take a minute."""
        return await asyncio.get_running_loop().run_in_executor(self.slow, work)

    def close(self) -> None:
        """End all threads and processes."""
        self.models.close()
        self.opponents.close()
        self.slow.shutdown(wait=False, cancel_futures=True)


def make_services(
    *,
    players: Sequence[str] = (),
    games: Sequence[str] = (),
    runs: Sequence[str | Path] = (),
    limits: Limits | None = None,
    device: str = "auto",
) -> Services:
    """The services for players, games and runs of the command line. ValueError for one that does not exist."""
    limits = limits or Limits()
    offered = OfferedGames(games)
    return Services(
        limits=limits,
        games=offered,
        catalogue=Catalogue(offered, limits, players, runs),
        sessions=Sessions(limits),
        models=Models(limits, device=device),
        opponents=Opponents(device=device),
    )

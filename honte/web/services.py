"""Everything that the routes of the server share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from honte.web.catalogue import Catalogue
from honte.web.models import Models
from honte.web.offered_games import OfferedGames
from honte.web.sessions import Limits, Sessions


@dataclass(frozen=True, kw_only=True)
class Services:
    """What answers the requests."""

    limits: Limits
    games: OfferedGames
    catalogue: Catalogue
    sessions: Sessions
    models: Models

    def close(self) -> None:
        """End all threads and processes."""
        self.models.close()


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
    )

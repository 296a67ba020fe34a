"""The search services of all models in use: one for each player and game, made when it is first needed.

Knows how a player's text and the limits become a search. Does not know requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from agent.players import make_player
from agent.search.search import Search
from agent.search.tree import node_bytes
from games.game import Game
from honte.web.catalogue import OfferedPlayer
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.problems import Problem, refuse
from honte.web.requests.sessions import Limits
from honte.web.search.search_service import MOST_LEAVES, SearchService

MANY_SLOTS, FEW_SLOTS = 64, 16
ENOUGH_NODES = 4000
"""A model of a game whose positions are large gets fewer slots, so that each tree can hold this many."""

MOST_MODELS = 8

WEB_SETTINGS = {
    "rule": "puct",
    "leaves": str(MOST_LEAVES),
    "reuse": "false",
    "average_symmetries": "false",
    "lookahead_nodes": "200",
}
"""Settings of a network's search on the page: it must be quick, and its number of simulations need not be known."""


class Models:
    """Finds the service of a player and a game."""

    def __init__(self, limits: Limits, *, device: str = "auto") -> None:
        self.limits, self.device = limits, device
        self.services: dict[tuple[str, str], SearchService] = {}
        self.lock = threading.Lock()

    def find(self, player: OfferedPlayer, offered: OfferedGame) -> SearchService:
        """The service; a Problem for a player that does not search or plays another game."""
        if player.kind not in ("network", "rollouts"):
            raise refuse(f"{player.label} does not search, so it gives no analysis; choose a network or rollouts")
        if player.kind == "network" and player.game != offered.text and not self._fits(player, offered):
            raise refuse(f"{player.label} has learned {player.game}; this is a position of {offered.text}")
        key = (player.text, offered.text)
        with self.lock:
            service = self.services.get(key)
            if service is None or service.closed:
                self._make_room()
                service = self.services[key] = SearchService(self._maker(player, offered.game), player.label)
            service.used = time.monotonic()
            return service

    def _fits(self, player: OfferedPlayer, offered: OfferedGame) -> bool:
        """Whether a network with pooled heads can play this size of its game."""
        from agent.storage.model_folder import find_model, fits_game, read

        return fits_game(read(find_model(player.text.partition("?")[0])), offered.game)

    def _make_room(self) -> None:
        if len(self.services) < MOST_MODELS:
            return
        idle = [(s.used, key) for key, s in self.services.items() if not s.running and not s.waiting]
        if not idle:
            raise Problem(503, f"{MOST_MODELS} models are searching now, which is the most; try again later")
        self.services.pop(min(idle)[1]).close()

    def slots_and_nodes(self, game: Game) -> tuple[int, int]:
        """The number of slots of a search, and the most nodes of a tree."""
        memory, size = self.limits.memory_mib << 20, node_bytes(game.num_actions) + game.state.itemsize
        slots = MANY_SLOTS if memory // (MANY_SLOTS * size) >= ENOUGH_NODES else FEW_SLOTS
        return slots, int(min(self.limits.visits + 2, memory // (slots * size)))

    def _maker(self, player: OfferedPlayer, game: Game) -> Callable[[], Search]:
        slots, nodes = self.slots_and_nodes(game)
        head, _, query = player.text.partition("?")
        if player.kind == "rollouts":
            text = "mcts:400"
        else:
            given = dict[str, str]()
            for part in filter(None, query.split("&")):
                name, _, value = part.partition("=")
                given[name] = value
            kept: dict[str, str] = {name: given[name] for name in ("engine", "precision", "lookahead") if name in given}
            settings: dict[str, str] = {**kept, **WEB_SETTINGS, "simulations": "100"}
            text = f"{head}?" + "&".join(f"{name}={value}" for name, value in settings.items())

        def make() -> Search:
            try:
                made = make_player(text, game, num_slots=slots, capacity=nodes, device=self.device, few=True)
            except (ValueError, OSError) as error:
                raise refuse(f"{player.label} cannot play: {error}") from error
            assert isinstance(made, Search)
            return made

        return make

    def close(self) -> None:
        for service in self.services.values():
            service.close()

"""The player on the other side of the terminal: it decides in the game and analyses positions for the person.

While it thinks, a terminal shows a status line: simulations done, and the win rate so far. Does not know the prompt.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Forfeit, Terms
from agent.player import MoveFollower, Player, StatefulPlayer
from agent.search.search import Search
from agent.search.tree import ROOT, Ints
from games import Position
from games.game import States
from honte.analysis.position_analysis import PositionSearch, tree_capacity
from honte.api import with_simulations
from honte.terminal.hints import HINT_SLOT

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAME_SLOT = 0
SECONDS = 0.1
"""Seconds between two updates of the status line."""

NARROW = 60
"""On a terminal with fewer columns the status line leaves out the player's name."""


class Opponent:
    """A player with two slots: one for the game and ``HINT_SLOT`` for hints. It is a ``Player`` for the game loop."""

    def __init__(self, player: Player | None, name: str, console: Console, make: Callable[[int], Player]) -> None:
        """``make`` makes the player with search trees of at least so many nodes.

        ``player`` None: it is made when it is needed first, and it is no ``MoveFollower``.
        """
        self.made, self.name, self.console, self.make = player, name, console, make
        self.prepared = False
        self.simulations = -1  # for each move; below 0: the player's own number
        if isinstance(player, MoveFollower):
            self.follow = player.follow

    @property
    def player(self) -> Player:
        """The player itself."""
        if self.made is None:
            self.made = self.make(0)
        return self.made

    def prepare(self) -> None:
        """Import PyTorch in a thread, which takes seconds, while the person thinks about the first move.

        It is for a network; other players are made already.
        """
        if self.made is None and not self.prepared:
            self.prepared = True
            threading.Thread(target=import_torch, name="torch").start()

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        terms.budgets[:] = self.simulations
        self.player.think(slots, states, terms)

    def decide(self) -> tuple[Ints, Decisions]:
        return self._decide(GAME_SLOT)

    def stop(self) -> None:
        if self.made is not None:
            self.made.stop()

    def set_simulations(self, simulations: int) -> None:
        """Search ``simulations`` for each move from now on. ValueError if the player takes no such number."""
        name = with_simulations(self.name, simulations)
        self._make_room(simulations)
        self.name, self.simulations = name, simulations

    @property
    def level(self) -> int | None:
        """The simulations for each move; None for a player without a search."""
        if not isinstance(self.player, Search):
            return None
        return self.simulations if self.simulations >= 0 else self.player.config.num_simulations

    def analyze(self, here: Position, seed: int, simulations: int | None = None) -> PositionSearch:
        """The finished search of ``here``; ``simulations`` instead of those of the game. ValueError if it fails."""
        if simulations is not None:
            with_simulations(self.name, simulations)  # ValueError if the player takes no such number
            self._make_room(simulations)
        if isinstance(self.player, StatefulPlayer):
            self.player.forget(HINT_SLOT)
        budget = self.simulations if simulations is None else simulations
        search = PositionSearch(self.player, HINT_SLOT, here)
        try:
            search.begin(Terms.of(1, budget=budget, keys=random_numbers.make_keys(seed, 0, len(here.moves))))
            _, search.decisions = self._decide(HINT_SLOT)
        except Forfeit as failure:
            raise ValueError(failure.reason) from None
        return search

    def _make_room(self, simulations: int) -> None:
        """Give the player larger trees if ``simulations`` do not fit. ValueError if they are too many."""
        assert isinstance(self.player, Search)
        factor = 2 if self.player.config.reuse else 1
        largest = tree_capacity(self.player.game.num_actions, 2) // factor - 2
        if not 0 < simulations <= largest:
            raise ValueError(f"the number of simulations is {simulations}; it must be from 1 to {largest:,}")
        needed = (simulations + 2) * factor
        if needed > self.player.trees.capacity:
            self.made = self.make(needed)

    def _decide(self, slot: int) -> tuple[Ints, Decisions]:
        """The player's decision, with a status line while it thinks where the console is a terminal."""
        player = self.player
        if not self.console.is_interactive:
            return player.decide()
        with self.console.status(self._status("thinking")) as status:
            shown = time.monotonic()
            while isinstance(player, Search) and player.grow():
                if time.monotonic() - shown >= SECONDS:
                    status.update(self._status(progress_text(player, slot)))
                    shown = time.monotonic()
            return player.decide()

    def _status(self, text: str) -> Text:
        from rich.text import Text

        named = text if self.console.width < NARROW else f"{self.name}: {text}"
        return Text(named, no_wrap=True, overflow="ellipsis")


def import_torch() -> None:
    with contextlib.suppress(Exception):  # making the player tells it
        importlib.import_module("torch")


def progress_text(player: Search, slot: int) -> str:
    """``31 of 400 simulations, win rate 54%``: how far the search in ``slot`` is, for the player to move there."""
    spent, budget = (int(player.trees.slots[slot][name]) for name in ("spent", "budget"))
    root = player.trees.nodes[slot, ROOT]
    text = f"{min(spent, budget):,} of {budget:,} simulations"
    visits = int(root["visits"])
    return f"{text}, win rate {np.clip((1 + float(root['value_sum']) / visits) / 2, 0, 1):.0%}" if visits else text

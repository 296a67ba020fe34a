"""A honte player as a ``pyspiel.Bot``, for the tournaments and scripts of OpenSpiel.

Knows the states and bots of pyspiel, and players. Does not know how a player decides. Needs OpenSpiel (extra
``oracle``).

>>> from honte.envs.openspiel_bot import HonteBot
>>> bots = [HonteBot("mcts:200", "breakthrough"), HonteBot("random", "breakthrough")]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyspiel

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import Player
from games.game import Game, States
from games.playouts import state_after
from games.registry import make
from games.rules import openspiel
from honte.api import load


class HonteBot(pyspiel.Bot):  # type: ignore[misc]
    """Chooses actions for the player to move in a state."""

    def __init__(
        self, player: Player | str, game: Any, rules: Game | str | None = None, *, seed: int = 0, device: str = "auto"
    ) -> None:
        """``game``: the OpenSpiel game or its text. ``player``: its text as in honte's commands, or a ``Player``.

        ``rules``: the same game in honte, with actions numbered as in OpenSpiel (connect_four, tic_tac_toe, ...), for
        networks that have learned it. Without it the player gets the states of OpenSpiel. ValueError for an unknown
        game or player, and in ``step`` where the two games differ.
        """
        super().__init__()
        spiel = openspiel.game(str(game))
        self.rules = spiel if rules is None else make(rules) if isinstance(rules, str) else rules
        if self.rules.num_actions != spiel.num_actions:
            raise ValueError(
                f"{self.rules.name} has {self.rules.num_actions} actions and {spiel.name} has {spiel.num_actions};"
                " rules must be the same game"
            )
        self.player = load(player, self.rules, seed=seed, device=device) if isinstance(player, str) else player
        self.seed = seed

    def step(self, state: Any) -> int:
        """The action to play in ``state``, which is not terminal."""
        return int(self._decide(state).action[0])

    def step_with_policy(self, state: Any) -> tuple[list[tuple[int, float]], int]:
        """(action, probability) of every legal action, and the action to play."""
        decisions = self._decide(state)
        policy = decisions.policy[0].astype(float)
        return [(a, float(policy[a] / policy.sum())) for a in state.legal_actions()], int(decisions.action[0])

    def provides_policy(self) -> bool:
        return True

    def restart(self) -> None:
        self.player.stop()

    def restart_at(self, state: Any) -> None:
        self.player.stop()

    def _decide(self, state: Any) -> Decisions:
        history = state.history()
        keys = random_numbers.make_keys(self.seed, sum(history), len(history))
        self.player.think(np.zeros(1, np.int64), self._row(state), Terms.of(1, keys=keys))
        return self.player.decide()[1]

    def _row(self, state: Any) -> States:
        """``state`` as one row [1] of the rules."""
        if isinstance(self.rules, openspiel.OpenSpielGame):
            return self.rules.row_of(state)
        row = state_after(self.rules, state.history())
        if np.flatnonzero(self.rules.describe_new(row).legal[0]).tolist() != sorted(state.legal_actions()):
            raise ValueError(f"{self.rules.name} and OpenSpiel's game differ after the actions {state.history()}")
        return row

"""The moves of players that do not search in a shared tree: random moves, minimax, perfect players and engines.

Knows which of them answer at once and which may take long. Does not know requests.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from agent.decision import Terms
from agent.player import MoveFollower, Player
from agent.players import make_player
from agent.solvers.registry import find_solved_game, has_solver, is_solvable
from games import Position
from honte.web.catalogue import OfferedPlayer
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.problems import Problem, refuse
from honte.web.search.solver_process import Failed, SolverProcess, TooSlow

MOVE_SECONDS = 60.0
"""A move of minimax or of a perfect player may take so long."""

DEEPEST_MINIMAX = 12
TRUTH_SECONDS = 10.0
MOST_TRUTHS = 5000


class Opponents:
    """Chooses moves and knows the truth where there is a solver."""

    def __init__(self, *, device: str = "auto") -> None:
        self.device = device
        self.moves = SolverProcess("moves")
        self.truths = SolverProcess("truth")
        self.known: OrderedDict[tuple[str, bytes], dict[int, int] | None] = OrderedDict()
        self.engines: dict[tuple[str, str], tuple[Player, threading.Lock]] = {}
        self.lock = threading.Lock()

    def choose(
        self, player: OfferedPlayer, offered: OfferedGame, setup: str | None, here: Position, strength: int
    ) -> dict[str, Any]:
        """{action, value or None, proven} of the player's move. It may take a minute."""
        if player.kind == "random":
            legal = np.flatnonzero(offered.game.describe_new(here.states).legal[0]).tolist()
            return {"action": random.SystemRandom().choice(legal), "value": None, "proven": False}
        if player.kind == "engine":
            return self._ask_engine(player, offered, setup, here)
        if player.kind == "perfect":
            if not has_solver(offered.game):
                raise refuse(f"there is no solver for {offered.text}, so it has no perfect player")
            if not is_solvable(offered.game, here.states[0]):
                raise refuse("this position is too early for the solver; choose another opponent until later")
        depth = max(1, strength) if player.kind == "minimax" else 0
        if depth > DEEPEST_MINIMAX:
            raise refuse(f"strength is {strength}; minimax looks at most {DEEPEST_MINIMAX} plies ahead here")
        try:
            return dict(self.moves.ask(player.kind, offered.game.name, setup, here.moves, MOVE_SECONDS, number=depth))
        except TooSlow:
            less = "; choose fewer plies" if player.kind == "minimax" else ""
            raise Problem(503, f"{player.label} needs more than {MOVE_SECONDS:g} seconds here{less}") from None
        except Failed as failure:
            raise refuse(f"{player.label} cannot move here: {failure}") from None

    def _ask_engine(
        self, player: OfferedPlayer, offered: OfferedGame, setup: str | None, here: Position
    ) -> dict[str, Any]:
        if setup:
            raise refuse(f"{player.label} reads moves from the first position on; it cannot play a position set up")
        with self.lock:
            key = player.text, offered.text
            try:
                if key not in self.engines:
                    self.engines[key] = make_player(player.text, offered.game, num_slots=1), threading.Lock()
            except (ValueError, OSError) as error:
                raise refuse(f"{player.label} cannot play {offered.text}: {error}") from error
            engine, lock = self.engines[key]
        with lock:
            try:
                if isinstance(engine, MoveFollower):
                    engine.follow(0, here.moves)
                engine.think(np.array([0]), here.states, Terms.of(1))
                decisions = engine.decide()[1]
            except Exception as failure:  # whatever an engine does, the server goes on
                with self.lock:
                    self.engines.pop(key, None)  # the next move starts it again
                raise Problem(503, f"{player.label} cannot go on: {failure}") from None
        action = int(decisions.action[0])
        if not offered.game.describe_new(here.states).legal[0, action]:
            raise Problem(503, f"{player.label} has chosen a move that is not legal")
        return {"action": action, "value": None, "proven": False}

    def knows_truth(self, offered: OfferedGame, here: Position) -> bool:
        """Whether a solver has an answer for this position within seconds."""
        entry = find_solved_game(offered.game)
        if entry is None or here.is_over or not entry.is_solvable(offered.game, here.states[0]):
            return False
        counts_plies = "plies" in (offered.game.state.names or ())
        return not entry.slow_plies or not counts_plies or int(here.states["plies"][0]) >= entry.slow_plies

    def truth(self, offered: OfferedGame, setup: str | None, here: Position) -> dict[str, Any] | None:
        """The outcome of every move, for the player to move; None where the solver does not know it in time."""
        if not self.knows_truth(offered, here):
            return None
        key = offered.text, here.states.tobytes()
        with self.lock:
            if key in self.known:
                return self._truth_json(offered, here, self.known[key])
        values: dict[int, int] | None = None
        try:
            values = self.truths.ask("truth", offered.game.name, setup, here.moves, TRUTH_SECONDS)
        except (TooSlow, Failed):
            values = None
        with self.lock:
            self.known[key] = values
            while len(self.known) > MOST_TRUTHS:
                self.known.popitem(last=False)
        return self._truth_json(offered, here, values)

    def _truth_json(self, offered: OfferedGame, here: Position, values: dict[int, int] | None) -> dict[str, Any] | None:
        if not values:
            return None
        to_play = here.to_play
        ranked = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
        moves = [{"move": offered.game.action_text(a, to_play), "outcome": int(np.sign(v))} for a, v in ranked]
        return {"outcome": int(np.sign(max(values.values()))), "moves": moves}

    def close(self) -> None:
        """End the processes and the engines."""
        self.moves.close()
        self.truths.close()
        for engine, _ in self.engines.values():
            getattr(engine, "close", engine.stop)()


def outcome_of(truth: dict[str, Any] | None, move: str) -> int | None:
    """The outcome of one move by the truth of a position, for the player who makes it."""
    moves: Sequence[dict[str, Any]] = truth["moves"] if truth else ()
    return next((int(each["outcome"]) for each in moves if each["move"] == move), None)

"""``perfect``: a player that never gives away its outcome, for games that have a solver.

Knows players and the registry of solvers. Does not know how positions are solved.
"""

from __future__ import annotations

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer
from agent.solvers.registry import Note, Values, make_solver, to_stderr
from games.game import Game, Row, States


class PerfectPlayer(ImmediatePlayer):
    """Plays a move of the best outcome, at random among equals. Values are exact.

    In Connect Four's opening, below 8 stones, it plays one such move, always the same. The move comes from a book where
    the position arises from perfect's own moves, whichever side it has, and from a search elsewhere. Positions that it
    has solved are remembered, so that a match from the same openings solves them once.
    """

    def __init__(self, game: Game, *, quickest: bool = False, note: Note = to_stderr) -> None:
        """``quickest``: of several wins the soonest, of several losses the latest (slower; Connect Four only).

        ``note`` is told how long work goes on. ValueError for games and sizes without a solver.
        """
        self.solver = make_solver(game, quickest=quickest, note=note)
        super().__init__(game)
        self.known = dict[bytes, Values]()

    def values(self, row: Row) -> Values:
        """The value of every legal move in ``row``, which must not be over."""
        return self.solver.values(row)

    def best(self, row: Row) -> Values:
        """The moves that it may play in ``row``, which must not be over, with their value."""
        code = row.tobytes()
        if code not in self.known:
            self.known[code] = self.solver.best(row)
        return self.known[code]

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        for b in range(len(states)):
            for action, value in self.best(states[b]).items():
                out.policy[b, action], out.value[b] = 1, np.sign(value)
        out.proven[:] = True
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.TIES, out.policy)
        out.policy[:] /= out.policy.sum(axis=1, keepdims=True)
        return out

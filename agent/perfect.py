"""``perfect``: a player that never gives away its outcome, where a solver exists.

Knows which games have a solver, and how a state becomes what it reads. Does not know how it solves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from agent import chance
from agent.decision import Decisions, Terms
from agent.player import Immediate
from games.game import Game, Row, States

Values = dict[int, int]
"""{action: value for the player who makes it}: an outcome +1, 0 or -1, or a score that a sooner win makes higher."""

SOLVED = ("connect_four", "tic_tac_toe")
"""The names, sizes included, of the games that have a solver."""

SLOW_BELOW = 8
"""Connect Four positions with fewer stones than this may take minutes."""


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Perfect(Immediate):
    """Plays a move of the best outcome, by chance among equals. Values are exact.

    Every move of a position is solved, and positions met before are remembered, so a match from the same openings pays
    for them once.
    """

    def __init__(self, game: Game, *, quickest: bool = False, note: Callable[[str], None] = to_stderr) -> None:
        """``quickest``: of several wins the soonest, of several losses the latest (slower; Connect Four only).

        ``note`` is told before a long wait. ValueError for games and sizes without a solver.
        """
        if game.name not in SOLVED:
            raise ValueError(f"perfect does not know {game.name}; there are solvers for {' and '.join(SOLVED)}")
        super().__init__(game)
        self.note, self.known = note, dict[bytes, Values]()
        self.solve = self._connect_four(quickest) if game.name == "connect_four" else self._tic_tac_toe()

    def values(self, row: Row) -> Values:
        """The value of every legal move in ``row``, which must not be over."""
        code = row.tobytes()
        if code not in self.known:
            self.known[code] = self.solve(row)
        return self.known[code]

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        for b in range(len(states)):
            values = self.values(states[b])
            top = max(values.values())
            for action, value in values.items():
                out.policy[b, action] = value == top
            out.value[b] = np.sign(top)
        out.proven[:] = True
        out.action[:] = chance.choices(terms.keys, chance.TIES, out.policy)
        out.policy[:] /= out.policy.sum(axis=1, keepdims=True)
        return out

    def _connect_four(self, quickest: bool) -> Callable[[Row], Values]:
        from agent.solvers.connect_four import Solver

        solver = Solver(table_bits=24)
        solve = solver.board_scores if quickest else solver.board_outcomes

        def of(row: Row) -> Values:
            mine, theirs = (int(row["stones"][player][0]) for player in (row["to_play"], 1 - row["to_play"]))
            if row["plies"] < SLOW_BELOW:
                self.note(f"perfect: solving a position of {row['plies']} stones; below {SLOW_BELOW} it takes minutes")
            return solve(mine, mine | theirs)

        return of

    def _tic_tac_toe(self) -> Callable[[Row], Values]:
        from agent.solvers.tic_tac_toe import outcomes

        return lambda row: outcomes(row["stones"].reshape(3, 3))

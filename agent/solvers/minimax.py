"""``minimax:D``: alpha-beta search over D plies, with the game's own heuristic at the horizon.

Knows the rules of a game, compiled or not. Does not know search trees, networks or rollouts.

Scores are from the view of the player to move. The score of a win is the number of plies left to the horizon, counting
its last one, so that it is at least 1 and higher for a sooner win. A loss has the negative score, and a draw 0. A score
between -1 and 1 is the heuristic's estimate (0 where a game has none).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer
from games.compiled import CompiledGame
from games.game import ONGOING, Game, States
from games.user_rules.explanations import raise_explained

Scores = NDArray[np.float64]

NARROW = 1e-9
"""How far the window opens below the best score so far, so that an equally good move gets its exact score."""


class MinimaxPlayer(ImmediatePlayer):
    """Plays a move of the highest score, at random among equals."""

    def __init__(self, game: Game, depth: int) -> None:
        """``depth`` is in plies. ValueError below 1."""
        if depth < 1:
            raise ValueError(f"minimax:{depth} looks {depth} plies ahead; it needs at least 1")
        super().__init__(game)
        self.depth = depth

    def scores(self, states: States) -> Scores:
        """[B, A] scores: exact for the best moves, a lower upper bound for others, -inf for illegal ones."""
        if isinstance(self.game, CompiledGame):
            out = np.empty((len(states), self.game.num_actions))
            stack, shape = self.game.new(self.depth + 1), (self.depth, self.game.num_actions)
            search = compiled_search(self.game)
            try:
                search(states, self.depth, stack, np.zeros(shape, np.bool_), np.zeros(self.depth, np.int64), out)
            except Exception as error:
                raise_explained(self.game, error, "lookahead", states)
            return out
        rows = [states[b : b + 1] for b in range(len(states))]
        return np.stack([plain_search(self.game, row, self.depth, -np.inf, np.inf) for row in rows])

    def decisions(self, states: States, terms: Terms) -> Decisions:
        scores = self.scores(states)
        top = scores.max(axis=1, keepdims=True)
        best = (scores == top).astype(np.float64)
        out = Decisions.empty(len(states), self.game.num_actions)
        out.policy[:] = best / best.sum(axis=1, keepdims=True)
        out.value[:] = top[:, 0].clip(-1, 1)
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.TIES, best)
        return out


@lru_cache(maxsize=16)
def compiled_search(game: CompiledGame) -> Callable[..., None]:
    """Alpha-beta over the rules of ``game``: compiled in each process: stored code that calls itself crashes."""
    step, legal_actions, outcome = (game.rules[name] for name in ("step", "legal_actions", "outcome"))

    @njit(nogil=True)
    def no_heuristic(row: Any) -> float:
        return 0.0

    heuristic: Callable[..., Any] = game.rules.get("heuristic", no_heuristic)

    @njit(nogil=True)
    def best(
        stack: Any, legal: Any, killers: Any, scores: Any, level: int, left: int, alpha: float, beta: float
    ) -> float:
        """The score of ``stack[level]`` with ``left`` plies to search. ``scores [A]`` gets those at the root."""
        row, below = stack[level], stack[level + 1]
        legal[level] = False
        legal_actions(row, legal[level])
        killer = killers[level]
        top = -np.inf
        for turn in range(-1, legal.shape[1]):
            a = killer if turn < 0 else turn  # the move that last caused a cutoff at this level comes first
            if turn == killer or not legal[level, a]:
                continue
            stack[level + 1] = row
            step(below, a)
            result = outcome(below)
            same = below["to_play"] == row["to_play"]
            floor = max(alpha, top) - NARROW
            if result != ONGOING:
                score = float(result * left)
            elif left == 1:
                score = float(heuristic(below))
            elif same:
                score = best(stack, legal, killers, scores, level + 1, left - 1, floor, beta)
            else:
                score = best(stack, legal, killers, scores, level + 1, left - 1, -beta, -floor)
            if not same:
                score = -score
            if level == 0:
                scores[a] = score
            if score > top:
                top = score
                if top >= beta:
                    killers[level] = a
                    break
        return top

    @njit(nogil=True)
    def loop(states: Any, depth: int, stack: Any, legal: Any, killers: Any, out: Any) -> None:
        out[:] = -np.inf
        for b in range(len(states)):
            stack[0] = states[b]
            best(stack, legal, killers, out[b], 0, depth, -np.inf, np.inf)

    return loop


def plain_search(game: Game, state: States, left: int, alpha: float, beta: float) -> Scores:
    """[A] scores of the moves in ``state`` (one row): the same search by the methods of any game, not compiled."""
    scores = np.full(game.num_actions, -np.inf)
    here = game.describe_new(state)
    actions = np.flatnonzero(here.legal[0])
    children = game.new(len(actions))
    game.copy(children, np.repeat(state, len(actions)))
    game.step(children, actions)
    after = game.describe_new(children)
    guesses = np.zeros(len(actions))
    if left == 1 and not after.terminal.all():
        guesses[~after.terminal] = game.heuristic(children[~after.terminal])
    for i, a in enumerate(actions):
        same = after.to_play[i] == here.to_play[0]
        floor = max(alpha, scores.max()) - NARROW
        if after.terminal[i]:
            score = float(after.value[i]) * left
        elif left == 1:
            score = guesses[i]
        else:
            window = (floor, beta) if same else (-beta, -floor)
            score = plain_search(game, children[i : i + 1], left - 1, *window).max()
        scores[a] = score if same else -score
        if scores[a] >= beta:
            break
    return scores

"""``minimax:D``: alpha-beta search over D plies, with the game's own heuristic at the horizon.

Knows the rules of a game, compiled or not. Does not know search trees, networks or rollouts.

Scores are from the view of the player to move. The score of a win is the number of plies left to the horizon, counting
its last one, so that it is at least 1 and higher for a sooner win. A loss has the negative score, and a draw 0. A score
between -1 and 1 is the heuristic's estimate (0 where a game has none).

The search deepens ply by ply, which orders its moves; ``minimax:D?seconds=S`` ends it before the depth D.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer
from games.compilation.jit_cache import cached_njit, compile_cached
from games.compiled import CompiledGame
from games.game import ONGOING, Game, States
from games.user_rules.explanations import raise_explained

Scores = NDArray[np.float64]

NARROW = 1e-9
"""How far the window opens below the best score at the root, so that an equally good move gets its exact score."""

GUESSED = 3
"""Plies that must be left for the heuristic to order the moves of a position; nearer the horizon it takes too long."""

ALPHA, BETA, TOP = 0, 1, 2
"""The columns of ``Scratch.windows``."""

FIRST = 1e18
"""A rank above that of every move that neither ends the game nor caused the last cutoff."""


class MinimaxPlayer(ImmediatePlayer):
    """Plays a move of the highest score, at random among equals."""

    def __init__(self, game: Game, depth: int, seconds: float | None = None) -> None:
        """``depth`` is in plies. ValueError below 1.

        ``seconds``: do not begin to look one ply further where that would probably take longer than this in all.
        """
        if depth < 1:
            raise ValueError(f"minimax:{depth} looks {depth} plies ahead; it needs at least 1")
        super().__init__(game)
        self.depth, self.seconds = depth, seconds

    def scores(self, states: States) -> Scores:
        """[B, A] scores: exact for the best moves, a lower upper bound for others, -inf for illegal ones."""
        out = np.where(self.game.describe_new(states).legal, 0.0, -np.inf)
        if isinstance(self.game, CompiledGame):
            search, scratch = compiled_search(self.game), Scratch.of(self.game, self.depth)
            for b in range(len(states)):
                scratch.stack[0] = states[b]
                scratch.history[:] = 0
                try:
                    for ahead in self._depths():
                        search(ahead, *scratch, out[b])
                except Exception as error:
                    raise_explained(self.game, error, "lookahead", states)
            return out
        for b in range(len(states)):
            for ahead in self._depths() if self.seconds is not None else [self.depth]:
                out[b] = plain_search(self.game, states[b : b + 1], ahead, -np.inf, np.inf)
        return out

    def _depths(self) -> Iterator[int]:
        """1, 2, ... plies; the last one is the depth, or the last one for which there is time."""
        begin = time.monotonic()
        last = before = 0.0  # seconds that the last two depths took
        for ahead in range(1, self.depth + 1):
            start = time.monotonic()
            growth = max(2.0, last / before if before > 0 else 0.0)
            if self.seconds is not None and ahead > 1 and start - begin + growth * last > self.seconds:
                return
            yield ahead
            before, last = last, time.monotonic() - start

    def decisions(self, states: States, terms: Terms) -> Decisions:
        scores = self.scores(states)
        top = scores.max(axis=1, keepdims=True)
        best = (scores == top).astype(np.float64)
        out = Decisions.empty(len(states), self.game.num_actions)
        out.policy[:] = best / best.sum(axis=1, keepdims=True)
        out.value[:] = top[:, 0].clip(-1, 1)
        out.action[:] = random_numbers.draw_choices(terms.keys, random_numbers.TIES, best)
        return out


class Scratch(NamedTuple):
    """The arrays that the compiled search writes into. D is the depth, A the number of actions."""

    stack: States  # [D + 1] the positions from the root to where the search is
    legal: NDArray[np.bool_]  # [A]
    moves: NDArray[np.int64]  # [D, A] the moves of each position that were not tried yet
    ranks: Scores  # [D, A] the higher, the earlier a move is tried
    counts: NDArray[np.int64]  # [D] how many moves were not tried yet
    windows: Scores  # [D, 3] the scores that matter are above ALPHA and below BETA; TOP is the best one so far
    killers: NDArray[np.int64]  # [D] the move that last caused a cutoff
    history: Scores  # [2, A] how much cutoffs a move of each player caused

    @classmethod
    def of(cls, game: Game, depth: int) -> Scratch:
        shape = (depth, game.num_actions)
        return cls(
            game.new(depth + 1),
            np.zeros(game.num_actions, np.bool_),
            np.zeros(shape, np.int64),
            np.zeros(shape),
            np.zeros(depth, np.int64),
            np.zeros((depth, 3)),
            np.zeros(depth, np.int64),
            np.zeros((2, game.num_actions)),
        )


@cached_njit
def take_move(moves: Any, ranks: Any, counts: Any, level: int) -> int:
    """The move of the highest rank, which goes behind those that are left.

    Cutoffs come early, so that sorting all moves would not pay.
    """
    first = 0
    for i in range(1, counts[level]):
        if ranks[level, i] > ranks[level, first]:
            first = i
    counts[level] -= 1
    last: int = counts[level]
    a: int = moves[level, first]
    moves[level, first], ranks[level, first] = moves[level, last], ranks[level, last]
    moves[level, last] = a
    return a


@lru_cache(maxsize=16)
def compiled_search(game: CompiledGame) -> Callable[..., None]:
    """Alpha-beta over the rules of ``game``: a loop around its functions, stored on disk like those of the game.

    It is called for 1, 2, ... plies, and tries the moves at the root in the order of their scores before. In any other
    position the move that last caused a cutoff comes first. The heuristic orders the other moves where ``GUESSED``
    plies or more are left, and nearer the horizon the numbers of cutoffs do. The order changes no score.
    """
    step, legal_actions, outcome = (game.rules[name] for name in ("step", "legal_actions", "outcome"))

    @njit(nogil=True)
    def no_heuristic(row: Any) -> float:
        return 0.0

    heuristic: Callable[..., Any] = game.rules.get("heuristic", no_heuristic)
    guesses = "heuristic" in game.rules

    @njit(nogil=True)
    def list_moves(
        stack: Any, legal: Any, moves: Any, ranks: Any, killers: Any, history: Any, level: int, left: int
    ) -> int:
        """Write the legal moves of ``stack[level]`` and their ranks, and return their number."""
        row, below = stack[level], stack[level + 1]
        mover, count = row["to_play"], 0
        legal[:] = False
        legal_actions(row, legal)
        for a in range(len(legal)):
            if not legal[a]:
                continue
            rank = history[mover, a]
            if a == killers[level]:
                rank = FIRST
            elif guesses and left >= GUESSED:
                stack[level + 1] = row
                step(below, a)
                result = outcome(below)
                rank = FIRST * result if result != ONGOING else float(heuristic(below))
                if below["to_play"] != mover:
                    rank = -rank
            moves[level, count], ranks[level, count] = a, rank
            count += 1
        return count

    def search(
        ahead: int,
        stack: Any,
        legal: Any,
        moves: Any,
        ranks: Any,
        counts: Any,
        windows: Any,
        killers: Any,
        history: Any,
        scores: Any,
    ) -> None:
        """Write the scores of the moves at ``stack[0]`` with ``ahead`` plies to search into ``scores [A]``.

        The search has an explicit stack, because Numba cannot store recursive closures on disk.
        """
        level = 0
        counts[0] = list_moves(stack, legal, moves, ranks, killers, history, 0, ahead)
        windows[0] = -np.inf, np.inf, -np.inf
        for i in range(counts[0]):
            ranks[0, i] = scores[moves[0, i]]
        while level > 0 or counts[0] > 0:
            if counts[level] == 0:  # every move was tried: this is the score of the move that led here
                score = windows[level, TOP]
                level -= 1
            else:
                a = take_move(moves, ranks, counts, level)
                row, below, left = stack[level], stack[level + 1], ahead - level
                stack[level + 1] = row
                step(below, a)
                result = outcome(below)
                if result != ONGOING:
                    score = float(result * left)
                elif left == 1:
                    score = float(heuristic(below))
                else:
                    alpha, beta, top = windows[level]
                    floor = max(alpha, top - NARROW if level == 0 else top)
                    same = below["to_play"] == row["to_play"]
                    low, high = (floor, beta) if same else (-beta, -floor)
                    level += 1
                    counts[level] = list_moves(stack, legal, moves, ranks, killers, history, level, left - 1)
                    windows[level] = low, high, -np.inf
                    continue
            mover, a = stack[level]["to_play"], moves[level, counts[level]]  # where take_move has put it
            if stack[level + 1]["to_play"] != mover:
                score = -score
            if level == 0:
                scores[a] = score
            windows[level, TOP] = max(windows[level, TOP], score)
            if windows[level, TOP] >= windows[level, BETA]:
                killers[level] = a
                history[mover, a] += (ahead - level) ** 2
                counts[level] = 0

    return compile_cached(search, game.key)


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

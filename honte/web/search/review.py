"""Judges the moves of a game: what each of them lost against the best one.

Knows searches, solvers and losses. Does not know requests. Probabilities are those of the player who moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from games import Position
from honte.web.games.offered_games import OfferedGame
from honte.web.search.analysis import Snapshot, read_snapshot, win_probability
from honte.web.search.opponents import Opponents, outcome_of
from honte.web.search.search_service import SearchRequest, SearchService

LEVELS = ((0.05, "good"), (0.10, "inaccuracy"), (0.20, "mistake"))
"""(a loss of win probability below this, its name); a larger loss is a blunder."""

AHEAD = 12
"""So many positions are searched at the same time."""


def verdict_of(loss: float, before: int | None = None, after: int | None = None) -> str:
    """The name of a loss. Where a solver knows the outcomes before and after the move, these decide."""
    if before is not None and after is not None:
        return ("good", "mistake", "blunder")[min(2, max(0, before - after))]
    return next((name for limit, name in LEVELS if loss < limit), "blunder")


class Review:
    """One review; ``plies`` judges the moves one after the other."""

    def __init__(
        self,
        offered: OfferedGame,
        setup: str | None,
        line: Sequence[Position],
        first: int,
        strength: int,
        service: SearchService,
        opponents: Opponents,
    ) -> None:
        """``line``: the positions of the game. ``first``: the ply of the first move that is judged."""
        self.offered, self.setup, self.line, self.first = offered, setup, line, first
        self.strength, self.service, self.opponents = strength, service, opponents
        self.searches: dict[int, SearchRequest] = {}

    async def plies(self, in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]) -> AsyncIterator[dict[str, Any]]:
        """The verdict on each move, in their order."""
        for ply in range(self.first, len(self.line) - 1):
            for ahead in range(ply, min(ply + AHEAD, len(self.line))):
                self._begin(ahead)
            here = self.line[ply]
            before, after = await self._snapshot(ply), await self._snapshot(ply + 1)
            truth = await in_thread(lambda here=here: self.opponents.truth(self.offered, self.setup, here))  # type: ignore[misc]
            yield self._judge(ply, before, after, truth)
            self.searches.pop(ply, None)

    def _begin(self, ply: int) -> None:
        here = self.line[ply]
        if ply not in self.searches and not here.is_over:
            request = SearchRequest(here.states, self.strength, read=read_snapshot)
            self.searches[ply] = self.service.submit(request)

    async def _snapshot(self, ply: int) -> Snapshot | None:
        """What the search says of a position; None after the end of the game."""
        if ply not in self.searches:
            return None
        request = self.searches[ply]
        await asyncio.wrap_future(request.decision)
        snapshot: Snapshot | None = request.reading
        return snapshot

    def _judge(
        self, ply: int, before: Snapshot | None, after: Snapshot | None, truth: dict[str, Any] | None
    ) -> dict[str, Any]:
        here, there, text = self.line[ply], self.line[ply + 1], self.offered.game.action_text
        mover, move = here.to_play, there.line[-1]
        assert before is not None
        if there.outcome is not None:
            value = float(there.outcome if mover == 0 else -there.outcome)
        else:
            assert after is not None
            value = after.value if there.to_play == mover else -after.value
        best = int(before.edges[0]["action"])
        best_value = max(before.value, value) if best == there.moves[-1] else before.value
        loss = 0.0 if best == there.moves[-1] else max(0.0, win_probability(best_value) - win_probability(value))
        outcomes = None
        if truth is not None:
            outcomes = {"outcome_before": truth["outcome"], "outcome_after": outcome_of(truth, move), **truth}
        was, now = (outcomes["outcome_before"], outcomes["outcome_after"]) if outcomes else (None, None)
        return {
            "ply": ply,
            "move": move,
            "to_play": mover,
            "win_probability_before": win_probability(best_value),
            "win_probability_after": win_probability(value),
            "loss": round(loss, 5),
            "best_move": text(best, mover),
            "best_line": [text(action, player) for action, player, _ in before.lines[0]] if before.lines else [],
            "truth": outcomes,
            "verdict": verdict_of(loss, was, now),
        }

    def cancel(self) -> None:
        """End the searches that are under way."""
        for request in self.searches.values():
            if not request.is_done:
                self.service.cancel(request)

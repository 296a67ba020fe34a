"""The clock of GTP: main time, then byo-yomi periods of so many moves; and how much of it a move should take.

Knows seconds. Does not know games or search. (GTP 2, section 4.2: main time, byo-yomi time, byo-yomi stones.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

LAG = 0.05
"""Seconds a move kept back for what is not thinking: pipes, the last round of a search."""

MOST = 1e9


@dataclass
class Side:
    """What one player has left: main time while ``stones`` is 0, else this period's time and moves."""

    left: float
    stones: int = 0


@dataclass
class Clock:
    """Both players' time. Without limits unless ``main``, or a period with moves in it, is above 0."""

    main: float = 0.0
    period: float = 0.0
    stones: int = 0
    sides: list[Side] = field(default_factory=lambda: [Side(0.0), Side(0.0)])

    def set(self, main: float, period: float, stones: int) -> None:
        """``time_settings``: a period without moves in it means no limit at all, as the protocol has it."""
        self.main, self.period, self.stones = main, period, stones
        self.reset()

    def reset(self) -> None:
        """A new game: both clocks are full."""
        self.sides = [Side(self.main) for _ in range(2)]
        for side in self.sides:
            self._turn_over(side)

    @property
    def limited(self) -> bool:
        if self.period > 0 and self.stones == 0:
            return False
        return self.main > 0 or self.period > 0

    def tell(self, seat: int, left: float, stones: int) -> None:
        """``time_left``: what the referee's clock says counts, not ours."""
        self.sides[seat] = Side(left, stones)

    def spend(self, seat: int, seconds: float) -> None:
        """``seat`` has moved after thinking for ``seconds``."""
        side = self.sides[seat]
        side.left -= seconds
        if side.stones:
            side.stones -= 1
            if side.stones == 0:
                side.left, side.stones = self.period, self.stones
        else:
            self._turn_over(side)

    def _turn_over(self, side: Side) -> None:
        if side.left <= 0 and self.stones and self.period > 0:  # main time is over, the first period begins
            side.left, side.stones = self.period, self.stones

    def seconds(self, seat: int, moves_left: float) -> float | None:
        """How long ``seat`` may think now; None without limits. ``moves_left``: own moves that the game may still take.

        Main time is shared out over the moves to come, no fewer than ten, and never more than half of it goes into one.
        """
        if not self.limited:
            return None
        side = self.sides[seat]
        if side.stones:
            share = side.left / side.stones
        else:
            share = side.left / max(10.0, moves_left)
            if self.stones and self.period > 0:
                share += self.period / self.stones / 2
            share = min(share, max(side.left / 2, self.period / max(1, self.stones) if self.stones else 0.0))
        return max(0.01, share * 0.95 - LAG)

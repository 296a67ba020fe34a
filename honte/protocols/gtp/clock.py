"""The clock of GTP 2 (section 4.2): main time, then byo-yomi periods of a number of moves; and the time for a move.

Knows seconds. Does not know games or search.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LAG = 0.05
"""Seconds of each move that are reserved for pipes and for the last round of a search."""

MAX_SECONDS = 1e9


@dataclass
class TimeLeft:
    """The time that one player has left: main time while ``stones`` is 0, else the time and moves of this period."""

    seconds: float
    stones: int = 0


@dataclass
class Clock:
    """The time of both players. There is no limit unless ``main``, or a period with moves in it, is above 0."""

    main: float = 0.0
    period: float = 0.0
    stones: int = 0
    sides: list[TimeLeft] = field(default_factory=lambda: [TimeLeft(0.0), TimeLeft(0.0)])

    def set(self, main: float, period: float, stones: int) -> None:
        """``time_settings``. By the protocol a period of 0 moves means that there is no limit."""
        self.main, self.period, self.stones = main, period, stones
        self.reset()

    def reset(self) -> None:
        """Reset both clocks for a new game."""
        self.sides = [TimeLeft(self.main) for _ in range(2)]
        for side in self.sides:
            self._start_first_period(side)

    @property
    def limited(self) -> bool:
        if self.period > 0 and self.stones == 0:
            return False
        return self.main > 0 or self.period > 0

    def set_left(self, seat: int, seconds: float, stones: int) -> None:
        """``time_left``: the clock of the referee replaces this one."""
        self.sides[seat] = TimeLeft(seconds, stones)

    def spend(self, seat: int, seconds: float) -> None:
        """Subtract the ``seconds`` that ``seat`` took for its move."""
        side = self.sides[seat]
        side.seconds -= seconds
        if side.stones:
            side.stones -= 1
            if side.stones == 0:
                side.seconds, side.stones = self.period, self.stones
        else:
            self._start_first_period(side)

    def _start_first_period(self, side: TimeLeft) -> None:
        if side.seconds <= 0 and self.stones and self.period > 0:  # main time is over, the first period begins
            side.seconds, side.stones = self.period, self.stones

    def seconds_for_move(self, seat: int, moves_left: float) -> float | None:
        """Seconds for the next move of ``seat``; None without a limit. ``moves_left``: its moves still to come.

        The main time is divided by the moves still to come, at least ten; no move takes more than half of it.
        """
        if not self.limited:
            return None
        side = self.sides[seat]
        if side.stones:
            share = side.seconds / side.stones
        else:
            share = side.seconds / max(10.0, moves_left)
            if self.stones and self.period > 0:
                share += self.period / self.stones / 2
            share = min(share, max(side.seconds / 2, self.period / max(1, self.stones) if self.stones else 0.0))
        return max(0.01, share * 0.95 - LAG)

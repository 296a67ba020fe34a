"""Exact values of Connect Four, from the fastest source that has them: the opening book, stored results or a search.

Knows the order of the sources and how long a search may take. Does not know rows of states or players.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agent.solvers.connect_four import ConnectFourSolver, Solve, always_solve, check_position
from agent.solvers.connect_four_book import NUM_STONES, Answer, Position, lookup, shipped_book
from agent.solvers.solution_cache import SolutionCache

SLOW_BELOW = NUM_STONES + 1
"""Positions with fewer stones may take long, so their results are stored on disk."""

LONGEST_BEST = (90, 90, 90, 60, 40, 20, 10, 5)
"""Seconds that one best move may take, by the number of stones: about the longest times measured."""

LONGEST_OUTCOMES = (600, 600, 600, 240, 120, 60, 20, 10)
"""The same for the outcomes of all moves."""

LONGEST_SCORES = (1800, 1800, 900, 600, 300, 120, 60, 20)
"""The same for the scores of all moves."""

WORDS = {1: "won", 0: "drawn", -1: "lost"}


class Answers:
    """Values of moves, and best moves, of positions given as two bitboards. The game must not be over."""

    def __init__(self, *, quickest: bool, note: Callable[[str], None]) -> None:
        """``quickest``: exact scores instead of outcomes. ``note`` gets a sentence before every long search."""
        self.quickest, self.note = quickest, note
        self.solver = ConnectFourSolver(table_bits=24)
        self.stored_values = SolutionCache(f"connect_four_{'scores' if quickest else 'outcomes'}")
        # Columns are stored for the smaller of a position and its mirror image.
        self.stored_moves = SolutionCache("connect_four_best_moves")

    def best(self, current: int, mask: int) -> dict[int, int]:
        """{column: outcome} of all moves of the best outcome; of one, always the same, where all may take long.

        With ``quickest``, {column: score} of all moves of the best score. ValueError where there is no move to solve.
        """
        if self.quickest or mask.bit_count() >= SLOW_BELOW:
            values = self.values(current, mask)
            top = max(values.values())
            return {column: value for column, value in values.items() if value == top}
        check_position(current, mask)
        position = Position(current, mask)
        answer = lookup(shipped_book(), position) or self._load(position)
        if answer is None:
            if (column := position.winning_column()) is not None:
                return {column: 1}
            self._announce("one best move", mask, LONGEST_BEST)
            start = time.monotonic()
            answer = Answer(*self.solver.board_best_move(current, mask))
            self._store(position, answer)
            words = WORDS[answer.outcome]
            self.note(f"perfect: this position is {words} for the player to move ({time.monotonic() - start:.0f} s)")
        return {answer.column: answer.outcome}

    def values(self, current: int, mask: int) -> dict[int, int]:
        """{column: value} of every legal move, for the player who makes it."""
        solve = self.solver.board_scores if self.quickest else self.solver.board_outcomes
        if mask.bit_count() >= SLOW_BELOW:
            return solve(current, mask, always_solve)
        announced, before = False, mask

        def recall(solve: Solve, current: int, mask: int) -> int:
            nonlocal announced
            value = self.stored_values.get(current, mask)
            if value is None:
                if not announced:
                    self._announce("every move", before, LONGEST_SCORES if self.quickest else LONGEST_OUTCOMES)
                    announced = True
                start = time.monotonic()
                value = solve(current, mask)
                self.stored_values.put(current, mask, value)
                words = WORDS[(value < 0) - (value > 0)]
                self.note(f"perfect: a move to {mask.bit_count()} stones is {words} ({time.monotonic() - start:.0f} s)")
            return value

        return solve(current, mask, recall)

    def _announce(self, what: str, mask: int, longest: tuple[int, ...]) -> None:
        num_stones = mask.bit_count()
        seconds = longest[num_stones]
        wait = f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
        self.note(
            f"perfect: solving {what} of a position of {num_stones} stones may take about {wait} or more;"
            " the result is stored for the next time"
        )

    def _load(self, position: Position) -> Answer | None:
        """The answer that `_store` wrote for this position or its mirror image, perhaps in another process."""
        outcome, column = self.stored_values.get(*position), self.stored_moves.get(*position)
        if outcome is None or column is None:
            return None
        return Answer(column if position <= position.mirror() else 6 - column, outcome)

    def _store(self, position: Position, answer: Answer) -> None:
        self.stored_values.put(*position, answer.outcome)
        self.stored_moves.put(*position, answer.column if position <= position.mirror() else 6 - answer.column)

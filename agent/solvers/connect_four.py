"""Perfect Connect Four on the classic 6×7 board: the exact score or outcome of every move.

Knows positions as moves or as two bitboards, legal moves, and the convention of scores. Does not know how the search
works (`agent.solvers.connect_four_search`), nor players, time limits or stored results.

A score is from the view of the player to move: 0 a draw; s > 0, that player wins with its stone number 22 - s at best
play by both; s < 0, the opponent wins with its stone number 22 + s.

Time, one core and the default table: in random positions of 8–14 discs the outcomes of all moves take about 0.3 s, the
exact scores 0.7 s, at worst under ten seconds; outcomes take 5–15 s at 6 discs, and each disc less costs more.

Bitboards: cell (row, column), row 0 at the bottom, is bit 7 * column + row; `current` holds the stones of the player to
move, `mask` all stones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from agent.solvers.connect_four_search import (
    BOARD,
    BOTTOM,
    Table,
    four,
    mirror,
    outcome,
    prove,
    solve,
    threats,
)

NUM_COLUMNS = 7
_CENTRE_FIRST = (3, 2, 4, 1, 5, 0, 6)


Solve = Callable[[int, int], int]
Recall = Callable[[Solve, int, int], int]


def always_solve(solve: Solve, current: int, mask: int) -> int:
    """A ``Recall`` without stored values."""
    return solve(current, mask)


class ConnectFourSolver:
    """Alpha-beta with a transposition table of 2 ** `table_bits` entries of 8 bytes, which is kept between calls.

    `nodes` counts the positions visited since the solver was made. Earlier calls change the time of an answer, never
    the answer. The search releases the GIL, and threads may share a solver (`nodes` may then miss some). It cannot be
    interrupted. ValueError for `table_bits` outside 1–34.
    """

    def __init__(self, table_bits: int = 22) -> None:
        if not 1 <= table_bits <= 34:
            raise ValueError(f"table_bits is {table_bits}: choose 1 to 34 (8 * 2 ** table_bits bytes)")
        self.nodes = 0
        self._table: Table = np.zeros(1 << table_bits, np.uint64)

    def score(self, moves: Sequence[int]) -> int:
        """The score of the position after `moves` (columns 0–6 from the empty board), best play by both."""
        return self.board_score(*bitboards(moves))

    def scores(self, moves: Sequence[int]) -> dict[int, int]:
        """{column: score} of every legal move after `moves`, from the view of the player who makes it."""
        return self.board_scores(*bitboards(moves))

    def outcomes(self, moves: Sequence[int]) -> dict[int, int]:
        """{column: +1 win, 0 draw, -1 loss} of every legal move after `moves`, for the player who makes it."""
        return self.board_outcomes(*bitboards(moves))

    def board_score(self, current: int, mask: int) -> int:
        """As `score`, of two bitboards. ValueError when the position is impossible or the game is over."""
        check_position(current, mask)
        return self._solve(current, mask, 0)

    def board_scores(self, current: int, mask: int, recall: Recall = always_solve) -> dict[int, int]:
        """As `scores`, of two bitboards. ValueError when the position is impossible or the game is over.

        `recall(solve, current, mask)` returns the value of a position after a move: a stored one, or that of `solve`.
        """
        last = 0  # moves of one position have similar scores, so the last one is a good first guess

        def child_score(current: int, mask: int) -> int:
            nonlocal last
            last = recall(lambda current, mask: self._solve(current, mask, last), current, mask)
            return last

        return _each_move(current, mask, 21 - mask.bit_count() // 2, child_score)

    def board_outcomes(self, current: int, mask: int, recall: Recall = always_solve) -> dict[int, int]:
        """As `outcomes`, of two bitboards; `recall` as above. ValueError where there is no move to solve."""
        return _each_move(current, mask, 1, lambda current, mask: recall(self._outcome, current, mask))

    def board_best_move(self, current: int, mask: int) -> tuple[int, int]:
        """(column, outcome) of one move of the best outcome. This is several times faster than `board_outcomes`.

        Of several such moves it is the one with most threats, and among equals the most central one. In a lost position
        it is a move that does not lose at once, if there is one. ValueError where there is no move to solve.
        """
        check_position(current, mask)
        moves = []
        for column in _CENTRE_FIRST:
            cell = _next_cell(mask, column)
            if not cell:
                continue
            if four(np.uint64(current | cell)):
                return column, 1
            if mask | cell == int(BOARD):
                return column, 0
            loses = self._wins_at_once(current ^ mask, mask | cell)
            num_threats = int(threats(np.uint64(current | cell), np.uint64(mask | cell))).bit_count()
            moves.append((loses, -num_threats, column, current ^ mask, mask | cell))
        moves.sort(key=lambda move: move[:2])
        for target in (1, 0):
            for loses, _, column, *after in moves:
                if not loses and not self._reaches(after[0], after[1], 1 - target):
                    return column, target
        return moves[0][2], -1

    def _wins_at_once(self, current: int, mask: int) -> bool:
        return bool(int(threats(np.uint64(current), np.uint64(mask))) & (mask + int(BOTTOM)))

    def _reaches(self, current: int, mask: int, target: int) -> bool:
        """Whether the score is at least `target`; the player to move must have no immediate win."""
        symmetric = _may_be_symmetric(current, mask)
        bound, nodes = prove(np.uint64(current), np.uint64(mask), target, symmetric, self._table)
        self.nodes += nodes
        return bool(bound >= target)

    def _solve(self, current: int, mask: int, guess: int) -> int:
        symmetric = _may_be_symmetric(current, mask)
        score, nodes = solve(np.uint64(current), np.uint64(mask), guess, symmetric, self._table)
        self.nodes += nodes
        return int(score)

    def _outcome(self, current: int, mask: int) -> int:
        symmetric = _may_be_symmetric(current, mask)
        sign, nodes = outcome(np.uint64(current), np.uint64(mask), symmetric, self._table)
        self.nodes += nodes
        return int(sign)


def bitboards(moves: Sequence[int]) -> tuple[int, int]:
    """(current, mask) after `moves`. ValueError for a column off the board or full, or a move after the end."""
    stones, mask = [0, 0], 0  # the player to move comes first
    for ply, column in enumerate(moves):
        if not 0 <= column < NUM_COLUMNS:
            raise ValueError(f"move {ply + 1} is column {column}: columns are 0 to {NUM_COLUMNS - 1}")
        if four(np.uint64(stones[1])):
            raise ValueError(f"move {ply + 1} comes after the game was won by move {ply}")
        cell = _next_cell(mask, column)
        if not cell:
            raise ValueError(f"move {ply + 1} is column {column}, which is full")
        stones, mask = [stones[1], stones[0] | cell], mask | cell
    return stones[0], mask


def _next_cell(mask: int, column: int) -> int:
    """The bit of the lowest empty cell of `column`; 0 when it is full."""
    return (mask + (1 << 7 * column)) & (0b0111111 << 7 * column)


def check_position(current: int, mask: int) -> None:
    """ValueError when the position is impossible or the game is over."""
    if mask & ~int(BOARD) or (mask + int(BOTTOM)) & mask or current & ~mask:
        raise ValueError(f"current {current:#x}, mask {mask:#x} is no Connect Four board: stones float or lie off it")
    if current.bit_count() != mask.bit_count() // 2:
        raise ValueError(f"current has {current.bit_count()} of {mask.bit_count()} stones: the players take turns")
    if four(np.uint64(current)) or four(np.uint64(current ^ mask)) or mask == int(BOARD):
        raise ValueError("the game is over: there is no move to solve")


def _each_move(current: int, mask: int, win: int, solve_child: Callable[[int, int], int]) -> dict[int, int]:
    """{column: value}, in the order of the columns, with `win` for a move that ends the game by four."""
    check_position(current, mask)
    values = {}
    for column in _CENTRE_FIRST:
        cell = _next_cell(mask, column)
        if not cell:
            continue
        if four(np.uint64(current | cell)):
            values[column] = win
        elif mask | cell == int(BOARD):
            values[column] = 0
        else:
            values[column] = -solve_child(current ^ mask, mask | cell)
    return dict(sorted(values.items()))


def _may_be_symmetric(current: int, mask: int) -> bool:
    """Whether the position and its mirror image can grow into one another: no cell holds a stone of each player."""
    return not int(mirror(np.uint64(current))) & (current ^ mask)

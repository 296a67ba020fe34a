"""The opening book of Connect Four: a best move for every position of few stones that arises from the book's own moves.

Knows the file and the positions that it must contain. Does not know how positions are solved, nor players.

The file is CSV text: a line of play that leads to the position (columns `a` to `g`, the first move first), a best move
and its outcome (`win`, `draw` or `loss`, for the player who moves). The mirror image of a position is not listed. The
file beside it holds its SHA-256, in the form that `sha256sum` writes.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

from agent.solvers.connect_four_search import BOARD, COLUMN, four

NUM_STONES = 7
"""The largest number of stones of a position in the book."""

FILE = "opening_book.csv"
HEADER = ("moves", "best", "outcome")
COLUMNS = "abcdefg"
OUTCOMES = {"win": 1, "draw": 0, "loss": -1}


class Answer(NamedTuple):
    """A best move of a position, and its outcome for the player who makes it: +1 win, 0 draw, -1 loss."""

    column: int
    outcome: int


class Position(NamedTuple):
    """Two bitboards, as in `agent.solvers.connect_four`."""

    current: int
    mask: int

    def mirror(self) -> Position:
        return Position(_mirror(self.current), _mirror(self.mask))

    def play(self, column: int) -> Position | None:
        """The position after a stone in `column`; None where the column is full."""
        cell = (self.mask + (1 << 7 * column)) & (0b0111111 << 7 * column)
        return Position(self.current ^ self.mask, self.mask | cell) if cell else None

    def winning_column(self) -> int | None:
        """A column where a stone makes four at once; None where there is none."""
        for column in range(7):
            after = self.play(column)
            if after is not None and four(np.uint64(after.current ^ after.mask)):
                return column
        return None

    def is_over(self) -> bool:
        return self.mask == int(BOARD) or bool(four(np.uint64(self.current ^ self.mask)))


Book = dict[Position, Answer]


def lookup(book: Book, position: Position) -> Answer | None:
    """The answer for `position` or its mirror image in `book`. None where there is none."""
    answer = book.get(position)
    if answer is None:
        image = book.get(position.mirror())
        answer = None if image is None else Answer(6 - image.column, image.outcome)
    return answer


def reachable(answer: Callable[[str, Position], Answer], num_stones: int = NUM_STONES) -> Iterator[tuple[str, Answer]]:
    """(moves, answer) of every position of up to `num_stones` stones that can arise where one side plays the answers.

    That side is the first or the second player, and the other side plays every legal move. Mirror images count as one,
    and early positions come first.
    """
    start = Position(0, 0)
    replies = [(COLUMNS[c], after) for c in range(7) if (after := start.play(c)) is not None]
    waiting, visited = [("", start), *replies], set[Position]()
    while waiting:
        moves, position = waiting.pop(0)
        if position in visited or position.mirror() in visited or position.is_over():
            continue
        visited.add(position)
        best = answer(moves, position)
        yield moves, best
        after = position.play(best.column)
        if after is None:
            raise ValueError(f"the answer to {moves!r} is column {COLUMNS[best.column]}, which is full")
        if after.is_over() or after.mask.bit_count() >= num_stones:
            continue
        for reply in range(7):
            if (then := after.play(reply)) is not None:
                waiting.append((moves + COLUMNS[best.column] + COLUMNS[reply], then))


@cache
def shipped_book() -> Book:
    """The book that ships with honte. ValueError where its file is damaged."""
    folder = resources.files(__package__).joinpath("data", "connect_four")
    text = folder.joinpath(FILE).read_text(encoding="utf-8")  # reads any end of line as \n
    expected = folder.joinpath(f"{FILE}.sha256").read_text(encoding="utf-8").split()[0]
    return parse(text, expected)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str, expected: str) -> Book:
    """The book in `text`. ValueError where its SHA-256 is not `expected`."""
    if digest(text) != expected:
        raise ValueError(
            f"agent/solvers/data/connect_four/{FILE} is damaged, for its SHA-256 is not {expected}: reinstall honte"
        )
    rows = csv.reader(io.StringIO(text))
    next(rows)
    return {position_after(moves): Answer(COLUMNS.index(best), OUTCOMES[outcome]) for moves, best, outcome in rows}


def position_after(moves: str) -> Position:
    """The position after `moves`, columns `a` to `g`. ValueError for a column that does not exist or is full."""
    position: Position | None = Position(0, 0)
    for move in moves:
        position = position.play(COLUMNS.index(move)) if position is not None else None
    if position is None:
        raise ValueError(f"{moves!r} plays in a full column")
    return position


def write(answers: dict[str, Answer]) -> str:
    """The text of a book of `answers`, whose keys are the moves that lead to a position."""
    names = {outcome: name for name, outcome in OUTCOMES.items()}
    rows = [(moves, COLUMNS[a.column], names[a.outcome]) for moves, a in answers.items()]
    return "".join(",".join(row) + "\n" for row in [HEADER, *sorted(rows, key=lambda row: (len(row[0]), row[0]))])


def _mirror(board: int) -> int:
    return sum(((board >> 7 * column) & int(COLUMN)) << 7 * (6 - column) for column in range(7))

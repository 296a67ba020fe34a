"""Nim: take one or more objects from one heap. Whoever takes the last object wins, or loses with the misere rule.

``heaps=1-3-5-7`` lists the heaps. A heap is a row of the board, with its objects on the left; action (heap, n) takes n
+ 1 objects. Actions and cells are numbered heap by heap, and a row is as wide as the largest heap (3 here):

    a: 0 1 2
    b: 3 4 5

One plane shows the objects that are left; an action is legal where there is an object. The last line of a drawing says
who is to move; without it the first player is. Exchanging two heaps of the same size at the start is a symmetry.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from operator import xor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.symmetry import Symmetries

LETTERS = "abcdefghij"
DEFAULT_HEAPS = "1-3-5-7"
LARGEST = 20


def optimal_value(heaps: Sequence[int], misere: bool = False) -> int:
    """+1 if the player to move wins with best play, otherwise -1 (Bouton, Annals of Mathematics 1901).

    The mover wins if the exclusive or of the heap sizes is not 0. With the misere rule the same holds, unless no heap
    is larger than 1: then the mover wins if the number of heaps is even.
    """
    if misere and max(heaps, default=0) <= 1:
        return 1 if sum(heaps) % 2 == 0 else -1
    return 1 if reduce(xor, heaps, 0) else -1


DESCRIPTION = Description(
    rules="A player takes one or more objects from one heap.",
    goal="Take the last object; with misere=true, do not take it.",
    moves="the heap and how many objects it loses: b2 takes two from heap b",
    illegal="The heap does not hold so many objects.",
    occupied="",
    parameters={"heaps": Parameter(example="1-3-5-7"), "misere": Parameter(choices=(False, True))},
)


def game(heaps: str = DEFAULT_HEAPS, misere: bool = False) -> CompiledGame:
    """Players take objects until none is left. ValueError for heaps that make no game."""
    words = heaps.split("-")
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= LARGEST for word in words):
        raise ValueError(f"nim: heaps={heaps!r}; write the heaps as numbers from 1 to {LARGEST}, such as heaps=1-3-5-7")
    if len(words) > len(LETTERS):
        raise ValueError(f"nim: heaps={heaps!r} has {len(words)} heaps; {len(LETTERS)} are the most")
    sizes = [int(word) for word in words]
    num_heaps, width, total = len(sizes), max(sizes), sum(sizes)
    num_actions = num_heaps * width
    first = np.array(sizes, np.int8)
    state = np.dtype([("heaps", np.int8, (num_heaps,)), ("left", np.int16), ("to_play", np.int8)], align=True)

    def init(s: Any) -> None:
        for heap in range(num_heaps):  # compiles faster than ``[:] = first``
            s["heaps"][heap] = first[heap]
        s["left"] = total

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        left = s["heaps"]
        for heap in range(num_heaps):
            for n in range(left[heap]):
                legal[heap * width + n] = True

    def step(s: Any, a: int) -> None:
        count = a % width + 1
        s["heaps"][a // width] -= count
        s["left"] -= count
        s["to_play"] = 1 - s["to_play"]

    def outcome(s: Any) -> int:
        if s["left"]:
            return ONGOING
        return 1 if misere else -1  # the player who just moved took the last object

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        left = s["heaps"]
        for heap in range(num_heaps):
            for n in range(left[heap]):
                planes[0, heap, n] = 1

    def draw(s: Any) -> NDArray[np.int8]:
        return np.asarray(np.arange(width) < s["heaps"][:, None], np.int8)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        left = cells.sum(axis=1)
        if (cells != (np.arange(width) < left[:, None])).any() or (left > first).any():
            raise ValueError(f"the drawing has an object out of place; objects lie from the left, {heaps} at first")
        s["heaps"], s["left"], s["to_play"] = left, left.sum(), mover or 0

    normal = "-".join(map(str, sizes))  # 03 is 3
    parameters = [f"heaps={normal}"] * (normal != DEFAULT_HEAPS) + ["misere=true"] * misere
    return from_rules(
        description=DESCRIPTION,
        name="nim" + (":" + ",".join(parameters) if parameters else ""),
        state=state,
        num_actions=num_actions,
        observation_shape=(1, num_heaps, width),
        max_plies=total,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        draw=draw,
        read=read,
        write_action=lambda a: f"{LETTERS[a // width]}{a % width + 1}",
        symmetries=heap_exchanges(sizes, width),
        action_layout=np.array([(0, a // width, a % width) for a in range(num_actions)]),
        board=Board(
            num_heaps,
            width,
            glyphs=(".", "|"),
            names=("first", "second"),
            column_labels=tuple(str((n + 1) % 10) for n in range(width)),
            row_labels=tuple(LETTERS[:num_heaps]),
            clicks=np.arange(num_actions).reshape(num_heaps, width),
            pieces=(Piece("none"), Piece("stone")),
        ),
    )


def heap_exchanges(sizes: list[int], width: int) -> Symmetries:
    """The identity and every exchange of two heaps of one size."""
    cells = [np.arange(len(sizes) * width)]
    for one, other in combinations(range(len(sizes)), 2):
        if sizes[one] == sizes[other]:
            order = np.arange(len(sizes))
            order[[one, other]] = other, one
            cells.append((order[:, None] * width + np.arange(width)).ravel())
    return Symmetries(np.array(cells), np.array(cells))

"""Go with Tromp-Taylor rules: area scoring, positional superko, two passes end the game. Boards of 2 to 19 lines.

Knows its parameters, row and drawing. Does not know the compiled rules (``games/rules/kernels/go_rules.py``) or search.

Actions are points, row by row from the top left, then the pass. On 9 lines, written as in GTP (no I):

    A9 = 0   B9 = 1  ..  J9 = 8
    A8 = 9   ..
    A1 = 72  ..          J1 = 80      pass = 81

A move may not recreate an earlier board (positional superko), nor remove its own last liberty unless ``suicide`` is
true. A game also ends after ``max_plies`` and is scored as it stands.

Planes, as the player to move sees them: own stones, the other's; stones of chains with 1, 2, 3 liberties; points that
superko forbids; each of the last four moves; and planes of ones after a pass, for Black, and when at most 16, 4 and 1
plies are left.

A drawing marks the last stone, which says who is to play, as its last line does. When a drawing is read, the rest of
the history is lost: superko forbids only the drawn board and the empty one, and stones count as plies. Without the mark
and the last line, Black is to play unless Black has more stones.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter, SgfType
from games.game import Game, States
from games.rules.kernels.go_rules import NUM_LAST, place, rules, store_board
from games.symmetry import SQUARE, cell_symmetries

LETTERS = "ABCDEFGHJKLMNOPQRST"


def row(size: int, max_plies: int) -> np.dtype[Any]:
    """One state. Cells are the points with their border: see ``games/rules/kernels/go_rules.py``."""
    num_cells = (size + 1) * (size + 2)
    num_words = 1 << (max_plies // 4).bit_length()  # 16 to 32 bits a board
    cell = np.int8 if num_cells <= 127 else np.int16
    return np.dtype(
        [
            ("history", np.uint64, (max_plies + 1,)),  # hashes of all boards so far
            ("filter", np.uint64, (num_words,)),  # the bits that those hashes name: most that are new have none here
            ("hash", np.uint64),
            ("boards", np.int16),  # in the history
            ("breaths", np.int16, (num_cells,)),  # of the chain of each name
            ("chains", cell, (num_cells,)),  # the chain's name; 0 where no stone is
            ("ring", cell, (num_cells,)),  # the chain's next stone
            ("last", cell, (NUM_LAST,)),  # cells of the last moves, newest first; 0 a pass or none
            ("stones", np.int8, (num_cells,)),
            ("lost", np.int8, (num_cells,)),  # bit 1: a black stone was captured here; bit 2: a white one
            ("margin", np.int16),  # when the game is over: Black's points minus White's, without komi
            ("plies", np.int16),
            ("to_play", np.int8),
            ("passes", np.int8),  # in a row, just now
            ("over", np.int8),
        ],
        align=True,
    )


def drawing(size: int) -> Board:
    """Black's stones are X, White's O; the last one is small."""
    return Board(
        size,
        size,
        glyphs=(".", "X", "O", "x", "o"),
        pieces=(Piece("none"), *[Piece("stone", owner, text) for text in ("", "·") for owner in (0, 1)]),
        surface="points",
        names=("black", "white"),
        column_labels=tuple(LETTERS[:size]),
        row_labels=tuple(str(size - r) for r in range(size)),
        clicks=np.arange(size * size).reshape(size, size),
    )


def can_resume(game: Game, states: States) -> bool:
    """Whether a game that is over at ``states`` [1] ended by passes, not because it has no plies left."""
    return bool(states["plies"][0] < game.max_plies)


def resume(game: Game, states: States) -> States:
    """A copy of ``states`` [1] in which the game goes on after two passes; one more pass ends it again."""
    again = game.new(1)
    game.copy(again, states)
    again["over"], again["passes"], again["margin"] = 0, 1, 0
    return again


DESCRIPTION = Description(
    rules=(
        "Stones without liberties are captured. No move may repeat an earlier board (positional superko). Two"
        " passes end the game."
    ),
    goal="Have the larger area (Tromp-Taylor): your stones and the points that only they reach; White also gets komi.",
    moves="a point as in GTP, such as D4 (there is no column I), or pass",
    illegal="That stone would have no liberty, or it would repeat an earlier position of the board.",
    parameters={"size": Parameter(2, 19), "komi": Parameter(-100, 100), "suicide": Parameter(choices=(False, True))},
    variants={"5": "size=5", "7": "size=7", "9": "size=9", "13": "size=13", "19": "size=19"},
    sgf=SgfType(1, "19", has_komi=True, letters="ABCDEFGHJKLMNOPQRSTUVWXYZ"),
)


def game(size: int = 9, komi: float = 7.0, suicide: bool = False, max_plies: int = 0) -> CompiledGame:
    """Black and White place stones; the larger area wins, White's with ``komi`` points more.

    Komi 7 is thought to be the value of the first move on 9 x 9: as far as anybody knows, neither side can force a win,
    but games may be draws; with komi=7.5 there are none. ``suicide``: whether chains of two stones or more may take
    their own last liberty (a single stone's suicide repeats the board). ``max_plies``: 0 is 2 * size * size, as for
    AlphaGo Zero. ValueError for what makes no game.
    """
    if not 2 <= size <= 19:
        raise ValueError(f"go: size={size}; boards have 2 to 19 lines")
    if not (math.isfinite(komi) and abs(komi) <= 1000):
        raise ValueError(f"go: komi={komi}; a number of points from -1000 to 1000 is needed")
    if not 0 <= max_plies <= 5000:
        raise ValueError(f"go: max_plies={max_plies}; 1 to 5000, or 0 for twice the number of points")
    parts = [f"size={size}"] if size != 9 else []
    parts += [f"komi={komi:g}"] if komi != 7 else []
    parts += ["suicide=true"] if suicide else []
    parts += [f"max_plies={max_plies}"] if max_plies not in (0, 2 * size * size) else []
    max_plies = max_plies or 2 * size * size
    width, area = size + 1, size * size
    compiled = rules(size, komi, suicide, max_plies)

    def draw(s: Any) -> NDArray[np.int8]:
        cells = np.asarray(s["stones"]).copy()
        if cells[s["last"][0]] in (1, 2):  # after a pass no stone is marked
            cells[s["last"][0]] += 2
        return cells.reshape(size + 2, width)[1:-1, 1:]

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        colours, marked = (cells - 1) % 2 + 1, np.flatnonzero(cells > 2)
        colours[cells == 0] = 0
        if len(marked) > 1:
            raise ValueError(f"the drawing marks {len(marked)} stones as the last one (x or o); at most one can be")
        compiled["init"](s)
        for a in map(
            int, np.flatnonzero(colours)
        ):  # a part of a legal position is legal, so nothing is captured on the way
            place(s, (a // size + 1) * width + a % size + 1, int(colours.ravel()[a]), width)
        if (s["stones"].reshape(size + 2, width)[1:-1, 1:] != colours).any():
            raise ValueError("the board has a chain of stones without a liberty; it would be off the board")
        if colours.any():  # the empty board is stored already
            store_board(s)
        s["to_play"] = (colours == 1).sum() > (colours == 2).sum() if mover is None else mover
        for a in map(int, marked):
            s["last"][0], s["to_play"] = (a // size + 1) * width + a % size + 1, 2 - colours.ravel()[a]
        s["plies"] = min(int((colours > 0).sum()), max_plies - 1)

    made = from_rules(
        description=DESCRIPTION,
        name="go:" + ",".join(parts) if parts else "go",
        state=row(size, max_plies),
        num_actions=area + 1,
        observation_shape=(15, size, size),
        max_plies=max_plies,
        init=compiled["init"],
        legal_actions=compiled["legal_actions"],
        step=compiled["step"],
        outcome=compiled["outcome"],
        observe=compiled["observe"],
        heuristic=compiled["heuristic"],
        final_targets=compiled["final_targets"],
        draw=draw,
        read=read,
        arrange=read,
        write_action=lambda a: "pass" if a == area else f"{LETTERS[a % size]}{size - a // size}",
        symmetries=cell_symmetries(size, size, SQUARE, extra_actions=1),
        action_layout=np.array([(0, a // size, a % size) for a in range(area)] + [(1, -1, -1)]),
        board=drawing(size),
    )
    made.komi, made.allows_suicide = float(komi), suicide
    return made

"""Amazons: move a queen, then let it shoot an arrow that blocks a cell for good. The player who cannot move loses.

A turn is three actions by the same player, each a cell: the amazon, where it goes, and where its arrow lands. Amazons
and arrows move like chess queens over empty cells; the cell that the amazon left is empty. An amazon that cannot move
cannot be chosen. One that has moved can always shoot, at least to the cell that it came from. Actions are cells, row by
row from the top left.

The opening on 10 x 10 is Walter Zamkauskas's (1988): a4 d1 g1 j4 against a7 d10 g10 j7. The smaller ones have the same
shape: on 8 x 8 a3 c1 f1 h3, as people play it on a chess board, and on 6 x 6 a2 b1 e1 f2, as in J. Song and M. Müller,
"An Enhanced Solver for the Game of Amazons" (2014; their boards 6 wide); OpenSpiel has the same three.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.board import Board, Piece
from games.compiled import CompiledGame, from_rules
from games.descriptions import Description, Parameter
from games.game import ONGOING
from games.rules.kernels.amazons_moves import WORD, can_move, make_rays, queen_distances, queen_reach
from games.symmetry import MIRROR, cell_symmetries

OPENINGS = {6: "a2 b1 e1 f2", 8: "a3 c1 f1 h3", 10: "a4 d1 g1 j4"}
"""Size -> the first player's amazons; the second player's stand opposite."""

ARROW = 3
"""Cell code; 0 is empty, 1 and 2 are the players' amazons, and above 3 are amazons that were chosen."""

CHOOSE, MOVE, SHOOT = 0, 1, 2
"""What the next action of a turn is."""

DESCRIPTION = Description(
    rules=(
        "A turn is three actions: choose one of your four amazons, move it like a chess queen, and let it"
        " shoot an arrow, which also goes like a queen and blocks its cell for the rest of the game."
    ),
    goal="A player who cannot move loses.",
    moves="each of the three actions is a cell: a2, then a4, then c4",
    illegal="An amazon and its arrow go in a straight line over empty cells, and your own amazon comes first.",
    occupied="",
    actions_per_turn=3,
    parameters={"size": Parameter(choices=(6, 8, 10))},
    variants={"8": "size=8", "10": "size=10"},
)


def game(size: int = 6) -> CompiledGame:
    """Four amazons each on ``size`` x ``size`` cells. ValueError for sizes without a usual opening."""
    if size not in OPENINGS:
        raise ValueError(f"amazons: size={size}; there are usual openings for size 6, 8 and 10")
    num_cells = size * size
    letters = string.ascii_lowercase[:size]
    names = [f"{letters[a % size]}{size - a // size}" for a in range(num_cells)]
    rays = make_rays(size)
    num_words = rays.shape[2]
    first = np.array([names.index(name) for name in OPENINGS[size].split()])
    opening = np.stack([first, (size - 1 - first // size) * size + first % size]).astype(np.int8)
    state = np.dtype(
        [
            ("occupied", np.uint64, (num_words,)),  # one bit for each cell: amazons and arrows
            ("amazons", np.int8, (2, 4)),  # their cells
            ("to_play", np.int8),
            ("phase", np.int8),
            ("chosen", np.int8),  # which amazon moves or shoots; 0 while none does
            ("stuck", np.int8),  # the player to choose an amazon has none that can move
            ("plies", np.int16),
        ],
        align=True,
    )

    def init(s: Any) -> None:
        for player in range(2):
            for i in range(4):
                cell = opening[player, i]
                s["amazons"][player, i] = cell
                s["occupied"][cell // WORD] |= np.uint64(1) << np.uint64(cell % WORD)

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        occupied, mine = s["occupied"], s["amazons"][s["to_play"]]
        if s["phase"] == CHOOSE:
            for i in range(4):
                legal[mine[i]] = can_move(occupied, rays, mine[i])
        else:
            for word in range(num_words):
                reach = queen_reach(occupied, rays, mine[s["chosen"]], word)
                start = word * WORD
                for a in range(min(WORD, num_cells - start)):
                    legal[start + a] = (reach >> np.uint64(a)) & np.uint64(1)

    def step(s: Any, a: int) -> None:
        occupied, mover = s["occupied"], s["to_play"]
        mine = s["amazons"][mover]
        if s["phase"] == CHOOSE:
            for i in range(4):
                if mine[i] == a:
                    s["chosen"] = i
            s["phase"] = MOVE
        else:
            occupied[a // WORD] |= np.uint64(1) << np.uint64(a % WORD)
            if s["phase"] == MOVE:
                left = mine[s["chosen"]]
                occupied[left // WORD] ^= np.uint64(1) << np.uint64(left % WORD)
                mine[s["chosen"]] = a
                s["phase"] = SHOOT
            else:
                s["phase"], s["chosen"] = CHOOSE, 0
                s["to_play"] = 1 - mover
                theirs = s["amazons"][1 - mover]
                stuck = 1
                for i in range(4):
                    if can_move(occupied, rays, theirs[i]):
                        stuck = 0
                        break
                s["stuck"] = stuck
        s["plies"] += 1

    def outcome(s: Any) -> int:
        return -1 if s["stuck"] else ONGOING

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        for a in range(num_cells):
            planes[2, a // size, a % size] = (s["occupied"][a // WORD] >> np.uint64(a % WORD)) & np.uint64(1)
        for player in range(2):
            for i in range(4):
                cell = s["amazons"][player, i]
                planes[2, cell // size, cell % size] = 0
                planes[0 if player == s["to_play"] else 1, cell // size, cell % size] = 1
        if s["phase"] != CHOOSE:
            chosen = s["amazons"][s["to_play"], s["chosen"]]
            planes[3, chosen // size, chosen % size] = 1
            planes[3 + s["phase"]] = 1

    def begin_turn(s: Any) -> None:
        s["phase"], s["chosen"] = CHOOSE, 0

    def heuristic(s: Any) -> float:
        """Cells that the mover's amazons reach first, minus the other's: queen-move territory (J. Lieberum 2005)."""
        mine = queen_distances(s["occupied"], rays, s["amazons"][s["to_play"]])
        theirs = queen_distances(s["occupied"], rays, s["amazons"][1 - s["to_play"]])
        even = -0.2 if s["phase"] == SHOOT else 0.2  # the player who moves an amazon next is a little nearer
        total = 0.0
        for cell in range(num_cells):
            if mine[cell] < theirs[cell]:
                total += 1
            elif mine[cell] > theirs[cell]:
                total -= 1
            elif mine[cell] < num_cells:
                total += even
        return float(np.tanh(total / size))

    def draw(s: Any) -> NDArray[np.int8]:
        occupied = sum(int(word) << (WORD * w) for w, word in enumerate(s["occupied"]))
        cells = np.array([ARROW * (occupied >> a & 1) for a in range(num_cells)], np.int8)
        cells[s["amazons"][0]], cells[s["amazons"][1]] = 1, 2
        if s["phase"] != CHOOSE:
            cells[s["amazons"][s["to_play"], s["chosen"]]] = 2 + 2 * s["phase"] + s["to_play"]
        return cells.reshape(size, size)

    def read(s: Any, cells: NDArray[np.int8], mover: int | None) -> None:
        codes = cells.ravel()
        arrows = int((codes == ARROW).sum())
        to_play = arrows % 2  # one arrow in each turn
        owners = np.where(codes > ARROW, 1 + codes % 2, codes)  # 4 and 6 are the first player's, 5 and 7 the second's
        for player in range(2):
            found = np.flatnonzero(owners == player + 1)
            if len(found) != 4:
                raise ValueError(f"the drawing has {len(found)} amazons of {'xo'[player]}; each player has 4")
            s["amazons"][player] = found
        for a in np.flatnonzero(codes):
            s["occupied"][a // WORD] |= np.uint64(1 << int(a % WORD))
        s["to_play"], s["plies"] = to_play, 3 * arrows
        free = [can_move(s["occupied"], rays, cell) for cell in s["amazons"][to_play]]
        chosen = np.flatnonzero(codes > ARROW)
        if len(chosen) > 1 or (codes[chosen] % 2 != to_play).any():
            raise ValueError(
                f"the drawing has {arrows} arrows, so it is the turn of {'xo'[to_play]}, which alone may have one "
                "chosen amazon (+ X, @ O)"
            )
        if len(chosen):
            s["chosen"] = np.flatnonzero(s["amazons"][to_play] == chosen[0])[0]
            s["phase"] = (codes[chosen[0]] - 2) // 2
            s["plies"] += s["phase"]
            if not free[s["chosen"]]:
                raise ValueError(f"the chosen amazon of the drawing, {names[chosen[0]]}, is walled in")
        s["stuck"] = not any(free)

    return from_rules(
        description=DESCRIPTION,
        name="amazons" if size == 6 else f"amazons:size={size}",
        state=state,
        num_actions=num_cells,
        # own amazons, their amazons, arrows, the chosen amazon; all ones: it moves next; all ones: it shoots next
        observation_shape=(6, size, size),
        max_plies=3 * (num_cells - 8),  # one arrow in each turn fills the board
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        begin_turn=begin_turn,
        heuristic=heuristic,
        draw=draw,
        read=read,
        write_action=lambda a: names[a],
        symmetries=cell_symmetries(size, size, MIRROR),  # any other turn of the board gives another opening
        action_layout=np.array([(0, a // size, a % size) for a in range(num_cells)]),
        board=Board(
            size,
            size,
            glyphs=(".", "x", "o", "#", "+", "@", "X", "O"),
            column_labels=tuple(letters),
            row_labels=tuple(str(size - r) for r in range(size)),
            clicks=np.arange(num_cells).reshape(size, size),
            surface="checkers",
            pieces=(
                Piece("none"),
                *(Piece("figure", player, "Q") for player in range(2)),
                Piece("block"),
                *(Piece("figure", player, f"Q {text}") for text in ("move", "shoot") for player in range(2)),
            ),
        ),
    )

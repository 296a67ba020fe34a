"""Gardner's minichess as compiled rules: numbers of actions, tables of lines, legal moves, ends of games, planes.

Knows the state's fields and how pieces move. Does not know drawings, texts or how the rules are lifted to batches. All
compiled code of the game is in this file, since Numba's cache does not notice an edit in another one.

Cells are numbered row by row from the top left. Actions are the moves from cell to cell that a queen or a knight could
make on an empty board, ordered by cell and then by plane, as the mover sees them:

    0 - 31    a queen's move, 4 * direction + distance - 1, directions  7 0 4
                                                                        3 . 1
                                                                        6 2 5
    32 - 39   a knight's jump, clockwise from up-up-right
    40 - 48   3 * (0 rook, 1 bishop, 2 knight) + (0 ahead, 1 to the right, 2 to the left): what a pawn becomes

A pawn's queen's move to the last rank makes it a queen. Underpromotions go up from the fourth row and down from the
second, so that each has a name when the board is turned; the mover's pawns go up, so those down are never legal.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit
from games.game import ONGOING

PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING = 1, 2, 3, 4, 5, 6  # cell codes; black's are 6 higher, 13 marks the mover
MARK = 13
MAX_PLIES, MAX_CLOCK = 256, 100
MAX_MOVES = 160  # ten pieces a side: 9 queens with 16 moves and a king with 8
DRAW, LOST = 1, 2  # how a game ended, for the player to move; 0: it goes on
FIRST_CLOCK, FIRST_PLY, NUM_PLANES = 13, 20, 28  # planes: own and other pieces, repeated, two counts as binary digits
WAYS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))  # rooks' four first
JUMPS = ((-2, 1), (-1, 2), (1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1))


def cells_along(q: int, down: int, right: int, steps: int) -> list[int]:
    """Up to ``steps`` cells from ``q`` on in one direction, as far as the board goes."""
    line = [(q // 5 + down * i, q % 5 + right * i) for i in range(1, steps + 1)]
    return [5 * r + c for r, c in line if 0 <= r < 5 and 0 <= c < 5]


def pad_rows(lists: list[list[int]], length: int) -> NDArray[np.int64]:
    """An array whose rows are the lists, padded with -1."""
    return np.array([(cells + [-1] * length)[:length] for cells in lists])


MOVES = [
    (plane, q, t, kind)
    for q in range(25)
    for plane, t, kind in [
        *((4 * w + i, t, 0) for w, way in enumerate(WAYS) for i, t in enumerate(cells_along(q, *way, 4))),
        *((32 + j, t, 0) for j, jump in enumerate(JUMPS) for t in cells_along(q, *jump, 1)),
        *(
            (40 + 3 * p + side, t, kind)
            for p, kind in enumerate((ROOK, BISHOP, KNIGHT))
            for side, right in enumerate((0, 1, -1))
            for t in (cells_along(q, q // 5 - 2, right, 1) if q // 5 in (1, 3) else [])
        ),
    ]
]
"""Each action, in the mover's view: plane, from, to, what a pawn becomes (0: no underpromotion)."""

FLIP = np.array([5 * (4 - q // 5) + q % 5 for q in range(25)])  # the board upside down
RAYS = np.stack([pad_rows([cells_along(q, *way, 4) for q in range(25)], 5) for way in WAYS], axis=1)  # [25, 8, 5]
LEAPS = pad_rows([[t for jump in JUMPS for t in cells_along(q, *jump, 1)] for q in range(25)], 9)  # [25, 9]
HITS = np.stack(  # [2, 25, 3]: what a pawn of either player attacks
    [pad_rows([cells_along(q, down, -1, 1) + cells_along(q, down, 1, 1) for q in range(25)], 3) for down in (-1, 1)]
)
FROM, TO = (np.array([[m[i] for m in MOVES], [FLIP[m[i]] for m in MOVES]]) for i in (1, 2))  # [2, A], on the real board
BECOMES = np.array([kind for _, _, _, kind in MOVES])
ACTION = np.full((2, 25, 25, 4), -1)  # player, from, to on the real board, 0 or 1 + (rook, bishop, knight) -> number
for player in range(2):
    ACTION[player, FROM[player], TO[player], np.where(BECOMES, 1 + ROOK - BECOMES, 0)] = np.arange(len(MOVES))
LINE = np.zeros((25, 25), np.int64)  # the whole line through two cells, as bits
BETWEEN = np.zeros((25, 25), np.int64)  # from the first cell (left out) to the second (included), as bits
for cell, (down, right) in itertools.product(range(25), WAYS):
    ahead = cells_along(cell, down, right, 4)
    for i, t in enumerate(ahead):
        LINE[cell, t] = sum(1 << x for x in [cell, *ahead, *cells_along(cell, -down, -right, 4)])
        BETWEEN[cell, t] = sum(1 << x for x in ahead[: i + 1])
KEYS = np.random.default_rng(5).integers(1 << 63, size=(MARK, 25))  # random numbers that name a position (Zobrist 1970)
STATE = np.dtype(
    [
        ("keys", np.int64, (MAX_CLOCK + 1,)),  # of positions since a capture or pawn move, the present one last
        ("moves", np.int16, (MAX_MOVES,)),  # the legal actions
        ("num_moves", np.int16),
        ("clock", np.int16),  # plies without a capture or pawn move
        ("plies", np.int16),
        ("cells", np.int8, (25,)),
        ("to_play", np.int8),
        ("repeated", np.int8),  # how often this position has occurred before
        ("ending", np.int8),
    ],
    align=True,
)
FIRST = np.array([10, 8, 9, 11, 12] + [7] * 5 + [0] * 5 + [1] * 5 + [4, 2, 3, 5, 6], np.int8)
WORTH = np.array([0, 1, 3, 3, 5, 9, 0])


@cached_njit
def is_attacked(cells: NDArray[np.int8], q: int, by: int, hidden: int) -> bool:
    """Whether a piece of player ``by`` attacks cell ``q``, with the piece on ``hidden`` out of the way."""
    base = 6 * by
    for w in range(8):
        for i in range(4):
            t = RAYS[q, w, i]
            if t < 0:
                break
            if cells[t] != 0 and t != hidden:
                kind = cells[t] - base
                if kind == QUEEN or kind == (ROOK if w < 4 else BISHOP) or (kind == KING and i == 0):
                    return True
                break
    for t in LEAPS[q]:
        if t >= 0 and cells[t] == base + KNIGHT:
            return True
    for t in HITS[1 - by, q]:
        if t >= 0 and cells[t] == base + PAWN:
            return True
    return False


@cached_njit
def list_moves(cells: NDArray[np.int8], me: int, moves: NDArray[np.int16]) -> tuple[int, int]:
    """Fill ``moves`` with the legal actions of player ``me``; how many, and how many pieces give check."""
    own, other = 6 * me, 6 * (1 - me)
    king = 0
    while cells[king] != own + KING:
        king += 1
    everywhere = (1 << 25) - 1
    count, checks, answers, pinned = 0, 0, everywhere, 0  # answers: where a move may end to meet a check
    for w in range(8):
        shield = -1
        for i in range(4):
            t = RAYS[king, w, i]
            if t < 0:
                break
            if own < cells[t] <= own + KING:
                if shield >= 0:
                    break
                shield = t
            elif cells[t] != 0:
                kind = cells[t] - other
                if kind == QUEEN or kind == (ROOK if w < 4 else BISHOP):
                    if shield >= 0:
                        pinned |= 1 << shield
                    else:
                        checks += 1
                        answers = BETWEEN[king, t]
                break
    for t in LEAPS[king]:
        if t >= 0 and cells[t] == other + KNIGHT:
            checks += 1
            answers = 1 << t
    for t in HITS[me, king]:
        if t >= 0 and cells[t] == other + PAWN:
            checks += 1
            answers = 1 << t
    for w in range(8):
        t = RAYS[king, w, 0]
        if t >= 0 and not own < cells[t] <= own + KING and not is_attacked(cells, t, 1 - me, king):
            moves[count] = ACTION[me, king, t, 0]
            count += 1
    if checks > 1:
        return count, checks
    for q in range(25):
        kind = cells[q] - own
        if kind < PAWN or kind > QUEEN:
            continue
        ends = answers & LINE[king, q] if pinned >> q & 1 else answers
        if kind == PAWN:
            for i in range(3):
                t = HITS[me, q, i] if i < 2 else q + (5 if me else -5)
                if t < 0 or not ends >> t & 1:
                    continue
                if not other < cells[t] <= other + KING if i < 2 else cells[t] != 0:
                    continue
                moves[count] = ACTION[me, q, t, 0]
                count += 1
                if ACTION[me, q, t, 1] >= 0:
                    for p in range(1, 4):
                        moves[count] = ACTION[me, q, t, p]
                        count += 1
        elif kind == KNIGHT:
            for t in LEAPS[q]:
                if t >= 0 and ends >> t & 1 and not own < cells[t] <= own + KING:
                    moves[count] = ACTION[me, q, t, 0]
                    count += 1
        else:
            for w in range(4 if kind == BISHOP else 0, 4 if kind == ROOK else 8):
                for i in range(4):
                    t = RAYS[q, w, i]
                    if t < 0 or own < cells[t] <= own + KING:
                        break
                    if ends >> t & 1:
                        moves[count] = ACTION[me, q, t, 0]
                        count += 1
                    if cells[t] != 0:
                        break
    return count, checks


@cached_njit
def is_bare(cells: NDArray[np.int8]) -> bool:
    """Whether too little material is left to go on."""
    knights, bishops, dark = 0, 0, 0
    for q in range(25):
        kind = (cells[q] - 1) % 6 + 1 if cells[q] else 0
        if kind in (PAWN, ROOK, QUEEN):
            return False
        knights += kind == KNIGHT
        bishops += kind == BISHOP
        dark += kind == BISHOP and q % 2 == 0
    return knights + bishops <= 1 or (knights == 0 and (dark == 0 or dark == bishops))


@cached_njit
def update_status(s: Any) -> None:
    """List the legal moves of the new position in ``s``, and find out whether the game is over."""
    count, checks = list_moves(s["cells"], s["to_play"], s["moves"])
    s["num_moves"] = count
    clock, keys = s["clock"], s["keys"]
    repeated = 0
    for i in range(clock - 4, -1, -2):
        repeated += keys[i] == keys[clock]
    s["repeated"] = repeated
    if count == 0:
        s["ending"] = LOST if checks else DRAW
    elif repeated >= 2 or clock >= MAX_CLOCK or s["plies"] >= MAX_PLIES or (clock == 0 and is_bare(s["cells"])):
        s["ending"] = DRAW


def init(s: Any) -> None:
    for q in range(25):  # Numba takes seconds to compile the assignment of one array to another
        s["cells"][q] = FIRST[q]
    update_status(s)


def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
    moves = s["moves"]
    for i in range(s["num_moves"]):
        legal[moves[i]] = True


def step(s: Any, a: int) -> None:
    me, cells, keys = s["to_play"], s["cells"], s["keys"]
    q, t = FROM[me, a], TO[me, a]
    piece, captured = cells[q], cells[t]
    placed = piece
    clock = s["clock"]
    key = keys[clock] ^ KEYS[piece, q] ^ KEYS[captured, t] ^ KEYS[0, q]
    clock += 1
    if piece == PAWN + 6 * me:
        clock = 0
        if t < 5 or t >= 20:
            placed = (BECOMES[a] if BECOMES[a] else QUEEN) + 6 * me
    if captured != 0:
        clock = 0
    cells[q] = 0
    cells[t] = placed
    s["clock"] = clock
    keys[clock] = key ^ KEYS[placed, t]
    s["to_play"] = 1 - me
    s["plies"] += 1
    update_status(s)


def outcome(s: Any) -> int:
    if s["ending"] == 0:
        return ONGOING
    return 0 if s["ending"] == DRAW else -1


def observe(s: Any, planes: NDArray[np.uint8]) -> None:
    cells, me = s["cells"], s["to_play"]
    for q in range(25):
        if cells[q]:
            r = 4 - q // 5 if me else q // 5
            planes[(cells[q] - 1 + 6 * me) % 12, r, q % 5] = 1
    planes[12] = min(s["repeated"], 1)
    for i in range(FIRST_PLY - FIRST_CLOCK):
        planes[FIRST_CLOCK + i] = s["clock"] >> i & 1
    for i in range(NUM_PLANES - FIRST_PLY):
        planes[FIRST_PLY + i] = s["plies"] >> i & 1


def heuristic(s: Any) -> float:
    white = 0
    for code in s["cells"]:
        if code:
            white += WORTH[code] if code <= KING else -WORTH[code - 6]
    return float(np.tanh((-white if s["to_play"] else white) / 6))

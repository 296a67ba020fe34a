"""Go's rules, compiled: chains of stones, superko, scoring, planes. All compiled code of the game is in this file.

Knows the row. Does not know drawings, texts or how the rules are lifted to batches: see ``games/rules/go.py``.

Cells are the points with a border around them, row by row; one column of border lies left of the first line and so
right of the last. The point in row r and column c is cell (r + 1) * width + c + 1, where width is size + 1:

    0  1  2      size 2: the points are 4, 5, 7 and 8
    3  4  5
    6  7  8
    9 10 11

The stones of a chain form a ring, and each stores the chain's name, which is one of their cells. The *breaths* of a
chain are its pairs of a stone and an empty neighbour: 0 means no liberty, and a point is the only liberty if all
breaths are pairs with it.

Superko: no move may recreate any earlier board, whoever was to play. Boards are compared by 64-bit Zobrist hashes
(Zobrist 1970); the row keeps all earlier ones, and a filter of the bits that they name. Few moves need a search in
them:

    Suppose that a move of colour c at p recreates an earlier board Q. If the stone stays, Q has c at p. As p is empty
    now, a stone of colour c was captured at p since then. So a move at a point where no stone of its colour was ever
    captured gives a new board. The bits of ``lost`` name the points with captures. A suicide is always looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import Rule, cached_njit
from games.game import ONGOING
from games.splitmix import GOLDEN, mix_bits

EMPTY, BORDER = 0, 3  # and 1 black, 2 white: the other colour is 3 - colour
LEGAL, SUICIDE, REPEATS = 0, 1, 2
NUM_LAST = 4  # last moves that a row keeps, for the observation
BLANK = np.uint64(0x5DEECE66D1B54A33)  # the empty board's hash
STEPS = np.array([(1, -1, width, -width) for width in range(21)])  # to the neighbours of a cell, by width


def _keys(count: int) -> NDArray[np.uint64]:
    """[count] pseudorandom numbers: SplitMix64 of 1, 2, .."""
    return np.asarray(mix_bits(np.arange(1, count + 1, dtype=np.uint64) * GOLDEN))


KEYS = _keys(3 * 20 * 21).reshape(3, 20 * 21)  # [colour, cell]


@cached_njit
def store_board(s: Any) -> None:
    """Store the present board among the earlier ones."""
    filters, position = s["filter"], s["hash"]
    s["history"][s["boards"]] = position
    s["boards"] += 1
    filters[np.int64(position >> np.uint64(6)) & (len(filters) - 1)] |= np.uint64(1) << (position & np.uint64(63))


@cached_njit
def is_earlier_board(s: Any, position: np.uint64) -> bool:
    """Whether there was an earlier board of this hash."""
    filters = s["filter"]
    word = filters[np.int64(position >> np.uint64(6)) & (len(filters) - 1)]
    if not (word >> (position & np.uint64(63))) & np.uint64(1):
        return False
    history, found = s["history"], False
    for i in range(s["boards"]):
        found |= history[i] == position
    return found


@cached_njit
def has_one_liberty(s: Any, p: int, q: int, width: int) -> bool:
    """Whether the chain of the stone at ``q`` has no liberty but ``p``."""
    chains = s["chains"]
    chain = chains[q]
    breaths = s["breaths"][chain]
    if breaths > 4:
        return False
    for i in range(4):
        breaths -= chains[p + STEPS[width, i]] == chain
    return bool(breaths == 0)


@cached_njit
def hash_after_capture(s: Any, p: int, colour: int, width: int) -> Any:
    """The board's hash after the removal of all chains of ``colour`` whose only liberty is ``p``."""
    stones, chains, ring, position = s["stones"], s["chains"], s["ring"], s["hash"]
    for i in range(4):
        q = p + STEPS[width, i]
        gone = stones[q] == colour and has_one_liberty(s, p, q, width)
        for k in range(i):
            gone &= chains[p + STEPS[width, k]] != chains[q]  # it is counted already
        x = q
        while gone:
            position ^= KEYS[colour, x]
            x = np.int64(ring[x])
            gone = x != q
    return position


@cached_njit
def check_move(s: Any, p: int, me: int, suicide: bool, width: int) -> int:
    """LEGAL, or why a stone of ``me`` may not go to the empty point ``p``."""
    stones, lost, stays = s["stones"], s["lost"][p] & me, False
    for i in range(4):
        stays |= stones[p + STEPS[width, i]] == EMPTY
    if not stays:
        for i in range(4):
            q = p + STEPS[width, i]
            if stones[q] != BORDER:  # an own chain with another liberty, or a capture
                stays |= has_one_liberty(s, p, q, width) == (stones[q] != me)
    if stays and not lost:
        return LEGAL
    if not stays and not suicide:
        return SUICIDE
    position = hash_after_capture(s, p, 3 - me if stays else me, width)
    return REPEATS if is_earlier_board(s, position ^ KEYS[me, p] if stays else position) else LEGAL


@cached_njit
def join(chains: NDArray[Any], ring: NDArray[Any], breaths: NDArray[Any], p: int, q: int) -> None:
    """Merge the chains of ``p`` and ``q``; the shorter one gets the name of the other."""
    x, y = np.int64(ring[p]), np.int64(ring[q])
    while x != p and y != q:
        x, y = np.int64(ring[x]), np.int64(ring[y])
    if x != p:
        p, q = q, p
    name, old = np.int64(chains[q]), np.int64(chains[p])
    breaths[name] += breaths[old]
    x = np.int64(p)
    while chains[x] == old:
        chains[x] = name
        x = np.int64(ring[x])
    ring[p], ring[q] = ring[q], ring[p]


@cached_njit
def remove(s: Any, p: int, width: int) -> None:
    """Remove the chain of ``p`` from the board."""
    stones, chains, breaths, ring, lost = s["stones"], s["chains"], s["breaths"], s["ring"], s["lost"]
    colour, x = stones[p], np.int64(p)
    while stones[x] != EMPTY:
        stones[x], chains[x] = EMPTY, 0
        lost[x] |= colour
        s["hash"] ^= KEYS[colour, x]
        for i in range(4):
            breaths[chains[x + STEPS[width, i]]] += 1  # nothing reads it for points without a stone
        x = np.int64(ring[x])


@cached_njit
def place(s: Any, p: int, me: int, width: int) -> None:
    """Put a stone of ``me`` on the empty point ``p`` and remove chains without liberties, the other player's first."""
    stones, chains, breaths, ring = s["stones"], s["chains"], s["breaths"], s["ring"]
    stones[p], chains[p], ring[p], breaths[p] = me, p, p, 0
    s["hash"] ^= KEYS[me, p]
    for i in range(4):
        q = p + STEPS[width, i]
        breaths[chains[q]] -= 1
        breaths[p] += stones[q] == EMPTY
    for i in range(4):
        q = p + STEPS[width, i]
        if stones[q] == me and chains[q] != chains[p]:
            join(chains, ring, breaths, p, q)
    for i in range(4):
        q = p + STEPS[width, i]
        if stones[q] == 3 - me and breaths[chains[q]] == 0:
            remove(s, q, width)
    if breaths[chains[p]] == 0:
        remove(s, p, width)


@cached_njit
def find_reach(s: Any, width: int) -> NDArray[np.int8]:
    """For every cell, whose stones stand there or reach it over empty points: bit 1 for Black, bit 2 for White.

    This is area scoring when the game is over. Before, an empty point that both reach counts for the nearer one only.
    """
    stones = s["stones"]
    reach, distance = np.zeros(len(stones), np.int8), np.zeros(len(stones), np.int16)
    queue, start, end = np.empty(2 * len(stones), np.int64), 0, 0
    for p in range(len(stones)):
        if stones[p] != EMPTY and stones[p] != BORDER:
            reach[p], queue[end] = stones[p], p
            end += 1
    while start < end:
        p = queue[start]
        start += 1
        for i in range(4):
            q = p + STEPS[width, i]
            bits = reach[p] | reach[q]
            if stones[q] != EMPTY or bits == reach[q] or (reach[q] and distance[q] <= distance[p] and not s["over"]):
                continue
            reach[q], distance[q], queue[end] = bits, distance[p] + 1, q
            end += 1
    return reach


@cached_njit
def margin(s: Any, width: int) -> int:
    """Black's points minus White's, without komi: see ``find_reach``."""
    total = 0
    for bits in find_reach(s, width):
        total += int(bits == 1) - int(bits == 2)
    return total


@cached_njit
def liberties(s: Any, width: int) -> NDArray[np.int16]:
    """[cells] the number of liberties of the chain of each name."""
    stones, chains = s["stones"], s["chains"]
    count, counted = np.zeros(len(stones), np.int16), np.zeros(len(stones), np.int16)
    for p in range(len(stones)):
        for i in range(4 if stones[p] == EMPTY else 0):
            chain = chains[p + STEPS[width, i]]
            if counted[chain] != p:
                counted[chain] = p
                count[chain] += 1
    return count


def rules(size: int, komi: float, suicide: bool, max_plies: int) -> dict[str, Rule]:
    """The compiled rules of ``from_rules`` for these parameters."""
    width, area = size + 1, size * size

    def init(s: Any) -> None:
        stones = s["stones"]
        stones[:] = BORDER
        for p in range(width, width * width):
            stones[p] = EMPTY if p % width else BORDER
        s["hash"] = BLANK
        store_board(s)

    def legal_actions(s: Any, legal: NDArray[np.bool_]) -> None:
        stones, me = s["stones"], s["to_play"] + 1
        for r in range(size):
            for c in range(size):
                p = (r + 1) * width + c + 1
                legal[r * size + c] = stones[p] == EMPTY and check_move(s, p, me, suicide, width) == LEGAL
        legal[area] = True

    def step(s: Any, a: int) -> None:
        last, mover = s["last"], s["to_play"]
        p = (a // size + 1) * width + a % size + 1 if a < area else 0
        if p:
            place(s, p, mover + 1, width)
            store_board(s)
            s["passes"] = 0
        else:
            s["passes"] += 1
        for i in range(NUM_LAST):
            last[i], p = p, last[i]
        s["plies"] += 1
        s["to_play"] = 1 - mover
        if s["passes"] == 2 or s["plies"] == max_plies:
            s["over"] = 1
            s["margin"] = margin(s, width)

    def outcome(s: Any) -> int:
        if not s["over"]:
            return ONGOING
        lead = s["margin"] - komi if s["to_play"] == 0 else komi - s["margin"]
        return int(lead > 0) - int(lead < 0)

    def observe(s: Any, planes: NDArray[np.uint8]) -> None:
        stones, chains, last, me = s["stones"], s["chains"], s["last"], s["to_play"] + 1
        count = liberties(s, width)
        left = max_plies - s["plies"]
        for r in range(size):
            for c in range(size):
                p = (r + 1) * width + c + 1
                if stones[p] != EMPTY:
                    planes[0 if stones[p] == me else 1, r, c] = 1
                    for n in range(1, 4):
                        planes[1 + n, r, c] = count[chains[p]] == n
                elif s["lost"][p] & me or suicide:
                    planes[5, r, c] = check_move(s, p, me, suicide, width) == REPEATS
        for i in range(NUM_LAST):
            if last[i]:
                planes[6 + i, last[i] // width - 1, last[i] % width - 1] = 1
        planes[10], planes[11] = s["passes"], me == 1
        planes[12], planes[13], planes[14] = left <= 16, left <= 4, left <= 1

    def heuristic(s: Any) -> float:
        lead = margin(s, width) - komi
        return float(np.tanh((lead if s["to_play"] == 0 else -lead) / size))

    def final_targets(s: Any, ownership: NDArray[np.int8]) -> float:
        reach, sign = find_reach(s, width), 1 - 2 * s["to_play"]
        for r in range(size):
            for c in range(size):
                bits = reach[(r + 1) * width + c + 1]
                ownership[r, c] = sign * (int(bits == 1) - int(bits == 2))
        return float(sign * (s["margin"] - komi))

    return {r.__name__: r for r in (init, legal_actions, step, outcome, observe, heuristic, final_targets)}

"""The alpha-beta search behind the Connect Four solver: compiled kernels on bitboards of the 6×7 board.

Knows bitboards, proofs and the transposition table. Does not know a user's columns, errors or when to search.

A column is 7 bits, lowest cell first, the 7th always empty so that no line runs on into the next column. `current`
holds the stones of the player to move, `mask` all stones. Scores are those of `agent.solvers.connect_four`, always from
the view of the player to move. A uint64 and a plain integer together become a float, so every bit constant is a uint64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.compilation.jit_cache import cached_njit

U64 = np.uint64
Table = NDArray[np.uint64]

S1, S2, S3, S6, S7, S8, S9, S12, S14, S15 = (U64(n) for n in (1, 2, 3, 6, 7, 8, 9, 12, 14, 15))
S16, S18, S20, S21, S24, S28, S32, S35, S42 = (U64(n) for n in (16, 18, 20, 21, 24, 28, 32, 35, 42))
ZERO, ONE = U64(0), U64(1)

NUM_CELLS = 42
FRAMES = NUM_CELLS + 1
BOTTOM = U64(sum(1 << (7 * column) for column in range(7)))
BOARD = U64(0b0111111 * int(BOTTOM))
LOWER = U64(0b0010101 * int(BOTTOM))  # the 1st, 3rd and 5th row: the lower cell of each pair
UPPER = U64(0b0101010 * int(BOTTOM))
TOP = U64(0b0100000 * int(BOTTOM))
UPPER_BUT_TOP = U64(0b0001010 * int(BOTTOM))
COLUMN = U64(0b1111111)
MIDDLE = U64(0b1111111 << 21)
CENTRE_FIRST = np.array([0b0111111 << (7 * column) for column in (3, 2, 4, 1, 5, 0, 6)], np.uint64)

LOW_32, LOW_6, LOW_3 = U64(0xFFFFFFFF), U64(0b111111), U64(0b111)
MIX_LOW, MIX_HIGH = U64(0x9E3779B1), U64(0xC2B2AE3D)
NO_BOUND = 99


@cached_njit
def count(cells: U64) -> int:
    """Number of set bits (LLVM makes this loop one instruction)."""
    total = 0
    while cells != ZERO:
        cells &= cells - ONE
        total += 1
    return total


@cached_njit
def four(stones: U64) -> bool:
    """Whether `stones` hold four in a line."""
    pairs = stones & (stones >> S1)
    found = pairs & (pairs >> S2)
    pairs = stones & (stones >> S7)
    found |= pairs & (pairs >> S14)
    pairs = stones & (stones >> S6)
    found |= pairs & (pairs >> S12)
    pairs = stones & (stones >> S8)
    found |= pairs & (pairs >> S16)
    return bool(found != ZERO)


@cached_njit
def threats(stones: U64, mask: U64) -> U64:
    """The empty cells, reachable now or not, that would make four in a line with `stones`."""
    cells = (stones << S1) & (stones << S2) & (stones << S3)
    cells |= (stones << S7) & (stones << S14) & ((stones << S21) | (stones >> S7))
    cells |= (stones >> S7) & (stones >> S14) & ((stones << S7) | (stones >> S21))
    cells |= (stones << S6) & (stones << S12) & ((stones << S18) | (stones >> S6))
    cells |= (stones >> S6) & (stones >> S12) & ((stones << S6) | (stones >> S18))
    cells |= (stones << S8) & (stones << S16) & ((stones << S24) | (stones >> S8))
    cells |= (stones >> S8) & (stones >> S16) & ((stones << S8) | (stones >> S24))
    return cells & (BOARD ^ mask)


@cached_njit
def mirror(board: U64) -> U64:
    """`board` (or a key) with its columns in reverse order."""
    left = ((board & COLUMN) << S42) | (((board >> S7) & COLUMN) << S35) | (((board >> S14) & COLUMN) << S28)
    right = (board >> S42) | (((board >> S35) & COLUMN) << S7) | (((board >> S28) & COLUMN) << S14)
    return left | (board & MIDDLE) | right


@cached_njit
def follow_up_bound(first: U64, mask: U64) -> int:
    """Upper bound on the score of the first player, who is to move, if the second answers on top, or NO_BOUND.

    When every column has an even number of empty cells, the second player answers each stone with one above it and so
    gets the upper cell of every pair. If the first player's stones and all lower cells hold no four, he cannot win. If
    the upper cells also complete a four, he loses. Columns with only the top cell left form pairs with each other, and
    either player may get either one. (The rule Claimeven of Allis, "A Knowledge-based Approach of Connect-Four", 1988.)
    """
    ready = mask + BOTTOM
    if ready & UPPER_BUT_TOP != ZERO:
        return NO_BOUND
    empty, tops = BOARD ^ mask, ready & TOP
    if four(first | (empty & LOWER) | tops):
        return NO_BOUND
    return -1 if four((first ^ mask) | (empty & UPPER & (BOARD ^ tops))) else 0


@cached_njit
def static_value(current: U64, mask: U64, num_stones: int, target: int) -> int:
    """A bound on the score that decides without a search whether it is at least `target`, or NO_BOUND."""
    other, empty = current ^ mask, BOARD ^ mask
    if target > 0 and not four(current | empty):
        return 0
    if target <= 0 and not four(other | empty):
        return 0
    if num_stones & 1 == 0:
        if target >= 0:
            bound = follow_up_bound(current, mask)
            if bound < target:
                return bound
    elif target <= 1:  # the second player is to move: one stone may leave only even columns
        ready = mask + BOTTOM
        odd = ready & UPPER_BUT_TOP
        if odd == ZERO:
            odd = ready & TOP
        bound = follow_up_bound(other, mask | (odd ^ (odd & (odd - ONE))))
        if -bound >= target:
            return -bound
    return NO_BOUND


@cached_njit
def bucket(key: U64, table: Table) -> np.int64:
    """Index of the first of the two entries where `key` may be. Two 32-bit products: nothing wraps."""
    mixed = ((key & LOW_32) * MIX_LOW) ^ ((key >> S32) * MIX_HIGH)
    return np.int64((mixed >> S20) & U64(table.size - 2))


@cached_njit
def probe(key: U64, table: Table) -> tuple[Any, Any]:
    """(lower, upper) bound stored for `key`. (-32, 31) when none is.

    An entry is one word, key 49 bits | lower 6 | upper 6 | work 3, so threads that share a table can lose an entry but
    never read a wrong one. Zero is the empty entry.
    """
    index = bucket(key, table)
    entry = table[index]
    if entry >> S15 != key:
        entry = table[index + 1]
        if entry >> S15 != key:
            return -32, 31
    return np.int64((entry >> S9) & LOW_6) - 32, 31 - np.int64((entry >> S3) & LOW_6)


@cached_njit
def store(key: U64, value: int, is_lower: bool, num_nodes: int, table: Table) -> None:
    """Write a bound that took `num_nodes` to prove, and keep the other bound where the table still has it.

    The first entry of a bucket keeps what took the most work, the second takes the rest (Breuker, "Memory versus Search
    in Games", 1998). Each time the first is kept it counts for less, so that a finished search does not hold the table.
    """
    lower, upper = probe(key, table)
    if is_lower:
        lower = value
    else:
        upper = value
    work = 0
    while num_nodes >= 4 and work < 7:
        num_nodes >>= 2
        work += 1
    index = bucket(key, table)
    first = table[index]
    if first >> S15 != key:
        if table[index + 1] >> S15 == key:
            index += 1
        elif work >= np.int64(first & LOW_3):
            table[index + 1] = first
        else:
            table[index] = first - ONE
            index += 1
    table[index] = (key << S15) | (U64(lower + 32) << S9) | (U64(31 - upper) << S3) | U64(work)


@cached_njit
def prove(current: U64, mask: U64, target: int, symmetric: bool, table: Table) -> tuple[int, int]:
    """(bound, nodes visited): bound >= target proves that the score is at least `bound`, bound < target at most.

    Fail-soft alpha-beta with a null window (Knuth & Moore 1975) on an explicit stack, a frame a ply. The player to move
    must have no immediate win; no move that lets the opponent win at once is tried, so this holds for every node below.
    Moves that make most threats come first, central ones among equals. With `symmetric`, mirror images share an entry.
    """
    root = count(mask)
    currents, masks = np.empty(FRAMES, np.uint64), np.empty(FRAMES, np.uint64)
    against, keys = np.empty(FRAMES, np.uint64), np.empty(FRAMES, np.uint64)  # against: the opponent's threats
    targets, best, entered = np.empty(FRAMES, np.int64), np.empty(FRAMES, np.int64), np.empty(FRAMES, np.int64)
    num_moves, next_move = np.empty(FRAMES, np.int64), np.empty(FRAMES, np.int64)
    moves, made = np.empty((FRAMES, 7), np.uint64), np.empty((FRAMES, 7), np.uint64)  # made: the mover's threats
    ranks = np.empty(7, np.int64)

    n = root  # stones on the board, and the frame of the stack
    currents[n], masks[n], against[n], targets[n] = current, mask, threats(current ^ mask, mask), target
    nodes = 0
    while True:
        nodes += 1
        current, mask, target = currents[n], masks[n], targets[n]
        possible = (mask + BOTTOM) & BOARD
        forced = possible & against[n]
        if forced != ZERO:
            possible = forced if forced & (forced - ONE) == ZERO else ZERO
        possible &= BOARD ^ (against[n] >> S1)

        # The soonest win is with the stone after next, the soonest loss with the opponent's stone after its next.
        key, value = ZERO, NO_BOUND
        if n >= NUM_CELLS - 1:
            value = 0
        elif possible == ZERO:
            value = (n + 1) // 2 - 21
        elif n == NUM_CELLS - 2:
            value = 0
        elif 20 - n // 2 < target:
            value = 20 - n // 2
        elif (n + 1) // 2 - 20 >= target:
            value = (n + 1) // 2 - 20
        else:
            key = current + mask
            if symmetric:
                key = min(key, mirror(key))
            lower, upper = probe(key, table)
            if lower >= target:
                value = lower
            elif upper < target:
                value = upper
            else:
                value = static_value(current, mask, n, target)

        if value == NO_BOUND:
            total = 0
            for column in CENTRE_FIRST:
                move = possible & column
                if move != ZERO:
                    after = threats(current | move, mask | move)
                    rank = count(after)
                    place = total
                    while place > 0 and ranks[place - 1] < rank:
                        ranks[place] = ranks[place - 1]
                        moves[n, place], made[n, place] = moves[n, place - 1], made[n, place - 1]
                        place -= 1
                    ranks[place], moves[n, place], made[n, place] = rank, move, after
                    total += 1
            num_moves[n], next_move[n], best[n], keys[n], entered[n] = total, 0, -NO_BOUND, key, nodes

        while value != NO_BOUND:  # pass the value up until a node has another move to try
            if n == root:
                return value, nodes
            n -= 1
            best[n] = max(best[n], -value)
            value = NO_BOUND
            if best[n] >= targets[n] or next_move[n] == num_moves[n]:
                value = best[n]
                store(keys[n], value, value >= targets[n], nodes - entered[n], table)

        move = moves[n, next_move[n]]
        currents[n + 1], masks[n + 1] = currents[n] ^ masks[n], masks[n] | move
        against[n + 1], targets[n + 1] = made[n, next_move[n]], 1 - targets[n]
        next_move[n] += 1
        n += 1


@cached_njit
def solve(current: U64, mask: U64, guess: int, symmetric: bool, table: Table) -> tuple[int, int]:
    """(exact score, nodes visited) of an unfinished position, from null windows that start at `guess`.

    Each window is laid where the last bound fell (MTD(f): Plaat et al., "Best-first fixed-depth minimax algorithms",
    1996), so a good guess costs two proofs.
    """
    num_stones = count(mask)
    if threats(current, mask) & (mask + BOTTOM) != ZERO:
        return 21 - num_stones // 2, 1
    lower, upper, nodes = (num_stones + 1) // 2 - 21, 20 - num_stones // 2, 0
    while lower < upper:
        target = min(max(guess if guess > lower else guess + 1, lower + 1), upper)
        guess, visited = prove(current, mask, target, symmetric, table)
        nodes += visited
        if guess >= target:
            lower = guess
        else:
            upper = guess
    return lower, nodes


@cached_njit
def outcome(current: U64, mask: U64, symmetric: bool, table: Table) -> tuple[int, int]:
    """(+1, 0 or -1, nodes visited) of an unfinished position for the player to move, from two proofs at most."""
    if threats(current, mask) & (mask + BOTTOM) != ZERO:
        return 1, 1
    bound, nodes = prove(current, mask, 1, symmetric, table)
    if bound != 0:  # 0 is an upper bound yet
        return 1 if bound > 0 else -1, nodes
    bound, visited = prove(current, mask, 0, symmetric, table)
    return 0 if bound >= 0 else -1, nodes + visited

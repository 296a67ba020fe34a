"""Exact values of small games by their own compiled rules: alpha-beta with a transposition table.

Knows rules as functions, and the hash codes of positions. Does not know which games take too long.

A proof decides whether the value for the player to move is at least ``target`` (a null window: Knuth & Moore, "An
analysis of alpha-beta pruning", 1975). An outcome takes two proofs at most. For a score each window is placed at the
last bound (MTD(f): Plaat et al., "Best-first fixed-depth minimax algorithms", 1996). The player to move may stay the
same after an action: the sign of a value changes only where ``to_play`` changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from games.compilation.jit_cache import Rule, Rules, cached_njit, compile_cached, fingerprint
from games.compiled import CompiledGame
from games.game import ONGOING, Row, States
from games.splitmix import compiled_mix_bits

FAR = 1 << 14
"""Larger than every value."""

ENTRY = np.dtype(
    [("code", np.uint64), ("lower", np.int16), ("upper", np.int16), ("best", np.int16), ("unused", np.int16)]
)


def by_observation(rules: Rules, shape: tuple[int, int, int]) -> Rule:
    """``code(row, planes)`` from the observation, for games whose observation determines the value."""
    observe, num_cells = rules["observe"], int(np.prod(shape))

    def code(s: Any, planes: NDArray[np.uint8]) -> Any:
        planes[:] = 0
        observe(s, planes)
        flat, total = planes.reshape(num_cells), np.uint64(0x9E3779B97F4A7C15)
        word = np.uint64(0)
        for i in range(num_cells):
            word = word << np.uint64(1) | np.uint64(flat[i])  # planes of zeros and ones
            if i & 31 == 31:
                total, word = compiled_mix_bits(total ^ word), np.uint64(1)
        return compiled_mix_bits(total ^ word)

    return code


def by_history(rules: Rules, shape: tuple[int, int, int]) -> Rule:
    """``code(row, planes)`` for Go: the board, who is to play, the passes, the plies and the set of earlier boards."""

    def code(s: Any, planes: NDArray[np.uint8]) -> Any:
        total = compiled_mix_bits(s["hash"] ^ np.uint64(s["to_play"] + 2 * s["passes"] + 8 * s["plies"]))
        for i in range(s["boards"]):
            total += compiled_mix_bits(s["history"][i])  # a sum, because the order does not matter
        return total

    return code


@cached_njit
def no_guess(s: Any) -> float:
    return 0.0


def make_proof_search(rules: Rules, key: str | None) -> Rule:
    """The compiled search: see ``ExhaustiveSolver``."""
    step, legal_actions, outcome, code, guess, score = (
        rules[name] for name in ("step", "legal_actions", "outcome", "code", "heuristic", "score")
    )

    @njit(nogil=True)
    def ordered(stack: States, level: int, first: int, legal: Any, ranks: Any, order: Any) -> int:
        """Write the legal actions of ``stack[level]`` into ``order[level]``, best first. Return their number."""
        legal[:] = False
        legal_actions(stack[level], legal)
        count = 0
        for a in range(len(legal)):
            if not legal[a]:
                continue
            stack[level + 1] = stack[level]
            child = stack[level + 1]
            step(child, a)
            result = outcome(child)
            rank = 2.0 * result if result != ONGOING else guess(child)
            if child["to_play"] != stack[level]["to_play"]:
                rank = -rank
            if a == first:
                rank += 4.0
            place = count
            while place > 0 and ranks[place - 1] < rank:
                ranks[place], order[level, place] = ranks[place - 1], order[level, place - 1]
                place -= 1
            ranks[place], order[level, place] = rank, a
            count += 1
        return count

    def loop(
        stack: States, target: int, table: Any, planes: Any, legal: Any, ranks: Any, order: Any, ownership: Any
    ) -> tuple[int, int]:
        """(bound on the value of ``stack[0]``, positions visited): a lower bound if >= target, else an upper one."""
        depth = len(stack)
        targets, best, choices = np.zeros(depth, np.int64), np.zeros(depth, np.int64), np.zeros(depth, np.int64)
        counts, begun, codes = np.zeros(depth, np.int64), np.zeros(depth, np.int64), np.zeros(depth, np.uint64)
        mask = np.uint64(len(table) - 1)
        level, nodes, known, value = 0, 0, False, 0
        targets[0] = target
        while True:
            nodes += 1
            row, wanted, first = stack[level], targets[level], -1
            result = outcome(row)
            if result != ONGOING:
                value, known = score(row, result, ownership), True
            else:
                codes[level] = code(row, planes)
                entry = table[np.int64(codes[level] & mask)]
                known = False
                if entry["code"] == codes[level]:
                    first = entry["best"]
                    if entry["lower"] >= wanted:
                        value, known = int(entry["lower"]), True
                    elif entry["upper"] < wanted:
                        value, known = int(entry["upper"]), True
            if not known:
                counts[level] = ordered(stack, level, first, legal, ranks, order)
                begun[level], best[level] = 0, -FAR
            while known:  # pass the value up until a position has another action to try
                if level == 0:
                    return value, nodes
                level -= 1
                seen = value if stack[level]["to_play"] == stack[level + 1]["to_play"] else -value
                if seen > best[level]:
                    best[level], choices[level] = seen, order[level, begun[level] - 1]
                known = best[level] >= targets[level] or begun[level] == counts[level]
                if known:
                    value = best[level]
                    entry = table[np.int64(codes[level] & mask)]
                    if entry["code"] != codes[level]:
                        entry["code"], entry["lower"], entry["upper"] = codes[level], -FAR, FAR
                    entry["best"] = choices[level]
                    if value >= targets[level]:
                        entry["lower"] = value
                    else:
                        entry["upper"] = value
            stack[level + 1] = stack[level]
            step(stack[level + 1], order[level, begun[level]])
            begun[level] += 1
            same = stack[level]["to_play"] == stack[level + 1]["to_play"]
            targets[level + 1] = targets[level] if same else 1 - targets[level]
            level += 1

    return compile_cached(loop, key)


class ExhaustiveSolver:
    """Exact outcomes and scores of a compiled game's positions. Proven bounds are kept between calls.

    ``nodes`` counts the positions visited. The table has 2 ** ``table_bits`` entries of 16 bytes, and positions are
    identified by 64-bit hashes. Only one thread may use a solver at a time.
    """

    def __init__(self, game: CompiledGame, *, scores: bool = False, with_history: bool = False, table_bits: int = 20):
        """``scores``: values are twice the points that ``Game.final_targets`` counts, instead of outcomes.

        ``with_history``: the state is that of Go, where earlier boards matter. ValueError for ``table_bits`` outside
        1–30 or a game without points.
        """
        if not 1 <= table_bits <= 30:
            raise ValueError(f"table_bits is {table_bits}: choose 1 to 30 (16 * 2 ** table_bits bytes)")
        if scores and not game.has_final_targets:
            raise ValueError(f"{game.name} is not decided by points: ask for outcomes")
        self.game, self.nodes, self.scored = game, 0, scores
        rules: dict[str, Rule] = {"heuristic": no_guess, **game.rules}
        points: Rule = rules.get("final_targets", no_guess)

        def outcome_of(s: Any, result: int, ownership: Any) -> int:
            return result

        def points_of(s: Any, result: int, ownership: Any) -> int:
            ownership[:] = 0
            total: float = points(s, ownership)
            return round(2 * total)

        make_code = by_history if with_history else by_observation
        solver_rules: dict[str, Rule] = {
            "code": make_code(rules, game.observation_shape),
            "score": points_of if scores else outcome_of,
        }
        rules |= {name: compile_cached(rule, fingerprint({name: rule})) for name, rule in solver_rules.items()}
        self._prove = make_proof_search(rules, fingerprint(rules))
        depth, actions = game.max_plies + 2, game.num_actions
        self._stack, self._table = game.new(depth), np.zeros(1 << table_bits, ENTRY)
        self._scratch = (
            np.zeros(game.observation_shape, np.uint8),
            np.zeros(actions, np.bool_),
            np.zeros(actions),
            np.zeros((depth, actions), np.int64),
            np.zeros(game.observation_shape[1:], np.int8),
        )

    def value(self, row: Row, guess: int = 0) -> int:
        """The exact value of ``row`` for the player to move: +1, 0, -1 or twice the points. The game may be over."""
        if not self.scored:
            bound = self._bound(row, 1)
            return bound if bound != 0 else self._bound(row, 0)
        lower, upper = -FAR, FAR
        while lower < upper:
            target = guess + 1 if guess == lower else guess
            guess = self._bound(row, target)
            lower, upper = (guess, upper) if guess >= target else (lower, guess)
        return lower

    def values(self, row: Row) -> dict[int, int]:
        """{action: value for the player who makes it} of every legal action in ``row``, which must not be over."""
        states = self.game.new(1)
        states[0] = row
        out = self.game.describe_new(states)
        if out.terminal[0]:
            raise ValueError("the game is over: there is no move to solve")
        actions = np.flatnonzero(out.legal[0])
        children = self.game.new(len(actions))
        children[:] = row
        self.game.step(children, actions)
        values: dict[int, int] = {}
        for action, child in zip(actions.tolist(), children, strict=True):
            sign = 1 if child["to_play"] == row["to_play"] else -1
            values[action] = sign * self.value(child)
        return values

    def _bound(self, row: Row, target: int) -> int:
        self._stack[0] = row
        planes, legal, ranks, order, ownership = self._scratch
        bound, nodes = self._prove(self._stack, target, self._table, planes, legal, ranks, order, ownership)
        self.nodes += nodes
        return int(bound)

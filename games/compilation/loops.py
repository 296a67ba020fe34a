"""The loops that lift scalar rules to batches of rows.

Knows the scalar rules by name. Does not know any game, nor how compiled loops are cached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from games.compilation.jit_cache import Rule, Rules, compile_cached
from games.game import NO_LIMIT, ONGOING, States

NO, YES, OPEN, NEW = 0, 1, 2, 3

NO_PLAYER = "s['to_play'] is neither 0 nor 1"
NO_OUTCOME = "outcome returned something other than ONGOING, +1, 0 or -1"
NO_ACTION = "legal_actions allowed no action although outcome returned ONGOING"
NO_END = "a game took more than max_plies actions"
"""Messages of checked loops about rules that break the contract. Other code compares them."""


@njit(nogil=True)
def check_player(to_play: int) -> None:
    """ValueError unless ``to_play`` is 0 or 1."""
    if to_play != 0 and to_play != 1:
        raise ValueError(NO_PLAYER)


@njit(nogil=True)
def check_outcome(result: Any) -> None:
    """ValueError unless ``result`` is an outcome."""
    if result != ONGOING and result != 1 and result != 0 and result != -1:
        raise ValueError(NO_OUTCOME)


def begin_turn(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    begin_turn = rules["begin_turn"]

    def loop(states: States) -> None:
        for b in range(len(states)):
            begin_turn(states[b])

    return compile_cached(loop, key, checked)


def step(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    step = rules["step"]

    def loop(states: States, actions: NDArray[Any]) -> None:
        for b in range(len(states)):
            step(states[b], actions[b])

    return compile_cached(loop, key, checked)


def advance(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    step = rules["step"]

    def loop(arena: States, sources: NDArray[Any], targets: NDArray[Any], actions: NDArray[Any]) -> None:
        for b in range(len(sources)):
            if sources[b] != targets[b]:
                arena[targets[b]] = arena[sources[b]]
            if actions[b] >= 0:
                step(arena[targets[b]], actions[b])

    return compile_cached(loop, key, checked)


def describe(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    legal_actions, observe, outcome = (rules[name] for name in ("legal_actions", "observe", "outcome"))

    def loop(
        states: States,
        observation: NDArray[Any],
        legal: NDArray[np.bool_],
        to_play: NDArray[np.int8],
        terminal: NDArray[np.bool_],
        value: NDArray[np.float32],
    ) -> None:
        observation.fill(0)
        legal.fill(False)
        observed = observation.shape[1] > 0
        for b in range(len(states)):
            row = states[b]
            if checked:
                check_player(row["to_play"])
            if observed:
                observe(row, observation[b])
            to_play[b] = row["to_play"]
            result = outcome(row)
            terminal[b] = result != ONGOING
            if checked:
                check_outcome(result)
            if result == ONGOING:
                value[b] = 0
                legal_actions(row, legal[b])
                if checked and not legal[b].any():
                    raise ValueError(NO_ACTION)
            else:
                value[b] = result

    return compile_cached(loop, key, checked)


def lookahead(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    step, legal_actions, outcome = (rules[name] for name in ("step", "legal_actions", "outcome"))

    @njit(nogil=True, boundscheck=checked or None)
    def try_ending_actions(
        stack: States, legal: NDArray[np.bool_], level: int, depth: int, player: int, bound: int, left: Any
    ) -> int:
        """Answer ``forces`` at ``level`` by the actions that end the game: YES, NO or OPEN.

        These actions are then removed from ``legal``.
        """
        row, below = stack[level], stack[level + 1]
        mine, last = row["to_play"] == player, level + 1 == depth
        legal[level] = False
        legal_actions(row, legal[level])
        going = False
        for a in range(legal.shape[1]):
            if legal[level, a]:
                stack[level + 1] = row
                step(below, a)
                value = outcome(below)
                if value == ONGOING:
                    if last and not mine:  # the depth is reached, and nothing is forced
                        return NO
                    going = True
                else:
                    legal[level, a] = False
                    left[1] += value == 0
                    reached = (value if below["to_play"] == player else -value) >= bound
                    if reached == mine:
                        return YES if mine else NO
        if not going:
            return NO if mine else YES
        return NO if last else OPEN

    @njit(nogil=True, boundscheck=checked or None)
    def forces(stack: States, legal: NDArray[np.bool_], depth: int, player: int, bound: int, left: Any) -> bool:
        """Whether ``player`` can force ``bound`` or more within ``depth`` plies.

        Every position takes one of ``left[0]``; if none is left, nothing is forced. ``left[1]`` counts the draws that
        were reached. The search has an explicit stack, because Numba cannot store recursive closures on disk.
        """
        level = 0
        verdict = NEW
        while True:
            if verdict == NEW:
                left[0] -= 1
                if left[0] < 0:
                    return False
                verdict = try_ending_actions(stack, legal, level, depth, player, bound, left)
            elif verdict == OPEN:
                a = 0
                while a < legal.shape[1] and not legal[level, a]:
                    a += 1
                if a < legal.shape[1]:
                    legal[level, a] = False
                    stack[level + 1] = stack[level]
                    step(stack[level + 1], a)
                    level += 1
                    verdict = NEW
                else:  # no action decided it
                    verdict = NO if stack[level]["to_play"] == player else YES
            elif level == 0:
                return verdict == YES
            else:
                level -= 1
                if verdict != (YES if stack[level]["to_play"] == player else NO):
                    verdict = OPEN

    @njit(nogil=True, boundscheck=checked or None)
    def forced_value(stack: States, legal: NDArray[np.bool_], depth: int, left: Any) -> int:
        """The value of a forced end within ``depth`` plies for the player to move; ONGOING if there is none."""
        me, draws = stack[0]["to_play"], 0
        left[1] = 0
        for question in range(4):  # a win for me, for the other; a draw or more for me, for the other
            player = me if question % 2 == 0 else 1 - me
            forced = forces(stack, legal, depth, player, 1 if question < 2 else 0, left)
            if forced and question < 2:
                return 1 if player == me else -1
            if question == 0:
                draws = left[1]
            elif (question == 1 and draws == 0) or (question >= 2 and not forced):
                return ONGOING  # if no draw was reached, the search for a draw or more would be the same as for a win
        return 0

    def loop(
        states: States, depth: int, nodes: int, stack: States, legal: NDArray[np.bool_], out: NDArray[np.int8]
    ) -> None:
        left = np.empty(2, np.int64)
        for b in range(len(states)):
            out[b] = outcome(states[b])
            left[0] = nodes
            ahead = min(2, depth)
            while out[b] == ONGOING and ahead > 0 and left[0] > 0:
                stack[0] = states[b]
                out[b] = forced_value(stack, legal, ahead, left)
                ahead = min(ahead + 2, depth) if ahead < depth else 0

    return compile_cached(loop, key, checked)


def rollout(rules: Rules, key: str | None, checked: bool = False, most: int = NO_LIMIT) -> Rule:
    """``most``: the most plies of a game, tested if ``checked``."""
    step, legal_actions, outcome = (rules[name] for name in ("step", "legal_actions", "outcome"))

    def loop(
        states: States, scratch: States, seeds: NDArray[np.uint64], legal: NDArray[np.bool_], out: NDArray[np.float32]
    ) -> None:
        choices = np.empty(len(legal), np.int64)
        for b in range(len(states)):
            scratch[0] = states[b]
            row = scratch[0]
            seed = seeds[b] | np.uint64(1)
            result = outcome(row)
            plies = 0
            while result == ONGOING:
                legal[:] = False
                legal_actions(row, legal)
                count = 0
                for a in range(len(legal)):
                    choices[count] = a
                    count += legal[a]
                plies += 1
                if checked:
                    check_player(row["to_play"])
                    if count == 0:
                        raise ValueError(NO_ACTION)
                    if plies > most:
                        raise ValueError(NO_END)
                seed ^= seed << np.uint64(13)  # xorshift64 (Marsaglia 2003)
                seed ^= seed >> np.uint64(7)
                seed ^= seed << np.uint64(17)
                pick = (seed >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
                step(row, choices[pick])
                result = outcome(row)
            if checked:
                check_player(row["to_play"])
                check_outcome(result)
            out[b] = result if row["to_play"] == states[b]["to_play"] else -result

    return compile_cached(loop, f"{key} {most}" if checked and key else key, checked)


def final_targets(rules: Rules, key: str | None, checked: bool = False) -> Rule:
    targets = rules["final_targets"]

    def loop(states: States, ownership: NDArray[np.int8], score: NDArray[np.float32]) -> None:
        ownership.fill(0)
        for b in range(len(states)):
            score[b] = targets(states[b], ownership[b])

    return compile_cached(loop, key, checked)

"""Positions that moves lead to: those after given moves, and those of random games."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States


def initial_states(game: Game, count: int = 1) -> States:
    """[B] ``count`` rows with the first position."""
    states = game.new(count)
    game.init(states)
    return states


def state_after(game: Game, actions: Sequence[int] | NDArray[np.integer]) -> States:
    """[1] the state after ``actions``, which must be legal, from the first position."""
    return states_after(game, [actions])


def states_after(game: Game, lines: Sequence[Sequence[int] | NDArray[np.integer]]) -> States:
    """[B] the states after each of ``lines``, sequences of legal actions from the first position."""
    states = initial_states(game, len(lines))
    lengths = np.array([len(line) for line in lines])
    for ply in range(int(lengths.max(initial=0))):
        rows = np.flatnonzero(lengths > ply)
        game.advance(states, rows, rows, np.array([lines[i][ply] for i in rows.tolist()], np.int64))
    return states


def action_texts(game: Game, actions: Sequence[int] | NDArray[np.integer]) -> list[str]:
    """Legal ``actions`` from the first position, as people write them."""
    return [game.action_text(int(action), seat) for action, seat in zip(actions, seats_of(game, actions), strict=True)]


def seats_of(game: Game, actions: Sequence[int] | NDArray[np.integer]) -> list[int]:
    """The player, 0 or 1, of each of the legal ``actions`` from the first position."""
    states, seats = initial_states(game), list[int]()
    for action in actions:
        seats.append(int(game.describe_new(states).to_play[0]))
        game.step(states, np.array([action]))
    return seats


def random_game(game: Game, rng: np.random.Generator, *, takes_wins: bool = False) -> list[int]:
    """The actions of one game between players who choose uniformly among the legal actions.

    With ``takes_wins`` true, a player who can win at once chooses among the actions that do.
    """
    states, actions = initial_states(game), list[int]()
    while not (out := game.describe_new(states)).terminal[0]:
        legal = np.flatnonzero(out.legal[0])
        wins = winning_actions(game, states, legal, int(out.to_play[0])) if takes_wins else legal[:0]
        actions.append(int(rng.choice(wins if len(wins) else legal)))
        game.step(states, np.array(actions[-1:]))
    return actions


def winning_actions(game: Game, state: States, legal: NDArray[np.int64], mover: int) -> NDArray[np.int64]:
    """Those of the ``legal`` actions in ``state`` [1] that win at once for the player ``mover``, who is to move."""
    children = game.new(len(legal))
    game.copy(children, np.repeat(state, len(legal)))
    game.step(children, legal)
    after = game.describe_new(children)
    return legal[after.terminal & (np.where(after.to_play == mover, after.value, -after.value) > 0)]


def random_positions(
    game: Game, count: int, *, plies: int | None = None, seed: int = 0, finished: bool = False
) -> States:
    """[B] states of ``count`` random games after ``plies`` actions each; None: after a random number of actions.

    With ``finished`` true, that number is below ``max_plies``, and games that ended stay where they are. Otherwise it
    is below three quarters of ``max_plies``, and an action that would end a game is not played, so no state is over.
    """
    rng = np.random.default_rng(seed)
    states = initial_states(game, count)
    if plies is None:
        longest = game.max_plies if finished else game.max_plies * 3 // 4
        lengths = rng.integers(0, max(longest, 1), count)
    else:
        lengths = np.full(count, plies)
    for ply in range(int(lengths.max(initial=0))):
        out = game.describe_new(states)
        rows = np.flatnonzero((lengths > ply) & ~out.terminal)
        actions = np.array([rng.choice(np.flatnonzero(out.legal[b])) for b in rows], np.int64)
        before = game.new(len(rows))
        game.copy(before, states[rows])
        game.advance(states, rows, rows, actions)
        if not finished:
            over = game.describe_new(states[rows]).terminal
            states[rows[over]] = before[over]
    return states

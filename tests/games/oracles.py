"""How honte's games correspond with OpenSpiel's and pgx's, and random games played in step with OpenSpiel's.

Knows action numberings on both sides and where the rules differ on purpose. Does not know any rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.game import Game
from games.rules.animal_shogi import MOVES as STEPS
from games.rules.clobber import steps_of
from games.rules.kernels.gardner_rules import MOVES, ROOK

Code = Callable[[Game, int, int], int]
"""(game, action, to_play) -> what the other side calls that action."""


class Oracle(NamedTuple):
    """How a game lines up with another implementation."""

    load: str  # what pyspiel.load_game or pgx.make takes
    code: Code = lambda game, a, to_play: absolute(game, a, to_play)
    mask: int = -1  # bits of their action that say what was done; others say what followed, such as a capture
    excuse: Callable[[Any, list[int]], bool] | None = None  # (their state, what only they allow) -> known difference
    repetitions: bool = True  # whether they see every repetition of a position, and no other


class Tally(NamedTuple):
    """What a comparison found."""

    positions: int
    games: int
    differences: int
    excused: int  # positions with a known difference
    first: str  # the first difference, as a sentence


def absolute(game: Game, a: int, to_play: int) -> int:
    """What the first player calls the action; OpenSpiel never turns the board."""
    return int(game.turned[a]) if to_play and game.turned is not None else a


def breakthrough(game: Game, a: int, to_play: int) -> int:
    """Theirs begin at the top: row from the top, column, one of six directions, and whether it takes something."""
    rows, columns = game.board.height, game.board.width
    cell, direction = divmod(absolute(game, a, to_play), 3)
    return (((rows - 1 - cell // columns) * columns + cell % columns) * 6 + 3 * to_play + direction) * 2


def from_below(game: Game, a: int, to_play: int) -> int:
    """Cells row by row from the lower left, then the pass."""
    rows, columns = game.board.height, game.board.width
    return a if a == rows * columns else (rows - 1 - a // columns) * columns + a % columns


def clobber(game: Game, a: int, to_play: int) -> int:
    """A cell times 4 plus the direction, clockwise from up; upside down, as their second player has the top left."""
    rows, columns = game.board.height, game.board.width
    way, start, _ = steps_of(rows, columns)[a]
    assert rows % 2 == 0
    return 4 * ((rows - 1 - start // columns) * columns + start % columns) + (2, 1, 0, 3)[way]


def nim(game: Game, a: int, to_play: int) -> int:
    """Theirs count heaps first, then how many are taken."""
    heap, take = divmod(a, game.board.width)
    return take * game.board.height + heap


def repeats(state: Any, extra: list[int]) -> bool:
    """Whether every one of ``extra`` repeats a board: OpenSpiel calls such a game a draw, honte forbids the move."""
    after = [state.child(a) for a in extra]
    return all(child.is_terminal() and child.returns() == [0, 0] for child in after)


def gardner(game: Game, a: int, to_play: int) -> int:
    """Cells file by file from the mover's lower left, times 49, plus a plane.

    Planes: underpromotions (3 pieces times ahead, right, left), then the lines through the cell: up and down, across,
    the two diagonals, each from its lower or left end; then the knight's jumps, from left to right.
    """
    _, start, end, kind = MOVES[a]
    up, right = start // 5 - end // 5, end % 5 - start % 5
    far = max(abs(up), abs(right))
    if kind:
        plane = 3 * (ROOK - kind) + (0, 1, 2)[right]
    elif far == 2 and abs(up * right) == 2:
        plane = 41 + JUMPS.index((right, up))
    else:
        line = 0 if right == 0 else 1 if up == 0 else 2 if up == right else 3
        along = up if right == 0 else right
        plane = 9 + 8 * line + 4 + along - (along > 0)
    return 49 * (5 * (start % 5) + 4 - start // 5) + plane


JUMPS = ((-2, -1), (-2, 1), (-1, -2), (-1, 2), (2, -1), (2, 1), (1, -2), (1, 2))
"""(right, up) of pgx's planes 41 to 48."""


def animal(game: Game, a: int, to_play: int) -> int:
    """Directions times 12 plus the cell a piece leaves, then the drops; cells column by column from the upper right."""
    steps = len(STEPS)
    kind, q = (AROUND[STEPS[a][0]], STEPS[a][1]) if a < steps else (8 + (a - steps) // 12, (a - steps) % 12)
    return 12 * kind + 4 * (2 - q % 3) + q // 3


AROUND = (3, 0, 1, 2, 4, 7, 6, 5)
"""pgx's directions, clockwise from up."""

GO = "go(board_size={0},komi={1},max_game_length={2})"

OPENSPIEL = {
    "connect_four": Oracle("connect_four"),
    "connect_four:rows=5,columns=8,k=3": Oracle("connect_four(rows=5,columns=8,x_in_row=3)"),
    "tic_tac_toe": Oracle("tic_tac_toe"),
    "othello": Oracle("othello"),
    "hex": Oracle("hex"),
    "hex:size=5": Oracle("hex(board_size=5)"),
    "hex:size=5,swap=true": Oracle("hex(board_size=5,swap=True)"),
    "go": Oracle(GO.format(9, 7.0, 162), from_below, excuse=repeats),
    "go:size=3,komi=0,max_plies=100": Oracle(GO.format(3, 0.0, 100), from_below, excuse=repeats),
    "breakthrough": Oracle("breakthrough", breakthrough, ~1),
    "breakthrough:rows=6,columns=5": Oracle("breakthrough(rows=6,columns=5)", breakthrough, ~1),
    "dots_and_boxes": Oracle("dots_and_boxes(num_rows=4,num_cols=4)"),
    "dots_and_boxes:rows=2,columns=3": Oracle("dots_and_boxes(num_rows=2,num_cols=3)"),
    "amazons": Oracle("amazons(board_size=6)"),
    "amazons:size=8": Oracle("amazons(board_size=8)"),
    "clobber": Oracle("clobber(rows=6,columns=5)", clobber),
    "clobber:rows=4,columns=7": Oracle("clobber(rows=4,columns=7)", clobber),
    "gomoku": Oracle("gomoku"),
    "gomoku:size=7,k=4": Oracle("gomoku(size=7,connect=4)"),
    "nim": Oracle("nim(pile_sizes=1;3;5;7,is_misere=false)", nim),
    "nim:heaps=2-3-4,misere=true": Oracle("nim(pile_sizes=2;3;4,is_misere=true)", nim),
}
"""By the name of ours."""

PGX = {
    "gardner_chess": Oracle("gardner_chess", gardner),
    "animal_shogi": Oracle("animal_shogi", animal, repetitions=False),
}
"""By the name of ours; what OpenSpiel does not have."""


def table(game: Game, oracle: Oracle) -> NDArray[np.int64]:
    """[2, A] what they call each action, by player to move."""
    return np.array([[oracle.code(game, a, p) for a in range(game.num_actions)] for p in range(2)])


def sides_in_step(
    game: Game,
    oracle: Oracle,
    num_positions: int,
    *,
    seed: int = 0,
    num_games: int = 128,
    progress: Callable[[int], object] | None = None,
) -> Tally:
    """Random games, ``num_games`` at a time, with OpenSpiel in step, until ``num_positions`` have been compared.

    Compared are the legal actions, the player to move, whether the game is over and, then, who won. A game that differs
    is given up. ``progress`` hears how many positions each round compared.
    """
    import pyspiel

    rules, random, codes_of = pyspiel.load_game(oracle.load), np.random.default_rng(seed), table(game, oracle)
    theirs = [rules.new_initial_state() for _ in range(num_games)]
    states, fresh, out = game.new(num_games), game.new(1), game.positions(num_games)
    game.init(states)
    game.init(fresh)
    positions = games = differences = excused = 0
    first = ""
    while positions < num_positions:
        game.describe(states, out)
        slots, actions = np.nonzero(out.legal)
        codes = codes_of[out.to_play[slots], actions]
        order = np.argsort(slots * (int(codes_of.max()) + 1) + codes)  # by game, then by their number, as theirs are
        actions, every = actions[order], codes[order].tolist()
        counts = np.bincount(slots, minlength=num_games)
        starts = np.cumsum(counts) - counts
        picks = (random.random(num_games) * counts).astype(np.int64)
        chosen, over = np.full(num_games, -1), []
        to_play, terminal, value = out.to_play.tolist(), out.terminal.tolist(), out.value.tolist()
        for b, (state, start, count, pick) in enumerate(
            zip(theirs, starts.tolist(), counts.tolist(), picks.tolist(), strict=True)
        ):
            legal, ours = state.legal_actions(), every[start : start + count]
            wrong = ""
            if terminal[b]:
                over.append(b)
                if not state.is_terminal() or state.returns()[to_play[b]] != value[b]:
                    wrong = f"over with {value[b]} for player {to_play[b]}, theirs {state.returns()}"
            elif (legal if oracle.mask == -1 else [a & oracle.mask for a in legal]) == ours:
                action = legal[pick]
                if state.current_player() != to_play[b]:
                    wrong = f"player {to_play[b]} to move, theirs {state.current_player()}"
            else:
                extra = sorted(set(legal) - set(ours))
                if oracle.excuse and set(ours) <= set(legal) and oracle.excuse(state, extra):
                    excused += 1
                    action = ours[pick]
                else:
                    wrong = f"only they allow {extra}, only we {sorted(set(ours) - set(legal))}"
            if wrong:
                differences += 1
                first = first or f"{game.name} after their actions {state.history()}: {wrong}"
                if not terminal[b]:
                    over.append(b)
            elif not terminal[b]:
                state.apply_action(action)
                chosen[b] = actions[start + pick]
        games += len(over)
        for b in over:
            theirs[b] = rules.new_initial_state()
            game.copy(states[b : b + 1], fresh)
        live = np.flatnonzero(chosen >= 0)
        game.advance(states, live, live, chosen[live])
        positions += num_games
        if progress:
            progress(num_games)
    return Tally(positions, games, differences, excused, first)

"""Small games solved by their own rules: known values, and equality with plain recursion."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import games.registry
from agent.solvers.exhaustive import ExhaustiveSolver
from agent.solvers.perfect_player import PerfectPlayer
from agent.solvers.registry import has_solver, is_solvable, make_solver
from games.game import Game, Row

made = cache(games.registry.make)


@cache
def solved(name: str, *, scores: bool = False) -> ExhaustiveSolver:
    return ExhaustiveSolver(made(name), scores=scores, with_history=name.startswith("go"))  # type: ignore[arg-type]


def first(game: Game) -> Row:
    states = game.new(1)
    game.init(states)
    return states[0]


def plain_value(game: Game, row: Row) -> int:
    """The outcome by recursion without any memory."""
    states = game.new(1)
    states[0] = row
    out = game.describe_new(states)
    if out.terminal[0]:
        return int(out.value[0])
    best = -1
    for action in np.flatnonzero(out.legal[0]):
        child = game.new(1)
        child[0] = row
        game.step(child, np.array([action]))
        sign = 1 if child[0]["to_play"] == row["to_play"] else -1
        best = max(best, sign * plain_value(game, child[0]))
    return best


def ending(game: Game, num_empty: int, seed: int) -> Row | None:
    """A position of a random game with so many legal actions or fewer; None where the game ended before."""
    random, states = np.random.default_rng(seed), game.new(1)
    game.init(states)
    while not (out := game.describe_new(states)).terminal[0]:
        legal = np.flatnonzero(out.legal[0])
        if len(legal) <= num_empty:
            return states[0]
        game.step(states, random.choice(legal, 1))
    return None


@pytest.mark.nojit
def test_two_lines_of_hex() -> None:
    """The first player wins from a cell on the short diagonal and only there."""
    assert solved("hex:size=2").values(first(made("hex:size=2"))) == {0: -1, 1: 1, 2: 1, 3: -1}


@pytest.mark.parametrize(("size", "winning"), [(3, {2, 3, 4, 5, 6}), (4, {3, 6, 9, 12})])
def test_hex_is_won_by_the_first_player(size: int, winning: set[int]) -> None:
    values = solved(f"hex:size={size}").values(first(made(f"hex:size={size}")))
    assert {action for action, value in values.items() if value == 1} == winning
    assert set(values.values()) == {1, -1}


def test_four_lines_of_othello_are_won_by_white_by_eight() -> None:
    row = first(made("othello:size=4"))
    assert solved("othello:size=4", scores=True).value(row) == -2 * 8
    assert set(solved("othello:size=4", scores=True).values(row).values()) == {-2 * 8}


@pytest.mark.slow
def test_three_lines_of_go_are_won_by_black_by_nine() -> None:
    """All of the board: no score is better, so one proof is enough."""
    name = "go:size=3,komi=8.5"
    game = made(name)
    states = game.new(1)
    game.init(states)
    game.step(states, np.array([4]))  # the centre
    assert solved(name).value(states[0]) == -1  # White, to move, does not get within half a point


@pytest.mark.slow
def test_two_lines_of_go_are_won_by_black_by_one() -> None:
    """Positional superko, area scoring, plies enough for every line that matters."""
    name = "go:size=2,komi=0,max_plies=60"
    assert solved(name, scores=True).value(first(made(name))) == 2 * 1


@pytest.mark.parametrize("name", ["hex:size=3", pytest.param("go:size=2", marks=pytest.mark.slow)])
def test_endings_equal_plain_recursion(name: str) -> None:
    game, compared, found = made(name), 0, solved(name)
    for seed in range(40):
        row = ending(game, 6 if name.startswith("hex") else 3, seed)
        if row is not None:
            values = found.values(row)
            assert max(values.values()) == plain_value(game, row) == found.value(row)
            compared += 1
    assert compared >= 20


def test_nim_is_played_by_the_formula() -> None:
    game = made("nim:heaps=1-2-3")
    values = make_solver(game).values(first(game))
    assert set(values.values()) == {-1}  # 1 xor 2 xor 3 is 0
    misere = made("nim:heaps=1-1-2,misere=true")
    child, found = misere.new(1), make_solver(misere).values
    for action, value in found(first(misere)).items():
        child[0] = first(misere)
        misere.step(child, np.array([action]))
        assert value == -plain_value(misere, child[0])


def test_six_lines_of_othello_are_solved_near_the_end() -> None:
    game = made("othello:size=6")
    assert has_solver(game)
    assert not is_solvable(game, first(game))
    with pytest.raises(ValueError, match="longer openings"):
        PerfectPlayer(game).values(first(game))


@pytest.mark.parametrize("name", ["hex", "othello", "go", "connect_four:columns=5", "gomoku"])
def test_what_has_no_solver(name: str) -> None:
    assert not has_solver(made(name))
    with pytest.raises(ValueError, match="perfect does not know"):
        PerfectPlayer(made(name))


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="table_bits"):
        ExhaustiveSolver(made("hex:size=2"), table_bits=0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="points"):
        ExhaustiveSolver(made("hex:size=2"), scores=True)  # type: ignore[arg-type]

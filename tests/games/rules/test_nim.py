"""Nim: its rules, and best play against the theory on every position of small nims."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from games import check_game, perft, position
from games.rules.nim import game, optimal_value
from tests.games.made import made


@pytest.mark.nojit
@pytest.mark.parametrize("name", ["nim", "nim:misere=true", "nim:heaps=3-2-3-2-3", "nim:heaps=1-1-2-1-1,misere=true"])
def test_best_play_is_the_formula(name: str) -> None:
    """Every position, solved from the last one backwards through the rules alone."""
    rules = made(name)
    first = rules.new(1)
    rules.init(first)
    sizes = first["heaps"][0].tolist()
    values: dict[tuple[int, ...], int] = {}
    for heaps in sorted(product(*(range(size + 1) for size in sizes)), key=sum):
        states = rules.new(1)
        states["heaps"][0], states["left"] = heaps, sum(heaps)
        here = rules.describe_new(states)
        if here.terminal[0]:
            values[heaps] = int(here.value[0])
        else:
            actions = np.flatnonzero(here.legal[0])
            assert len(actions) == sum(heaps)
            children = np.repeat(states, len(actions))
            rules.step(children, actions)
            assert (children["to_play"] == 1).all()
            values[heaps] = max(-values[tuple(child)] for child in children["heaps"].tolist())
        assert values[heaps] == optimal_value(heaps, misere="misere" in name)
    assert {1, -1} == set(values.values())


@pytest.mark.nojit
def test_the_formula() -> None:
    assert optimal_value([1, 3, 5, 7]) == optimal_value([1, 3, 5, 7], misere=True) == -1
    assert optimal_value([1, 3, 5, 6]) == optimal_value([1, 3, 5, 6], misere=True) == 1
    assert [optimal_value([1] * count) for count in range(4)] == [-1, 1, -1, 1]
    assert [optimal_value([1] * count, misere=True) for count in range(4)] == [1, -1, 1, -1]


@pytest.mark.nojit
def test_who_takes_the_last_object() -> None:
    assert position(made("nim")).play("d7 c5 b3 a1").outcome == -1
    assert position(made("nim:misere=true")).play("d7 c5 b3 a1").outcome == 1
    assert position(made("nim")).play("d7 c4 b3 a1 c1").outcome == 1


@pytest.mark.nojit
def test_drawing_and_actions() -> None:
    here = position(made("nim")).play("d3 b3")
    assert str(here) == "\n".join(
        ["a | . . . . . .", "b . . . . . . .", "c | | | | | . .", "d | | | | . . .", "  1 2 3 4 5 6 7", "first to play"]
    )
    assert here.legal_actions == ["a1", "c1", "c2", "c3", "c4", "c5", "d1", "d2", "d3", "d4"]
    assert (here.observation[0] == here.game.cells(here.states[0])).all()
    assert str(here.play("a1 c5 d4")).endswith("first wins")


@pytest.mark.nojit
def test_perft() -> None:
    assert [perft(made("nim:heaps=1-2-3"), depth) for depth in range(9)] == [1, 6, 26, 76, 138, 140, 60, 0, 0]
    assert [perft(made("nim"), depth) for depth in range(5)] == [1, 16, 206, 2116, 17338]


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("name", "count"), [("nim", 1), ("nim:heaps=3-2-3-2-3", 5), ("nim:heaps=1-1-2-1-1,misere=true", 7)]
)
def test_the_game_passes_check_game(name: str, count: int) -> None:
    assert len(made(name).symmetries.actions) == count
    check_game(made(name), num_games=8)


@pytest.mark.nojit
def test_parameters() -> None:
    assert game().name == "nim"
    assert game("1-3-5-07", misere=True).name == "nim:misere=true"
    assert game("4").name == "nim:heaps=4"
    for heaps in ("", "0-1", "3-21", "1;2", "-1", "1-²"):
        with pytest.raises(ValueError, match="numbers from 1 to 20"):
            game(heaps)
    with pytest.raises(ValueError, match="11 heaps"):
        game("1-1-1-1-1-1-1-1-1-1-1")

"""Compiled loops on disk: found again by the next process, and never by another game."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from games import make
from games.compilation.jit_cache import fingerprint
from tests.games.made import made
from tests.games.processes import in_new_process

GAME = """
import numpy as np
from games import ONGOING, from_rules

TAKEN = {taken}
state = np.dtype([("stones", np.int16), ("to_play", np.int8)])

def init(s):
    s["stones"] = 7

def legal_actions(s, legal):
    legal[0] = True

def step(s, a):
    s["stones"] -= TAKEN
    s["to_play"] = 1 - s["to_play"]

def outcome(s):
    return -1 if s["stones"] <= 0 else ONGOING

def observe(s, planes):
    planes[0, 0] = max(s["stones"], 0)

game = from_rules(
    name="heap", state=state, num_actions=1, observation_shape=(1, 1, 1), max_plies=7, init=init,
    legal_actions=legal_actions, step=step, outcome=outcome, observe=observe, draw=lambda s: np.zeros((1, 1), np.int8),
)
"""


def find_loops(name: str) -> tuple[int, list[int]]:
    """The stones left after one step, and whether each of two loops was found on disk."""
    game: Any = make(name)
    rows = game.new(1)
    game.init(rows)
    game.step(rows, np.zeros(1, np.int64))
    game.lookahead(rows, 7)
    hits = [sum(loop.stats.cache_hits.values()) for loop in (game._step, game._lookahead)]
    return int(rows["stones"][0]), hits


def ask(file: Path, cache: Path) -> tuple[int, list[int]]:
    """``find_loops`` in a process of its own."""
    found: tuple[int, list[int]] = in_new_process(find_loops, cache, file.parent, f"{file}:game")
    return found


@pytest.mark.slow
def test_the_next_process_finds_the_loops_unless_the_rules_changed(tmp_path: Path) -> None:
    file = tmp_path / "heap.py"
    file.write_text(GAME.format(taken=2))
    assert ask(file, tmp_path / "cache") == (5, [0, 0])
    assert ask(file, tmp_path / "cache") == (5, [1, 1])
    file.write_text(GAME.format(taken=3))
    assert ask(file, tmp_path / "cache") == (4, [0, 0])


def test_a_change_in_a_file_that_rules_call_is_seen(tmp_path: Path) -> None:
    file, called = tmp_path / "heap.py", tmp_path / "takes.py"
    file.write_text("from takes import taken\n" + GAME.format(taken=0).replace("-= TAKEN", "-= taken()"))
    for number in (2, 3):
        called.write_text(f"from numba import njit\n\n@njit(cache=True)\ndef taken():\n    return {number}\n")
        assert ask(file, tmp_path / "cache") == (7 - number, [0, 0])
        assert ask(file, tmp_path / "cache") == (7 - number, [1, 1])


@pytest.mark.slow
def test_equal_code_under_another_name_has_entries_of_its_own(tmp_path: Path) -> None:
    file, other = tmp_path / "heap.py", tmp_path / "other.py"
    file.write_text(GAME.format(taken=2))
    assert ask(file, tmp_path / "cache") == (5, [0, 0])
    file.rename(other)
    assert ask(other, tmp_path / "cache") == (5, [0, 0])
    assert ask(other, tmp_path / "cache") == (5, [1, 1])


KERNEL = """
from typing import NamedTuple
from constants import Pair, times
from games.compilation.jit_cache import cached_njit
import helpers

@cached_njit
def by_name(pair):
    return times(pair.first) - pair.second

@cached_njit
def by_module(pair):
    return helpers.plus(pair.first)

found = [(kernel(Pair(5, 7)), sum(kernel.stats.cache_hits.values())) for kernel in (by_name, by_module)]
"""

HELPERS = """
from numba import njit
from constants import times

@njit
def plus(x):
    return times(x) + {number}
"""

CONSTANTS = """
from typing import NamedTuple
from numba import njit

class Pair(NamedTuple):
    {fields}

@njit
def times(x):
    return {number} * x
"""


def call_kernels() -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = importlib.import_module("kernel").found
    return found


def test_a_kernel_notices_an_edit_in_the_files_that_it_calls(tmp_path: Path) -> None:
    """Those that it names, those that they call, and the order of a named tuple's fields."""

    def run(*, plus: int = 1, times: int = 2, fields: str = "first: int; second: int") -> list[tuple[int, int]]:
        (tmp_path / "kernel.py").write_text(KERNEL)
        (tmp_path / "helpers.py").write_text(HELPERS.format(number=plus))
        (tmp_path / "constants.py").write_text(CONSTANTS.format(number=times, fields=fields))
        found: list[tuple[int, int]] = in_new_process(call_kernels, tmp_path / "cache", tmp_path)
        return found

    assert run() == [(3, 0), (11, 0)]
    assert run() == [(3, 1), (11, 1)]
    assert run(plus=4) == [(3, 1), (14, 0)]
    assert run(plus=4, times=3) == [(8, 0), (19, 0)]
    assert run(plus=4, times=3, fields="second: int; first: int") == [(16, 0), (25, 0)]
    assert run() == [(3, 1), (11, 1)]


@pytest.mark.nojit
def test_a_fingerprint_sees_through_modules_enumerations_defaults_and_inner_functions() -> None:
    text = """
import enum, types, numpy as np
class Piece(enum.IntEnum):
    KING = {number}
shared = types.ModuleType("shared")
shared.KING = {number}
def by_class(s): return Piece.KING
def by_module(s): return shared.KING + np.pi
def by_default(s, king={number}): return king
def by_keyword(s, *, king={number}): return king
KING = {number}
def inside(s):
    def inner(): return KING
    return inner()
"""
    for name in ("by_class", "by_module", "by_default", "by_keyword", "inside"):
        found = []
        for number in (1, 1, 2):
            names: dict[str, object] = {"__name__": "same"}
            exec(compile(text.format(number=number), "same.py", "exec"), names)
            found.append(fingerprint({"rule": names[name]}))  # type: ignore[dict-item]
        assert found[0] == found[1] != found[2], name
        assert None not in found, name


@pytest.mark.nojit
def test_a_fingerprint_tells_parameters_apart() -> None:
    names = ["connect_four", "connect_four:rows=5", "connect_four:k=3", "tic_tac_toe", "hex:size=4", "hex:size=5"]
    prints = [fingerprint(made(name).rules) for name in names]
    assert None not in prints
    assert len(set(prints)) == len(names)
    assert prints[0] == fingerprint(made("connect_four:rows=6").rules)


@pytest.mark.nojit
def test_what_cannot_be_told_apart_has_none() -> None:
    things = {1, 2}

    def step(s: object, a: int) -> bool:
        return a in things

    assert fingerprint({"step": step}) is None

"""Processes that compile at the same time never take each other's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

COMPILE = '''
"""PROGRAM FOLDER NUMBER PROCESSES ROUNDS: compile a function for types of its own in each round; NUMBER -1: look."""
import json, sys, time
from pathlib import Path
import numpy as np
from games.compilation.jit_cache import compile_cached

folder, number, processes, rounds = Path(sys.argv[1]), *map(int, sys.argv[2:])

def loop(rows):
    total = 0
    for b in range(len(rows)):
        total += rows[b]["x"]
    return total

def call(number, round):
    """(value, entries from disk): for rows whose field has another place and type in every process."""
    rows = np.zeros(3, [("before", np.int8, number + 1), ("x", [np.int16, np.int32, np.int64, np.float64][number % 4])])
    rows["x"], rows["before"] = 100 * round + number, -1
    made = compile_cached(loop, f"round {round}")
    return made(rows), sum(made.stats.cache_hits.values())

if number >= 0:
    for round in range(rounds):
        (folder / f"{round}-{number}").touch()
        while len(list(folder.glob(f"{round}-*"))) < processes:
            time.sleep(0.001)
        call(number, round)
else:
    wrong = lost = 0
    for round in range(rounds):
        for each in range(processes):
            try:
                value, found = call(each, round)
            except Exception:
                value, found = None, 1
            wrong += value != 3 * (100 * round + each)
            lost += not found
    print(json.dumps([wrong, lost]))
'''


def environment(cache: Path) -> dict[str, str]:
    paths = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    return os.environ | paths | {"NUMBA_DISABLE_JIT": "0", "OMP_NUM_THREADS": "1"}


def wrong_and_lost(folder: Path, processes: int, rounds: int) -> list[int]:
    """How many entries are wrong or missing after ``processes`` have compiled at the same moments."""
    program, marks = folder / "program.py", folder / "marks"
    program.write_text(COMPILE)
    marks.mkdir()
    words = [sys.executable, str(program), str(marks)]
    numbers = [str(processes), str(rounds)]
    begun = [
        subprocess.Popen([*words, str(number), *numbers], env=environment(folder / "cache"))
        for number in range(processes)
    ]
    assert [each.wait() for each in begun] == [0] * processes
    look = subprocess.run(
        [*words, "-1", *numbers], env=environment(folder / "cache"), capture_output=True, text=True, check=True
    )
    found: list[int] = json.loads(look.stdout)
    return found


@pytest.mark.slow
def test_no_entry_of_four_processes_is_wrong_or_lost(tmp_path: Path) -> None:
    assert wrong_and_lost(tmp_path, 4, 5) == [0, 0]


@pytest.mark.slow
def test_no_entry_of_sixteen_processes_in_twenty_rounds_is_wrong_or_lost(tmp_path: Path) -> None:
    assert wrong_and_lost(tmp_path, 16, 20) == [0, 0]


VARIANTS = """
import sys
from numba import njit
from games.compilation.jit_cache import compile_cached

def variant(step):
    @njit
    def inner(x):
        total = 0
        for i in range(x):
            total += step * i ^ (total << 1)
            if total == 77:
                raise ValueError(step)
        return total

    @njit
    def outer(x):
        return inner(x) + inner(x + 1) * inner(2 * x) + inner(3) + inner(x * x)

    def rule(x):
        return outer(x) + step

    return compile_cached(rule, "variant")

for word in sys.argv[1:]:
    rule = variant(int(word))
    assert rule(5) == rule.py_func(5), word
    print(sum(rule.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_variants_compiled_by_two_processes_stay_apart_in_a_third(tmp_path: Path) -> None:
    """Numba numbers the functions of a process from 1 on, and the number is all that tells their symbols apart."""
    program = tmp_path / "variants.py"
    program.write_text(VARIANTS)

    def run(*numbers: str) -> str:
        words = [sys.executable, str(program), *numbers]
        out = subprocess.run(words, env=environment(tmp_path / "cache"), capture_output=True, text=True, check=True)
        return out.stdout.replace("\n", "")

    assert (run("1"), run("2")) == ("0", "0")
    assert (run("1", "2"), run("2", "1")) == ("11", "11")
    assert run("3", "1", "2") == "011"


COUNTS = {
    "hex:size=5": 13800,
    "hex:size=5,swap=true": 14400,
    "hex:size=4": 3360,
    "othello:size=6": 56,
    "tic_tac_toe": 504,
    "connect_four": 343,
    "breakthrough:rows=6,columns=6": 4308,
    "gomoku:size=6": 42840,
}


@pytest.mark.slow
def test_games_that_are_first_used_at_once_stay_right(tmp_path: Path) -> None:
    def words(name: str) -> list[str]:
        return [sys.executable, "-m", "honte", "perft", name, "3"]

    for _ in range(2):  # all at once with nothing on disk, then with everything there
        begun = [subprocess.Popen(words(name), env=environment(tmp_path), stdout=subprocess.PIPE) for name in COUNTS]
        for each, count in zip(begun, COUNTS.values(), strict=True):
            out, _ = each.communicate()
            assert each.returncode == 0
            assert int(out) == count

"""Mutants are whole programs with one mistake each; a run of mutation tests tells noticed mistakes from others."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants import find_mutants

ROOT = Path(__file__).parent.parent.parent

SOURCE = '''"""Über 3 things."""

import math


def clamp(value: int, low: int = 0, high: int = 9) -> int:
    """At least 0, at most 9."""
    if value < low or not math.isfinite(value):
        return low
    for _ in range(3):
        value -= 1
    return min(value + 1, high)
'''


def test_a_mutant_is_the_source_with_one_mistake() -> None:
    mutants = find_mutants("clamp.py", SOURCE)
    changed = {(mutant.before, mutant.after) for mutant in mutants}
    assert len({mutant.apply(SOURCE) for mutant in mutants}) == len(mutants)
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    assert {
        ("value < low", "(value <= low)"),
        ("value < low", "(value >= low)"),
        ("value < low or not math.isfinite(value)", "(value < low and (not math.isfinite(value)))"),
        ("not math.isfinite(value)", "(math.isfinite(value))"),
        ("range(3)", "(range(3 - 1))"),
        ("value -= 1", "pass"),
        ("value -= 1", "value += 1"),
        ("min(value + 1, high)", "(max(value + 1, high))"),
        ("value + 1", "(value - 1)"),
        ("return low", "return None"),
        ("9", "10"),
        ("9", "(8)"),
    } <= changed
    for mutant in mutants:
        tree = ast.parse(mutant.apply(SOURCE))
        assert ast.get_docstring(tree) == "Über 3 things."
        assert mutant.lines[0] <= mutant.line <= mutant.lines[1]


def test_texts_annotations_decorators_and_errors_are_left_alone() -> None:
    source = (
        "@cached(2)\ndef f(a: Range[0, 1]) -> Literal[3]:\n    '''4'''\n    raise ValueError(5)\n\n\n"
        "name: Range[6] = f'{7}' 'text'\nfor a, b in zip(x, y, strict=True):\n    pass\n"
    )
    assert find_mutants("f.py", source) == []


@pytest.mark.parametrize("statement", ["if ready:\n    pass", "while left():\n    pass"])
def test_a_condition_is_turned_round(statement: str) -> None:
    word = statement.split()[1].rstrip(":")
    assert (word, f"(not {word})") in {(mutant.before, mutant.after) for mutant in find_mutants("f.py", statement)}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_mistakes_that_tests_notice_are_told_from_others(tmp_path: Path) -> None:
    """The tests of one file notice mistakes in it and in no other file; a second run goes on where the first ended."""
    tests = "tests/agent/search/test_scheduling.py"

    def run(file: str, number: int) -> list[dict[str, Any]]:
        out = tmp_path / f"{Path(file).name}.jsonl"
        words = [sys.executable, "-m", "benchmarks.mutations", file, "--tests", tests, "--number", str(number)]
        done = subprocess.run([*words, "--out", str(out)], cwd=ROOT, check=True, capture_output=True, text=True)
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        for row in rows:
            line = f"survived {file}:{row['line']}: {row['before']} -> {row['after']} ("
            assert (line in done.stdout) == (row["result"] == "survived")
        return rows

    first, rows = run("agent/search/scheduling.py", 25), run("agent/search/scheduling.py", 60)
    assert rows[:25] == first
    assert len(rows) == len({row["id"] for row in rows}) > 40
    assert sum(row["result"] == "killed" for row in rows) > 20
    assert all(row["by"].startswith((tests, "a test of the file")) for row in rows if row["result"] == "killed")
    assert {row["result"] for row in run("agent/search/proofs.py", 5)} == {"survived"}

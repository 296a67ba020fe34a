"""Mutants are whole programs with one mistake each; a run of mutation tests tells noticed mistakes from others."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

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
def test_mistakes_that_tests_notice_are_told_from_others(tmp_path: Path) -> None:
    """Two files of search, the tests of one of them: a run goes on where it was, and what has no test survives."""
    out = tmp_path / "results.jsonl"
    words = [
        sys.executable,
        "-m",
        "benchmarks.mutations",
        "agent/search",
        "--tests",
        "tests/agent/search/test_scheduling.py",
    ]
    first = ["--first", "scheduling", "memory_limit", "--seed", "3", "--out"]
    for number in (4, 6):
        done = subprocess.run(
            [*words, *first, str(out), "--number", str(number)], cwd=ROOT, check=True, capture_output=True, text=True
        )
    assert "survived" in done.stdout
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == len({row["id"] for row in rows}) >= 6
    for row in rows:
        noticed = row["result"] != "survived"
        assert not noticed or row["by"].startswith("tests/agent/search/test_scheduling.py")
        assert not noticed or row["tests"] > 0

"""Errors that Numba raises for a rule, as one sentence. Each test compiles one small function."""

from __future__ import annotations

import linecache
from pathlib import Path
from types import FunctionType

import numba
import numpy as np
import pytest

from games.user_rules.numba_errors import explain

STATE = np.zeros(1, np.dtype([("plies", np.int16)]))[0]


def write_outcome(folder: Path, *lines: str) -> FunctionType:
    """A rule of these lines; its first line is line 2 of its file."""
    path = folder / "own.py"
    path.write_text("\n".join(["def outcome(s):", *(f"    {line}" for line in lines), ""]))
    namespace: dict[str, FunctionType] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    return namespace["outcome"]


def explain_failure(outcome: FunctionType) -> str:
    with pytest.raises(numba.core.errors.NumbaError) as raised:
        numba.njit(outcome)(STATE)
    return explain(raised.value, {"outcome": outcome})


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["x = 0", "return nowhere(s)"], "line 3, in outcome: the name nowhere is not defined; define it in the file"),
        (
            ["print('a', end='')", "return 0"],
            "line 2, in outcome: Numba cannot compile this print; print numbers and plain text only, or nothing",
        ),
        (["del s", "return 0"], "line 2, in outcome: Numba cannot compile del; leave out what is deleted"),
        (
            ["return s + 1"],
            "line 2, in outcome: Numba cannot compile this line (No implementation of function"
            " Function(<built-in function add>) found for signature); docs/your-own-game.md says what rules may use",
        ),
    ],
)
def test_the_line_and_what_to_write_instead(lines: list[str], sentence: str, tmp_path: Path) -> None:
    assert explain_failure(write_outcome(tmp_path, *lines)).endswith(f"own.py, {sentence}")


def test_rules_whose_file_is_gone(tmp_path: Path) -> None:
    outcome = write_outcome(tmp_path, "return nowhere(s)")
    (tmp_path / "own.py").unlink()
    linecache.clearcache()
    assert explain_failure(outcome) == (
        "the rules cannot be compiled: NameError: name 'nowhere' is not defined;"
        " docs/your-own-game.md says what rules may use"
    )

"""A user's game file, and what can be wrong in one. Knows nothing else."""

from __future__ import annotations

from pathlib import Path

GOOD = """import numpy as np

from games import ONGOING, from_rules

SIZE = 3
state = np.dtype([("cells", np.int8, (SIZE, SIZE)), ("to_play", np.int8), ("plies", np.int16)])


def init(s):
    pass


def legal_actions(s, legal):
    for a in range(SIZE * SIZE):
        legal[a] = s["cells"][a // SIZE, a % SIZE] == 0


def step(s, a):
    s["cells"][a // SIZE, a % SIZE] = s["to_play"] + 1
    s["plies"] += 1
    s["to_play"] = 1 - s["to_play"]


def won(s):
    for r in range(SIZE):
        if s["cells"][r, 0] != 0 and s["cells"][r, 0] == s["cells"][r, 1] and s["cells"][r, 1] == s["cells"][r, 2]:
            return True
    return False


def outcome(s):
    if won(s):
        return -1
    return 0 if s["plies"] == SIZE * SIZE else ONGOING


def observe(s, planes):
    for r in range(SIZE):
        for c in range(SIZE):
            if s["cells"][r, c] > 0:
                planes[(s["cells"][r, c] - 1) ^ s["to_play"], r, c] = 1


def draw(s):
    return s["cells"]


game = from_rules(
    name="rows", state=state, num_actions=9, observation_shape=(2, 3, 3), max_plies=9, init=init,
    legal_actions=legal_actions, step=step, outcome=outcome, observe=observe, draw=draw,
)
"""
"""Tic-tac-toe by rows alone, with a helper function that nobody compiled."""


def write(folder: Path, *edits: tuple[str, str], name: str = "rows") -> str:
    """``GOOD`` with some of its text replaced, in a file; the game as honte's commands take it."""
    text = GOOD
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / f"{name}.py"
    path.write_text(text)
    return f"{path}:game"


def within(rule: str, *lines: str) -> tuple[str, str]:
    """An edit: ``lines`` at the beginning of ``rule``."""
    head = next(line for line in GOOD.splitlines() if line.startswith(f"def {rule}("))
    return f"{head}\n", "\n".join([head, *(f"    {line}" for line in lines), ""])

"""The GPU's benchmark of training runs where there is no GPU, goes on from its own call, and needs no Ray."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SMALL = (
    "--device cpu --minutes 0.03 --blocks 1 --channels 8 --simulations 8 --games 16 --threads 1 --batch-size 16 --json"
)
WITHOUT = "import sys\nfor name in ('ray', 'pydantic', 'gymnasium', 'rich'): sys.modules[name] = None\n"


@pytest.mark.slow
def test_two_calls_are_one_run(tmp_path: Path) -> None:
    code = WITHOUT + "from benchmarks.gpu_training import main\nmain()"
    words = [
        sys.executable,
        "-c",
        code,
        "--game",
        "tic_tac_toe",
        "--folder",
        str(tmp_path / "run"),
        *SMALL.split(),
        "--json",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    rows: list[dict[str, int]] = []
    while len(rows) < 2 or (len(rows) < 10 and not rows[-1]["games_of_this_call"]):  # a slow machine needs more calls
        shown = subprocess.run(words, capture_output=True, text=True, env=env, timeout=300)
        assert shown.returncode == 0, shown.stderr
        rows.append(json.loads(shown.stdout.splitlines()[-1])["rows"][0])
    for before, row in itertools.pairwise(rows):
        assert row["steps"] == before["steps"] + row["steps_of_this_call"]
    assert rows[-1]["games_of_this_call"] > 0

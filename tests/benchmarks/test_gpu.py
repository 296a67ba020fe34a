"""The one command for a GPU runs where there is none, and without the packages that a bare machine lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu import PARTS

ROOT = Path(__file__).parent.parent.parent
WITHOUT = "import sys\nfor name in ('ray', 'pydantic', 'tyro', 'gymnasium', 'rich'): sys.modules[name] = None\n"
SMALL = "--game tic_tac_toe --blocks 1 --channels 8 --simulations 8 --batch-size 16 --device cpu --quick --json"


@pytest.mark.slow
def test_every_part_runs_and_is_stored(tmp_path: Path) -> None:
    code = WITHOUT + "from benchmarks.gpu import main\nmain()"
    words = [sys.executable, "-c", code, "--out", str(tmp_path), *SMALL.split()]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    shown = subprocess.run(words, capture_output=True, text=True, env=env, timeout=580)
    assert shown.returncode == 0, shown.stderr
    result = json.loads(shown.stdout.splitlines()[-1])
    assert result == json.loads((tmp_path / "gpu.json").read_text())
    rows = result["rows"]
    assert list(dict.fromkeys(row["part"] for row in rows)) == list(PARTS)
    shares = [row["share"] for row in rows if row["part"] == "forward"]
    assert max(shares) == 1.0  # of the peak
    assert min(shares) > 0
    learner = [row for row in rows if row["part"] == "learner"]
    assert all(row["value"] > 0 for row in learner)
    assert (tmp_path / "training" / "checkpoints").is_dir()

"""A real GTP client: the library that Sabaki uses plays whole games with honte under node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "interop"
READY = (FOLDER / "node_modules" / "@sabaki" / "gtp").is_dir()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed; apt install nodejs npm"),
    pytest.mark.skipif(not READY, reason="@sabaki/gtp is not installed; run npm install in tests/interop"),
]


def played(player: str, game: str, **terms: Any) -> dict[str, Any]:
    command = [sys.executable, "-m", "honte", "gtp", player, "--game", game]
    done = subprocess.run(
        ["node", "sabaki.js", json.dumps(terms), *command], cwd=FOLDER, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert result["name"] == "honte"
    assert result["protocol"] == "2"
    assert {"undo", "lz-analyze", "genmove_analyze", "rectangular_boardsize"} <= set(result["commands"])
    assert result["failure"]
    assert result["code"] == 0
    assert result["infos"]
    assert " winrate " in result["infos"][0]
    assert result["played"]
    return result


def test_go_is_played_to_two_passes_or_the_end() -> None:
    result = played("mcts:20", "go:size=5", size=[5, 5], komi=7, plies=50)
    assert result["moves"][-2:] == ["pass", "pass"] or len(result["moves"]) == 50
    assert result["score"][0] in "BW0"
    assert result["board"].count("X") + result["board"].count("x") >= 1


def test_another_game_is_played_to_its_end() -> None:
    result = played("mcts:20", "connect_four", size=[7, 6], komi=None, plies=42, over="error")
    assert 7 <= len(result["moves"]) <= 42
    assert result["score"] in ("B+1", "W+1", "0")

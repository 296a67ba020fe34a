"""The documents keep their promises: the game of docs/your-own-game.md is checked, trained and played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from honte.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own_game(tmp_path: Path) -> str:
    text = (ROOT / "docs" / "your-own-game.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    lines = [line for line in code[1].splitlines() if line.strip()]
    assert len(lines) < 60
    path = tmp_path / "last_stone.py"
    path.write_text(code[1], encoding="utf-8")
    return f"{path}:game"


@pytest.mark.slow
def test_the_documented_game_keeps_the_laws_and_is_learned(
    own_game: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check-game", own_game]) == 0
    run = str(tmp_path / "run")
    flags = [
        "--max-samples",
        "3000",
        "--network.blocks",
        "1",
        "--network.channels",
        "16",
        "--self-play.num-games",
        "32",
    ]
    flags += ["--learn.first-samples", "500", "--learn.batch-size", "64", "--self-play.num-groups", "1"]
    assert main(["train", "--game", own_game, "--run", run, *flags]) == 0
    capsys.readouterr()
    assert main(["match", f"{run}?simulations=32", "random", "--game", own_game, "--games", "40", "--json"]) == 0
    import json

    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["wins"] >= 30

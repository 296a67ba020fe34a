"""The command for all tables: parts that are stored already are read, and the tables have the rows of both kinds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import speed


def test_stored_parts_become_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"part": "round", "what": "512 games: game loop", "value": 0.1234, "unit": "µs/evaluation"}
    for game in speed.GAMES:
        result = {"machine": {"processor": "mine"}, "rows": [row]}
        (tmp_path / f"round_{game}.json").write_text(json.dumps(result))
    result = {"machine": "mine", "rows": [{"part": "free", "per_s": 7}, {"part": "device", "of device": 0.9}]}
    (tmp_path / "many_cores_all.json").write_text(json.dumps(result))
    monkeypatch.setattr(sys, "argv", ["speed", "--out", str(tmp_path), "--only", "round", "many cores"])
    speed.main()
    text = (tmp_path / "speed.md").read_text()
    assert "| go | 512 games: game loop | 0.123 | µs/evaluation |" in text
    assert "| part | per_s | of device |" in text
    assert "| device |  | 0.9 |" in text

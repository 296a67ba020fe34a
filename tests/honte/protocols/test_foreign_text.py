"""Every file and stream that honte reads may begin with a byte order mark and may end its lines in any way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from games import make
from honte.sgf import conversion
from selfplay.matches.opening_books import read_book
from selfplay.solved.grading import read_positions
from tests.honte.protocols.gtp_talk import talk
from training.yaml_files import read_yaml

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
ENDS = ("\n", "\r\n", "\r", " \r\n", "")


def written(path: Path, lines: list[str], encoding: str, end: str) -> Path:
    path.write_bytes(((end or "\n").join(lines) + end).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ENDS)
def test_files(encoding: str, end: str, tmp_path: Path) -> None:
    book = written(tmp_path / "book", ["a1 b1", "# 本手", '{"moves": ["a2", "b1"]}'], encoding, end)
    assert len(read_book(book, make("tic_tac_toe"))) == 2
    row = json.dumps({"moves": [0], "scores": {"1": -1, "4": 0}})
    assert len(read_positions(written(tmp_path / "rows", [row, row], encoding, end))) == 2
    recipe = written(tmp_path / "recipe.yaml", ["game: nim", "seed: 3"], encoding, end)
    assert read_yaml(recipe) == {"game": "nim", "seed": 3}
    game = written(tmp_path / "game.sgf", ["(;GM[1]SZ[5]", ";B[aa]", ";W[bb])"], encoding, end)
    assert len(conversion.from_sgf(game.read_bytes()).moves) == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_gtp(encoding: str) -> None:
    assert talk("1 name\r\n2 name \n".encode(encoding)) == ["=1 honte\n\n", "=2 honte\n\n"]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-8", "\r")])
def test_analyze(encoding: str, end: str) -> None:
    lines = [json.dumps({"id": name, "moves": []}) for name in ("本", "b")]
    done = subprocess.run(
        [sys.executable, "-m", "honte", "analyze", "random", "--game", "tic_tac_toe"],
        input=(end.join(lines) + end).encode(encoding),
        capture_output=True,
        timeout=300,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["本", "b"]


def test_play() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "honte", "play", "random", "--game", "tic_tac_toe"],
        input="a1\r\nquit\r\n".encode("utf-8-sig"),
        capture_output=True,
        timeout=300,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert "is no action" not in done.stdout.decode()
    assert "Goodbye." in done.stdout.decode()

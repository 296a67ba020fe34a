"""Where nothing can be written: a full disk, a limit of a file's size. The sentence names the file."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from honte.__main__ import main

resource = pytest.importorskip("resource")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: the system refuses writes in the same way as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("words", "size", "file"),
    [
        ("match random random --game tic_tac_toe --games 40 --out here", 2000, "here/games.jsonl"),
        ("match random random --game tic_tac_toe --games 4 --out here", 5, "here/match.json"),
        ("tournament random mcts:2 --game tic_tac_toe --games 4", 100, "ratings/tic_tac_toe/ratings.sqlite"),
        ("tournament random mcts:2 --game tic_tac_toe --games 400", 30_000, "ratings/tic_tac_toe/ratings.sqlite"),
        ("grade random --game tic_tac_toe --make made.jsonl --count 50", 1000, "made.jsonl"),
        ("export connect_four out", 1000, "out/model.safetensors"),
        ("train --game tic_tac_toe --run run", 100, "run/config.yaml"),
    ],
)
def test_a_file_that_cannot_grow_is_named(capsys: pytest.CaptureFixture[str], words: str, size: int, file: str) -> None:
    if words.startswith(("train", "export")):
        pytest.importorskip("torch")
    with room(size):
        assert main(words.split()) == 2
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith(f"honte {words.split()[0]}: ")
    assert file in err
    assert ("File too large" in err) or ("disk" in err)
    assert "Errno" not in err
    assert "Traceback" not in err


def test_with_room_again_the_same_command_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        "match random mcts:2 --game tic_tac_toe --games 40 --out here",
        "tournament random mcts:2 --game tic_tac_toe --games 40",
    ):
        for size in (100, 1500, 9000):
            with room(size):
                main(words.split())
        capsys.readouterr()
        assert main([*words.split(), "--json"]) == 0
        found = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert found.get("games", 40) == 40


def test_a_person_who_saves_goes_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("save kept.json\nquit\n"))
    with room(10):
        assert main(["play", "random", "--game", "tic_tac_toe"]) == 0
    assert "kept.json: File too large" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", ["--help", "runs", "describe tic_tac_toe", "perft tic_tac_toe 2"])
def test_standard_output_is_named(words: str) -> None:
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(
            [sys.executable, "-m", "honte", *words.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert found.returncode == 2
    assert found.stderr == f"honte {words.split()[0]}: standard output: {os.strerror(errno.ENOSPC)}\n"


def test_metrics_name_their_file(tmp_path: Path) -> None:
    from training.run.metrics import Metrics, read

    with Metrics(tmp_path, tensorboard=False) as metrics:
        metrics.write(1, {"loss": 1.0})
        with room(100), pytest.raises(OSError, match=r"metrics\.jsonl"):
            metrics.write(2, {"a name that takes more room than there is": 1.0})
    assert read(tmp_path)[0]["step"] == 1

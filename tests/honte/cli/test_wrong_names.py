"""What is written in the wrong place: pictures for a game, a folder that is like another, a run where its folder is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from honte.__main__ import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(name: str, **config: object) -> None:
    """A run of one checkpoint, as little as is read before its weights are."""
    folder = Path("runs") / name / "checkpoints" / "5"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"schema": 1, "network": {}, **config}))
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    (Path("runs") / name / "config.yaml").write_text(json.dumps({"game": config.get("game")}))


def error(capsys: pytest.CaptureFixture[str], words: str) -> str:
    assert main(words.split()) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    "words",
    [
        "play runs/digits_resnet",
        "play runs/digits_resnet@5 --game tic_tac_toe",
        "match random runs/digits_resnet --game tic_tac_toe --games 2",
        "tournament random runs/digits_resnet --game tic_tac_toe",
        "gtp runs/digits_resnet",
        "ugi runs/digits_resnet",
        "analyze runs/digits_resnet",
        "grade runs/digits_resnet",
        "rate runs/digits_resnet",
    ],
)
def test_a_classifier_plays_no_game(capsys: pytest.CaptureFixture[str], words: str) -> None:
    run("digits_resnet", game="pictures: digits", classifies="digits")
    err = error(capsys, words)
    assert "is an image classifier (digits) and plays no game" in err
    assert "honte predict runs/digits_resnet" in err
    assert not list(Path().glob("matches")) + list(Path().glob("ratings"))


def test_a_folder_that_is_like_another(capsys: pytest.CaptureFixture[str]) -> None:
    run("connect_four", game="connect_four")
    assert "did you mean runs/connect_four?" in error(capsys, "play runs/conect_four")
    assert "did you mean runs/connect_four?" in error(capsys, "rate runs/conect_four")
    assert "has no checkpoint 7; it has 5" in error(capsys, "play runs/connect_four@7")
    assert "is one checkpoint: write runs/connect_four" in error(capsys, "rate runs/connect_four@5")


def test_a_run_without_a_checkpoint_or_of_another_game(capsys: pytest.CaptureFixture[str]) -> None:
    run("hex", game="hex:size=5")
    words = "match random runs/hex --game tic_tac_toe --games 2"
    assert "has learned hex:size=5; it cannot play tic_tac_toe" in error(capsys, words)
    Path("runs/young/checkpoints").mkdir(parents=True)
    assert "runs/young has no checkpoint yet" in error(capsys, words.replace("hex", "young"))
    assert not Path("matches").exists()


def test_runs_of_no_folder_of_a_file_and_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    assert "there are no runs in runs" in capsys.readouterr().out
    run("hex", game="hex:size=5")
    Path("file").write_text("")
    assert "ROOT is 'nowhere', which does not exist" in error(capsys, "runs nowhere")
    assert "ROOT is 'file', which is not a folder" in error(capsys, "runs file")
    for words in ("runs", "runs runs", "runs runs/hex"):
        assert main([*words.split(), "--json"]) == 0
        assert [run["path"] for run in json.loads(capsys.readouterr().out)["runs"]] == [str(Path("runs/hex"))]

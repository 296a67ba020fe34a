"""``honte train`` as people use it: start, resume, refuse, set aside, start from another run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from honte.__main__ import main

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--grade-minutes", "0", "--engine.kind", "torch", "--engine.precision", "fp32"),
    *("--max-minutes", "0", "--rating.every-minutes", "0"),  # samples end it, however slow the machine
    *("--learn.reuse", "1"),
]


def train(folder: Path, *more: str) -> int:
    return main(["train", "tic_tac_toe", "--run", str(folder), *TINY, *more])


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.mark.slow
def test_the_life_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    assert train(folder, "--max-samples", "300", "--json") == 0
    first = result(capsys)
    assert first["reason"] == "finished"
    assert first["samples"] >= 300  # type: ignore[operator]

    assert train(folder, "--max-samples", "300", "--json") == 0  # finished: says so and plays no more
    shown = capsys.readouterr()
    assert "finished already" in shown.err
    assert json.loads(shown.out.splitlines()[-1])["samples"] == first["samples"]

    assert train(folder, "--max-samples", "500", "--json") == 0  # a flag that may change: goes on
    assert result(capsys)["samples"] >= 500  # type: ignore[operator]

    assert train(folder, "--learn.value-mix", "0.9") == 2
    assert "learn.value_mix" in capsys.readouterr().err


def test_a_fresh_run_sets_the_older_one_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    assert train(folder, "--max-samples", "500") == 0
    capsys.readouterr()
    assert train(folder, "--fresh", "--max-samples", "250", "--json") == 0
    assert (tmp_path / "run.1" / "config.yaml").exists()
    assert result(capsys)["samples"] < 500  # type: ignore[operator]

    from training.run import metrics

    assert metrics.read(folder)[-1]["samples"] >= 250


def test_a_run_starts_with_the_weights_of_another_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (("run", []), ("other", ["--init", str(tmp_path / "run")])):
        assert train(tmp_path / name, *words, "--max-samples", "250") == 0
    capsys.readouterr()
    assert main(["runs", str(tmp_path), "--json"]) == 0
    assert len(result(capsys)["runs"]) == 2  # type: ignore[arg-type]


def test_two_trainers_of_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from agent.storage.durable_files import FolderLock

    (tmp_path / "run").mkdir()
    with FolderLock(tmp_path / "run"):
        assert train(tmp_path / "run") == 2
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train"], "name a recipe"),
        (["train", "tictactoe"], "did you mean tic_tac_toe"),
        (["train", "--game", "conect_four"], "did you mean connect_four"),
        (["train", "--game", "nowhere.py:game"], "there is no file"),
        (["train", "tic_tac_toe", "--network.block", "3"], "network.block"),
        (["train", "tic_tac_toe", "--learn.batch-size", "many"], "batch-size"),
    ],
)
def test_bad_input_gets_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err + shown.out
    assert "Traceback" not in shown.err


def test_a_run_of_another_game_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path / "run", "--max-samples", "250") == 0
    assert main(["match", str(tmp_path / "run"), "random", "--game", "connect_four", "--games", "2"]) == 2
    assert "tic_tac_toe" in capsys.readouterr().err
    assert main(["train", "connect_four", "--run", str(tmp_path / "run")]) == 2
    assert "game was 'tic_tac_toe'" in capsys.readouterr().err


def test_a_run_goes_on_with_its_game_written_differently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--run", str(tmp_path / "run"), *TINY, "--max-samples", "200", "--json"]
    assert main([*words, "--game", "tic_tac_toe:rows=3,k=3"]) == 0
    assert main([*words, "--game", "tic_tac_toe"]) == 0
    assert "finished already" in capsys.readouterr().err


def test_the_configuration_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "connect_four", "--print-config", "--seed", "7"]) == 0
    shown = capsys.readouterr().out
    assert "seed: 7" in shown
    assert "game: connect_four" in shown

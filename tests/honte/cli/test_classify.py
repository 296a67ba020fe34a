"""``honte classify``, ``predict`` and ``describe`` as people use them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from honte.__main__ import main
from honte.cli.run_command import num_threads
from honte.demos.logic_gates import GATES, ROWS, answers, descend, inputs, neuron

QUICK = ["--network.channels", "8", "16", "--network.blocks", "1", "1", "--max-cpu-minutes", "0", "--epochs", "8"]


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Red and blue pictures with a bright spot somewhere."""
    random = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (tmp_path / "colours" / name).mkdir(parents=True)
        for i in range(60):
            pixels = random.integers(0, 60, (16, 16, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(tmp_path / "colours" / name / f"{i}.png")
    return tmp_path / "colours"


def test_the_life_of_a_classifier(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["classify", str(folder), "--model", "resnet", "--batch-size", "16", *QUICK]
    assert main([*words, "--json"]) == 0
    first = result(capsys)
    assert first["run"] == str(Path("runs/colours_resnet"))
    assert first["reason"] == "finished"
    assert first["test_accuracy"] >= 0.95

    assert main(words) == 0
    assert "finished already" in capsys.readouterr().out
    assert main([*words, "--batch-size", "8"]) == 2
    assert "batch_size" in capsys.readouterr().err

    assert main(["predict", first["run"], str(folder / "red" / "3.png"), str(folder / "blue" / "3.png"), "--json"]) == 0
    assert [each["class"] for each in result(capsys)["predictions"]] == ["red", "blue"]
    assert main(["predict", first["run"], str(tmp_path / "none.png")]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "torn.png").write_bytes((folder / "red" / "3.png").read_bytes()[:60])
    assert main(["predict", first["run"], str(tmp_path / "torn.png")]) == 2
    assert "not a whole picture" in capsys.readouterr().err

    assert main(["describe", first["run"], "--json"]) == 0
    assert result(capsys)["classes"] == ["blue", "red"]
    assert main(["runs", "--json"]) == 0
    assert result(capsys)["runs"][0]["status"] == "finished"

    Image.new("RGB", (16, 16)).save(folder / "red" / "new.png")  # the data is no more what the run has learned
    assert main(words) == 2
    assert "data_sha256" in capsys.readouterr().err


def test_strokes_on_transparent_pages_are_learned_and_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Black on nothing: all of it was black, and half of the test pictures were right. What is left out is said."""
    random, data = np.random.default_rng(0), tmp_path / "strokes"
    for name in ("across", "down"):
        (data / name).mkdir(parents=True)
        for i in range(60):
            pixels = np.zeros((12, 12, 4), np.uint8)
            at = random.integers(0, 10)
            (pixels if name == "across" else pixels.transpose(1, 0, 2))[at : at + 2, :, 3] = 255
            Image.fromarray(pixels).save(data / name / f"{i}.png")
    (data / "down" / "about.txt").write_text("which pictures these are")
    words = ["--model", "mlp", "--epochs", "20", "--max-cpu-minutes", "0", "--batch-size", "16"]
    assert main(["classify", str(data), *words, "--run", str(tmp_path / "run"), "--json"]) == 0
    output = capsys.readouterr()
    found = json.loads(output.out.splitlines()[-1])
    assert found["test_accuracy"] >= 0.95
    assert "no pictures and are left out: 1" in output.err
    assert found["notes"]
    moving = tmp_path / "moving.gif"
    frames = [Image.open(data / name / "7.png") for name in ("across", "down")]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    assert main(["predict", str(tmp_path / "run"), str(data / "down" / "7.png"), str(moving), "--json"]) == 0
    output = capsys.readouterr()
    assert [each["class"] for each in json.loads(output.out)["predictions"]] == ["down", "across"]
    assert f"{moving} is animated; its first frame is used" in output.err
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "no pictures and are left out: 1" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_threads_are_the_cores_unless_told_otherwise(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of threads decides the bits, so a run keeps it; whoever names another one is told."""
    words = ["classify", str(folder), "--model", "lenet", "--batch-size", "16"]
    words += ["--epochs", "1", "--max-cpu-minutes", "0"]

    def learn(name: str, *more: str) -> tuple[int, bytes, str]:
        assert main([*words, *more, "--run", str(tmp_path / name), "--json"]) == 0
        output = capsys.readouterr()
        newest = max((tmp_path / name / "checkpoints").iterdir(), key=lambda path: int(path.name))
        return (
            json.loads(output.out.splitlines()[-1])["threads"],
            (newest / "model.safetensors").read_bytes(),
            output.err,
        )

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert learn("one")[0] == 1  # OMP_NUM_THREADS is 1 in all tests
        first, second = learn("two", "--threads", "2"), learn("again", "--threads", "2")
        assert first[:2] == second[:2]
        assert first[0] == torch.get_num_threads() == 2
        monkeypatch.delenv("OMP_NUM_THREADS")
        monkeypatch.setattr("selfplay.cores.num_cores", lambda: 3)
        assert num_threads(0, tmp_path / "new") == (3, "")
        threads, _, said = learn("two", "--epochs", "2")  # the run keeps its number
        assert threads == 2
        assert "goes on with" not in said
        threads, _, said = learn("two", "--epochs", "3", "--threads", "1")
        assert threads == 1
        assert "began with --threads 2 and goes on with 1" in said
        assert learn("two", "--fresh")[0] == 3
        config = tmp_path / "two" / "config.yaml"
        config.write_text(config.read_text().replace("threads: 3\n", ""))
        assert learn("two", "--epochs", "2")[0] == 1  # a run of an earlier version had one thread
        monkeypatch.setattr("selfplay.cores.num_cores", lambda: 200)
        assert num_threads(0, tmp_path / "new") == (8, "")
        assert num_threads(20, tmp_path / "new") == (20, "")
    finally:
        torch.set_num_threads(before)
    assert main([*words, "--threads", "-1"]) == 2
    assert "threads" in capsys.readouterr().err


def test_alexnet_trains_on_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recipe as it comes, but for its length. Its own data is not to be had, and 120 pictures teach it little."""
    words = ["--model", "alexnet", "--batch-size", "16", "--epochs", "2", "--max-cpu-minutes", "0"]
    assert main(["classify", str(folder), *words, "--run", str(tmp_path / "run"), "--json"]) == 0
    found = result(capsys)
    assert (found["model"], found["reason"], found["epochs"]) == ("alexnet", "finished", 2.0)
    assert 0 <= found["test_accuracy"] <= 1
    assert main(["predict", str(tmp_path / "run"), str(folder / "red" / "3.png"), "--json"]) == 0
    assert result(capsys)["predictions"][0]["class"] in ("red", "blue")


@pytest.mark.slow
def test_attacks_fool_and_adversarial_training_helps(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On digits, the same epochs with and without it, both under the same attack."""
    found = []
    for name, more in (("plain", []), ("hardened", ["--adversarial", "0.1"])):
        words = ["classify", "digits", "--model", "resnet", "--run", str(tmp_path / name), "--json", *QUICK, *more]
        assert main([*words, "--attack", "fgsm:0.1"]) == 0
        found.append(result(capsys)["attack"])
        assert (tmp_path / name / "attack.png").stat().st_size > 5000
    plain, hardened = found
    assert plain["accuracy_under_attack"] < plain["accuracy_before"] - 0.2
    assert hardened["accuracy_under_attack"] > plain["accuracy_under_attack"] + 0.1


def test_wrong_words_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        ([], "DATASET is missing: name logic_gates"),
        (["digit"], "did you mean digits"),
        (["digits", "--model", "vgg"], "no model is called 'vgg'"),
        (["digits", "--attack", "kick:2"], "fgsm or pgd"),
    ):
        assert main(["classify", *words]) == 2
        assert told in capsys.readouterr().err
    assert main(["predict", "connect_four", str(tmp_path / "a.png")]) == 2
    assert "holds no classifier" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["perceptron", "logistic", "mlp", "lenet", "alexnet", "resnet", "resnet_long"])
def test_every_model_is_described(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", model, "--json"]) == 0
    content = result(capsys)
    assert content["model"] == model.removesuffix("_long")
    assert content["parameters"] > 7000
    assert content["flops"] >= 2 * 7840
    told = {"mlp": {"hidden"}, "resnet": {"channels", "blocks", "squeeze_excite"}}.get(content["model"], set())
    assert content["network"].keys() - {"kind", "width", "dropout"} == told
    if model in ("perceptron", "logistic"):
        assert (content["parameters"], content["flops"]) == (7850, 15680)


def test_games_recipes_are_described_too(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).parents[3] / "configs" / "tic_tac_toe.yaml"
    assert main(["describe", str(path), "--json"]) == 0
    content = result(capsys)
    assert content["game"] == "tic_tac_toe"
    assert content["flops"] > content["parameters"] > 1000


# ---- the perceptron by hand ----------------------------------------------------------------------------------------


def test_one_neuron_by_hand() -> None:
    h, p = answers(neuron((1, -1), -0.5))
    assert h == [-0.5, -1.5, 0.5, -0.5]
    assert [round(chance, 2) for chance in p] == [0.38, 0.18, 0.62, 0.38]


@pytest.mark.parametrize("gate", ["OR", "AND"])
def test_the_trainer_descends_as_the_closed_form_does(gate: str) -> None:
    """w -= sum((p - y) p (1 - p) x), in double precision and by hand."""
    w = [1.0, -1.0, -0.5]
    for step in descend(neuron((1, -1), -0.5), gate, 10):
        slope = [0.0, 0.0, 0.0]
        for (a, b), y in zip(ROWS, GATES[gate], strict=True):
            p = 1 / (1 + math.exp(-(w[0] * a + w[1] * b + w[2])))
            for i, x in enumerate((a, b, 1)):
                slope[i] += (p - y) * p * (1 - p) * x
        w = [weight - change for weight, change in zip(w, slope, strict=True)]
        assert [*step.weights, step.bias] == pytest.approx(w, abs=1e-6)


def test_one_neuron_learns_or_and_and_but_never_xor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "logic_gates", "--json"]) == 0
    shown = capsys.readouterr()
    content = json.loads(shown.out.splitlines()[-1])
    assert {name: gate["neuron"] for name, gate in content["gates"].items() if name != "XOR"} == {"OR": 1.0, "AND": 1.0}
    assert content["gates"]["XOR"]["neuron"] < 1.0
    assert content["test_accuracy"] == 1.0  # of the mlp, on all three
    assert "0.62" in shown.err
    for seed in range(3):  # nor from anywhere else
        torch.manual_seed(seed)
        model = neuron(torch.randn(2).tolist(), float(torch.randn(())))
        descend(model, "XOR", 100)
        right = [(h > 0) == bool(y) for h, y in zip(answers(model)[0], GATES["XOR"], strict=True)]
        assert sum(right) < 4
    assert inputs().shape == (4, 1, 1, 2)

"""The model card and eval_results.json state what was measured for a run, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.storage import model_folder
from honte.__main__ import main
from honte.export import measurements
from selfplay.solved.grading import wilson_interval
from training.evaluation import rating_curve
from training.run import checkpoints, metrics

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--learn.reuse", "1", "--engine.kind", "torch", "--engine.precision", "fp32"),
    *("--max-samples", "400", "--max-minutes", "60", "--grade-minutes", "30", "--rating.every-minutes", "0"),
]
RATE = ["--anchors", "random", "minimax:2", "--games", "2", "--test-games", "2", "--simulations", "4"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of tic-tac-toe with its mistakes and ratings."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", "tic_tac_toe", "--run", str(folder), *TINY]) == 0
    assert main(["rate", str(folder), *RATE]) == 0
    return folder


def export(what: str | Path, to: Path, *flags: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """(front matter, text below it, eval_results.json) of what is exported."""
    assert main(["export", str(what), str(to), *flags]) == 0
    _, front, text = (to / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), text, json.loads((to / "eval_results.json").read_text())


def test_the_card_has_the_numbers_of_the_run(run: Path, tmp_path: Path) -> None:
    _, text, results = export(run, tmp_path / "model")
    step = max(checkpoints.list_steps(run / "checkpoints"))
    last = metrics.read(run)[-1]
    assert (results["game"], results["step"]) == ("tic_tac_toe", step)
    rates = [name for name in last if name.startswith("mistakes/")]
    graded = next(r["step"] for r in metrics.read(run) if all(r.get(name) == last[name] for name in rates))
    mistakes = {each["how"]: each for each in results["results"] if each["metric"] == "mistake_rate"}
    for how, name, count in (("network only", "raw", 4520), ("with search", "search", 200)):
        rate = last[f"mistakes/all/{name}"]
        low, high = wilson_interval(round(rate * count), count)
        want = {"data": "all positions", "value": rate, "low": low, "high": high, "count": count, "step": graded}
        assert mistakes[how] == {"metric": "mistake_rate", "how": how, **want}
        assert f"| {rate:.1%} ({low:.1%} to {high:.1%}) | {count:,} | {graded:,} |" in text
    (point,) = (each for each in rating_curve.read_curve(run).points if each.step == step)
    (elo,) = (each for each in results["results"] if each["metric"] == "elo")
    assert (elo["value"], elo["low"], elo["high"], elo["count"]) == (point.elo, point.low, point.high, point.games)
    assert elo["data"] == "random at 0 Elo"
    assert [each["step"] for each in results["curve"]] == [p.step for p in rating_curve.read_curve(run).points]
    assert {each["how"] for each in results["anchors"]} == {"random", "minimax:2"}
    assert f"| {step:,} | {point.elo:+.0f} ({point.low:+.0f} to {point.high:+.0f}) |" in text
    assert results["counters"]["games"] == last["games"]
    assert f"| games of self-play | {last['games']:,.0f} |" in text


def test_the_front_matter_is_that_of_the_hub(run: Path, tmp_path: Path) -> None:
    front, _, results = export(run, tmp_path / "model", "--license", "cc-by-4.0")
    assert front["license"] == "cc-by-4.0"
    assert front["library_name"] == "honte"
    assert front["pipeline_tag"] == "reinforcement-learning"
    assert {"honte", "tic_tac_toe", "alphazero"} <= set(front["tags"])
    assert front["metrics"] == ["mistake_rate", "elo"]
    (index,) = front["model-index"]
    assert index["name"] == "tic_tac_toe"
    values = []
    for result in index["results"]:
        assert set(result["task"]) == {"type", "name"}
        assert set(result["dataset"]) == {"type", "name"}
        (metric,) = result["metrics"]
        assert set(metric) == {"type", "value", "name"}
        values.append(metric["value"])
    assert values == pytest.approx([each["value"] for each in results["results"]], abs=1e-6)


def test_nothing_is_invented(tmp_path: Path) -> None:
    shipped = model_folder.find_model("connect_four")
    (tmp_path / "plain").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(shipped / name, tmp_path / "plain")
    front, text, results = export(tmp_path / "plain", tmp_path / "model")
    assert "metrics" not in front
    assert "model-index" not in front
    assert "No measurements are stored with this network." in text
    assert (results["results"], results["curve"], results["step"]) == ([], [], None)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert set(config) == {"schema", "game", "network", "search"}


def test_the_shipped_network_has_its_numbers(tmp_path: Path) -> None:
    """They are those of docs/learning.md."""
    front, text, results = export("connect_four", tmp_path / "model")
    assert front["metrics"] == ["mistake_rate"]
    assert "| easy middle-game positions | network only | mistakes | 3.2% (2.3% to 4.5%) | 1,000 | 16,212 |" in text
    assert {each["count"] for each in results["results"]} == {1000, 200}


def test_the_numbers_stay_with_the_weights(run: Path, tmp_path: Path) -> None:
    """What is exported once more keeps its numbers; other weights in that folder do not get them."""
    _, _, first = export(run, tmp_path / "first")
    _, _, second = export(tmp_path / "first", tmp_path / "second")
    assert second == first
    config, weights = tmp_path / "first" / "config.json", tmp_path / "first" / "model.safetensors"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(config, other)
    shutil.copy(tmp_path / "first" / "eval_results.json", other)
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    (other / "model.safetensors").write_bytes(content)
    assert export(other, tmp_path / "third")[2]["results"] == []
    (other / "eval_results.json").write_text("[" * 100_000)
    assert export(other, tmp_path / "fourth")[2]["results"] == []


def test_an_earlier_checkpoint_has_the_numbers_of_its_step(run: Path, tmp_path: Path) -> None:
    """A record repeats old numbers, so a measurement belongs to the first record that has it."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    step = max(checkpoints.list_steps(copy / "checkpoints"))
    lines = [
        {"step": step - 2, "mistakes/all/raw": 0.5, "mistakes/all/search": 0.25, "games": 1.0},
        {"step": step - 1, "mistakes/all/raw": 0.5, "mistakes/all/search": 0.25, "games": 2.0},
        {"step": step + 1, "mistakes/all/raw": 0.125, "mistakes/all/search": 0.125, "games": 3.0},
    ]
    (copy / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = measurements.of_network(model_folder.read(copy / "checkpoints" / str(step)), "", None)
    rates = [each for each in found.results if each.metric == "mistake_rate"]
    assert [(each.value, each.step, each.low) for each in rates] == [(0.5, step - 2, None), (0.25, step - 2, None)]
    assert found.counters == {"games": 2.0}


def test_a_network_for_a_game_of_ones_own(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of the game does not run unless it is named."""
    file = tmp_path / "own.py"
    file.write_text("from games.rules.tic_tac_toe import game\n")
    copy = tmp_path / "model"
    shutil.copytree(run / "checkpoints" / str(max(checkpoints.list_steps(run / "checkpoints"))), copy)
    (copy / "manifest.json").unlink()
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"game": f"{file}:game"}))
    front, text, results = export(copy, tmp_path / "out")
    assert str(tmp_path) not in (tmp_path / "out" / "README.md").read_text()
    assert results["game"] == "own.py:game"
    assert "honte play model --game own.py:game" in text
    assert "own-py-game" in front["tags"]
    capsys.readouterr()
    assert main(["export", str(copy), str(tmp_path / "onnx"), "--onnx"]) == 2
    assert "add --game FILE.py:game" in capsys.readouterr().err
    assert main(["export", str(copy), str(tmp_path / "onnx"), "--onnx", "--game", f"{file}:game"]) == 0
    assert (tmp_path / "onnx" / "model.onnx").is_file()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--license", "my own"], "--license is 'my own': it must be an identifier such as mit"),
        (["--game", "hex"], "--game is hex, and connect_four has learned connect_four"),
        (["--game", "nogame"], "no game is called 'nogame'"),
        (["--onx"], "did you mean --onnx?"),
        (["three"], "one too many"),
    ],
)
def test_wrong_flags(flags: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "connect_four", str(tmp_path / "model"), *flags]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "model").exists()

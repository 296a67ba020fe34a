"""Run folders: written once, compared by name, moved aside, listed however damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.storage import durable_files
from training.run import checkpoints, run_folder
from training.run.metrics import Metrics

CONFIG: dict[str, Any] = {
    "game": "connect_four",
    "seed": 1,
    "trainer": {"optimizer": "sgd", "betas": (0.9, 0.999), "learning_rate": {"value": 1e-5, "steps": ((10, 0.1),)}},
    "limits": {"minutes": None},
}


def run_at(path: Path) -> Path:
    run_folder.write_config(path, CONFIG)
    return path


def test_config_is_written_once_and_means_the_same_when_read(tmp_path: Path) -> None:
    assert run_folder.read_config(tmp_path) is None
    with pytest.raises(Exception, match="cannot represent an object"):
        run_folder.write_config(tmp_path, {"what": object()})
    assert run_folder.read_config(tmp_path) is None
    config = {**CONFIG, "trainer": {**CONFIG["trainer"], "betas": [0.9, 0.999], "learning_rate": 1e-5}}
    run_folder.write_config(tmp_path, config)
    assert run_folder.read_config(tmp_path) == config
    with pytest.raises(ValueError, match="is written once"):
        run_folder.write_config(tmp_path, config)


@pytest.mark.parametrize("text", ["a: [1", "- 1", "", "!!python/object:os.system x", "a: &a [*a]\nb: *c", "\0"])
def test_config_that_is_none_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml(, line 1|:| is not YAML| holds a list| is empty)") as error:
        run_folder.read_config(tmp_path)
    assert "\n" not in str(error.value)


def test_config_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.yaml").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ValueError, match="is larger than"):
        run_folder.read_config(tmp_path)


def test_what_came_from_yaml_has_not_changed(tmp_path: Path) -> None:
    # YAML has no tuples: a resolved config is compared as it was written and as it was read.
    listed = {**CONFIG, "trainer": {**CONFIG["trainer"], "betas": [0.9, 0.999], "learning_rate": {"value": 1e-5}}}
    listed["trainer"]["learning_rate"]["steps"] = [[10, 0.1]]
    run_folder.write_config(tmp_path, listed)
    old = run_folder.read_config(tmp_path)
    assert old is not None
    assert run_folder.changed_settings(old, CONFIG) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, r"seed was 1 when this run began and is 2 now: keep the old value, .* --fresh"),
        ({"seed": True}, "seed was 1 when this run began and is True now"),
        ({"game": None}, "game was 'connect_four' .* is None"),
        ({"limits": {"minutes": 5}}, r"limits\.minutes was None .* is 5"),
        ({"trainer": {**CONFIG["trainer"], "optimizer": "adamw"}}, r"trainer\.optimizer was 'sgd' .* is 'adamw'"),
        (
            {"trainer": {**CONFIG["trainer"], "learning_rate": {"value": 2.0, "steps": ((10, 0.1),)}}},
            r"value was 1e-05",
        ),
        ({"trainer": {}}, r"trainer\.optimizer was 'sgd' .* is not given"),
        ({"extra": {"deep": 1}}, r"extra\.deep was not given .* is 1 now"),
    ],
)
def test_a_change_is_refused_by_its_dotted_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_folder.changed_settings(CONFIG, {**CONFIG, **change})


def test_changes_that_are_allowed_are_told() -> None:
    new = {**CONFIG, "limits": {"minutes": 5}, "trainer": {**CONFIG["trainer"], "optimizer": "adamw"}, "device": "cpu"}
    allowed = {"limits.minutes", "trainer", "device"}
    assert run_folder.changed_settings(CONFIG, new, allowed) == {
        "trainer.optimizer": ("sgd", "adamw"),
        "limits.minutes": (None, 5),
        "device": (None, "cpu"),
    }
    with pytest.raises(ValueError, match=r"trainer\.optimizer"):
        run_folder.changed_settings(CONFIG, new, {"limits.minutes", "device", "trainer.opt", "train"})


def test_a_setting_of_a_later_version_had_its_default() -> None:
    old = {name: value for name, value in CONFIG.items() if name != "seed"}
    assert run_folder.changed_settings(old, CONFIG, (), CONFIG) == {}
    with pytest.raises(ValueError, match="seed was 1 when this run began and is 2 now"):
        run_folder.changed_settings(old, {**CONFIG, "seed": 2}, (), CONFIG)


def test_fresh_moves_the_old_run_aside_and_counts_up(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert run_folder.move_run_aside(run) is None
    run.mkdir()
    assert run_folder.move_run_aside(run) is None, "an empty folder needs no second name"
    for number in (1, 2, 3):
        run_at(run)
        (run / "mark").write_text(str(number))
        assert run_folder.move_run_aside(run) == tmp_path / f"run.{number}"
        assert not run.exists()
    assert [(tmp_path / f"run.{number}" / "mark").read_text() for number in (1, 2, 3)] == ["1", "2", "3"]


def test_fresh_leaves_a_run_alone_that_is_training(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run")
    with (
        durable_files.FolderLock(run),
        pytest.raises(ValueError, match=r"is in use by process .*: stop it before --fresh"),
    ):
        run_folder.move_run_aside(run)
    assert run.exists()
    assert run_folder.move_run_aside(run) == tmp_path / "run.1"


def test_status_keeps_the_start_and_says_why_it_finished(tmp_path: Path) -> None:
    assert run_folder.read_status(tmp_path) is None
    run_folder.write_status(tmp_path, "running", step=0, samples=0, game="hex")
    started = run_folder.read_status(tmp_path)
    run_folder.write_status(tmp_path, "finished", step=9, samples=90, game="hex", reason="max_steps reached")
    finished = run_folder.read_status(tmp_path)
    assert started is not None
    assert finished is not None
    assert finished["started"] == started["started"] <= finished["updated"]
    assert (finished["status"], finished["reason"], finished["step"]) == ("finished", "max_steps reached", 9)
    (tmp_path / "status.json").write_bytes(b"{")
    assert run_folder.read_status(tmp_path) is None


def test_runs_are_listed_however_they_are(tmp_path: Path) -> None:
    finished = run_at(tmp_path / "a")
    run_folder.write_status(finished, "finished", step=9, samples=90, game="connect_four", reason="enough")
    with Metrics(finished, tensorboard=False) as record:
        record.write(9, {"loss": 1.0})
    killed = run_at(tmp_path / "b")
    run_folder.write_status(killed, "running", step=4, samples=40, game="connect_four")
    training = run_at(tmp_path / "c")
    checkpoints.save_checkpoint(training / "checkpoints", 12, {"model": {}}, {})
    (run_at(tmp_path / "d") / "config.yaml").write_text("a: [1")
    (tmp_path / "d" / "checkpoints").mkdir()
    run_at(tmp_path / "refused")  # left by a start that was refused: no run
    (tmp_path / "e" / "checkpoints").mkdir(parents=True)
    (run_at(tmp_path / "f") / "status.json").write_text('{"step": "x", "samples": null, "game": 3}')
    (tmp_path / "f" / "metrics.jsonl").write_text('{"step": 1}\n')
    (tmp_path / "not a run").mkdir()
    (tmp_path / "file").touch()

    with durable_files.FolderLock(training):
        runs = run_folder.list_runs(tmp_path)
    by_name = {run.path.name: run for run in runs}
    assert list(by_name) == ["a", "b", "c", "d", "e", "f"]
    assert [run.status for run in runs] == ["finished", "stopped", "running", "damaged", "damaged", "stopped"]
    assert [run.step for run in runs] == [9, 4, 12, 0, 0, 0]
    assert by_name["a"].samples == 90
    assert by_name["a"].reason == "enough"
    assert by_name["a"].last_metrics is not None
    assert by_name["c"].game == "connect_four"
    assert by_name["d"].game == "?"
    assert "is not YAML" in by_name["d"].reason
    assert "config.yaml is missing" in by_name["e"].reason
    assert run_folder.list_runs(tmp_path / "nowhere") == []

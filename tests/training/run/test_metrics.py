"""Metrics: nothing whole is lost, nothing torn is kept, and a resumed run has each step once."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import pytest

from training.run import metrics
from training.run.metrics import Metrics


def write(folder: Path, *steps: int, resume_step: int | None = None) -> None:
    with Metrics(folder, resume_step, tensorboard=False) as record:
        for step in steps:
            record.write(step, {"loss": step / 2})


def steps_in(folder: Path) -> list[int]:
    return [record["step"] for record in metrics.read(folder)]


def test_records_come_back_in_order_with_a_time(tmp_path: Path) -> None:
    before = time.time() - 1
    write(tmp_path / "run", 1, 2)
    first, second = metrics.read(tmp_path / "run")
    assert (first["step"], first["loss"], second["loss"]) == (1, 0.5, 1.0)
    assert before < first["time"] <= second["time"] < time.time() + 1
    assert metrics.last_time(tmp_path / "run") == second["time"]


def test_each_record_is_on_disk_at_once(tmp_path: Path) -> None:
    with Metrics(tmp_path, tensorboard=False) as record:
        record.write(1, {"loss": 1.0})
        assert steps_in(tmp_path) == [1]


def test_resume_drops_what_will_be_made_again(tmp_path: Path) -> None:
    write(tmp_path, 10, 20, 30, 40)
    write(tmp_path, 21, resume_step=20)
    assert steps_in(tmp_path) == [10, 20, 21]
    write(tmp_path, 22)
    assert steps_in(tmp_path) == [10, 20, 21, 22]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorboard's own
def test_late_numbers_are_in_the_line_and_at_their_own_step(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Metrics(tmp_path) as record:
        record.write(30, {"loss": 1.0}, {"elo": 50.0, "elo_step": 10})
        record.add_events({10: {"elo": 50.0}})
        record.add_events({10: {"elo": 60.0}, 20: {"elo": 70.0}})  # revised since: the first event of a step stays
    (line,) = metrics.read(tmp_path)
    assert (line["step"], line["elo"], line["elo_step"]) == (30, 50.0, 10)
    events = accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("elo")] == [(10, 50.0), (20, 70.0)]
    assert "elo_step" not in events.Tags()["scalars"]


def test_a_torn_last_line_goes_wherever_it_was_torn(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    path = tmp_path / metrics.FILE
    whole = path.read_bytes()
    first_line = whole.index(b"\n") + 1
    for length in range(first_line, len(whole) - 2):
        path.write_bytes(whole[:length])
        assert steps_in(tmp_path) == [1]
        assert metrics.last_time(tmp_path) == metrics.read(tmp_path)[0]["time"]
    write(tmp_path, 3)
    assert steps_in(tmp_path) == [1, 3]
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[1, 2]", b"{}", b'{"step": "x"}', b"[" * 100_000, b"\0" * 4096])
def test_garbage_is_no_record(line: bytes, tmp_path: Path) -> None:
    write(tmp_path, 1)
    with (tmp_path / metrics.FILE).open("ab") as file:
        file.write(line + b"\n")
    assert steps_in(tmp_path) == [1]
    write(tmp_path, 2)
    assert steps_in(tmp_path) == [1, 2]


def test_not_a_number_is_json_all_the_same(tmp_path: Path) -> None:
    with Metrics(tmp_path, tensorboard=False) as record:
        record.write(1, {"loss": math.nan, "norm": math.inf, "ok": 1})
    assert "NaN" not in (tmp_path / metrics.FILE).read_text()
    write(tmp_path, 2)
    first = metrics.read(tmp_path)[0]
    assert math.isnan(first["loss"])
    assert math.isnan(first["norm"])
    assert first["ok"] == 1.0


def test_nothing_written_is_nothing_read(tmp_path: Path) -> None:
    assert metrics.read(tmp_path) == []
    assert metrics.last_time(tmp_path) is None
    (tmp_path / metrics.FILE).touch()
    assert metrics.last_time(tmp_path) is None


def test_the_end_of_a_long_file_is_enough_for_the_last_time(tmp_path: Path) -> None:
    line = '{"step": 1, "time": 5.5}\n'
    (tmp_path / metrics.FILE).write_text(line * 5000 + '{"step": 2, "time": 6.5}\n{"step"')
    assert metrics.last_time(tmp_path) == 6.5


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorboard's own
def test_tensorboard_sees_the_same_numbers(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Metrics(tmp_path) as record:
        record.write(1, {"loss": 0.5})
        record.write(2, {"loss": 0.25})
    with Metrics(tmp_path, resume_step=1) as record:
        record.write(2, {"loss": 0.125})
    events = accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 0.5), (2, 0.125)]


def test_without_tensorboard_there_are_lines_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with Metrics(tmp_path) as record:
        record.write(1, {"loss": 0.5})
    assert steps_in(tmp_path) == [1]
    assert not (tmp_path / "events").exists()


def test_a_changed_line_is_dropped_and_named(tmp_path: Path) -> None:
    """Every bit of a line, turned over: the others stay, and the number of the line is told."""
    write(tmp_path, 1, 2, 3)
    path = tmp_path / metrics.FILE
    whole = path.read_bytes()
    begin = whole.index(b"\n") + 1
    before = metrics.read(tmp_path)
    for bit in range(8 * begin, 8 * whole.index(b"\n", begin)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert metrics.read(tmp_path) == [before[0], before[2]]
    with Metrics(tmp_path, tensorboard=False) as record:
        assert record.notes == ["metrics.jsonl: damaged and dropped, line 2 of 3"]
    with Metrics(tmp_path, tensorboard=False) as record:
        assert record.notes == []
    assert steps_in(tmp_path) == [1, 3]


def test_lines_of_older_runs_have_no_checksum(tmp_path: Path) -> None:
    path = tmp_path / metrics.FILE
    path.write_text('{"step": 1, "time": 5.5, "loss": null}\n{"step": 2, "time": 6.5, "crd": "0badf00d"}\n')
    with Metrics(tmp_path, tensorboard=False) as record:
        assert record.notes == ["metrics.jsonl: damaged and dropped, line 2 of 2"]
    assert steps_in(tmp_path) == [1]

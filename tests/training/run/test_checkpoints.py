"""Checkpoints: damage is always noticed, the newest whole one is found, and none that is needed goes."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from agent.storage import durable_files
from training.run import checkpoints

CONFIG = {"num_blocks": 2, "game": "tic_tac_toe"}


def save(folder: Path, step: int, **state: Any) -> Path:
    tensors = {
        "model": {"weight": torch.full((2, 3), float(step)), "count": torch.tensor(step)},
        "optimizer": {"momentum": torch.arange(4.0) + step},
    }
    return checkpoints.save_checkpoint(folder, step, tensors, {"samples": 10 * step, **state}, CONFIG)


def test_round_trip(tmp_path: Path) -> None:
    path = save(tmp_path, 7, note={"a": [1, None, "ü"]})
    assert {p.name for p in path.iterdir()} == {
        *("model.safetensors", "optimizer.safetensors", "state.json", "config.json", "manifest.json")
    }
    loaded = checkpoints.load_checkpoint(tmp_path, 7)
    assert (loaded.step, loaded.path, loaded.model_config) == (7, path, CONFIG)
    assert loaded.state == {"samples": 70, "note": {"a": [1, None, "ü"]}}
    assert loaded.tensors.keys() == {"model", "optimizer"}
    assert torch.equal(loaded.tensors["model"]["weight"], torch.full((2, 3), 7.0))
    assert loaded.tensors["model"]["count"].dtype == torch.int64
    assert loaded.tensors["optimizer"]["momentum"].tolist() == [7, 8, 9, 10]


def test_layouts_and_shared_memory_are_saved_as_plain_tensors(tmp_path: Path) -> None:
    weight = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    tensors = {"model": {"a": weight, "tied": weight, "part": weight[:, 1], "wide": torch.zeros(1).expand(3)}}
    checkpoints.save_checkpoint(tmp_path, 1, tensors, {})
    loaded = checkpoints.load_checkpoint(tmp_path, 1)
    assert loaded.model_config is None
    for name, tensor in tensors["model"].items():
        assert torch.equal(loaded.tensors["model"][name], tensor)


def test_model_folder_loads_alone(tmp_path: Path) -> None:
    path = save(tmp_path, 7)
    (path / "optimizer.safetensors").write_bytes(b"damaged, and not needed")
    tensors, config = checkpoints.load_model(path)
    assert (tensors["count"].item(), config) == (7, CONFIG)

    bare = tmp_path / "bare"  # what somebody copied together by hand
    bare.mkdir()
    shutil.copy(path / "model.safetensors", bare)
    assert checkpoints.load_model(bare)[1] is None
    shutil.copy(path / "config.json", bare)
    tensors, config = checkpoints.load_model(bare)
    assert (tensors["count"].item(), config) == (7, CONFIG)
    (bare / "model.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        checkpoints.load_model(bare)
    with pytest.raises(ValueError, match=r"has no model\.safetensors: name a checkpoint"):
        checkpoints.load_model(tmp_path)
    (bare / "model.safetensors").write_bytes((path / "model.safetensors").read_bytes())
    (bare / "config.json").write_text("[1")
    with pytest.raises(ValueError, match="is not a JSON object"):
        checkpoints.load_model(bare)


def test_newest_whole_one_is_found_and_the_others_are_named(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        save(tmp_path, step)
    (tmp_path / "100" / "optimizer.safetensors").write_bytes(b"")
    (tmp_path / "10" / "manifest.json").unlink()
    found, skipped = checkpoints.load_newest(tmp_path)
    assert found is not None
    assert found.step == 9
    assert [each.step for each in skipped] == [100, 10]
    assert "optimizer.safetensors is damaged" in skipped[0].reason
    assert "manifest.json cannot be read" in skipped[1].reason
    assert checkpoints.discard_after(tmp_path, found.step) == [10, 100]
    assert checkpoints.list_steps(tmp_path) == [9]


def test_none_at_all_is_a_start_but_none_whole_is_an_error(tmp_path: Path) -> None:
    assert checkpoints.load_newest(tmp_path) == (None, [])
    assert checkpoints.load_newest(tmp_path / "nowhere") == (None, [])
    save(tmp_path, 3)
    (tmp_path / "3" / "state.json").unlink()
    with pytest.raises(
        ValueError, match=r"no checkpoint in .* is whole, the newest because .*state\.json cannot be read"
    ):
        checkpoints.load_newest(tmp_path)


def test_only_folders_named_by_a_step_are_checkpoints(tmp_path: Path) -> None:
    for name in ("12", "007", "٣", "1e3", "-5", ".12.0123456789abcdef.tmp", "best"):
        (tmp_path / name).mkdir()
    (tmp_path / "13").touch()
    assert checkpoints.list_steps(tmp_path) == [12]
    with pytest.raises(ValueError, match="has no checkpoint 5: it has 12"):
        checkpoints.load_checkpoint(tmp_path, 5)


def test_a_later_version_is_refused_and_not_stepped_over(tmp_path: Path) -> None:
    save(tmp_path, 1)
    files = durable_files.read_folder(save(tmp_path, 2))
    files["state.json"] = json.dumps({"schema": 2, "step": 2, "state": {}}).encode()
    durable_files.write_folder(tmp_path / "2", files)
    with pytest.raises(checkpoints.NewerSchemaError, match="checkpoint schema 2, this version reads 1: upgrade honte"):
        checkpoints.load_newest(tmp_path)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"[]", "not the state of a checkpoint"),
        (b'{"schema": 1}', "not the state of a checkpoint"),
        (b'{"schema": 1, "step": 2, "state": 3}', "not the state of a checkpoint"),
        (b'{"schema": "one", "step": 2, "state": {}}', "schema 'one'"),
        (b'{"schema": 0, "step": 2, "state": {}}', "not a version that was ever written"),
        (b'{"schema": 1, "step": 3, "state": {}}', "holds the checkpoint of step 3"),
    ],
)
def test_a_state_that_is_none_is_refused(state: bytes, message: str, tmp_path: Path) -> None:
    files = durable_files.read_folder(save(tmp_path, 2))
    durable_files.write_folder(tmp_path / "2", files | {"state.json": state})
    with pytest.raises(ValueError, match=message):
        checkpoints.load_checkpoint(tmp_path, 2)


def test_truncated_or_flipped_checkpoints_are_never_loaded(tmp_path: Path) -> None:
    save(tmp_path, 1)
    path = save(tmp_path, 2)
    draw = random.Random(0)
    for case in range(400):
        file = draw.choice(sorted(path.iterdir()))
        whole = file.read_bytes()
        if case % 2:
            damaged = whole[: draw.randrange(len(whole))]
        else:
            at = draw.randrange(len(whole))
            damaged = whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1 :]
        file.write_bytes(damaged)
        found, skipped = checkpoints.load_newest(tmp_path)
        assert found is not None
        assert (found.step, [each.step for each in skipped]) == (1, [2])
        file.write_bytes(whole)
    assert checkpoints.load_checkpoint(tmp_path, 2).step == 2


def test_saving_again_replaces(tmp_path: Path) -> None:
    save(tmp_path, 5)
    save(tmp_path, 5, again=True)
    assert checkpoints.load_checkpoint(tmp_path, 5).state["again"] is True
    assert len(list(tmp_path.iterdir())) == 1


def test_prune_keeps_the_last_and_every_kth(tmp_path: Path) -> None:
    for step in range(1, 11):
        (tmp_path / str(step)).mkdir()
    assert checkpoints.prune_checkpoints(tmp_path, keep_last=2, keep_every=4) == [1, 2, 3, 5, 6, 7]
    assert checkpoints.list_steps(tmp_path) == [4, 8, 9, 10]
    assert checkpoints.prune_checkpoints(tmp_path, keep_last=1) == [4, 8, 9]
    assert checkpoints.prune_checkpoints(tmp_path, keep_last=9) == []
    assert [path.name for path in tmp_path.iterdir()] == ["10"]
    with pytest.raises(ValueError, match="keep_last is 0"):
        checkpoints.prune_checkpoints(tmp_path, keep_last=0)


def test_prune_keeps_the_first_checkpoint_from_each_multiple_on(tmp_path: Path) -> None:
    """Checkpoints that the clock makes have steps that are no multiples of anything."""
    kept = []
    for step in (37, 90, 113, 160, 199, 251, 290, 470, 480, 500, 503):
        (tmp_path / str(step)).mkdir()
        checkpoints.prune_checkpoints(tmp_path, keep_last=2, keep_every=100)
        kept = checkpoints.list_steps(tmp_path)
    assert kept == [113, 251, 470, 500, 503]
    assert checkpoints.prune_checkpoints(tmp_path, keep_last=1, keep_every=100) == []


def test_state_must_be_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        save(tmp_path, 1, loss=float("nan"))
    assert checkpoints.list_steps(tmp_path) == []


def test_model_file_is_plain_safetensors(tmp_path: Path) -> None:
    data = (save(tmp_path, 4) / "model.safetensors").read_bytes()
    assert safetensors.torch.load(data)["count"].item() == 4

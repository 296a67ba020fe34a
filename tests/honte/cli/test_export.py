"""``honte export``: what arrives plays, is sealed last, and nothing is overwritten unasked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import fsspec
import pytest

import honte
from agent.players import load_network
from agent.storage import durable_files
from games import make
from honte.__main__ import main
from honte.cli.commands.tools import export

FILES = {"README.md", "config.json", "eval_results.json", "model.safetensors"}
"""What every export has besides the manifest."""


def test_a_network_arrives_whole_and_plays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "elsewhere" / "network"
    assert main(["export", "connect_four", str(place), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(told["files"]) == FILES
    assert {path.name for path in place.iterdir()} == FILES | {"manifest.json"}
    assert set(durable_files.read_folder(place)) == FILES
    mine, shipped = load_network(place, make("connect_four")), load_network("connect_four", make("connect_four"))
    assert mine[0] == shipped[0]
    assert all((mine[1][name] == tensor).all() for name, tensor in shipped[1].items())


def test_a_url_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "connect_four", "memory://bucket/network"]) == 0
    assert "memory://bucket/network" in capsys.readouterr().out
    store = fsspec.filesystem("memory")
    content = json.loads(store.cat_file("/bucket/network/manifest.json"))
    assert content["files"]["model.safetensors"][1] == store.size("/bucket/network/model.safetensors")


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "network"
    assert main(["export", "connect_four", str(place)]) == 0
    (place / "config.json").write_text("{}")
    assert main(["export", "connect_four", str(place)]) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert (place / "config.json").read_text() == "{}"
    assert main(["export", "connect_four", str(place), "--overwrite"]) == 0
    assert set(durable_files.read_folder(place)) == FILES


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("my own text")
    assert main(["export", "connect_four", str(tmp_path)]) == 2
    assert f"{tmp_path} contains README.md already" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md"]


def test_an_old_onnx_file_goes_with_its_network(tmp_path: Path) -> None:
    """A file that the new export does not have belongs to another network; files of other programs stay."""
    pytest.importorskip("onnxscript")
    place = tmp_path / "network"
    assert main(["export", "connect_four", str(place), "--onnx"]) == 0
    (place / "notes.txt").write_text("mine")
    assert set(durable_files.read_folder(place)) == FILES | {"model.onnx"}
    assert main(["export", "connect_four", str(place), "--overwrite"]) == 0
    assert {path.name for path in place.iterdir()} == FILES | {"manifest.json", "notes.txt"}


def test_what_was_exported_plays(tmp_path: Path) -> None:
    assert main(["export", "connect_four", str(tmp_path / "network")]) == 0
    here = honte.position("connect_four").play("d d c")
    mine, shipped = (honte.load(f"{place}?lookahead=0") for place in (tmp_path / "network", "connect_four"))
    analysis = mine.analyze(here, simulations=20)
    assert analysis.moves == shipped.analyze(here, simulations=20).moves
    assert analysis.visits == 21


def test_what_does_not_arrive_is_not_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "network"
    assert main(["export", "connect_four", str(place)]) == 0
    store, _ = export._store(str(place))
    real = type(store).pipe_file

    def lossy(self: Any, path: str, value: bytes, **more: Any) -> None:
        real(self, path, value[:-1] if path.endswith("model.safetensors") else value, **more)

    monkeypatch.setattr(type(store), "pipe_file", lossy)
    assert main(["export", "connect_four", str(place), "--overwrite"]) == 2
    assert not (place / "manifest.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody", "memory://x"], "no run or model folder 'nobody'"),
        (["connect_four", "nowhere://x"], "nowhere://x cannot be written to"),
        (["connect_four", "memory://x", "--report"], "report.html cannot be read"),
        (["connect_four", "memory://x", "--report"], "only a run has a report"),
        (["connect_four", ""], "TO is empty"),
        (["mcts:50", "memory://x"], "'mcts:50' is a player without a network"),
        (["connect_four?simulations=5", "memory://x"], "write connect_four"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_a_damaged_checkpoint_is_not_handed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["export", "connect_four", str(first)]) == 0
    shutil.copytree(first, second)
    data = bytearray((second / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (second / "model.safetensors").write_bytes(bytes(data))
    assert main(["export", str(second), "memory://damaged"]) == 2
    assert "its sha256 is not the one" in capsys.readouterr().err

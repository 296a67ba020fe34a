"""Learning beside other programs: real processes that are ended in time, mistakes of their answers, and curves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.learning.curves import Line, Panel, draw
from benchmarks.learning_peers.grading import grade, is_wrong
from benchmarks.learning_peers.training import ROOT, Run, train
from games import make
from selfplay.solved.grading import SolvedPosition
from training.evaluation.solved_positions import solved_sets

PROGRAM = """
import json, pathlib, sys, time
words = sys.argv[1:]
if words[0] == "train":
    out = pathlib.Path(words[words.index("--out") + 1])
    out.mkdir()
    for i in range(3):
        (out / "partial").write_text(str(i))
        (out / "partial").rename(out / f"{i:05d}.txt")
    time.sleep(json.loads(words[words.index("--settings") + 1]).get("sleep", 0))
else:
    positions = json.loads(pathlib.Path(words[words.index("--positions") + 1]).read_text())
    print(json.dumps({"raw": [0] * len(positions), "search": [len(moves) for moves in positions]}))
"""
"""A program that stores three networks and may not end. Alone it plays the first column, and with search the nth."""

SETS = {
    "one": [SolvedPosition((0,), {0: -1, 1: 0}), SolvedPosition((1, 1), {0: 5, 1: 1, 2: 3})],
    "two": [SolvedPosition((2, 2, 2), {0: -1, 3: -4})],
}


@pytest.fixture
def peer(tmp_path: Path) -> Run:
    (tmp_path / "program.py").write_text(PROGRAM)
    return Run("a peer", "defaults", {}, [sys.executable, str(tmp_path / "program.py")])


def test_networks_are_known_with_their_times(tmp_path: Path, peer: Run) -> None:
    folder = tmp_path / peer.folder
    trained = train(peer, folder, 60.0)
    assert [network.path.name for network in trained.networks] == ["00000.txt", "00001.txt", "00002.txt"]
    seconds = [network.seconds for network in trained.networks]
    assert seconds == sorted(seconds)
    assert train(peer, folder, 60.0) == trained  # the same command trains no more
    with pytest.raises(ValueError, match="choose another --out"):
        train(peer, folder, 30.0)


@pytest.mark.slow
def test_a_program_without_an_end_is_ended(tmp_path: Path, peer: Run) -> None:
    assert len(train(peer._replace(changes={"sleep": 10_000}), tmp_path / "run", 15.0).networks) == 3


def test_a_program_that_stores_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a peer stored no network"):
        train(Run("a peer", "defaults", {}, [sys.executable, "-c", "0"]), tmp_path / "run", 30.0)


def test_mistakes_of_a_peer_are_counted_by_set(tmp_path: Path, peer: Run) -> None:
    found = grade(make("connect_four"), peer, tmp_path, tmp_path / "network", SETS, 100)
    assert found["raw"] == {"one": [1, 2], "two": [0, 1]}
    assert found["search"] == {"one": [0, 2], "two": [0, 1]}
    assert json.loads((tmp_path / "positions.json").read_text()) == [[0], [1, 1], [2, 2, 2]]


def test_an_illegal_move_is_wrong() -> None:
    lost = SolvedPosition((), {0: -3, 1: -5})
    assert not is_wrong(lost, 1)
    assert is_wrong(lost, 6)


def test_curves_side_by_side() -> None:
    lines = [Line("a & b", [(0.0, 30.0), (10.0, 0.0)]), Line("c", [(5.0, 15.0)])]
    svg = ElementTree.fromstring(
        draw([Panel("left", lines, 0.0, 30.0), Panel("right", lines[:1], 0.0, 30.0)], across="minutes", last=10)
    )
    kinds = [element.tag.rpartition("}")[2] for element in svg.iter()]
    assert kinds.count("polyline") == 2
    assert kinds.count("circle") == 1
    assert [element.text for element in svg.iter() if element.text in ("a & b", "c")] == ["a & b", "c"]
    assert {"60.0,30.0 460.0,330.0"} == {e.get("points") for e in svg.iter() if e.tag.endswith("polyline")}


@pytest.mark.slow
def test_honte_learns_and_is_graded(tmp_path: Path) -> None:
    flags = {"--network.blocks": 1, "--network.channels": 8, "--learn.first-samples": 200, "--engine.kind": "torch"}
    run = Run("honte", "small", flags, [])
    trained = train(run, tmp_path, 60.0)
    sets = {name: positions[:20] for name, positions in solved_sets(make("connect_four")).items()}
    found = grade(make("connect_four"), run, tmp_path, trained.networks[-1].path, sets, 8)
    assert all(count == 20 for of_set in found.values() for _, count in of_set.values())


@pytest.mark.slow
def test_a_folder_that_is_no_clone_is_refused() -> None:
    words = ["-m", "benchmarks.learning_peers.alpha_zero_general", "train", str(ROOT / "games")]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "holds no Coach.py" in done.stderr

"""Damaged files of a run are noticed: benchmarks/damage.py tries 1,000 cases of each kind, this test a few."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.damage import DAMAGES, KINDS, attack, train_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage") / "run"
    train_run(folder)
    return folder


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_named_and_the_run_goes_on_without(run: Path, kind: str, how: str) -> None:
    found = attack(run, kind, how, 25, seed=1)
    assert found["accepted"] == found["not named"] == 0
    assert found["a shorter file"] <= (5 if (kind, how) == ("metrics", "cut") else 0)  # cut between two lines
    assert found["named, and gone on without"] + found["a shorter file"] == 25

"""The names that packages hand on: a new one is a promise to users, so this test lists them all."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

PUBLIC_NAMES = {
    "games": [
        "NAMES",
        "ONGOING",
        "Board",
        "Game",
        "Position",
        "Positions",
        "Symmetries",
        "check_game",
        "from_rules",
        "make",
        "perft",
        "position",
    ],
    "agent": [],
    "selfplay": [],
    "training": [],
    "honte": [
        "LoadedPlayer",
        "MoveAnalysis",
        "PositionAnalysis",
        "ShippedModel",
        "TrainResult",
        "check_game",
        "load",
        "make",
        "match",
        "models",
        "perft",
        "position",
        "train",
    ],
    "honte.envs": ["GameEnv", "ids", "observation_space", "register"],
}
"""Empty where users import from the modules of a package instead."""


@pytest.mark.parametrize("package", PUBLIC_NAMES)
def test_a_package_hands_on_its_public_names_and_no_others(package: str) -> None:
    module = importlib.import_module(package)
    names = PUBLIC_NAMES[package]
    assert sorted(getattr(module, "__all__", [])) == sorted(names)
    assert [name for name in names if getattr(module, name, None) is None] == []
    others = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in names
    }
    assert others - {"Any", "TYPE_CHECKING", "annotations"} == set()


def test_importing_honte_loads_neither_torch_nor_the_games() -> None:
    code = "import sys, honte; print([name for name in ('torch', 'numba', 'games') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

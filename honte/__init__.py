"""honte: board games learned from nothing but their rules. What a person runs, and the same things for Python.

>>> import honte
>>> print(honte.position("tic_tac_toe").play("b2"))
3 . . .
2 . x .
1 . . .
  a b c
o to play

Knows the names of its parts. Loads none of them until they are asked for, so that importing honte is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from games import check_game, make, perft, position
    from honte.api import match
    from honte.loaded_player import LoadedPlayer, MoveAnalysis, PositionAnalysis, load
    from honte.shipped_models import ShippedModel, models
    from honte.training_runs import TrainResult, train

__version__ = "0.1.0"

__all__ = [
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
]

_HOMES = {
    "check_game": "games",
    "make": "games",
    "perft": "games",
    "position": "games",
    "match": "honte.api",
    "TrainResult": "honte.training_runs",
    "train": "honte.training_runs",
    "LoadedPlayer": "honte.loaded_player",
    "MoveAnalysis": "honte.loaded_player",
    "PositionAnalysis": "honte.loaded_player",
    "load": "honte.loaded_player",
    "ShippedModel": "honte.shipped_models",
    "models": "honte.shipped_models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'honte' has no attribute {name!r}; there are {', '.join(__all__)}")
    import importlib

    from honte.package_check import check_packages

    check_packages()
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

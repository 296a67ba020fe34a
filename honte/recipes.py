"""Recipes: YAML files that are whole runs, by name or path.

Knows where they lie in a clone and in an installed wheel. Does not know what their values mean.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from games.registry import NAMES, is_game, make
from training.config import check_values, default_values, merge_values
from training.yaml_files import read_yaml

IMAGES = "images"
"""The folder of the classifiers' recipes."""


def folder() -> Path:
    """Where the recipes lie: inside the package when installed, beside it in a clone."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def names(below: str = "") -> list[str]:
    """The recipes' names; ``below``: of those in such a folder."""
    return sorted(path.stem for path in (folder() / below).glob("*.yaml"))


def place(name: str, below: str = "") -> Path:
    """The file of a recipe, by its name or a path."""
    return Path(name) if name.endswith((".yaml", ".yml")) else folder() / below / f"{name}.yaml"


def values(name: str, below: str = "", kind: str = "recipe") -> dict[str, Any]:
    """What a recipe says, by its name or a YAML file's path. ValueError when there is none of that ``kind``."""
    path = place(name, below)
    if not path.is_file():
        if below == "" and is_game(name):
            raise ValueError(f"{name!r} is a game without a recipe of its own; honte train --game {name} learns it")
        if below == "" and name in names(IMAGES):
            raise ValueError(f"{name!r} is a model of pictures; honte classify DATA --model {name} trains it")
        near = difflib.get_close_matches(name, names(below), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        if below == "" and not near and (games := difflib.get_close_matches(name, NAMES, n=1)):
            hint = f"did you mean --game {games[0]}? "
        there = ", ".join(names(below))
        raise ValueError(f"no {kind} is called {name!r}; {hint}there are {there}, or a YAML file's path")
    return read_yaml(path)


def pictures(model: str, dataset: str) -> dict[str, Any]:
    """The values of a classifier's recipe by name or path, with what it says of ``dataset`` over them."""
    from training.images.training import ImageConfig

    said = values(model, IMAGES, "model")
    special = said.pop("datasets", {})
    for name, over in special.items() if isinstance(special, Mapping) else [("", special)]:
        try:
            check_values(over, ImageConfig, whole=False)
        except ValueError as error:
            raise ValueError(f"{place(model, IMAGES)}: datasets{'.' * bool(name)}{name}: {error}") from error
    return merge_values(said, special.get(dataset, {})) | {"dataset": dataset}


def recipe(name: str, game: str = "") -> dict[str, Any]:
    """The values of a recipe by name or path, or with ``game`` alone those that follow from it.

    ValueError when neither is given or there is no such recipe.
    """
    if name:
        said = values(name)
        said.pop("game_sha256", None)  # a run's own config.yaml is a recipe, too
        return said | {"game": make(game).name} if game else said
    if not game:
        raise ValueError(f"name a recipe ({', '.join(names())}) or a game: --game NAME or --game FILE.py:game")
    rules = make(game)
    return {"game": game, **default_values(rules)}

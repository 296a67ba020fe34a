"""Recipes: YAML files with the complete configuration of a run, found by name or path.

Knows where recipes are in a clone and in an installed wheel. Does not know what their values mean.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.settings import check_values
from games.game import Game
from games.registry import NAMES, is_game, make
from training.config import merge_values
from training.game_defaults import default_values
from training.recipe_scale import scale_recipe
from training.yaml_files import read_yaml

IMAGES = "images"
"""The folder of the recipes for pictures."""

PAPERS = "papers"
"""The folder of the recipes of published systems; their names begin with it: ``papers/alphazero``."""


def folder() -> Path:
    """The folder of the recipes: inside the package when honte is installed, beside it in a clone."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def names(below: str = "") -> list[str]:
    """The names of the recipes of games, or of those in the folder ``below``."""
    found = sorted(path.stem for path in (folder() / below).glob("*.yaml"))
    return found if below else [*found, *(f"{PAPERS}/{name}" for name in names(PAPERS))]


def place(name: str, below: str = "") -> Path:
    """The file of a recipe, by its name or a path."""
    return Path(name) if name.endswith((".yaml", ".yml")) else folder() / below / f"{name}.yaml"


def values(name: str, below: str = "", kind: str = "recipe") -> dict[str, Any]:
    """The values of a recipe, by its name or the path of a YAML file. ValueError if there is no such ``kind``."""
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
        raise ValueError(f"no {kind} is called {name!r}; {hint}name one of {there}, or a YAML file")
    return read_yaml(path)


def pictures(model: str, dataset: str) -> dict[str, Any]:
    """The values of a recipe for pictures by name or path, replaced by its special values for ``dataset``."""
    from training.images.training import ImageConfig

    found = values(model, IMAGES, "model")
    special = found.pop("datasets", {})
    for name, over in special.items() if isinstance(special, Mapping) else [("", special)]:
        try:
            check_values(over, ImageConfig, whole=False)
        except ValueError as error:
            raise ValueError(f"{place(model, IMAGES)}: datasets{'.' * bool(name)}{name}: {error}") from error
    return merge_values(found, special.get(dataset, {})) | {"dataset": dataset}


def recipe(name: str, game: str = "", scale: float = 1.0) -> dict[str, Any]:
    """The values of a recipe by name or path at a ``scale``; with ``game`` only, default values for that game.

    ValueError if neither is given or there is no such recipe, or if the scale does not fit.
    """
    if scale != 1 and not name:
        raise ValueError(f"the scale is {scale:g}: it shrinks a recipe, such as {PAPERS}/alphazero; name one")
    if name:
        found = scale_recipe(values(name), scale)
        found.pop("game_sha256", None)  # the config.yaml of a run is a recipe, too
        return found | {"game": make(game).name} if game else found
    if not game:
        raise ValueError(f"name a recipe ({', '.join(names())}), or a game with --game NAME or --game FILE.py:game")
    rules = make(game)
    return {"game": game, **default_values(rules)}


def for_game(game: Game) -> dict[str, Any]:
    """The values with which ``honte train`` learns ``game``: those of the recipe of its name, or the defaults."""
    return values(game.name) if game.name in names() else {"game": game.name, **default_values(game)}

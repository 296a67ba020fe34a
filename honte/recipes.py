"""Recipes: YAML files that are whole runs, by name or path.

Knows where they lie in a clone and in an installed wheel. Does not know what their values mean.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from games.registry import make
from training.config import defaults, load


def folder() -> Path:
    """Where the recipes lie: inside the package when installed, beside it in a clone."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def names() -> list[str]:
    """The recipes' names."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def recipe(name: str, game: str = "") -> dict[str, Any]:
    """The values of a recipe by name or path, or with ``game`` alone those that follow from it.

    ValueError when neither is given or there is no such recipe.
    """
    if name:
        path = Path(name) if name.endswith((".yaml", ".yml")) else folder() / f"{name}.yaml"
        if not path.is_file():
            near = difflib.get_close_matches(name, names(), n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise ValueError(
                f"no recipe is called {name!r}; {hint}there are {', '.join(names())}, or a YAML file's path"
            )
        values = load(path)
        if game:
            values["game"] = make(game).name
        return values
    if not game:
        raise ValueError(f"name a recipe ({', '.join(names())}) or a game: --game NAME or --game FILE.py:game")
    rules = make(game)
    return {"game": game, **defaults(rules)}

"""The networks that ship with honte: agent/weights/FOLDER/{model.safetensors, config.json}, one for each of some games.

Knows which games have one and where. Does not know its content. The name of a game is the name of its network. ``:``
and ``,`` of the game's parameters are ``-`` in the folder's name, because some file systems do not allow them.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def folder(game: str) -> Path | None:
    """The model folder of the game called ``game``. None when no network ships for it."""
    path = HERE / game.translate(str.maketrans(":,", "--"))
    return path if _has_model(path) and "/" not in game and "\\" not in game else None


def folders() -> list[Path]:
    """All model folders, sorted by name."""
    return sorted(path for path in HERE.iterdir() if _has_model(path))


def _has_model(path: Path) -> bool:
    return (path / "model.safetensors").is_file() and (path / "config.json").is_file()

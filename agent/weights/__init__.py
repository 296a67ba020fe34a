"""The networks that ship with honte.

Knows which games have one, where it is, and which one a game's bare name means. Does not know how networks are loaded.
A network is a folder GAME[/SIZE] with model.safetensors, config.json, results.json and manifest.json.
GAME is the game's name without parameters, and SIZE its parameters with ``,`` written as ``-``, because some file
systems do not allow every character. ``manifest.json`` holds the sha256 of the other files, which loading checks.
``python -m benchmarks.ship_weights`` writes such a folder.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

HERE = Path(__file__).parent


def place(game: str) -> Path:
    """The folder for the network of the game called ``game``, whether it exists or not."""
    family, _, parameters = game.partition(":")
    return HERE / family / parameters.replace(",", "-") if parameters else HERE / family


def folder(text: str) -> Path | None:
    """The model folder of the network that the game's name ``text`` means. None when no network ships for it.

    A bare name, such as ``othello``, means the network of the default size if it ships, else of the nearest size.
    """
    if not text or set(text) & set("/\\."):
        return None
    exact = place(text)
    if _has_model(exact):
        return exact
    family, colon, _ = text.partition(":")
    known = {game: path for game, path in games().items() if game.partition(":")[0] == family}
    if not known:
        return None
    from games.registry import make

    try:
        wanted = make(text)
    except ValueError:
        return None
    if colon:
        return known.get(wanted.name)  # othello:size=8 is othello
    cells = wanted.board.width * wanted.board.height
    boards = {game: make(game).board for game in known}
    return known[min(known, key=lambda game: abs(math.log(boards[game].width * boards[game].height / cells)))]


def games() -> dict[str, Path]:
    """The games with a shipped network, as ``games.make`` takes them, and the model folders."""
    return {json.loads((path / "config.json").read_text(encoding="utf-8"))["game"]: path for path in folders()}


def folders() -> list[Path]:
    """All model folders, sorted by path."""
    return sorted(path for pattern in ("*", "*/*") for path in HERE.glob(pattern) if _has_model(path))


def stand_in(text: str) -> str:
    """The game that the bare name ``text`` means where no network ships for its default size. Empty otherwise."""
    found = None if ":" in text or _has_model(place(text)) else folder(text)
    return "" if found is None else str(json.loads((found / "config.json").read_text(encoding="utf-8"))["game"])


def _has_model(path: Path) -> bool:
    return (path / "model.safetensors").is_file() and (path / "config.json").is_file()

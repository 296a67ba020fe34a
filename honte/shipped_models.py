"""``honte.models()``: the networks that ship with honte, and what was measured of them.

Knows ``results.json`` of a shipped model folder, which is
{"schema": 1, "game", "training": {Training}, "opponents": [{Opponent}, ...], "notes": [sentence, ...]}.
Does not load any network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

RESULTS = "results.json"
SCHEMA = 1

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class Training:
    """The self-play that made a network. None: not known."""

    minutes: float | None = None
    games: int | None = None
    positions: int | None = None
    steps: int | None = None
    evaluations: int | None = None  # of the network in self-play
    machine: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class Opponent:
    """The result of one match from the network's view. A draw counts one half."""

    opponent: str  # as honte writes players
    player: str  # the network with its settings
    games: int
    wins: int
    draws: int
    losses: int
    score: float  # 0 to 1
    score_low: float  # its 95 % interval
    score_high: float
    distinct_games: int | None = None
    opening_plies: int | None = None
    openings_left_out: int | None = None  # because they were decided already
    machine: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """A network that ships with honte."""

    game: str  # as ``honte.make`` takes it; also the text of the player for ``honte.load`` and the commands
    folder: Path
    bytes: int  # of its weights
    training: Training
    opponents: tuple[Opponent, ...]
    notes: tuple[str, ...]  # other measured results, as sentences

    @property
    def size(self) -> str:
        """The board, such as ``6 x 7`` (rows x columns)."""
        from games.registry import make

        board = make(self.game).board
        return f"{board.height} x {board.width}"

    def as_json(self) -> dict[str, Any]:
        content = asdict(self) | {"size": self.size, "folder": str(self.folder)}
        return content | {"opponents": list(content["opponents"]), "notes": list(self.notes)}


def models() -> list[ShippedModel]:
    """The networks that ship with honte, in alphabetical order, with the results that were measured of them.

    >>> "connect_four" in [model.game for model in honte.models()]
    True
    """
    from agent import weights

    return [read_model(folder) for _, folder in sorted(weights.games().items())]


def read_model(folder: Path) -> ShippedModel:
    """The shipped model in ``folder``. ValueError if its results are damaged; without results all is unknown."""
    game = json.loads((folder / "config.json").read_text(encoding="utf-8"))["game"]
    path = folder / RESULTS
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"schema": SCHEMA, "game": game}
        if content["schema"] != SCHEMA or content["game"] != game:
            raise ValueError(f"it has schema {content['schema']} and game {content['game']}")
        training = _part(Training, content.get("training", {}))
        opponents = tuple(_part(Opponent, each) for each in content.get("opponents", []))
        notes = tuple(map(str, content.get("notes", [])))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the results of a model: {error}") from error
    size = (folder / "model.safetensors").stat().st_size
    return ShippedModel(game=game, folder=folder, bytes=size, training=training, opponents=opponents, notes=notes)


def _part(kind: type[Part], values: Mapping[str, Any]) -> Part:
    """A dataclass from a dict; fields that it does not know are left out."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in known})

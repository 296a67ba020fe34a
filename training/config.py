"""The configuration of a run, composed once, and how YAML becomes one.

Knows every part's dataclass. Does not know how a run goes. Unknown keys fail with the nearest name.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from agent.choosing import EngineConfig
from agent.network import NetworkConfig
from agent.search import SearchConfig
from agent.text import read_text
from games.game import Game
from selfplay.local_runner import SelfPlayConfig
from selfplay.worker import RayConfig
from training.ladder import RatingConfig
from training.replay import WindowConfig
from training.trainer import TrainerConfig

LARGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """How the network learns from the games."""

    batch_size: int = 512
    device: str = "auto"  # as torch names it; auto: a GPU where each process gets one, else cpu
    processes: int = 1  # that share each batch (torch DDP); they must divide batch_size
    reuse: float = 4.0  # trained samples per new sample; holds self-play or the learner back
    value_mix: float = 0.3  # lambda: value target = (1 - lambda) outcome + lambda search value
    value_weight: float = 1.0
    first_samples: int = 4096  # made before learning begins
    cooldown: float = 0.25  # last share of the run, in which the learning rate falls to a tenth
    publish_steps: int = 40  # steps between two updates of the playing network
    window: WindowConfig = field(default_factory=WindowConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)

    def __post_init__(self) -> None:
        if self.processes < 1 or self.batch_size % self.processes:
            raise ValueError(f"learn.processes is {self.processes}: it must divide batch_size, {self.batch_size}")
        if self.processes > 1 and ":" in self.device:
            raise ValueError(f"learn.device is {self.device!r}: several learner processes take one GPU each; say cuda")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A whole run."""

    game: str
    seed: int = 0
    deterministic: bool = False  # play and learn in turns; everything follows from the seed
    max_minutes: float = 0.0  # of training, every start of the run together; 0: no limit
    max_samples: int = 0  # made by self-play; 0: no limit
    freeze: bool = False  # only the heads learn; for a trunk from elsewhere (--init)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    self_play: SelfPlayConfig = field(default_factory=SelfPlayConfig)
    play: SearchConfig = field(default_factory=lambda: SearchConfig(num_simulations=100))  # when it plays for real
    learn: LearnConfig = field(default_factory=LearnConfig)
    ray: RayConfig = field(default_factory=RayConfig)  # with --ray only
    checkpoint_minutes: float = 1.0
    checkpoint_steps: int = 0  # deterministic runs: steps between checkpoints; 0: at every update
    keep_checkpoints: int = 3
    keep_every: int = 0  # also every so many steps
    grade_minutes: float = 2.0  # between two looks at solved positions, where the game has some; 0: never
    rating: RatingConfig = field(default_factory=RatingConfig)
    max_disk_gb: float = 4.0


MAY_CHANGE = frozenset(
    {
        "max_minutes",
        "max_samples",
        "freeze",
        "checkpoint_minutes",
        "checkpoint_steps",
        "keep_checkpoints",
        "keep_every",
        "grade_minutes",
        "learn.device",
        "learn.processes",
        "rating",
        "max_disk_gb",
        "engine",
        "play",
        "ray",
        "self_play.num_groups",
    }
)
"""What another value of does not make another run of the same folder."""


def parse(values: Mapping[str, Any], kind: type = TrainConfig, path: str = "") -> Any:
    """A config from nested mappings. ValueError names the first unknown key or wrong value."""
    import pydantic  # here and below: a configuration made in code needs none

    _known(values, kind, path)
    try:
        return pydantic.TypeAdapter(kind).validate_python(dict(values))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"config {where or 'value'}: {first['msg'].removeprefix('Value error, ')}") from error


def _known(values: Any, kind: type, path: str) -> None:
    if not isinstance(values, Mapping):
        raise ValueError(f"config {path or 'file'} must be a mapping of names to values, not {values!r}")
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(hints)}"
            raise ValueError(f"config {path}{key} is unknown; {hint}")
        if dataclasses.is_dataclass(hints[key]) and not isinstance(value, hints[key]) and isinstance(value, Mapping):
            if hints[key].__module__ != "training.schedules":
                _known(value, hints[key], f"{path}{key}.")


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain nested values, for YAML."""
    import pydantic

    plain: dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return plain


def load(path: Path) -> dict[str, Any]:
    """The nested values of a YAML file; ValueError with a sentence when it is none."""
    try:
        values = yaml.safe_load(read_text(path, LARGEST))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold names and values, as in 'game: connect_four'")
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over`` in their places."""
    out = dict(base)
    for key, value in over.items():
        mine = out.get(key)
        out[key] = merge(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return out


def defaults(game: Game) -> dict[str, Any]:
    """What follows from a game that has no recipe: a network and a temperature that fit its size."""
    _, height, width = game.observation_shape
    small = height * width <= 20
    return {
        "network": {"blocks": 3 if small else 5, "channels": 32 if small else 48},
        "self_play": {
            "temperature_plies": max(2, min(30, game.max_plies // 5)),
            "search": {"num_simulations": 32 if game.num_actions <= 16 else 64},
        },
        "learn": {"trainer": {"precision": "auto", "channels_last": True}},
        "max_minutes": 30.0,
    }

"""Model folders: ``model.safetensors`` and ``config.json``, alone or as the checkpoints of a run.

Knows how to find and read one, and which games it can play. Does not know search, nor how a model folder is written.
``config.json`` is {"schema": 1, "game": name, "network": {NetworkConfig}, "search": {SearchConfig}}.
"""

from __future__ import annotations

import contextlib
import json
import math
import shlex
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import safetensors

from agent import weights
from agent.settings import check_values, hints
from agent.storage import durable_files
from agent.storage.text_files import read_text
from games.game import Game

if TYPE_CHECKING:
    from torch import Tensor

    from agent.networks.policy_value import NetworkConfig

SCHEMA = 1

BEST = "best"
"""``RUN@best``, and the name of its folder in a run."""

LARGEST_CONFIG = 1 << 20
"""Maximal size of a ``config.json`` in bytes."""

RATED = "ratings/models"
"""The folder of a run for the networks that its ratings need after their checkpoints are deleted, by step."""

BUFFERS = frozenset({"running_mean", "running_var", "num_batches_tracked", "mean", "std"})
"""Tensors of a network that are not learned parameters."""

Config = TypeVar("Config")


@dataclass(frozen=True, kw_only=True)
class Model:
    """The content of ``config.json`` in ``folder``."""

    folder: Path
    game: str
    network: dict[str, Any]
    search: dict[str, Any]
    pictures: str = ""  # the data set of an image classifier, which plays no game
    game_sha256: str = ""  # of the user's file that defines the game


def find_model(text: str) -> Path:
    """The model folder that ``text`` names: a game with a shipped network, a model folder, RUN, RUN@STEP or RUN@best.

    For a run it is the newest checkpoint that is not damaged, with a warning about damaged ones. ValueError when there
    is none.
    """
    shipped = weights.folder(text)
    if shipped:
        return shipped
    run, at, step = text.rpartition("@")
    if at and step == BEST and not Path(text).exists():
        if not (Path(run) / BEST).is_dir():
            raise ValueError(f"{run} has no best checkpoint yet; honte rate {shlex.quote(run)} tests for it")
        return Path(run) / BEST
    path = Path(run) if at and step.isdecimal() and not Path(text).exists() else Path(text)
    if not path.is_dir():
        names = ", ".join(weights.games()) or "none yet"
        raise ValueError(f"there is no run or model folder {str(path)!r}, nor a shipped network of that name ({names})")
    checkpoints = path / "checkpoints"
    if path != Path(text):
        if not (checkpoints / step).is_dir() and (path / RATED / step).is_dir():
            return path / RATED / step
        if not (checkpoints / step).is_dir():
            raise ValueError(f"{path} has no checkpoint {step}; it has {', '.join(map(str, steps(path))) or 'none'}")
        return checkpoints / step
    if checkpoints.is_dir():
        return _newest(path)
    if not (path / "model.safetensors").is_file():
        raise ValueError(f"{path} has no checkpoints and no model.safetensors; it is neither a run nor a model folder")
    return path


def steps(run: Path) -> list[int]:
    """The steps of a run's checkpoints in ascending order."""
    return sorted(int(path.name) for path in (run / "checkpoints").glob("*") if path.name.isdecimal())


def count_parameters(folder: Path) -> int:
    """The number of learned parameters in a model folder, from the header of the weights file."""
    with safetensors.safe_open(folder / "model.safetensors", "numpy") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - not a dict
    return sum(math.prod(shape) for name, shape in shapes.items() if name.rpartition(".")[2] not in BUFFERS)


def _newest(run: Path) -> Path:
    damaged = []
    for step in reversed(steps(run)):
        folder = run / "checkpoints" / str(step)
        try:
            read(folder)
            with safetensors.safe_open(folder / "model.safetensors", "numpy"):
                pass  # the header is complete and fits the file's length
        except (ValueError, OSError, safetensors.SafetensorError) as error:
            damaged.append(f"checkpoint {step} of {run} is damaged ({error})")
            continue
        if damaged:
            warnings.warn(f"{damaged[0]}; playing with checkpoint {step}", stacklevel=2)
        return folder
    raise ValueError(damaged[0] if damaged else f"{run} has no checkpoint yet; train a little longer")


def read(folder: Path) -> Model:
    """The config of a model folder. ValueError when it is missing or of another version."""
    path = folder / "config.json"
    try:
        content = json.loads(read_text(path, LARGEST_CONFIG))
        schema, game, network = content["schema"], content["game"], content["network"]
        search, pictures = content.get("search", {}), content.get("classifies", "")
    except OSError as error:
        raise ValueError(f"{folder} has no readable config.json, so honte cannot tell its game and network") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the config of a model: {type(error).__name__} {error}") from error
    if schema != SCHEMA:
        raise ValueError(f"{path} has schema {schema!r}, this version of honte reads {SCHEMA}")
    return Model(
        folder=folder,
        game=str(game),
        network=dict(network),
        search=dict(search),
        game_sha256=str(content.get("game_sha256", "")),
        pictures=str(pictures),
    )


def ensure_plays(text: str, model: Model) -> None:
    """ValueError where the model that ``text`` names is an image classifier."""
    if model.pictures:
        raise ValueError(
            f"{text!r} is an image classifier ({model.pictures}) and plays no game;"
            f" honte predict {text} FILE says what is on a picture"
        )


def load_network(folder: str | Path, game: Game) -> tuple[NetworkConfig, dict[str, Tensor]]:
    """The network and the weights of the model folder that ``folder`` names, checked to fit ``game``.

    ValueError when they do not fit.
    """
    from agent.networks.policy_value import NetworkConfig, PolicyValueNet

    model = read(find_model(str(folder)))
    ensure_plays(str(folder), model)
    config = make_config(NetworkConfig, model.network, model.folder / "config.json", "network")
    if not fits_game(model, game):
        raise ValueError(f"{folder} has learned {model.game}; it cannot play {game.name}")
    if config.masked and not game.has_board_plane:
        raise ValueError(
            f"{folder} has learned {model.game} and cannot play {game.name}, which has no plane that shows which cells"
            " belong to the board"
        )
    path = model.folder / "model.safetensors"
    if model.folder.is_relative_to(weights.HERE) and (model.folder / durable_files.MANIFEST).exists():
        durable_files.read_folder(model.folder)  # raises for a damaged file
    try:
        tensors = {name: t.float() if t.is_floating_point() else t for name, t in _read_tensors(path).items()}
    except (OSError, safetensors.SafetensorError) as error:
        raise ValueError(f"{path} is missing or damaged: {error}") from error
    with refuse_misfit(path, f"its config.json and {game.name}"):
        PolicyValueNet(config, game.observation_shape, game.action_layout).load_state_dict(tensors)
    return config, tensors


def _read_tensors(path: Path) -> dict[str, Tensor]:
    import safetensors.torch

    return safetensors.torch.load_file(path)


@contextlib.contextmanager
def refuse_misfit(path: Path, to: str) -> Iterator[None]:
    """Turn errors of loading weights from ``path`` into a ValueError that says that they do not fit ``to``.

    The global random state of torch stays as it was.
    """
    import torch

    try:
        with torch.random.fork_rng(devices=[]):
            yield
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise ValueError(f"{path} does not fit {to}: {first}") from error


def fits_game(model: Model, game: Game) -> bool:
    """Whether ``model`` can play ``game``: its own game, or with pooled heads any size of it."""
    if ".py:" in game.name:  # the file may have moved since the training
        (learned, own, what), (here, _, asked) = (name.partition(".py:") for name in (model.game, game.name))
        same = bool(model.game_sha256) and model.game_sha256 == game.file_sha256
        if own and what == asked and not same and model.game_sha256 and Path(learned).name == Path(here).name:
            warnings.warn(f"{here}.py has changed since {model.folder} learned it", stacklevel=2)
        return bool(own) and what == asked and (same or Path(learned).name == Path(here).name)
    pooled = model.network.get("heads") == "pooled"
    return model.game == game.name or (pooled and model.game.partition(":")[0] == game.family)


def make_config(kind: type[Config], values: Mapping[str, Any], file: Path, group: str = "") -> Config:
    """The dataclass ``kind`` from a ``group`` of settings in ``file``. ValueError for a setting that does not fit."""
    try:
        check_values(values, kind, f"{group}.")
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return _build(kind, values)


def _build(kind: type[Config], values: Mapping[str, Any]) -> Config:
    parts: dict[str, Any] = {}
    for name, value in values.items():
        if is_dataclass(nested := hints(kind)[name]):
            parts[name] = _build(nested, value)  # type: ignore[arg-type]
        else:
            parts[name] = tuple(value) if isinstance(value, list) else value
    return kind(**parts)

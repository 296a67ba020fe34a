"""``honte describe GAME|RUN|CONFIG``: the rules and shapes of a game, and the size and cost of a network.

Knows its flags and the table. Does not know how networks are built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from agent.settings import Positive
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag
from honte.cli.text_layout import format_fields
from honte.command_line import Output

if TYPE_CHECKING:
    from agent.storage.model_folder import Model


@dataclass(frozen=True)
class DescribeFlags:
    """Describe a game and the network that ships for it, the network of a run or model folder, or of a recipe."""

    what: Annotated[str, Argument("GAME|RUN|CONFIG")]
    """such as connect_four, FILE.py:game, runs/connect_four, runs/connect_four@1200, lenet or a recipe's YAML file"""
    game: GameFlag = None
    """the game, where it is a file of yours (default: the game of the run)"""
    shape: tuple[Positive, Positive, Positive] = (1, 28, 28)
    """with a recipe for pictures: channels, height and width of the pictures"""
    classes: Positive = 10
    """with a recipe for pictures: the number of classes"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(DescribeFlags, arguments, "describe")
    from agent.storage import model_folder
    from games import NAMES, make

    output = Output(args.json)
    from honte.cli.setting_choices import format_choices
    from honte.recipes import IMAGES, names
    from training.game_defaults import Choice, choose_settings

    choices: list[Choice] = []
    if args.what in names(IMAGES) or args.what.endswith((".yaml", ".yml")):
        content = _recipe(args.what, args.shape, args.classes)
    elif args.what.partition(":")[0] in NAMES or ".py:" in args.what:
        game = make(args.what)
        content = {**_game(game), **_game_backend(game)}
        choices = choose_settings(game)
    else:
        try:
            model = model_folder.find_model(args.what)
        except ValueError as error:
            raise ValueError(f"{error}; games are {', '.join(NAMES)} or FILE.py:game") from None
        content = _model(model_folder.read(model))
        name = args.game or content["game"]
        if args.game or (".py:" not in name and "classes" not in content):  # a file is run only where the user names it
            game = make(name)
            content = {**_game(game), **content, **_run_backend(game, model, content["network"])}
    backend = content.pop("backend", None)
    words = content if backend is None else content | {"backend_for_self_play": backend}
    output.say(format_fields({name: _format_value(value) for name, value in words.items()}))
    if choices:
        output.say(f"\nhonte train --game {args.what} uses these settings:\n{format_choices(choices)}")
        content["training_settings"] = [choice._asdict() for choice in choices]
    output.result(content if backend is None else content | {"backend": backend.as_json()})
    return 0


def _backend(game: Any, network: Any, engine: Any) -> dict[str, Any]:
    """The backend that runs ``network`` in self-play on this machine; empty where the settings fit no backend here."""
    from agent.inference.backend_explanation import explain_choice

    try:
        return {"backend": explain_choice(game, network, engine)}
    except ValueError:  # the run was made on another machine
        return {}


def _game_backend(game: Any) -> dict[str, Any]:
    """As ``_backend``, with the network and the settings with which ``honte train`` learns ``game``."""
    from honte.recipes import for_game
    from training.config import TrainConfig, parse_config

    config = parse_config(for_game(game), TrainConfig)
    return _backend(game, config.network, config.engine)


def _run_backend(game: Any, folder: Path, network: Mapping[str, Any]) -> dict[str, Any]:
    """As ``_backend``, with the settings of the run that ``folder`` is a part of, or the default settings."""
    from agent.inference.backend_selection import BackendConfig
    from agent.networks.policy_value import NetworkConfig
    from agent.storage.model_folder import make_config
    from training.config import parse_config
    from training.run.run_folder import read_config

    try:
        configs = [config for each in (folder, *folder.parents[:2]) if (config := read_config(each))]
        engine = parse_config(configs[0].get("engine", {}) if configs else {}, BackendConfig)
    except ValueError:  # another version of honte wrote the file, or it is damaged
        return {}
    return _backend(game, make_config(NetworkConfig, network, folder / "config.json", "network"), engine)


def _game(game: Any) -> dict[str, Any]:
    from games.registry import NAMES, defaults

    about = game.description
    words: dict[str, Any] = {} if about is None else {"rules": about.rules, "goal": about.goal, "moves": about.moves}
    if game.family in NAMES:
        known = [f"{name}={str(value).lower()}" for name, value in defaults(game.family).items()]
        words |= {"game_parameters": ", ".join(known) or "none", "shipped_network": _shipped(game.name)}
    return {
        "game": game.name,
        **words,
        "actions": game.num_actions,
        "observation": list(game.observation_shape),
        "max_plies": game.max_plies,
        "symmetries": len(game.symmetries.cells),
        "state_bytes": game.state.itemsize,
    }


def _shipped(name: str) -> str:
    """The network that ships for the game, with its scores, or those that ship for other sizes of it."""
    from honte.cli.commands.tools.models import format_score
    from honte.shipped_models import models

    family = name.partition(":")[0]
    found = {model.game: model for model in models() if model.game.partition(":")[0] == family}
    if name not in found:
        return f"none for this size; there are {', '.join(found)}" if found else "none"
    return "; ".join([f"{name} ({found[name].bytes:,} bytes)", *map(format_score, found[name].opponents)])


def _model(model: Model) -> dict[str, Any]:
    from agent.storage.model_folder import count_parameters

    return {
        **_classes(model.folder),
        "game": model.game,
        "folder": str(model.folder),
        "parameters": count_parameters(model.folder),
        "network": model.network,
        "search": model.search,
    }


def _classes(folder: Path) -> dict[str, Any]:
    """The classes and the picture shape of a classifier's folder; empty for the folder of a player."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return {name: config[name] for name in ("classes", "shape") if "classifies" in config}


def _recipe(what: str, shape: tuple[int, int, int], classes: int) -> dict[str, Any]:
    """The network of a recipe: its number of parameters, and the FLOPs of one forward pass."""
    from agent.networks.image_classifier import Classifier
    from agent.networks.policy_value import PolicyValueNet, num_flops, num_parameters
    from games import make
    from honte.recipes import pictures
    from training.config import TrainConfig, parse_config
    from training.images.training import ImageConfig
    from training.yaml_files import read_yaml

    model: Any
    backend: dict[str, Any] = {}
    values = read_yaml(Path(what)) if what.endswith((".yaml", ".yml")) else {}
    if "game" in values:
        config = parse_config(values, TrainConfig)
        game = make(config.game)
        shape = game.observation_shape
        model, content = PolicyValueNet(config.network, shape, game.action_layout), {"game": game.name}
        backend = _backend(game, config.network, config.engine)
        network = asdict(config.network)
    else:
        config = parse_config(pictures(what, ""), ImageConfig)
        model, content = Classifier(config.network, shape, classes), {"model": config.network.kind}
        network = config.network.used
    size = {"parameters": num_parameters(model), "flops": num_flops(model, shape)}
    return {**content, "input": list(shape), **size, "network": network, **backend}


def _format_value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_format_value(each)}" for name, each in value.items()) or "default settings"
    if isinstance(value, list):
        return " x ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""``honte bench``: the speed of this machine, part by part, and which flags use it best.

Knows the names of the parts and their order. Does not know how they are timed (``honte.bench``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

from agent.settings import Device, Positive, PositiveNumber, Range, Slots, Width
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Placeholder
from honte.command_line import Output, show_progress
from honte.command_text import command

if TYPE_CHECKING:
    from honte.bench.setting import BenchSetting
    from honte.bench.turns import Row
    from training.config import LearnConfig

Part = Literal["games", "tree", "growth", "engines", "self-play", "learner", "move", "threads"]

LINES: dict[Part, int] = {
    "games": 2,
    "tree": 2,
    "growth": 5,
    "engines": 20,
    "self-play": 7,
    "learner": 4,
    "move": 3,
    "threads": 4,
}
"""The parts in their order, and about how many lines each of them prints."""

BUSY = 0.5
"""A load average above this, before anything is measured, comes from other programs."""


@dataclass(frozen=True)
class BenchFlags:
    """Measure how fast this machine is, part by part, and suggest flags that use it well.

    Rates are of one core and count its processor time; only the part "threads" counts wall time. Each rate is the
    median of several rounds, and what is compared takes turns in each round.
    """

    signature: bool = False
    """print one number that changes when any decision of a game or a search changes, and measure nothing"""
    game: Annotated[str, Placeholder("GAME")] = "connect_four"
    """the game, by its name or as FILE.py:game"""
    only: tuple[Part, ...] = ()
    """parts to measure (default: all)"""
    blocks: Annotated[int, Range(1, 1000)] = 6
    """residual blocks of the network"""
    channels: Width = 64
    """channels of each block"""
    model: Annotated[str | None, Placeholder("RUN")] = None
    """a run or a model folder whose network is measured (default: a network with random weights)"""
    simulations: Positive = 200
    """simulations for each move"""
    games: Slots = 512
    """games played at the same time"""
    device: Device = "cpu"
    """where networks run"""
    seconds: PositiveNumber = 0.5
    """seconds for each measurement in each round"""
    rounds: Positive = 5
    """rounds, of which the median is reported"""
    compile: bool = False
    """also measure the learner with torch.compile, which takes up to a minute more"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(BenchFlags, arguments, "bench")
    output = Output(args.json)
    if args.signature:
        from honte.signature import signature

        number = signature()
        output.say(str(number))
        output.result({"signature": number})
        return 0
    import torch

    from agent.inference.devices import choose_device
    from honte.bench.machine import machine

    args = replace(args, device=str(choose_device(args.device, setting="--device")))

    torch.set_num_threads(1)  # rates are of one core
    start, setting, here = time.perf_counter(), _setting(args), machine()
    parts = [part for part in LINES if part in (args.only or LINES)]
    suggested: dict[str, Any] = {}
    lines: list[Row] = []
    for text in _opening(setting, here):
        output.say(text)
    for number, part in enumerate(parts):
        rows: list[Row] = []
        with show_progress(f"{part}, part {number + 1} of {len(parts)}", LINES[part]) as advance:
            for row in _rows(part, setting, args.compile, suggested):
                rows.append(row)
                advance(1, row.what)
        output.say(_text(part, rows))
        lines += rows
    spent = time.perf_counter() - start
    for text in _advice(setting, suggested):
        output.say(text)
    output.say(
        f"\nmeasured in {spent:.0f} s; rates change from minute to minute, ratios within one measurement hardly do"
    )
    output.result(
        {
            "game": setting.game.name,
            "network": _shape(setting),
            "simulations": args.simulations,
            "games": args.games,
            "device": args.device,
            "rows": [row._asdict() for row in lines],
            "suggested": suggested,
            "machine": here,
            "seconds": round(spent, 1),
        }
    )
    return 0


def _setting(args: BenchFlags) -> BenchSetting:
    from agent.networks.policy_value import NetworkConfig
    from agent.storage.model_folder import load_network
    from games import make
    from honte.bench.setting import BenchSetting

    game = make(args.game)
    network, weights = NetworkConfig(blocks=args.blocks, channels=args.channels), None
    if args.model is not None:
        network, weights = load_network(args.model, game)
    return BenchSetting(
        game=game,
        network=network,
        weights=weights,
        num_simulations=args.simulations,
        num_games=args.games,
        device=args.device,
        seconds=args.seconds,
        rounds=args.rounds,
    )


def _rows(part: Part, setting: BenchSetting, compiled: bool, suggested: dict[str, Any]) -> Iterator[Row]:
    """The measurements of ``part``; settings that it suggests are added to ``suggested``."""
    if part == "games":
        from honte.bench.rules import games

        yield from games(setting)
    elif part == "tree":
        from honte.bench.tree import tree

        yield from tree(setting)
    elif part == "growth":
        from honte.bench.growth import growth

        yield from growth(setting)
    elif part == "engines":
        from honte.bench.forward import backends

        yield from backends(setting)
    elif part == "self-play":
        from honte.bench.self_play import self_play

        learn = _learning(setting)
        yield from self_play(setting, learn.publish_steps * learn.batch_size / learn.reuse)
    elif part == "learner":
        from honte.bench.learner import learner

        learn = _learning(setting)
        yield from learner(setting, learn.trainer, learn.batch_size, compiled=compiled)
    elif part == "move":
        from honte.bench.move import move

        yield from move(setting)
    else:
        from honte.bench.advice import advice, rows, ways

        tried = ways(setting)
        yield from rows(tried)
        suggested |= advice(setting, tried)


def _learning(setting: BenchSetting) -> LearnConfig:
    """The learner's settings of this game's recipe, or the defaults of a game without a recipe."""
    from honte.recipes import names, values
    from training.config import LearnConfig, default_values, parse_config

    name = setting.game.name
    recipe = values(name) if name in names() else default_values(setting.game)
    learn: LearnConfig = parse_config(recipe.get("learn", {}), LearnConfig)
    return learn


def _shape(setting: BenchSetting) -> str:
    return f"{setting.network.blocks} x {setting.network.channels}"


def _opening(setting: BenchSetting, here: Mapping[str, Any]) -> Iterator[str]:
    """Lines that say what is measured and where, and whether other programs are running."""
    yield f"{setting.game.name}, network {_shape(setting)} (blocks x channels), on {setting.device}"
    yield f"{setting.num_simulations} simulations for each move, {setting.num_games} games at the same time"
    many = here["usable_cores"]
    yield f"{here['processor']}, {many} core{'s' * (many > 1)}; rates are of one core, except in the part threads"
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if busy > BUSY:
        yield f"other programs are running (load average {busy:.1f}): rates will be lower than on an idle machine"


def _advice(setting: BenchSetting, suggested: Mapping[str, Any]) -> Iterator[str]:
    """Lines that suggest flags of ``honte train``."""
    if suggested:
        play, engine = (_flags(name, suggested[name]) for name in ("self_play", "engine"))
        yield "\nself-play without a learner is fastest here with"
        from honte.recipes import names

        name = setting.game.name
        yield f"  {command('train', *([name] if name in names() else ['--game', name]))} {play} \\\n    {engine}"
        yield "--self-play.num-groups is the number of threads; without it a run leaves one core to its learner"
    if setting.device == "cpu" and find_spec("openvino") is None:
        yield "\nopenvino is not installed; it is usually the fastest backend on a CPU: pip install 'honte[fast]'"


def _flags(group: str, values: Mapping[str, Any]) -> str:
    """The values as flags of ``honte train``."""
    return " ".join(f"--{group}.{name} {value}".replace("_", "-") for name, value in values.items())


def _text(part: str, rows: Sequence[Row]) -> str:
    """The measurements below the name of their part, in columns that are the same for all parts."""
    return "\n".join(["", part, *(f"  {row.what:<58}{_number(row.value):>12} {row.unit}".rstrip() for row in rows)])


def _number(value: float) -> str:
    """Three significant digits, or all digits of a larger number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

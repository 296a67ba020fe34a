"""``honte bench``: how fast this machine is, part by part, and how to use it; ``--signature``: what it decides.

Knows the parts' names and their order. Does not know how anything is timed: ``honte.bench`` does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

from agent.settings import Device, Positive, PositiveNumber, Range, Slots, Width
from honte.command_line import Output, parse_flags, show_progress
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
"""The parts in their order, and about how many lines each has."""

BUSY = 0.5
"""A load above this, before anything is measured, is that of others."""


@dataclass(frozen=True)
class Bench:
    """Measure this machine, part by part, and suggest how to use it.

    Rates are those of one core, by its own clock, medians of rounds in which all that is compared takes turns; threads
    are timed by the clock on the wall. With --signature: one number for what honte decides.
    """

    signature: bool = False
    """one integer over games, searches and a hash as the network: a refactor keeps it"""
    game: str = "connect_four"
    """what to measure with"""
    only: tuple[Part, ...] = ()
    """parts to measure; default: all"""
    blocks: Annotated[int, Range(1, 1000)] = 6
    """of the network"""
    channels: Width = 64
    """of the network"""
    model: str | None = None
    """a run or a model folder whose network is measured, weights and all, instead of one that has learned nothing"""
    simulations: Positive = 200
    """a move"""
    games: Slots = 512
    """at once"""
    device: Device = "cpu"
    """auto, cpu or cuda:N"""
    seconds: PositiveNumber = 0.5
    """for each work in each round"""
    rounds: Positive = 5
    """of which medians are taken"""
    compile: bool = False
    """the learner by torch.compile, too: most of a minute more"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(Bench, arguments, "bench")
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
    output.say(f"\nmeasured in {spent:.0f} s; rates drift from minute to minute, ratios of one run do not")
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


def _setting(args: Bench) -> BenchSetting:
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
    """What ``part`` finds; where it suggests something, that is put into ``suggested``."""
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
    """How a run of this game learns: by its recipe, or by what follows from the game."""
    from honte.recipes import names, values
    from training.config import LearnConfig, default_values, parse_config

    name = setting.game.name
    said = values(name) if name in names() else default_values(setting.game)
    learn: LearnConfig = parse_config(said.get("learn", {}), LearnConfig)
    return learn


def _shape(setting: BenchSetting) -> str:
    return f"{setting.network.blocks} x {setting.network.channels}"


def _opening(setting: BenchSetting, here: Mapping[str, Any]) -> Iterator[str]:
    """What is measured, where, and what stands in the way."""
    how = f"{setting.num_simulations} simulations a move, {setting.num_games} games at once, on {setting.device}"
    yield f"{setting.game.name}, network {_shape(setting)}, {how}"
    many = here["usable_cores"]
    yield f"{here['processor']}, {many} core{'s' * (many > 1)}; rates are those of one core, but for threads"
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if busy > BUSY:
        yield f"others work here, too (load {busy:.1f}): rates will be low and drift, ratios less"


def _advice(setting: BenchSetting, suggested: Mapping[str, Any]) -> Iterator[str]:
    """What to do about it: flags of ``honte train``."""
    if suggested:
        play, engine = (_flags(name, suggested[name]) for name in ("self_play", "engine"))
        yield "\nself-play alone is fastest here with"
        from honte.recipes import names

        name = setting.game.name
        yield f"  {command('train', *([name] if name in names() else ['--game', name]))} {play} \\\n    {engine}"
        yield "num_groups are threads; without that flag a run leaves its learner a core"
    if setting.device == "cpu" and find_spec("openvino") is None:
        yield "\nopenvino is not installed; it is mostly the fastest backend on a CPU: pip install 'honte[fast]'"


def _flags(group: str, values: Mapping[str, Any]) -> str:
    """The values as flags of ``honte train``."""
    return " ".join(f"--{group}.{name} {value}".replace("_", "-") for name, value in values.items())


def _text(part: str, rows: Sequence[Row]) -> str:
    """The rows under the name of their part, in columns that are the same for all parts."""
    return "\n".join(["", part, *(f"  {row.what:<58}{_number(row.value):>12} {row.unit}".rstrip() for row in rows)])


def _number(value: float) -> str:
    """Three digits that matter, or all of a larger number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

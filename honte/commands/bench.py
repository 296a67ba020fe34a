"""``honte bench``: how fast this machine is, part by part, and how to use it; ``--signature``: what it decides.

Knows the parts' names and their order. Does not know how anything is timed: ``honte.measure`` does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from honte.commands.shared import Output, parse, progress, table

if TYPE_CHECKING:
    from honte.measure.setting import Setting
    from honte.measure.turns import Row

Part = Literal["games", "tree", "engines", "self-play", "learner", "move", "threads"]

LINES: dict[Part, int] = {"games": 2, "tree": 2, "engines": 20, "self-play": 7, "learner": 4, "move": 3, "threads": 4}
"""The parts in their order, and about how many lines each has."""


@dataclass(frozen=True)
class Bench:
    """Measure this machine: games, tree, engines, self-play, learner, one move, threads; and suggest how to use it.

    Rates are those of one core, by its own clock, medians of rounds in which all that is compared takes turns; threads
    are timed by the clock on the wall. With --signature: one number for what honte decides.
    """

    signature: bool = False
    """one integer over games, searches and a hash as the network: a refactor keeps it"""
    game: str = "connect_four"
    """what to measure with"""
    only: tuple[Part, ...] = ()
    """parts to measure; default: all"""
    blocks: int = 6
    """of the network"""
    channels: int = 64
    """of the network"""
    model: str | None = None
    """a run or a model folder whose network is measured, weights and all, instead of one that has learned nothing"""
    simulations: int = 200
    """a move"""
    games: int = 512
    """at once"""
    device: str = "cpu"
    """cpu or cuda:N"""
    seconds: float = 0.5
    """for each work in each round"""
    rounds: int = 5
    """of which medians are taken"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse(Bench, arguments, "bench")
    output = Output(args.json)
    if args.signature:
        from honte.signature import signature

        number = signature()
        output.say(str(number))
        output.result({"signature": number})
        return 0
    if not args.seconds > 0:
        raise ValueError(f"--seconds is {args.seconds}; it must be above 0")
    for name in ("blocks", "channels", "simulations", "games", "rounds"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} is {getattr(args, name)}; it must be 1 or more")
    import torch

    from honte.measure.machine import machine

    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"--device is {args.device}; torch sees no such device here, cpu is there")

    torch.set_num_threads(1)  # rates are of one core
    start, setting = time.perf_counter(), _setting(args)
    parts = [part for part in LINES if part in (args.only or LINES)]
    suggested: dict[str, Any] = {}
    lines: list[Row] = []
    with progress("measuring", sum(LINES[part] for part in parts)) as advance:
        for part in parts:
            advance(0, part)
            for line in _rows(part, setting, suggested):
                lines.append(line)
                advance(1, line.what)
    spent = time.perf_counter() - start
    here = machine()
    output.say(_text(lines))
    output.say(f"\non {here['processor']}, {here['usable_cores']} cores; network {_shape(setting)}")
    if suggested:
        output.say(f"for self-play: {_recipe(suggested)}")
    output.say(f"measured in {spent:.0f} s; rates drift from minute to minute, ratios of one run do not")
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


def _setting(args: Bench) -> Setting:
    from agent.models import load_network
    from agent.network import NetworkConfig
    from games import make
    from honte.measure.setting import Setting

    game = make(args.game)
    network, weights = NetworkConfig(blocks=args.blocks, channels=args.channels), None
    if args.model is not None:
        network, weights = load_network(args.model, game)
    return Setting(
        game=game,
        network=network,
        weights=weights,
        num_simulations=args.simulations,
        num_games=args.games,
        device=args.device,
        seconds=args.seconds,
        rounds=args.rounds,
    )


def _rows(part: Part, setting: Setting, suggested: dict[str, Any]) -> Iterator[Row]:
    """What ``part`` finds; where it suggests something, that is put into ``suggested``."""
    if part == "games":
        from honte.measure.rules import games

        yield from games(setting)
    elif part == "tree":
        from honte.measure.tree import tree

        yield from tree(setting)
    elif part == "engines":
        from honte.measure.forward import engines

        yield from engines(setting)
    elif part == "self-play":
        from honte.measure.self_play import self_play
        from training.config import LearnConfig

        learn = LearnConfig()
        yield from self_play(setting, learn.publish_steps * learn.batch_size / learn.reuse)
    elif part == "learner":
        from honte.measure.learner import learner
        from training.config import LearnConfig, defaults, parse

        learn = parse(defaults(setting.game)["learn"], LearnConfig)
        yield from learner(setting, learn.trainer, learn.batch_size)
    elif part == "move":
        from honte.measure.move import move

        yield from move(setting)
    else:
        from honte.measure.advice import advice, rows, ways

        tried = ways(setting)
        yield from rows(tried)
        suggested |= advice(setting, tried)


def _shape(setting: Setting) -> str:
    return f"{setting.network.blocks} x {setting.network.channels}"


def _recipe(suggested: Mapping[str, Any]) -> str:
    """The suggestion as a recipe says it."""
    parts = ((name, suggested[name]) for name in ("self_play", "engine"))
    return "  ".join(f"{name}: {{{', '.join(f'{k}: {v}' for k, v in keys.items())}}}" for name, keys in parts)


def _text(lines: Sequence[Row]) -> str:
    """The rows under the names of their parts."""
    rows, part = [["part", "what", "", ""]], ""
    for line in lines:
        rows.append([line.part if line.part != part else "", line.what, _number(line.value), line.unit])
        part = line.part
    return table(rows, right="2")


def _number(value: float) -> str:
    """Three digits that matter, or all of a larger number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

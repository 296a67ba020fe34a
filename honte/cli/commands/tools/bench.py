"""``honte bench``: the speed of this machine, part by part, and which flags use it best.

Knows the names of the parts and their order. Does not know how they are timed (``honte.bench``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, Literal

from agent.settings import Device, Positive, PositiveNumber, Range, Slots, Width
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Placeholder
from honte.command_line import Output, show_progress
from honte.command_text import command

if TYPE_CHECKING:
    from agent.inference.backend_explanation import Explanation
    from honte.bench.setup import BenchSetup
    from honte.bench.turns import Row
    from training.config import LearnConfig

Part = Literal["games", "tree", "growth", "engines", "self-play", "round", "learner", "move", "threads", "start"]

LINES: dict[Part, int] = {
    "games": 2,
    "tree": 2,
    "growth": 5,
    "engines": 20,
    "self-play": 7,
    "round": 24,
    "learner": 5,
    "move": 3,
    "threads": 4,
    "start": 11,
}
"""The parts in their order, and about how many lines each of them prints."""

BUSY_LOAD = 0.5
"""A load average above this, before anything is measured, comes from other programs."""


@dataclass(frozen=True)
class BenchFlags:
    """Measure how fast this machine is, part by part, and suggest flags that use it well.

    Rates are of one core and count its processor time; only the parts "threads" and "start" count wall time. Each
    rate is the median of several rounds, and what is compared takes turns in each round.
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

    torch.set_num_threads(1)  # rates are those of one core
    start, bench, host = time.perf_counter(), _bench_config(args), machine()
    parts = [part for part in LINES if part in (args.only or LINES)]
    suggested: dict[str, Any] = {}
    lines: list[Row] = []
    backend: Explanation | None = None
    for text in _introduction(bench, host):
        output.say(text)
    for number, part in enumerate(parts):
        rows: list[Row] = []
        with show_progress(f"{part}, part {number + 1} of {len(parts)}", LINES[part]) as advance:
            for row in _rows(part, bench, args.compile, suggested):
                rows.append(row)
                advance(1, row.what)
        output.say(_text(part, rows))
        lines += rows
        if part == "engines":
            backend = _choose_backend(bench)
            output.say(fill(f"backend of a run: {backend}", 100, initial_indent="  ", subsequent_indent="    "))
    spent = time.perf_counter() - start
    for text in _advice(bench, suggested):
        output.say(text)
    output.say(
        f"\nmeasured in {spent:.0f} s; rates change from minute to minute, ratios within one measurement hardly do"
    )
    output.result(
        {
            "game": bench.game.name,
            "network": _shape(bench),
            "simulations": args.simulations,
            "games": args.games,
            "device": args.device,
            "rows": [row._asdict() for row in lines],
            "suggested": suggested,
            **({} if backend is None else {"backend": backend.as_json()}),
            "machine": host,
            "seconds": round(spent, 1),
        }
    )
    return 0


def _bench_config(args: BenchFlags) -> BenchSetup:
    from agent.networks.policy_value import NetworkConfig
    from agent.storage.model_folder import load_network
    from games import make
    from honte.bench.setup import BenchSetup

    game = make(args.game)
    network, weights = NetworkConfig(blocks=args.blocks, channels=args.channels), None
    if args.model is not None:
        network, weights = load_network(args.model, game)
    return BenchSetup(
        game=game,
        network=network,
        weights=weights,
        num_simulations=args.simulations,
        num_games=args.games,
        device=args.device,
        seconds=args.seconds,
        rounds=args.rounds,
    )


def _rows(part: Part, bench: BenchSetup, compiled: bool, suggested: dict[str, Any]) -> Iterator[Row]:
    """The rows of ``part``; the part threads also adds its suggestion to ``suggested``."""
    if part == "games":
        from honte.bench.rules import measure_rules

        yield from measure_rules(bench)
    elif part == "tree":
        from honte.bench.tree import measure_tree

        yield from measure_tree(bench)
    elif part == "growth":
        from honte.bench.growth import measure_growth

        yield from measure_growth(bench)
    elif part == "engines":
        from honte.bench.forward import measure_backends

        yield from measure_backends(bench)
    elif part == "self-play":
        from honte.bench.self_play import measure_self_play

        learn = _learning(bench)
        yield from measure_self_play(bench, learn.publish_steps * learn.batch_size / learn.reuse)
    elif part == "round":
        from honte.bench.round import measure_round

        yield from measure_round(bench)
    elif part == "learner":
        from honte.bench.learner import measure_learner

        learn = _learning(bench)
        yield from measure_learner(bench, learn.trainer, learn.batch_size, compiled=compiled)
    elif part == "move":
        from honte.bench.move import measure_move

        yield from measure_move(bench)
    elif part == "start":
        from honte.bench.start import measure_start

        yield from measure_start(bench)
    else:
        from honte.bench.advice import measure_candidates, rows, suggest

        candidates = measure_candidates(bench)
        yield from rows(candidates)
        suggested |= suggest(bench, candidates)


def _choose_backend(bench: BenchSetup) -> Explanation:
    """The backend that a run of this game chooses for the network on this machine, measured unless it is stored."""
    from agent.inference.backend_explanation import explain_choice
    from agent.inference.backend_selection import BackendConfig, list_candidates, select_fastest, selection_key
    from honte.recipes import for_game
    from training.config import parse_config

    engine: BackendConfig = parse_config(for_game(bench.game).get("engine", {}), BackendConfig)
    settings = bench.game, bench.network, replace(engine, device=bench.device)
    found = explain_choice(*settings)
    if found.choice is None:
        key = selection_key(*settings)
        select_fastest(list_candidates(*settings), bench.game, key, weights=bench.state_dict, updates=True)
        found = explain_choice(*settings)
    return found


def _learning(bench: BenchSetup) -> LearnConfig:
    """The learning settings of a run of this game: those of its recipe, or the defaults for the game."""
    from honte.recipes import for_game
    from training.config import LearnConfig, parse_config

    learn: LearnConfig = parse_config(for_game(bench.game).get("learn", {}), LearnConfig)
    return learn


def _shape(bench: BenchSetup) -> str:
    return f"{bench.network.blocks} x {bench.network.channels}"


def _introduction(bench: BenchSetup, host: Mapping[str, Any]) -> Iterator[str]:
    """The game, the network and the machine, and a warning if other programs use the machine."""
    how = f"{bench.num_simulations} simulations per move, {bench.num_games} games at a time, on {bench.device}"
    yield f"{bench.game.name}, network {_shape(bench)}, {how}"
    cores = host["usable_cores"]
    yield f"{host['processor']}, {cores} core{'s' * (cores > 1)}; rates are those of one core, except in threads"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY_LOAD:
        yield f"other programs are running (load {load:.1f}): rates will be too low, ratios are more reliable"


def _advice(bench: BenchSetup, suggested: Mapping[str, Any]) -> Iterator[str]:
    """The suggestion, as flags of ``honte train``."""
    if suggested:
        play, engine = (_flags(name, suggested[name]) for name in ("self_play", "engine"))
        yield "\nself-play alone is fastest on this machine with"
        from honte.recipes import names

        name = bench.game.name
        yield f"  {command('train', *([name] if name in names() else ['--game', name]))} {play} \\\n    {engine}"
        yield "--self-play.num-groups is the number of threads; without it a run leaves one core to its learner"
    from agent.inference.machine import this_machine

    machine = this_machine()
    if bench.device == "cpu" and machine.publishes_openvino() and not machine.has_openvino:
        yield "\nopenvino is not installed; it is usually the fastest backend on a CPU: pip install openvino"


def _flags(group: str, values: Mapping[str, Any]) -> str:
    """The values as flags of ``honte train``."""
    return " ".join(f"--{group}.{name} {value}".replace("_", "-") for name, value in values.items())


def _text(part: str, rows: Sequence[Row]) -> str:
    """The measurements below the name of their part, in columns that are the same for all parts."""
    return "\n".join(["", part, *(f"  {row.what:<58}{_number(row.value):>12} {row.unit}".rstrip() for row in rows)])


def _number(value: float) -> str:
    """Three significant digits, or all digits of a larger number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

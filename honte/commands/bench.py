"""``honte bench``: how fast this machine is at each part of the work; ``--signature``: what it decides.

Knows what is timed. Rates drift by tens of per cent within minutes: they tell magnitudes, not winners.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from honte.commands.shared import Output, parse, progress, table

if TYPE_CHECKING:
    from games import Game

Measured = tuple[str, str, float]
"""(what, unit, how many a second)"""


@dataclass(frozen=True)
class Bench:
    """Measure games, tree, self-play and network on this machine. With --signature: one number for what it decides."""

    signature: bool = False
    """one integer over games, searches and a hash as the network: a refactor keeps it"""
    game: str = "connect_four"
    """what to measure with"""
    seconds: float = 2.0
    """time for each line"""
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
    from games import make

    game, lines = make(args.game), list[Measured]()
    with progress("measuring", 8) as advance:
        for measure in (_rules, _tree, _self_play, _network):
            for line in measure(game, args.seconds):
                lines.append(line)
                advance(1, line[0])
    output.say(table([["", "a second", ""], *([what, f"{rate:,.0f}", unit] for what, unit, rate in lines)], right="1"))
    machine = _machine()
    output.say(f"on {machine['processor']}, Python {machine['python']}; rates drift, so compare within one run only")
    rates = [{"what": what, "unit": unit, "per_second": rate} for what, unit, rate in lines]
    output.result({"game": game.name, "machine": machine, "rates": rates})
    return 0


def rate(work: Callable[[], int], seconds: float) -> float:
    """How much of what ``work`` counts is done a second; its first call, which may compile, is not timed."""
    work()
    done, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        done += work()
    return done / passed


def _rules(game: Game, seconds: float) -> Iterator[Measured]:
    import numpy as np

    states = game.new(4096)
    game.init(states)
    seeds = np.arange(1, 4097, dtype=np.uint64)
    yield (
        f"{game.name}: random games",
        "games on one core",
        rate(lambda: len(game.rollout(states, seeds)), seconds),
    )


def _tree(game: Game, seconds: float) -> Iterator[Measured]:
    import numpy as np

    from agent.decision import Terms
    from agent.evaluation import uniform
    from agent.search import Search, SearchConfig

    slots = np.arange(256)
    states = game.new(len(slots))
    game.init(states)
    for rule in ("gumbel", "puct"):
        search = Search(game, uniform, SearchConfig(rule=rule, num_simulations=100), num_slots=len(slots))

        def work(search: Search = search) -> int:
            before = search.simulations
            search.think(slots, states, Terms.of(len(slots)))
            while len(search.decide()[0]):
                pass
            return search.simulations - before

        yield f"tree, {rule}: 256 searches of 100, no network", "simulations on one core", rate(work, seconds)


def _self_play(game: Game, seconds: float) -> Iterator[Measured]:
    from itertools import count

    from agent.evaluation import hashed
    from agent.search import Search, SearchConfig
    from selfplay.game_loop import GameLoop, Start

    search = Search(game, hashed, SearchConfig(num_simulations=32), num_slots=128)
    loop = GameLoop(game, [search], (Start(i, (0, 0)) for i in count()), num_slots=128, seed=0)

    def work() -> int:
        before = loop.moves
        loop.round()
        return loop.moves - before

    yield "self-play: 128 games, 32 simulations, a hash as the network", "moves on one core", rate(work, seconds)


def _network(game: Game, seconds: float) -> Iterator[Measured]:
    import numpy as np
    import torch

    from agent.engines import PRECISIONS, TorchEngine
    from agent.network import NetworkConfig

    config = NetworkConfig()
    for precision in PRECISIONS:
        for rows in (32, 512):
            states = game.new(rows)
            game.init(states)
            out = game.describe_new(states)
            out.observation[:] = np.random.default_rng(0).integers(0, 2, out.observation.shape)  # zeros would be faster
            engine = TorchEngine(game, config, precision=precision)

            def work(engine: Any = engine, states: Any = states, out: Any = out) -> int:
                return len(engine(states, out).value)

            name = f"network {config.blocks} x {config.channels}, {precision}, batch {rows}"
            yield name, f"positions on {torch.get_num_threads()} threads", rate(work, seconds)


def _machine() -> dict[str, Any]:
    import os
    import platform

    import numba
    import numpy
    import torch

    return {
        "processor": _processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "torch": torch.__version__,
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    import platform

    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()

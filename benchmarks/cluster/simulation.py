"""What limits RayRunner with 1,000 and 10,000 actors? A discrete-event simulation with measured constants.

Each actor plays for ``seconds``, returns the finished games, and starts its next call at once, since two are in flight.
The driver handles one answer after another; each costs a fixed time and a time per position. New weights are published
every ``publish`` seconds. Each node fetches them once over the driver's link, one node after another; a call with new
weights waits until they have arrived. Throughput is the number of positions per second that the driver has handled.

With aggregators the simulation runs twice: for the actors of one node, whose aggregator acts as the driver, and for the
aggregators, whose driver is the real one. If ``cores`` is given, all processes share them, as in the measurement on one
machine, and everything slows down when there are too few.

    python -m benchmarks.cluster.simulation [--measured FILE.json ...] [--out FILE.json] [--json]
"""

from __future__ import annotations

import heapq
import json
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.script import make_parser, report, run_script

ACTORS = (1, 4, 16, 64, 256, 1000, 3000, 10_000)


@dataclass(frozen=True)
class Constants:
    """Constants that benchmarks.cluster.scaling measures, except for the network link, which is a usual one."""

    positions: float = 100.0  # that an actor decides per second
    call: float = 0.0018  # seconds of the driver for one answer and the next call
    taken: float = 4.7e-6  # seconds per position: unpack, check, add to the replay buffer
    packed: float = 2.7e-6  # seconds per position: pack for the disk
    appended: float = 0.1e-6  # seconds per position that an aggregator has checked and packed
    seconds: float = 1.0  # of a call
    calls_a_second: float = 200.0  # with more calls per second, each call gets longer
    weights: float = 20e6  # bytes: 5 M parameters
    row: float = 70.0  # bytes of a checked position
    link: float = 1.25e9  # bytes per second into and out of the driver's node: 10 Gbit/s
    publish: float = 30.0  # seconds between versions
    actors_a_node: int = 16
    played: float = 0.0  # CPU seconds of an actor per position
    cores: float = 0.0  # that all processes share; 0: each has its own
    others: float = 0.0  # cores that Ray's daemons and a driver without calls use


@dataclass(frozen=True)
class SimulationResult:
    """What a simulation measured."""

    per_s: float  # positions that the driver handled
    busy: float  # share of the time in which the driver works
    call: float  # seconds of a call
    weights: float  # the longest time, in seconds, that a node waited for a version


def simulate(actors: int, c: Constants, *, rate: float, cost: float, nodes: int) -> SimulationResult:
    """``actors`` that each return ``rate`` positions per second, to a driver that needs ``cost`` seconds for each."""
    length = max(c.seconds, 2 * actors / c.calls_a_second)
    span = max(600.0, 8 * length)
    each = c.call + cost * rate * length
    ends = [(length * (1 + i / actors), i) for i in range(actors)]  # spread evenly over the length of a call
    heapq.heapify(ends)
    waiting, ready = [0] * actors, [0.0] * actors
    fetched: dict[int, tuple[int, float]] = {}  # by node: the version, and when it has arrived
    queue: list[tuple[float, int]] = []
    stalled: set[int] = set()
    free = taken = busy = sent = slowest = 0.0

    def submit(actor: int, now: float) -> None:
        """Send an actor another call; its node fetches new weights meanwhile."""
        nonlocal sent, slowest
        version, node = int(now / c.publish), actor * nodes // actors
        if fetched.get(node, (0, 0.0))[0] < version:
            sent = max(sent, now) + c.weights / c.link
            slowest = max(slowest, sent - now)
            fetched[node] = version, sent
        ready[actor] = fetched.get(node, (0, 0.0))[1]

    while ends or queue:
        if ends and (not queue or ends[0][0] <= max(free, queue[0][0])):
            now, actor = heapq.heappop(ends)
            if now > span:
                break
            heapq.heappush(queue, (now, actor))
            waiting[actor] += 1
            if waiting[actor] < 2:
                heapq.heappush(ends, (max(now, ready[actor]) + length, actor))
            else:
                stalled.add(actor)
            continue
        came, actor = heapq.heappop(queue)
        free = max(free, came) + each
        busy += each
        waiting[actor] -= 1
        submit(actor, free)
        if free > length * 2:
            taken += rate * length
        if actor in stalled:
            stalled.discard(actor)
            heapq.heappush(ends, (max(free, ready[actor]) + length, actor))
    window = max(span, free)
    return SimulationResult(taken / (window - 2 * length), busy / window, length, slowest)


def share_cores(actors: int, c: Constants) -> Constants:
    """The constants if all processes share ``cores``: actors then play as fast as the cores allow."""
    calls = actors / max(c.seconds, 2 * actors / c.calls_a_second) * c.call
    wanted = actors * c.positions * (c.played + c.taken)
    left = c.cores - calls - c.others
    if not c.cores or wanted <= left:
        return c
    return replace(c, positions=c.positions * max(0.01, left) / wanted)


def row(actors: int, constants: Constants, aggregate: bool) -> dict[str, Any]:
    """One row of the result: the throughput, and the load of everything that may limit it."""
    c = share_cores(actors, constants)
    nodes = max(1, -(-actors // c.actors_a_node))
    if aggregate:
        node = simulate(min(actors, c.actors_a_node), c, rate=c.positions, cost=c.taken + c.packed, nodes=1)
        share = node.per_s * actors / (nodes * min(actors, c.actors_a_node))
        found = simulate(nodes, c, rate=share, cost=c.appended, nodes=nodes)
        aggregator_load = {"aggregator_busy": round(node.busy, 3)}
    else:
        found = simulate(actors, c, rate=c.positions, cost=c.taken + c.packed, nodes=nodes)
        aggregator_load = {}
    return {
        "actors": actors,
        "aggregators": nodes if aggregate else 0,
        "positions_per_s": round(found.per_s),
        "of_linear": round(found.per_s / (actors * constants.positions), 3),
        "driver_busy": round(found.busy, 3),
        **aggregator_load,
        "call_s": round(found.call, 1),
        "weights_s": round(found.weights, 2),
        "driver_link": round(
            (found.per_s * (c.row if aggregate else 0) + found.per_s * BYTES_A_POSITION) / c.link
            + nodes * c.weights / c.publish / c.link,
            3,
        ),
        "replay_GB_a_day": round(found.per_s * 86400 * BYTES_A_POSITION / 1e9, 1),
    }


BYTES_A_POSITION = 26.0
"""The size of a stored, compressed position of Connect Four, as benchmarks/cluster/scaling.py measures it."""


def from_measured(measured: dict[str, Any], cores: float) -> tuple[Constants, list[dict[str, Any]]]:
    """The constants from a result of ``scaling``, and a comparison of its curve with the simulated one."""
    config, rows = measured["config"], measured["rows"]
    costs, simulations = config["costs"], config["simulations"]
    direct = [r for r in rows if not r["aggregators"]] or rows
    call, alone = np.polyfit([r["calls_per_s"] for r in direct], [r["driver_cpu"] for r in direct], 1)
    c = Constants(
        positions=config["rate"] / simulations,
        call=float(call),
        taken=costs["taken"],
        packed=costs["packed"],
        appended=costs["appended"],
        row=costs["bytes_of_a_row"],
        played=statistics.median(r["us_an_evaluation"] for r in rows) * simulations / 1e6,
        cores=cores,
        others=max(r["daemons_cpu"] for r in rows) + max(0.0, float(alone)),
    )
    comparison = []
    for r in rows:
        played = r["us_an_evaluation"] * simulations / 1e6  # higher where many processes share a cache
        found = row(r["actors"], replace(c, played=played), bool(r["aggregators"]))
        per_s = r["evaluations_per_s"] / simulations
        comparison.append(
            {
                "actors": r["actors"],
                "aggregators": r["aggregators"],
                "measured_per_s": round(per_s),
                "positions_per_s": found["positions_per_s"],
                "error_percent": round(100 * (found["positions_per_s"] / per_s - 1), 1),
                "measured_of_linear": r["of_linear"],
                "of_linear": found["of_linear"],
                "measured_driver": round(r["driver_cpu"], 3),
                "driver_busy": found["driver_busy"],
            }
        )
    return replace(c, positions=100.0, cores=0.0, others=0.0), comparison


def main() -> None:
    parser = make_parser("Throughput of RayRunner beyond the machines at hand.")
    parser.add_argument(
        "--measured", nargs="*", default=[], help="results of benchmarks.cluster.scaling; the first feeds"
    )
    parser.add_argument("--cores", type=float, default=2.0, help="of the machine on which those were measured")
    parser.add_argument("--positions", type=float, default=100.0, help="that one actor decides a second")
    flags = parser.parse_args()
    constants, rows = Constants(), []
    for path in reversed(flags.measured):
        constants, comparison = from_measured(json.loads(Path(path).read_text(encoding="utf-8")), flags.cores)
        rows = [*comparison, *rows]
    constants = replace(constants, positions=flags.positions)
    rows += [row(actors, constants, aggregate) for aggregate in (False, True) for actors in ACTORS]
    report("scaling_sim", vars(constants), rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)

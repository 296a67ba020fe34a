"""What breaks first at 1,000 and 10,000 actors: a discrete-event simulation of RayRunner, fed with measured constants.

Actors play; after ``seconds`` each hands in what is finished and starts its next call at once, since two are in flight.
The driver takes answers one after another: a fixed cost a call, a cost a position. New weights are put every
``publish`` seconds and fetched once by each node, over the driver's link, one after another; a call that brings them
waits until they are there. Throughput is the positions that the driver has taken, a second.

With aggregators the same is played twice, as it is built: the actors of a node with their aggregator for a driver, and
the aggregators, each with what its node gives, with the driver. Where ``cores`` are given all processes share them, as
in the measurement on one machine, and everything takes longer where they are not enough.

    python -m benchmarks.scaling_sim [--measured FILE.json ...] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import report

ACTORS = (1, 4, 16, 64, 256, 1000, 3000, 10_000)


@dataclass(frozen=True)
class Constants:
    """Measured by benchmarks.ray_scaling, but for the network link, which is a cluster's usual one."""

    positions: float = 100.0  # that an actor decides a second
    call: float = 0.0018  # seconds of the driver for an answer and the next call
    taken: float = 4.7e-6  # seconds for a position: unpacked, checked, put into replay
    packed: float = 2.7e-6  # for the disk
    appended: float = 0.1e-6  # the same for one that an aggregator has checked and packed
    seconds: float = 1.0  # of a call
    calls_a_second: float = 200.0  # beyond so many, calls get longer
    weights: float = 20e6  # bytes: 5 M parameters
    row: float = 70.0  # bytes of a position that is checked
    link: float = 1.25e9  # bytes a second into and out of the driver's node: 10 Gbit/s
    publish: float = 30.0  # seconds between versions
    actors_a_node: int = 16
    played: float = 0.0  # seconds of an actor's CPU for a position
    cores: float = 0.0  # that all share; 0: everybody has its own
    others: float = 0.0  # of these, what Ray's daemons and a driver without calls take


@dataclass(frozen=True)
class Found:
    """What came of it."""

    per_s: float  # positions taken
    busy: float  # share of the time that whoever takes them works
    call: float  # seconds of a call
    weights: float  # seconds that the last node waited for a version


def simulate(actors: int, c: Constants, *, rate: float, cost: float, nodes: int) -> Found:
    """``actors`` that each give ``rate`` positions a second to one who needs ``cost`` seconds for a position."""
    length = max(c.seconds, 2 * actors / c.calls_a_second)
    span = max(600.0, 8 * length)
    each = c.call + cost * rate * length
    ends = [(length * (1 + i / actors), i) for i in range(actors)]  # spread over one call, as they are after a while
    heapq.heapify(ends)
    waiting, ready = [0] * actors, [0.0] * actors
    fetched: dict[int, tuple[int, float]] = {}  # node -> version, and when it is there
    queue: list[tuple[float, int]] = []
    stalled: set[int] = set()
    free = taken = busy = sent = slowest = 0.0

    def submitted(actor: int, now: float) -> None:
        """The call after the next is on its way; its weights are fetched meanwhile."""
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
        submitted(actor, free)
        if free > length * 2:
            taken += rate * length
        if actor in stalled:
            stalled.discard(actor)
            heapq.heappush(ends, (max(free, ready[actor]) + length, actor))
    window = max(span, free)
    return Found(taken / (window - 2 * length), busy / window, length, slowest)


def slowed(actors: int, c: Constants) -> Constants:
    """The constants where all processes share ``cores``: positions come as fast as the cores allow."""
    calls = actors / max(c.seconds, 2 * actors / c.calls_a_second) * c.call
    wanted = actors * c.positions * (c.played + c.taken)
    left = c.cores - calls - c.others
    if not c.cores or wanted <= left:
        return c
    return replace(c, positions=c.positions * max(0.01, left) / wanted)


def row(actors: int, constants: Constants, aggregate: bool) -> dict[str, Any]:
    """One line: the throughput, and what stands in its way."""
    c = slowed(actors, constants)
    nodes = max(1, -(-actors // c.actors_a_node))
    if aggregate:
        node = simulate(min(actors, c.actors_a_node), c, rate=c.positions, cost=c.taken + c.packed, nodes=1)
        share = node.per_s * actors / (nodes * min(actors, c.actors_a_node))
        found = simulate(nodes, c, rate=share, cost=c.appended, nodes=nodes)
        helpers = {"aggregator_busy": round(node.busy, 3)}
    else:
        found = simulate(actors, c, rate=c.positions, cost=c.taken + c.packed, nodes=nodes)
        helpers = {}
    return {
        "actors": actors,
        "aggregators": nodes if aggregate else 0,
        "positions_per_s": round(found.per_s),
        "of_linear": round(found.per_s / (actors * constants.positions), 3),
        "driver_busy": round(found.busy, 3),
        **helpers,
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
"""Of a stored position of Connect Four, compressed; measured by benchmarks/ray_scaling.py."""


def from_measured(measured: dict[str, Any], cores: float) -> tuple[Constants, list[dict[str, Any]]]:
    """The constants of a result of benchmarks.ray_scaling, and its curve beside the simulated one."""
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
    beside = []
    for r in rows:
        played = r["us_an_evaluation"] * simulations / 1e6  # more where many share a cache
        found = row(r["actors"], replace(c, played=played), bool(r["aggregators"]))
        per_s = r["evaluations_per_s"] / simulations
        beside.append(
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
    return replace(c, positions=100.0, cores=0.0, others=0.0), beside


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput of RayRunner beyond the machines at hand.")
    parser.add_argument("--measured", nargs="*", default=[], help="results of benchmarks.ray_scaling; the first feeds")
    parser.add_argument("--cores", type=float, default=2.0, help="of the machine on which those were measured")
    parser.add_argument("--positions", type=float, default=100.0, help="that one actor decides a second")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    constants, rows = Constants(), []
    for path in reversed(flags.measured):
        constants, beside = from_measured(json.loads(Path(path).read_text(encoding="utf-8")), flags.cores)
        rows = [*beside, *rows]
    constants = replace(constants, positions=flags.positions)
    rows += [row(actors, constants, aggregate) for aggregate in (False, True) for actors in ACTORS]
    report("scaling_sim", vars(constants), rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()

"""What breaks first at 1,000 and 10,000 actors: a discrete-event simulation of RayRunner, fed with measured constants.

Actors play; after ``seconds`` each hands in what is finished and starts its next call at once, since two are in flight.
The driver takes answers one after another: a fixed cost a call, a cost a position. New weights are put every
``publish`` seconds and fetched once by each node, over the driver's link, one after another; an actor's next call waits
for them. Throughput is the positions that the driver has taken, a second.

    python -m benchmarks.scaling_sim [--measured FILE.json] [--out FILE.json] [--json]
"""

from __future__ import annotations

import argparse
import heapq
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.machine import report

ACTORS = (1, 2, 4, 8, 16, 32, 64, 256, 1000, 3000, 10_000)


@dataclass(frozen=True)
class Constants:
    """Measured, but for the network link, which is a cluster's usual one."""

    positions: float = 100.0  # that an actor decides a second
    call: float = 0.0047  # seconds of the driver for an answer and the next call
    position: float = 5.1e-6  # seconds of the driver for a position: unpacked, checked, put into replay
    seconds: float = 1.0  # of a call
    calls_a_second: float = 200.0  # beyond so many, calls get longer
    weights: float = 20e6  # bytes: 5 M parameters
    link: float = 1.25e9  # bytes a second out of the driver's node: 10 Gbit/s
    fan_out: int = 1  # nodes that pass an object on to others count as sources: 1 = the driver alone
    publish: float = 30.0  # seconds between versions
    actors_a_node: int = 16
    learner: float = 0.0  # share of the driver's one thread that learning takes


def simulate(actors: int, constants: Constants, *, span: float = 60.0) -> dict[str, float]:
    """Positions a second, the driver's load and the longest way of weights, over ``span`` seconds."""
    length = max(constants.seconds, 2 * actors / constants.calls_a_second)
    span = max(span, 8 * length)
    cost = constants.call + constants.position * constants.positions * length
    cost /= 1 - constants.learner
    # (time, actor): the end of a call. Starts are spread over one call, as they are after a while.
    ends = [(length * (1 + i / actors), i) for i in range(actors)]
    heapq.heapify(ends)
    waiting = [0] * actors  # answers of an actor that the driver has not taken
    queue: list[tuple[float, int]] = []
    free = taken = busy = 0.0
    stalled: dict[int, float] = {}
    fetched: dict[int, int] = {}  # node -> version
    sent = slowest = 0.0
    while ends or queue:
        if ends and (not queue or ends[0][0] <= max(free, queue[0][0])):
            now, actor = heapq.heappop(ends)
            if now > span:
                break
            heapq.heappush(queue, (now, actor))
            waiting[actor] += 1
            if waiting[actor] < 2:
                version, node = int(now / constants.publish), actor // constants.actors_a_node
                begin = now
                if fetched.get(node, 0) < version:
                    fetched[node] = version
                    published = version * constants.publish
                    sent = max(sent, published, now) + constants.weights / constants.link / constants.fan_out
                    slowest, begin = max(slowest, sent - published), sent
                heapq.heappush(ends, (begin + length, actor))
            else:
                stalled[actor] = now
            continue
        came, actor = heapq.heappop(queue)
        free = max(free, came) + cost
        busy += cost
        waiting[actor] -= 1
        if free > length * 2:
            taken += constants.positions * length
        if actor in stalled:
            del stalled[actor]
            heapq.heappush(ends, (free + length, actor))
    window = max(span, free) - 2 * length
    return {"per_s": taken / window, "driver": busy / max(span, free), "weights_s": slowest, "call_s": length}


def rows(constants: Constants) -> list[dict[str, Any]]:
    """The curve, and what stands in its way, for a driver that only plays and for one that also learns."""
    out = []
    for actors in ACTORS:
        found = simulate(actors, constants)
        linear = found["per_s"] / (actors * constants.positions)
        out.append(
            {
                "actors": actors,
                "positions_per_s": round(found["per_s"]),
                "of_linear": round(linear, 3),
                "driver_busy": round(found["driver"], 3),
                "weights_s": round(found["weights_s"], 2),
                "call_s": round(found["call_s"], 1),
                "replay_GB_a_day": round(found["per_s"] * 86400 * BYTES_A_POSITION / 1e9, 1),
            }
        )
    return out


BYTES_A_POSITION = 26.0
"""Of a stored position of Connect Four, compressed; measured by benchmarks/ray_scaling.py."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput of RayRunner beyond the machines at hand.")
    parser.add_argument("--measured", help="a result of benchmarks.ray_scaling, whose constants are taken")
    parser.add_argument("--positions", type=float, default=100.0, help="that one actor decides a second")
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    constants = Constants(positions=flags.positions)
    if flags.measured:
        found = json.loads(Path(flags.measured).read_text(encoding="utf-8"))
        constants = replace(constants, **found["constants"])
    report("scaling_sim", vars(constants), rows(constants), out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    main()

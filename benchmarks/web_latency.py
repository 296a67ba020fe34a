"""How long a client of ``honte web`` waits: for the first analysis after a move, for an answer of 400 simulations, and
for an answer of 50 simulations while 49 others wait for theirs.

Starts the real server as a process and speaks HTTP with it, each client on a connection of its own. The processor time
of the server per answer is measured, too, because it says what an idle machine would need.

    python -m benchmarks.web_latency [--clients 50] [--rounds 10] [--out FILE.json] [--json]
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cluster.processes import cpu_seconds
from benchmarks.script import make_parser, report, run_script

GAME, PLAYER = "connect_four", "weights-connect_four"


@contextmanager
def running_server(*arguments: str) -> Iterator[tuple[str, int]]:
    """The address and the process id of a server, which ends with the body."""
    command = [sys.executable, "-m", "honte", "web", "--no-browser", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[2].removeprefix("http://").rstrip("/")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


class Client:
    """One open page."""

    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=300)
        self.headers = {"Content-Type": "application/json"}
        self.headers["X-Honte-Session"] = self.post("/api/sessions", {})["session"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        content: dict[str, Any] = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{path}: {content}")
        return content

    def first_event(self, path: str, body: dict[str, Any]) -> None:
        """Wait for the first event of a stream, then close it."""
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        while not answer.readline().startswith(b"data:"):
            pass
        self.connection.close()  # it opens again with the next request


def random_moves(seed: int, plies: int) -> list[str]:
    """The beginning of a random game, in which no column is full and nobody has four in a line."""
    choice = random.Random(seed)
    return [choice.choice("abcdefg") for _ in range(plies)]


def first_analysis(client: Client, seed: int) -> None:
    """A move is played, and the analysis of the new position begins."""
    moves = random_moves(seed, 5)
    client.post("/api/position", {"game": GAME, "setup": None, "moves": moves})
    body = {"game": GAME, "setup": None, "moves": moves, "player": PLAYER, "strength": 0, "every_ms": 100}
    client.first_event("/api/analysis", body)


def answer(client: Client, seed: int, simulations: int) -> None:
    """The move of a network."""
    moves = random_moves(seed, 6)
    client.post("/api/move", {"game": GAME, "setup": None, "moves": moves, "player": PLAYER, "strength": simulations})


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def at_once(clients: list[Client], work: Callable[[Client, int], None], seed: int) -> list[float]:
    """The seconds of each client, which all begin together."""
    barrier, seconds = threading.Barrier(len(clients)), [0.0] * len(clients)

    def run(i: int) -> None:
        barrier.wait()
        seconds[i] = timed(lambda: work(clients[i], seed + i))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def row(what: str, seconds: list[float], cpu: float) -> dict[str, Any]:
    return {
        "what": what,
        "answers": len(seconds),
        "median_s": round(statistics.median(seconds), 4),
        "95%_s": round(float(np.quantile(seconds, 0.95)), 4),
        "server_cpu_s": round(cpu / len(seconds), 4),  # of each answer
    }


def measure(num_clients: int, rounds: int, repeats: int) -> list[dict[str, Any]]:
    rows = []
    with running_server() as (address, pid):
        clients = [Client(address) for _ in range(num_clients)]
        first_analysis(clients[0], 0)  # loads the network and compiles
        at_once(clients[:4], lambda client, seed: answer(client, seed, 50), 10**6)

        def add(what: str, work: Callable[[], list[float]]) -> None:
            before = cpu_seconds([pid])
            seconds = work()
            rows.append(row(what, seconds, cpu_seconds([pid]) - before))

        add(
            "first analysis after a move",
            lambda: [
                timed(lambda i=i: first_analysis(clients[0], i))
                for i in range(1, repeats)  # type: ignore[misc]
            ],
        )
        add(
            "400 simulations",
            lambda: [
                timed(lambda i=i: answer(clients[0], 1000 + i, 400))
                for i in range(repeats)  # type: ignore[misc]
            ],
        )
        add(
            f"{num_clients} clients, 50 simulations each",
            lambda: [
                s
                for i in range(rounds)
                for s in at_once(clients, lambda c, seed: answer(c, seed, 50), 10_000 + 100 * i)
            ],
        )
        endless = Client(address)
        body = {"game": GAME, "moves": ["d"], "player": PLAYER, "strength": 0, "every_ms": 200}
        endless.connection.request("POST", "/api/analysis", json.dumps(body), endless.headers)
        add(
            "400 simulations beside an endless analysis",
            lambda: [
                timed(lambda i=i: answer(clients[0], 2000 + i, 400))
                for i in range(repeats)  # type: ignore[misc]
            ],
        )
        endless.connection.close()
    return rows


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10, help="of all clients at once")
    parser.add_argument("--repeats", type=int, default=30, help="of the answers to one client")
    args = parser.parse_args()
    rows = measure(args.clients, args.rounds, args.repeats)
    config = {"clients": args.clients, "rounds": args.rounds, "repeats": args.repeats, "game": GAME, "player": PLAYER}
    report("web_latency", config, rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    run_script(main)

"""Turns between processes: every player works for a moment while the others wait, round after round.

Knows processes that speak as ``serving`` does. Does not know what they play.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


@dataclass
class Player:
    """One process and what it has answered so far, by work."""

    name: str
    process: subprocess.Popen[str]
    about: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to ``line``; to "" the words that it begins with. ValueError where the process has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if line:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise ValueError(f"{self.name} has ended with exit code {self.process.wait()}; its stderr says why")
        result: dict[str, Any] = json.loads(answer)
        return result


def module(python: str, name: str, *arguments: str) -> list[str]:
    """The command of one of the players in this folder."""
    return [python, "-m", f"benchmarks.peers.{name}", *arguments]


@contextlib.contextmanager
def player(name: str, command: Sequence[str], core: int | None) -> Iterator[Player]:
    """The process that ``command`` starts, on that core alone, ready to work."""
    print(f"{name} gets ready", file=sys.stderr)
    if core is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
    environment = os.environ | (ONE_THREAD if core is not None else {})
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        try:
            made = Player(name, process)
            made.about = made.ask("")
            yield made
        finally:
            process.kill()


def play(players: Sequence[Player], *, seconds: float, rounds: int) -> None:
    """Every work of every player, in each round once."""
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for each in players:
            for work in each.about["works"]:
                each.answers.setdefault(work, []).append(each.ask(f"{work} {seconds}"))


def rate(player: Player, work: str, what: str, clock: str = "cpu_s") -> float:
    """The median of the rounds: how much of ``what`` a second of ``clock``; 0 where it counts none."""
    return median(answer.get(what, 0) / answer[clock] for answer in player.answers[work])


def last_core() -> int | None:
    """The core to pin to: the last one of this process, because the first is busiest; None if it is unknown."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None

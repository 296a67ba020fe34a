"""Each program trains for the same minutes on the same cores, one after the other; its networks stay on disk.

Knows commands, processes and files. Does not know how a program learns, nor how good its networks are.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agent.storage import durable_files

ROOT = Path(__file__).parents[2]

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "honte": {"defaults": {}},
    "alpha-zero-general": {
        "defaults": {},
        "64 channels, 25 games": {"num_channels": 64, "numEps": 25},
        "64 channels, 25 games, 50 simulations": {"num_channels": 64, "numEps": 25, "numMCTSSims": 50},
    },
    "pgx + mctx": {
        "defaults": {},
        "3 x 32, 64 games": {
            "num_channels": 32,
            "num_layers": 3,
            "selfplay_batch_size": 64,
            "max_num_steps": 64,
            "training_batch_size": 256,
        },
        "6 x 32, 128 games": {
            "num_channels": 32,
            "num_layers": 6,
            "selfplay_batch_size": 128,
            "max_num_steps": 64,
            "training_batch_size": 256,
        },
    },
}
"""{program: {name: what differs from its own defaults}}. The defaults of both peers are made for GPUs."""

HONTE_RESERVE = 20
"""Seconds for the start and the end of honte's process: its learning rate falls towards the end of its own limit."""


class Run(NamedTuple):
    """One program with one setting."""

    program: str
    setting: str
    changes: Mapping[str, Any]
    module: Sequence[str]  # the command of a peer's adapter, up to the word train or answer; empty for honte
    arguments: Sequence[str] = ()  # what follows that word

    @property
    def folder(self) -> str:
        return re.sub(r"\W+", "_", f"{self.program} {self.setting}").strip("_")

    def train_command(self, folder: Path, seconds: float) -> list[str]:
        settings = ["--settings", json.dumps(self.changes)]
        if self.module:
            return [*self.module, "train", *self.arguments, "--out", str(folder / "networks"), *settings]
        flags = [word for name, value in self.changes.items() for word in (name, str(value))]
        minutes = max(seconds - HONTE_RESERVE, seconds / 2) / 60
        # Grading and rating measure, and do not learn.
        fixed = ["--keep-checkpoints", "1000", "--grade-minutes", "0", "--rating.every-minutes", "0"]
        fixed += ["--checkpoint-minutes", str(minutes / 10), "--max-minutes", str(minutes)]
        return [sys.executable, "-m", "honte", "train", "connect_four", "--run", str(folder / "run"), *fixed, *flags]

    def networks(self, folder: Path) -> list[Path]:
        """The stored networks, the oldest first."""
        if self.module:
            return sorted(path for path in (folder / "networks").glob("[0-9]*") if path.is_file())
        checkpoints = (folder / "run" / "checkpoints").glob("[0-9]*")
        return sorted((path for path in checkpoints if path.name.isdecimal()), key=lambda path: int(path.name))


class Network(NamedTuple):
    """A stored network."""

    path: Path
    seconds: float  # from the start of the process until the network was on disk


class Trained(NamedTuple):
    """What a run left behind."""

    networks: list[Network]
    load: list[float]  # of the machine over a minute, before and after


def train(run: Run, folder: Path, seconds: float, cores: Sequence[int] = ()) -> Trained:
    """Let the program train for ``seconds`` of wall time in ``folder``, unless it has; the networks that it stored.

    ``cores``: the only ones that it may use, on Linux. ValueError if the program ends early without any network, or if
    it has trained for another time or with other settings.
    """
    done, about = folder / "done.json", {"seconds": seconds, "changes": dict(run.changes)}
    if done.is_file():
        stored = json.loads(done.read_text(encoding="utf-8"))
        if stored["about"] != about:
            raise ValueError(f"{folder} has {stored['about']}, not {about}: choose another --out")
        return Trained([Network(folder / path, at) for path, at in stored["networks"]], stored["load"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pin = partial(os.sched_setaffinity, 0, cores) if cores and sys.platform == "linux" else None
    load = load_average()
    with (folder / "log.txt").open("w") as log:
        began = time.time()
        process = subprocess.Popen(run.train_command(folder, seconds), stdout=log, stderr=log, cwd=ROOT, preexec_fn=pin)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            process.kill()
            process.wait()
    load += load_average()
    networks = [Network(path, path.stat().st_mtime - began) for path in run.networks(folder)]
    if not networks:
        raise ValueError(f"{run.program} stored no network; {folder / 'log.txt'} says why")
    relative = [(str(network.path.relative_to(folder)), network.seconds) for network in networks]
    result = {"about": about, "networks": relative, "load": load}
    durable_files.write_atomic(done, (json.dumps(result) + "\n").encode())
    return Trained(networks, load)


def load_average() -> list[float]:
    """The load of the last minute, where the system measures it."""
    return [round(os.getloadavg()[0], 1)] if hasattr(os, "getloadavg") else []

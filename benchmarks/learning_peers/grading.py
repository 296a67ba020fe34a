"""Mistakes of stored networks on the same solved positions: the network alone, and with simulations and no lookahead.

A peer's network answers in a process of its own, with its own search.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.storage import durable_files
from benchmarks.learning.strength import count_mistakes
from benchmarks.learning_peers.training import ROOT, Run
from games.game import Game
from selfplay.solved.grading import SolvedPosition
from training.config import TrainConfig, parse_config
from training.run.run_folder import read_config

Sets = Mapping[str, Sequence[SolvedPosition]]

Mistakes = dict[str, dict[str, list[int]]]
"""{"raw" or "search": {set of positions: [mistakes, positions]}}"""


def grade(game: Game, run: Run, folder: Path, network: Path, sets: Sets, simulations: int) -> Mistakes:
    """The mistakes of one stored network of ``run``, whose folder is ``folder``."""
    if run.module:
        return of_peer(run, folder, network, sets, simulations)
    values = read_config(folder / "run") or {}
    config: TrainConfig = parse_config({name: value for name, value in values.items() if name != "game_sha256"})
    found: Mistakes = {"raw": {}, "search": {}}
    for name, positions in sets.items():
        counts = count_mistakes(game, config, network, positions, simulations)
        for how in found:
            found[how][name] = counts[how]["all"]
    return found


def of_peer(run: Run, folder: Path, network: Path, sets: Sets, simulations: int) -> Mistakes:
    """The mistakes of a peer's network. ValueError if it does not answer."""
    every = [position for positions in sets.values() for position in positions]
    file = folder / "positions.json"
    durable_files.write_atomic(file, json.dumps([list(position.moves) for position in every]).encode())
    command = [*run.module, "answer", *run.arguments, "--snapshot", str(network), "--positions", str(file)]
    command += ["--settings", json.dumps(run.changes), "--simulations", str(simulations)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise ValueError(f"{run.program} did not answer: {done.stderr.strip()[-300:]}")
    answers = json.loads(done.stdout.splitlines()[-1])
    found: Mistakes = {"raw": {}, "search": {}}
    for how, counts in found.items():
        actions = iter(answers[how])
        for name, positions in sets.items():
            counts[name] = [sum(is_wrong(position, next(actions)) for position in positions), len(positions)]
    return found


def is_wrong(position: SolvedPosition, action: int) -> bool:
    """Whether the action has a worse outcome than the best one; an illegal action always has."""
    signs = {each: (score > 0) - (score < 0) for each, score in position.scores.items()}
    return signs.get(action, -2) < max(signs.values())

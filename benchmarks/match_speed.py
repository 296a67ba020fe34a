"""How long does a match take? 400 games of Connect Four between two 6 x 64 networks, with 100 simulations a move.

The weights are random. Seconds are those of the whole command, as a person waits for it: they include the start,
compiling, and the choice of the backend. The first round, which may have to fill Numba's cache on disk, is marked.

    python -m benchmarks.match_speed [--rounds 3] [--games 400] [--simulations 100] [--out FILE] [--json]

On a shared machine ``cpu_seconds`` (user and system time of the command and its child processes) say more than
seconds. The network takes most of the time. Without bf16 in hardware (AMX, AVX512-bf16) it is ten times slower; the
result says which.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.machine import report


def write_model(folder: Path, seed: int, blocks: int, channels: int, simulations: int) -> Path:
    """A model folder with random weights; ``seed`` determines them."""
    import safetensors.torch
    import torch

    from agent.networks.policy_value import NetworkConfig, PolicyValueNet
    from games import make

    game = make("connect_four")
    folder.mkdir()
    torch.manual_seed(seed)
    network = PolicyValueNet(
        NetworkConfig(blocks=blocks, channels=channels), game.observation_shape, game.action_layout
    )
    safetensors.torch.save_file(network.state_dict(), folder / "model.safetensors")
    config = {"schema": 1, "game": game.name, "network": {"blocks": blocks, "channels": channels}}
    (folder / "config.json").write_text(json.dumps({**config, "search": {"num_simulations": simulations}}))
    return folder


def play_match(command: list[str], folder: Path) -> dict[str, Any]:
    """Play one match in a new process; return its times and counts."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())
    seconds, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    moves = sum(len(json.loads(line)["moves"]) for line in (Path(folder) / "match" / "games.jsonl").open())
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "games": result["games"],
        "distinct_games": result["distinct_games"],
        "moves": moves,
    }


def environment() -> dict[str, str]:
    clone = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (clone, os.environ.get("PYTHONPATH", ""))))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--games", type=int, default=400)
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument(
        "--flags", nargs=argparse.REMAINDER, default=[], help="more for 'honte match', such as --threads 1"
    )
    parser.add_argument("--out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = [
            write_model(folder / name, i, args.blocks, args.channels, args.simulations).name
            for i, name in enumerate("ab")
        ]
        command = [sys.executable, "-m", "honte", "match", *names, "--games", str(args.games), "--out", "match"]
        for number in range(args.rounds):
            found = play_match([*command, "--fresh", "--json", *args.flags], folder)
            rows.append({"round": number, "first": number == 0, **found})
            print(rows[-1], file=sys.stderr, flush=True)
    packages = {}
    for name in ("torch", "openvino"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    from agent.inference.machine import this_machine

    packages["bf16 in hardware"] = str(this_machine().has_bf16("cpu"))
    config = {**vars(args), "command": ["honte", *command[3:]], "cores": cores, "packages": packages}
    report(
        "match_speed",
        {k: v for k, v in config.items() if k not in ("out", "json")},
        rows,
        out=args.out,
        as_json=args.json,
    )


if __name__ == "__main__":
    main()

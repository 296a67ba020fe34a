"""A run's network as one that ships with honte: agent/weights/GAME[/SIZE] with weights, results and a manifest.

The weights are those that play (averaged over the training, if the run averages). They are stored in fp32 where the
file has at most 2 MB, and in fp16 otherwise; the largest change of a probability or value by that is measured and
stored. Results of matches come from files of ``benchmarks.masters``. Results that the folder already has are kept,
unless --results has newer ones against the same opponent or --fresh is given.

    python -m benchmarks.ship_weights runs/othello6 [--results FILE.json ...] [--note SENTENCE ...] [--precision fp16]
    python -m benchmarks.ship_weights connect_four --results FILE.json      # add results to a network that ships
    python -m benchmarks.ship_weights clobber --current-play                # how a run of the game would play now
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from agent import weights
from agent.networks.policy_value import NetworkConfig, PolicyValueNet, expected_value
from agent.storage import durable_files, model_folder
from benchmarks.script import run_script
from games import Game, make
from games.playouts import random_positions
from honte.bench.machine import processor
from honte.recipes import for_game
from honte.shipped_models import RESULTS, SCHEMA, Opponent, Training, read_model
from training.config import parse_config
from training.run import metrics

LARGEST = 2_000_000
"""Bytes of the weights of one network."""


def stored_weights(tensors: dict[str, Tensor], precision: str) -> tuple[bytes, str]:
    """The file of the weights, and its precision. ValueError if it is too large."""
    for name in ("fp32", "fp16") if precision == "auto" else (precision,):
        kind = torch.float16 if name == "fp16" else torch.float32
        data = safetensors.torch.save({k: t.to(kind) if t.is_floating_point() else t for k, t in tensors.items()})
        if len(data) <= LARGEST:
            return data, name
    raise ValueError(f"the weights have {len(data):,} bytes in {name}; at most {LARGEST:,} can ship")


def largest_change(game: Game, config: NetworkConfig, one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """The largest difference of a move's probability or of a value in 256 positions of random games."""
    states = random_positions(game, 256, seed=0)
    observation = torch.from_numpy(game.describe_new(states).observation).float()
    outputs = []
    for tensors in (one, other):
        network = PolicyValueNet(config, game.observation_shape, game.action_layout).eval()
        network.load_state_dict(tensors)
        with torch.inference_mode():
            policy, value = network(observation)
        outputs.append((policy.softmax(dim=1), expected_value(value)))
    return max(float((a - b).abs().max()) for a, b in zip(*outputs, strict=True))


def training_of(run: Path, step: int, commit: str) -> Training:
    """What the self-play up to ``step`` cost, from the run's metrics."""
    records = [each for each in metrics.read(run) if each["step"] <= step]
    if not records:
        return Training()
    evaluations = sum(
        later.get("evaluations_per_second", 0.0) * 60 * (later["minutes"] - earlier["minutes"])
        for earlier, later in pairwise(records)
        if later["minutes"] > earlier["minutes"] and not np.isnan(later.get("evaluations_per_second", 0.0))
    )
    last = records[-1]
    return Training(
        minutes=round(last["minutes"], 1),
        games=int(last["games"]),
        positions=int(last["samples"]),
        steps=step,
        evaluations=int(evaluations),
        machine=str(processor()),
        commit=commit,
    )


Count = TypeVar("Count", int, float)


def add_counts(one: Count | None, other: Count | None) -> Count | None:
    """The sum; None if one of them is not known."""
    return None if one is None or other is None else one + other


def add_trainings(before: Training, after: Training) -> Training:
    """What two trainings cost together, the second of which began with the network of the first."""
    return Training(
        minutes=add_counts(before.minutes, after.minutes),
        games=add_counts(before.games, after.games),
        positions=add_counts(before.positions, after.positions),
        steps=add_counts(before.steps, after.steps),
        evaluations=add_counts(before.evaluations, after.evaluations),
        machine=" and ".join(sorted({*before.machine.split(" and "), after.machine} - {""})),
        commit=" and ".join(dict.fromkeys(each for each in (*before.commit.split(" and "), after.commit) if each)),
    )


def merge(known: list[Opponent], files: list[str], game: str) -> list[Opponent]:
    """The results in ``known`` and in files of ``benchmarks.masters``; later ones replace earlier ones."""
    found = {(each.opponent, each.player.partition("?")[2]): each for each in known}
    for name in files:
        content = json.loads(Path(name).read_text(encoding="utf-8"))
        if content["game"] != game:
            raise ValueError(f"{name} has results of {content['game']}; the network plays {game}")
        for values in content["opponents"]:
            each = Opponent(**{key: values[key] for key in Opponent.__dataclass_fields__ if key in values})
            settings = each.player.partition("?")[2]
            # The network is known by its game now, and programs by their names: paths are those of one machine.
            opponent = re.sub(r"(^|[: ])/\S*/", r"\1", each.opponent)
            each = replace(each, player=f"{game}?{settings}" if settings else game, opponent=opponent)
            found[each.opponent, each.player.partition("?")[2]] = each
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help="RUN, RUN@STEP, RUN@best, a model folder, or a game whose network ships")
    parser.add_argument("--results", nargs="*", default=[], help="files that benchmarks.masters wrote")
    parser.add_argument("--note", action="append", default=None, help="another measured result, as a sentence")
    parser.add_argument("--precision", choices=("auto", "fp32", "fp16"), default="auto", help="of the stored weights")
    parser.add_argument("--commit", default="", help="the commit of honte that trained the run")
    parser.add_argument(
        "--continues", action="store_true", help="the run began with --init GAME: add the training of what ships now"
    )
    parser.add_argument(
        "--current-play",
        action="store_true",
        help="play as a new run of the game would, instead of as this run; results must be measured again",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the results of the network that ships now")
    flags = parser.parse_args()
    source = model_folder.find_model(flags.what)
    model = model_folder.read(source)
    game = make(model.game)
    to = weights.place(game.name)
    config, tensors = model_folder.load_network(source, game)
    data, precision = stored_weights(tensors, flags.precision)
    kept = {name: t.float() if t.is_floating_point() else t for name, t in safetensors.torch.load(data).items()}
    change = largest_change(game, config, tensors, kept)
    storage = {"precision": precision, "bytes": len(data), "largest_change": change}
    if source == to:  # weights that were rounded before: what that changed was measured then
        data = (to / "model.safetensors").read_bytes()
        storage = json.loads((to / RESULTS).read_text(encoding="utf-8"))["storage"]
    shipped = read_model(to) if (to / "config.json").exists() else None
    known = None if flags.fresh else shipped
    training = shipped.training if shipped and source == to else Training()
    step = source.name if source.parent.name in ("checkpoints", "models") else ""
    if step.isdecimal():
        run = source.parent.parent if source.parent.name == "checkpoints" else source.parents[2]
        training = training_of(run, int(step), flags.commit)
        if flags.continues:
            training = add_trainings(read_model(to).training, training)
    elif flags.continues:
        parser.error("--continues goes with a run, not with a network that ships")
    results = {
        "schema": SCHEMA,
        "game": game.name,
        "training": asdict(training),
        "storage": storage,
        "opponents": [asdict(each) for each in merge(list(known.opponents) if known else [], flags.results, game.name)],
        "notes": list(flags.note if flags.note is not None else known.notes if known else []),
    }
    written = (source / "config.json").read_bytes()
    if flags.current_play:
        play = parse_config(for_game(game)).play
        written = (json.dumps({**json.loads(written), "search": asdict(play)}, indent=1) + "\n").encode()
    files = {
        "model.safetensors": data,
        "config.json": written,
        RESULTS: (json.dumps(results, indent=1) + "\n").encode(),
    }
    (to / durable_files.MANIFEST).unlink(missing_ok=True)  # other sizes of the game lie in the same folder: it stays
    for name, content in files.items():
        durable_files.write_atomic(to / name, content)
    entries = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    durable_files.write_atomic(to / durable_files.MANIFEST, durable_files.manifest(entries))
    print(
        f"{to}: {game.name}, {len(data):,} bytes in {storage['precision']}, which changes an output by at"
        f" most {storage['largest_change']:.2g}"
    )
    print(f"{len(results['opponents'])} opponents; training: {training}")
    return 0


if __name__ == "__main__":
    run_script(main)

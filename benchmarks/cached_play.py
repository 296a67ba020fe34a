"""How much the evaluation cache saves in self-play from positions of a real run, compared with forward passes alone.

The games of a run of ``honte train`` from between two of its minutes are continued from a random move. When a game
ends, a new one begins as the configuration of the run says. A checkpoint of the run plays. It reloads its weights,
which empties the cache, as often as the run did. One such interval is a warm-up, because proofs by the rules outlive
the weights. The next one is measured from an empty cache on, in rounds; between the rounds, the backend's forward
passes are measured on positions of the same games. Rates are those of one core, by processor time.

The row also has the bound. If the cache answers a share h of the evaluations, and a hit costs c where the network takes
e, then self-play makes at most 1 / (1 - h + h c / e) times as many evaluations as the network alone. What the rules
prove multiplies the simulations by 1 / (1 - p). ``hit_rate_for_1.5`` is the h at which the first factor is 1.5.

    python -m benchmarks.cached_play RUN [--minutes 15 20] [--step STEP] [--simulations 200] [--json] [--out FILE]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agent.inference.backend_selection import BackendConfig
from agent.inference.evaluate import uniform_evaluate
from agent.inference.network_evaluator import NetworkEvaluator
from agent.storage.model_folder import find_model, load_network
from benchmarks.script import report, run_script
from games import make
from games.game import Game
from honte.bench.self_play import CountingEvaluator, stagger_games
from honte.bench.setup import forward_batches
from honte.bench.turns import median, run_in_turns
from selfplay.config import SelfPlayConfig
from selfplay.local_runner import LocalRunner
from selfplay.records import GameRecord, list_shards, read_shard
from training.config import TrainConfig, parse_config
from training.run import metrics
from training.run.run_folder import read_config
from training.run.run_storage import GAMES

CLOCK = time.process_time


def versions(run: Path, minutes: tuple[float, float]) -> tuple[int, int]:
    """The versions of the network that played between those minutes of the run."""
    rows = [row for row in metrics.read(run) if minutes[0] <= row.get("minutes", -1) <= minutes[1] and "version" in row]
    if not rows:
        raise ValueError(f"{run} tells nothing of the minutes {minutes[0]:g} to {minutes[1]:g}")
    return int(rows[0]["version"]), int(rows[-1]["version"])


def played_then(run: Path, game: Game, between: tuple[int, int]) -> list[GameRecord]:
    """The stored games whose first move was decided by one of those versions."""
    found = []
    for path in list_shards(run / GAMES).values():
        records = read_shard(path, game)
        found += [each for each in records if each.num_decided and between[0] <= each.networks[0] <= between[1]]
    if not found:
        raise ValueError(f"{run} has kept no game of the versions {between[0]} to {between[1]}")
    return found


def under_way(records: list[GameRecord], count: int) -> Iterator[GameRecord]:
    """``count`` games, each cut before one of its decided moves; every such move is as likely as any other."""
    random = np.random.default_rng(0)
    decided = np.array([record.num_decided for record in records])
    for number in random.choice(len(records), count, p=decided / decided.sum()):
        record, kept = records[number], int(random.integers(decided[number]))
        lists = {name: getattr(record, name)[:kept] for name in ("policies", "values", "budgets", "networks")}
        yield replace(record, actions=record.actions[: record.opening + kept], **lists)


def measure(
    config: TrainConfig, weights: Any, records: list[GameRecord], precision: str, rounds: int, seconds: float
) -> dict[str, Any]:
    """One interval between two updates of the weights, with a backend of that precision."""
    game, play = make(config.game), config.self_play
    backend = BackendConfig(kind="openvino" if precision == "int8" else "auto", precision=precision)  # type: ignore[arg-type]
    evaluator = NetworkEvaluator(game, config.network, replace(backend, cache_entries=config.engine.cache_entries))
    evaluator.load(weights, 0)
    judge = CountingEvaluator(uniform_evaluate)
    loop = LocalRunner(game, play, lambda: judge, seed=1, first_id=1 << 40, deterministic=True).loops[0]
    loop.restore(list(under_way(records, play.num_games)))
    search = stagger_games(loop, play.search.num_simulations)
    judge.evaluate = evaluator
    states = loop.states.copy()
    forward = forward_batches(evaluator.backend, states, game.describe_new(states))
    cached = forward_batches(evaluator.cache, states, game.describe_new(states))  # after its first call all are hits
    hit_us = 1e6 / median(run_in_turns({"hit": cached}, seconds=seconds, rounds=3, clock=CLOCK)["hit"])
    interval = config.learn.publish_steps * config.learn.batch_size / config.learn.reuse
    while loop.moves < interval:
        if not search.grow():
            loop.round()
    begun, ratios, rates, batches = loop.moves, list[float](), list[float](), list[float]()
    spent, simulations, asked = 0.0, search.simulations, evaluator.asked
    evaluator.load(weights, 1)
    evaluated = evaluator.evaluated
    for number in range(rounds):
        bare = median(run_in_turns({"forward": forward}, seconds=seconds, rounds=1, clock=CLOCK)["forward"])
        before, start = search.simulations, CLOCK()
        while loop.moves < begun + interval * (number + 1) / rounds:
            if not search.grow():
                loop.round()
        took = CLOCK() - start
        spent += took
        batches.append(bare)
        rates.append((search.simulations - before) / took)
        ratios.append(rates[-1] / bare)
    done = search.simulations - simulations
    asked, evaluated = evaluator.asked - asked, evaluator.evaluated - evaluated
    hits, cost = 1 - evaluated / max(asked, 1), hit_us * float(np.median(batches)) / 1e6
    return {
        "engine": precision,
        "simulations": play.search.num_simulations,
        "lookahead": play.search.lookahead,
        "forward_per_s": round(float(np.median(batches))),
        "simulations_per_s": round(done / spent),
        "ratio": round(float(np.median(ratios)), 2),
        "of_the_interval": round(done / spent / float(np.median(batches)), 2),
        "rounds": [round(ratio, 2) for ratio in ratios],
        "decided_by_rules": round(1 - asked / done, 3),
        "answered_by_the_cache": round(hits, 3),
        "hit_us": round(hit_us, 2),
        "evaluation_us": round(1e6 / float(np.median(batches)), 1),
        "bound": round(1 / (1 - hits + hits * cost), 2),
        "hit_rate_for_1.5": round((1 - 1 / 1.5) / (1 - cost), 3),
        "evaluations_a_simulation": round(evaluated / done, 3),
        "cpu_s": round(spent, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run's folder with its games")
    parser.add_argument("--minutes", nargs=2, type=float, default=(15.0, 20.0), help="of the run (default: 15 20)")
    parser.add_argument("--step", type=int, help="the checkpoint that plays (default: the newest)")
    parser.add_argument("--simulations", type=int, nargs="+", default=[0, 200], help="0: as the run plays")
    parser.add_argument("--lookahead", type=int, help="plies that rules alone decide (default: as the run plays)")
    parser.add_argument("--precisions", nargs="+", default=["int8", "fp32"], choices=["int8", "bf16", "fp32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of forward passes in each round")
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    args = parser.parse_args()
    torch.set_num_threads(1)
    run = Path(args.run)
    stored = read_config(run)
    if stored is None:
        raise ValueError(f"{run} is no run's folder: it has no config.yaml")
    config: TrainConfig = parse_config({name: value for name, value in stored.items() if name != "game_sha256"})
    game = make(config.game)
    _, weights = load_network(find_model(str(run) if args.step is None else f"{run}@{args.step}"), game)
    between = versions(run, tuple(args.minutes))
    records = played_then(run, game, between)
    rows = []
    for simulations in args.simulations:
        play: SelfPlayConfig = config.self_play
        search = replace(play.search, num_simulations=simulations or play.search.num_simulations)
        if args.lookahead is not None:
            search = replace(search, lookahead=args.lookahead)
        play = replace(play, search=search)
        for precision in args.precisions:
            changed = replace(config, self_play=play)
            rows.append(measure(changed, weights, records, precision, args.rounds, args.seconds))
    said = {"run_minutes": list(args.minutes), "versions": between, "stored_games": len(records), "step": args.step}
    about = {"network": vars(config.network), "num_games": config.self_play.num_games, **said}
    report("cached_play", about, rows, out=args.out, as_json=args.json)


if __name__ == "__main__":
    run_script(main)

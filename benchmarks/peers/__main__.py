"""honte compared with other programs on one core: self-play with the same network, the tree alone, and random play.

Every player is a process of its own with one thread, pinned to the same core. All take turns, and the medians of the
rounds are compared, by processor time. Self-play is Connect Four with 200 simulations for each move and a ResNet of 6
blocks and 64 channels. These flags name what the other programs need; a program without its flag is left out:

    --pgx-python PY              a Python with jax, mctx and pgx
    --openspiel-python PY        a Python with open_spiel, jax, flax, optax, chex and orbax-checkpoint
    --openspiel-uniform FILE     what openspiel_uniform.cc builds beside OpenSpiel's sources
    --alpha-zero-general DIR     a clone of alpha-zero-general
    --alphazero-pybind11 DIR     where alphazero-pybind11's extension module lies, built for this Python

    python -m benchmarks.peers --out FILE.json [--pgx-python PY] [--alpha-zero-general DIR] ...
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from agent.storage.durable_files import write_atomic
from benchmarks import games as random_play
from benchmarks.peers.turns import Player, last_core, module, play, player, rate
from benchmarks.script import run_script
from honte.bench.machine import machine

GAMES = {"connect_four": "Connect Four", "othello": "Othello 8 × 8", "go": "Go 9 × 9"}
PARTS = ("self-play", "tree", "random")


class Side(NamedTuple):
    """One line of the self-play table: a player's work, and the work that is its own pure forward pass."""

    player: Player
    work: str
    forward: str
    name: str
    precision: str
    cache: str


def ratio(of: tuple[Player, str], to: tuple[Player, str], what: str) -> float:
    """The median of the rounds' ratios of ``what`` a second."""

    def rates(side: tuple[Player, str]) -> list[float]:
        return [answer.get(what, 0) / answer["cpu_s"] for answer in side[0].answers[side[1]]]

    return median(a / b for a, b in zip(rates(of), rates(to), strict=True))


def self_play(args: argparse.Namespace) -> list[dict[str, Any]]:
    shape = ["--blocks", str(args.blocks), "--channels", str(args.channels), "--simulations", str(args.simulations)]
    games, here = ["--games", str(args.games)], sys.executable
    with contextlib.ExitStack() as stack:

        def started(name: str, *command: str) -> Player:
            return stack.enter_context(player(name, module(*command), args.core))

        honte = started("honte", here, "honte_player", "self-play", *shape, *games)
        sides = [
            Side(honte, "cache-off", "forward", "honte", honte.about["engine"], "off"),
            Side(honte, "cache-on", "forward", "honte", honte.about["engine"], "on"),
            Side(honte, "cache-off-fp32", "forward-fp32", "honte", honte.about["fp32"], "off"),
            Side(honte, "cache-on-fp32", "forward-fp32", "honte", honte.about["fp32"], "on"),
        ]
        if args.pgx_python:
            words = ("mctx_player", "self-play", *shape, "--games", str(args.mctx_games))
            mctx = started("pgx + mctx", args.pgx_python, *words)
            sides.append(Side(mctx, "cache-off", "forward", "pgx + mctx", "XLA fp32", "none"))
        if args.alphazero_pybind11:
            words = ("alphazero_pybind11", args.alphazero_pybind11, *shape)
            bound = started("alphazero-pybind11", here, *words)
            sides += [Side(bound, f"cache-{it}", "forward", bound.name, "torch fp32", it) for it in ("off", "on")]
        if args.alpha_zero_general:
            general = started("alpha-zero-general", here, "alpha_zero_general", args.alpha_zero_general, *shape)
            sides.append(Side(general, "cache-off", "forward", general.name, "torch fp32", "its tree"))
        if args.openspiel_python:
            words = ("openspiel_player", "self-play", *shape)
            spiel = started("OpenSpiel Python AlphaZero", args.openspiel_python, *words)
            sides.append(Side(spiel, "cache-on", "forward", spiel.name, "flax fp32", "on"))
        players = list({side.player.name: side.player for side in sides}.values())
        play(players, seconds=args.seconds, rounds=args.rounds)
        return [_line(side, sides[0], sides[2]) for side in sides]


def _line(side: Side, best: Side, equal: Side) -> dict[str, Any]:
    mine = side.player, side.work
    return {
        "player": side.name,
        "engine": side.precision,
        "cache": side.cache,
        "moves_per_s": round(rate(*mine, "moves"), 2),
        "simulations_per_s": round(rate(*mine, "simulations")),
        "evaluations_per_s": round(rate(*mine, "evaluations")),
        "forward_per_s": round(rate(side.player, side.forward, "evaluations")),
        "honte_times": round(ratio((best.player, best.work), mine, "simulations"), 2),
        "honte_fp32_times": round(ratio((equal.player, equal.work), mine, "simulations"), 2),
        "versions": side.player.about["versions"],
    }


def tree(args: argparse.Namespace) -> list[dict[str, Any]]:
    words, here = ["tree", "--simulations", str(args.simulations), "--names", *args.names], sys.executable
    commands = {"honte": module(here, "honte_player", *words)}
    if find_spec("pyspiel"):
        commands["OpenSpiel C++"] = module(here, "openspiel_player", *words)
    if args.openspiel_uniform:
        commands["OpenSpiel C++, uniform"] = [args.openspiel_uniform, str(args.simulations), *args.names]
    if args.pgx_python:
        commands["mctx"] = module(args.pgx_python, "mctx_player", *words, "--games", str(args.mctx_games))
    with contextlib.ExitStack() as stack:
        players = [stack.enter_context(player(name, command, args.core)) for name, command in commands.items()]
        honte = players[0]
        play(players, seconds=args.seconds / 2, rounds=args.rounds)
        return [
            {
                "game": game,
                "player": each.name,
                "kind": kind,
                "simulations_per_s": round(rate(each, f"{game}-{kind}", "simulations")),
                "honte_times": round(ratio((honte, f"{game}-{kind}"), (each, f"{game}-{kind}"), "simulations"), 2),
            }
            for game in args.names
            for kind in ("puct", "gumbel", "rollouts")
            for each in players
            if f"{game}-{kind}" in each.answers
        ]


def random_games(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Their moves a second through the rules that searches use."""
    return [random_play.measure(name, args.rounds, 4000, args.pgx_python or sys.executable) for name in args.names]


def markdown(result: dict[str, Any]) -> str:
    """The tables as a page shows them."""
    lines: list[str] = []
    if "self_play" in result:
        lines += _table(
            [
                "self-play",
                "engine",
                "cache",
                "simulations/s",
                "evaluations/s",
                "÷ own forward",
                "honte ÷ it",
                "in fp32",
            ],
            [
                [
                    row["player"],
                    row["engine"],
                    row["cache"],
                    f"{row['simulations_per_s']:,}",
                    f"{row['evaluations_per_s']:,}",
                    f"{row['evaluations_per_s'] / row['forward_per_s']:.2f}",
                    f"{row['honte_times']:.2f}",
                    f"{row['honte_fp32_times']:.2f}",
                ]
                for row in result["self_play"]
            ],
        )
    if "tree" in result:
        words = {"puct": "PUCT, all even", "gumbel": "Gumbel, all even", "rollouts": "UCT, random games"}
        lines += _table(
            ["tree work", "search", "player", "simulations/s", "honte ÷ it"],
            [
                [
                    GAMES[row["game"]],
                    words[row["kind"]],
                    row["player"],
                    f"{row['simulations_per_s']:,}",
                    f"{row['honte_times']:.2f}",
                ]
                for row in result["tree"]
            ],
        )
    if "random" in result:
        lines += _table(
            ["random play", "honte, moves/s", "÷ OpenSpiel", "÷ pgx"],
            [
                [
                    GAMES[row["game"]],
                    f"{row['honte_moves_per_s']:,}",
                    str(row.get("ratio", "")),
                    str(row.get("pgx_ratio", "")),
                ]
                for row in result["random"]
            ],
        )
    return "\n".join(lines)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [*(f"| {' | '.join(cells)} |" for cells in (names, ["---"] * len(names), *rows)), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="write the result to this file, too")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--names", nargs="+", choices=GAMES, default=list(GAMES), help="games of tree work and random play"
    )
    parser.add_argument("--pgx-python", metavar="PY")
    parser.add_argument("--openspiel-python", metavar="PY")
    parser.add_argument("--openspiel-uniform", metavar="FILE")
    parser.add_argument("--alpha-zero-general", metavar="DIR")
    parser.add_argument("--alphazero-pybind11", metavar="DIR")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--games", type=int, default=256, help="of honte's at once")
    parser.add_argument("--mctx-games", type=int, default=64, help="of mctx's at once")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each work in each round, at least")
    parser.add_argument("--core", type=int, default=last_core(), help="that everybody is pinned to")
    args = parser.parse_args()
    if args.core is not None:
        os.environ |= {"OMP_NUM_THREADS": "1"}
    for name in ("alpha_zero_general", "alphazero_pybind11", "openspiel_uniform"):
        if getattr(args, name):  # players run in the root of the clone
            setattr(args, name, str(Path(getattr(args, name)).resolve()))
    kept = ("blocks", "channels", "simulations", "games", "mctx_games", "rounds", "seconds")
    whole = {"benchmark": "peers", "config": {name: getattr(args, name) for name in kept}, "machine": machine()}
    start, result = time.perf_counter(), dict[str, Any]()
    for part, measure in (("self-play", self_play), ("tree", tree), ("random", random_games)):
        if part not in args.only:
            continue
        result[part.replace("-", "_")] = measure(args)
        minutes = round((time.perf_counter() - start) / 60, 1)
        if args.out:  # part by part: what is measured is kept
            write_atomic(args.out, (json.dumps(whole | result | {"minutes": minutes}, indent=1) + "\n").encode())
    print(markdown(result))


if __name__ == "__main__":
    run_script(main)

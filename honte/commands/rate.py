"""``honte rate RUN``: a run's checkpoints rated against fixed anchors, and its best one found by a test.

Knows its flags and how to wait for a run. Does not know how ratings and tests work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro import conf

from honte.commands.shared import Output, parse, progress, table

if TYPE_CHECKING:
    from agent.player import Player

WAIT = 5.0
"""Seconds between two looks for a new checkpoint."""


@dataclass(frozen=True)
class Rate:
    """Rate the checkpoints of RUN, and let the newest one challenge the best (RUN@best).

    The run itself is only read: rating never changes what it learns.
    """

    run: Annotated[str, conf.Positional, conf.arg(metavar="RUN")]
    """the run's folder"""
    game: Annotated[str | None, conf.arg(metavar="GAME", help_behavior_hint="")] = None
    """the game, where it is a file of your own"""
    anchors: tuple[str, ...] = ("random", "mcts:100", "minimax:3")
    """players that do not change; the first is at 0 Elo"""
    every: int = 1
    """rate every so many checkpoints, and the newest"""
    games: int = 40
    """games of a checkpoint with each anchor and with the checkpoint before it"""
    simulations: int = -1
    """simulations a move of the checkpoints; below 0: as the run's config says"""
    sprt: Annotated[tuple[float, ...], conf.arg(metavar="ELO0 ELO1 [ALPHA BETA]")] = (0.0, 40.0)
    """the test for best: H1 promotes"""
    test_games: int = 1000
    """the test ends undecided after so many games"""
    watch: bool = False
    """go on until the run has finished, with the lowest priority"""
    num_slots: int = 64
    """games played at once"""
    device: str = "auto"
    """where networks run: auto, cpu, cuda:0, mps"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse(Rate, arguments, "rate")
    from agent.models import steps
    from training.run_folder import read_status

    if len(args.sprt) not in (2, 4):
        raise ValueError(f"--sprt has {len(args.sprt)} numbers; it needs ELO0 ELO1, or ELO0 ELO1 ALPHA BETA")
    for name in ("games", "test_games"):
        if (value := getattr(args, name)) < 2 or value % 2:
            raise ValueError(f"--{name.replace('_', '-')} is {value}; an even number is needed: openings come in pairs")
    if not args.anchors:
        raise ValueError("--anchors is empty; name a player at least, such as random")
    output, run = Output(args.json), Path(args.run)
    if args.watch and hasattr(os, "nice"):
        os.nice(19)
    seen: list[int] = []
    while True:
        finished = (read_status(run) or {}).get("status") == "finished"
        if (now := steps(run)) and now != seen:
            content = _once(args, run, output)
            seen = now
        elif not args.watch or finished:
            break
        else:
            time.sleep(WAIT)
        if not args.watch:
            break
    if not seen:
        raise ValueError(f"{run} has no checkpoint yet; train a little longer")
    output.result(content)
    return 0


def _once(args: Rate, run: Path, output: Output) -> dict[str, object]:
    from honte.api import game_for, load
    from selfplay.sprt import Sprt
    from training.ladder import promote, rate

    game = game_for(args.game, args.run)
    settings = f"simulations={args.simulations}" if args.simulations >= 0 else ""

    def ready(text: str) -> Player:
        return load(text, game, num_slots=args.num_slots, device=args.device)

    with progress(f"{run}: is the newest the best?", args.test_games) as advance:
        elo0, elo1, alpha, beta = (*args.sprt, 0.05, 0.05)[:4]
        test = Sprt(elo0=elo0, elo1=elo1, alpha=alpha, beta=beta)
        found = promote(
            run,
            game,
            ready,
            test=test,
            games=args.test_games,
            num_slots=args.num_slots,
            settings=settings,
            progress=lambda games: advance(games, ""),
        )
    if found.result is None:
        output.say(f"checkpoint {found.best} is the best" + (", as the first" if found.promoted else ""))
    else:
        score, games, llr = found.result.elo.score, found.result.games, found.result.llr
        words = "becomes" if found.promoted else "does not become"
        output.say(f"checkpoint {found.step} {words} the best: {score:.1%} of {games} games, LLR {llr:.2f}")
    with progress(f"{run}: ratings", 0) as bar:
        points = rate(
            run,
            game,
            ready,
            anchors=args.anchors,
            every=args.every,
            games=args.games,
            num_slots=args.num_slots,
            settings=settings,
            progress=bar,
        )
    rows = [["checkpoint", "Elo", "95 %", "games"]]
    for point in points:
        rows.append([str(point.step), f"{point.elo:+.0f}", f"{point.low:+.0f} to {point.high:+.0f}", str(point.games)])
    output.say(table(rows, right="0123"))
    output.say(f"{args.anchors[0]} is at 0")
    test_told = None if found.result is None else found.result.as_json()
    best = {"best": found.best, "promoted": found.promoted, "test": test_told}
    return {"run": str(run), "anchor": args.anchors[0], **best, "curve": [vars(point) for point in points]}

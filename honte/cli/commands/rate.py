"""``honte rate RUN``: Elo ratings of a run's checkpoints relative to fixed players, and a test for the best checkpoint.

Knows its flags, and how to follow a run that is still learning. Does not know how ratings and tests work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from agent.settings import Count, Device, EvenCount, Finite, Positive, Slots
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, Placeholder
from honte.command_line import Output, format_table, show_progress

if TYPE_CHECKING:
    from agent.player import Player
    from training.evaluation.promotion import Promotion
    from training.evaluation.rating_curve import RatingConfig, RatingCurve

POLL_SECONDS = 1.0
"""Seconds between two looks for a new checkpoint."""

Games = Annotated[EvenCount | None, Placeholder("N")]


@dataclass(frozen=True)
class RateFlags:
    """Rate the checkpoints of a run, and test whether the newest one is stronger than the best one (RUN@best).

    The run is only read: rating never changes what it learns. Defaults are the settings "rating" of the run's
    config.yaml.
    """

    run: Annotated[str, Argument("RUN")]
    """the folder of the run"""
    game: GameFlag = None
    """the game, where it is a file of yours (default: the game of the run)"""
    anchors: Annotated[tuple[str, ...], Placeholder("PLAYER ...")] = ()
    """players that do not change; the first one is at 0 Elo (default: from the run)"""
    every: Positive = 1
    """rate every Nth checkpoint, and the newest one"""
    games: Games = None
    """games of a checkpoint against each anchor and against the checkpoint before it, even (default: from the run)"""
    simulations: Annotated[Count | None, Placeholder("N")] = None
    """simulations for each move of the checkpoints (default: from the run)"""
    sprt: Annotated[tuple[Finite, ...], Placeholder("ELO0 ELO1 [ALPHA BETA]")] = ()
    """the sequential test for the best checkpoint; it is promoted where ELO1 is accepted (default: from the run)"""
    test_games: Games = None
    """the most games of the test, even (default: from the run)"""
    watch: bool = False
    """follow a run until it has finished, at low priority after the first rating"""
    with_stdin: bool = False
    """end when stdin ends; a run uses it for the rater that it starts"""
    rating: Annotated[str | None, Placeholder("JSON")] = None
    """settings of rating as a JSON object; they replace those of the run, and flags replace them (default: none)"""
    num_slots: Slots = 64
    """games played at the same time"""
    device: Device = "auto"
    """where networks run"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(RateFlags, arguments, "rate")
    if args.with_stdin:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that holds stdin decides when to end
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    config, run, output = _checked(args), Path(args.run), Output(args.json)
    content = _follow(args, config, run, output) if args.watch else _rate_once(args, config, run, output)
    output.result(content)
    return 0


def _end_with_stdin() -> None:
    """What is stored is complete at any moment, so nothing has to be cleaned up first."""
    while os.read(sys.stdin.fileno(), 4096):  # without Python's buffer, whose lock would outlast the program
        pass
    os._exit(0)


def _checked(args: RateFlags) -> RatingConfig:
    """The run's settings of rating, with the flags over them. ValueError for a wrong value."""
    from honte.cli.run_argument import ensure_run
    from selfplay.matches.match import ensure_pairs
    from training.config import merge_values, parse_config
    from training.evaluation.rating_curve import RatingConfig
    from training.run.run_folder import read_config

    if args.sprt and len(args.sprt) not in (2, 4):
        raise ValueError(f"--sprt has {len(args.sprt)} numbers; it needs ELO0 ELO1, or ELO0 ELO1 ALPHA BETA")
    over: dict[str, Any] = {name: getattr(args, name) for name in ("games", "test_games")}
    for name, value in over.items():
        if value is not None:
            ensure_pairs(f"--{name.replace('_', '-')}", value)
    if args.simulations is not None:
        over["settings"] = f"simulations={args.simulations}"
    over["anchors"], over["promote"] = list(args.anchors) or None, list(args.sprt[:2]) or None
    settings = (read_config(args.run) or {}).get("rating") or {}
    try:
        settings = merge_values(settings, json.loads(args.rating or "{}"))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"--rating must be a JSON object, not {args.rating!r}") from None
    settings = merge_values(settings, {name: value for name, value in over.items() if value is not None})
    found: RatingConfig = parse_config(settings, RatingConfig, "rating.")
    ensure_run(args.run)
    return found


def _rate_once(args: RateFlags, config: RatingConfig, run: Path, output: Output) -> dict[str, Any]:
    """Rate the checkpoints that the run has now, or every Nth of them."""
    from agent.storage.model_folder import steps
    from training.evaluation.rating_curve import kept_steps

    there = steps(run)
    if not there:
        raise ValueError(f"{run} has no checkpoint yet; train it a little longer")
    chosen = {*there[:: args.every], there[-1], *kept_steps(run)}
    return _Rating(args, config, run, output).update(sorted(chosen))


def _follow(args: RateFlags, config: RatingConfig, run: Path, output: Output) -> dict[str, Any]:
    """Rate one checkpoint after the other, until the run has finished and its last one is rated."""
    from agent.storage import durable_files
    from selfplay.cores import lower_priority
    from training.evaluation.rating_curve import QUICK_GAMES, RATINGS, kept_steps, next_checkpoint
    from training.run.run_folder import read_status

    while durable_files.lock_holder(run / RATINGS) is not None:  # a rater of a killed run needs a moment to end
        time.sleep(POLL_SECONDS)
    if config.give_way and kept_steps(run):
        lower_priority()
    rating = _Rating(args, config, run, output)
    content: dict[str, Any] = {}
    rated: set[int] = set()
    while True:
        finished = (read_status(run) or {}).get("status") == "finished"
        step = next_checkpoint(run, config.every_minutes, finished=finished)
        if step is not None:
            if step in rated:
                raise ValueError(
                    f"{run}: checkpoint {step} was rated but is not in the stored ratings; remove {run / RATINGS}"
                )
            rated.add(step)
            try:
                if not kept_steps(run):  # few games, at normal priority: a new run soon shows how strong it is
                    rating.update([step], step, min(config.games, QUICK_GAMES))
                    if config.give_way:
                        lower_priority()
                content = rating.update(sorted({*kept_steps(run), step}), step)
            except ValueError:
                if (run / "checkpoints" / str(step)).is_dir() or step in kept_steps(run):
                    raise
        elif finished:
            break
        else:
            time.sleep(POLL_SECONDS)
    return content or rating.content()


class _Rating:
    """The ratings of one run: its game, its anchors and its checkpoints."""

    def __init__(self, args: RateFlags, config: RatingConfig, run: Path, output: Output) -> None:
        from agent.storage.model_folder import steps
        from honte.api import resolve_game
        from training.evaluation.rating_curve import anchors_for

        self.args, self.config, self.run, self.output = args, config, run, output
        while args.watch and not steps(run):
            time.sleep(POLL_SECONDS)
        self.game = resolve_game(args.game, args.run)
        self.anchors = config.anchors or anchors_for(self.game)
        self._check()
        if args.with_stdin:
            import torch

            torch.set_num_threads(1)  # more threads would compete with those of the run

    def _check(self) -> None:
        """Check that the anchors and the newest checkpoint play this game, before anything is stored."""
        from selfplay.matches.readiness import check_players
        from selfplay.openings import make_openings

        begin = make_openings(self.game, self.config.games // 2, self.config.opening_plies)
        for text in (*self.anchors, str(self.run)):
            check_players(self.game, [(text, self.ready(text))], begin)

    def ready(self, text: str) -> Player:
        from honte.api import load

        return load(text, self.game, num_slots=self.args.num_slots, device=self.args.device)

    def update(self, steps: Sequence[int], challenger: int | None = None, games: int = 0) -> dict[str, Any]:
        """Test the challenger, by default the newest checkpoint, then rate all ``steps``.

        ``games`` of each pair of players are played; 0: as many as the settings say.
        """
        from training.evaluation.rating_curve import keep_network, rate_checkpoints

        args, config, run = self.args, self.config, self.run
        for step in steps:
            keep_network(run, step)
        found = self._promote(steps[-1] if challenger is None else challenger)
        with show_progress(f"{run}: ratings", 0) as bar:
            curve = rate_checkpoints(
                run,
                self.game,
                self.ready,
                anchors=self.anchors,
                steps=steps,
                games=games or config.games,
                opening_plies=config.opening_plies,
                num_slots=args.num_slots,
                settings=config.settings,
                progress=bar,
            )
        self.output.say(format_curve(curve))
        test = None if found.result is None else found.result.as_json()
        return {**self.content(), "best": found.best, "promoted": found.promoted, "test": test}

    def _promote(self, step: int) -> Promotion:
        from selfplay.matches.sprt import Sprt
        from training.evaluation.promotion import promote

        alpha, beta = (*self.args.sprt[2:], 0.05, 0.05)[:2]
        test = Sprt(elo0=self.config.promote[0], elo1=self.config.promote[1], alpha=alpha, beta=beta)
        with show_progress(f"{self.run}: is checkpoint {step} the best?", self.config.test_games) as advance:
            found = promote(
                self.run,
                self.game,
                self.ready,
                test=test,
                step=step,
                games=self.config.test_games,
                opening_plies=self.config.opening_plies,
                num_slots=self.args.num_slots,
                settings=self.config.settings,
                progress=lambda games: advance(games, ""),
            )
        if found.result is None:
            self.output.say(
                f"checkpoint {found.best} is the best" + (": it is the first one" if found.promoted else "")
            )
        else:
            score, games, llr = found.result.elo.score, found.result.games, found.result.llr
            words = "becomes" if found.promoted else "does not become"
            self.output.say(f"checkpoint {found.step} {words} the best: {score:.1%} of {games} games, LLR {llr:.2f}")
        return found

    def content(self) -> dict[str, Any]:
        """The stored ratings as plain values."""
        from training.evaluation.promotion import best_step
        from training.evaluation.rating_curve import read_curve

        curve = read_curve(self.run)
        return {
            "run": str(self.run),
            "game": self.game.name,
            "anchor": self.anchors[0],
            "settings": self.config.settings,
            "best": best_step(self.run),
            "promoted": False,
            "test": None,
            "curve": [vars(point) for point in curve.points],
            "anchors": [vars(each) for each in curve.anchors],
        }


def format_curve(curve: RatingCurve) -> str:
    """The rating curve as a table."""
    rows = [["checkpoint", "Elo", "95 %", "games"]]
    for name, each in [(str(point.step), point) for point in curve.points] + [(a.player, a) for a in curve.anchors]:
        given = each.low == each.high
        bounds = "given" if given else f"{each.low:+.0f} to {each.high:+.0f}"
        rows.append([name, f"{each.elo:+.0f}", bounds, str(each.games)])
    return format_table(rows, right="123")

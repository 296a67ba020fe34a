"""``honte train``: start a run or resume it, and show how it goes.

Knows recipes and flags. Does not know how a run learns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from games.game import Game
from games.registry import make
from honte import recipes
from honte.cli.run_command import (
    Opened,
    end_message,
    make_run_flags,
    open_run,
    parse_own_flags,
    parse_settings,
    print_config,
    stop_on_signals,
)
from honte.command_text import command, game_flag, place
from honte.recipes import recipe

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.run.progress import ProgressReport


def own_flags() -> argparse.ArgumentParser:
    """What is not part of the configuration."""
    about = "Learn a game by self-play: start a run, or resume the one in the folder."
    init = "a run or model folder whose network a new run starts from, or what of it fits; --freeze keeps its trunk"
    parser = make_run_flags("train", "[RECIPE | FILE.yaml] [flags]", about, init)
    parser.add_argument("--game", default="", help="a game instead of a recipe: a name or FILE.py:game")
    parser.add_argument("--ray", default="", metavar="auto|local|ADDRESS", help="play on a Ray cluster: docs/ray.md")
    parser.add_argument("--num-actors", type=int, help="with --ray: how many actors play; 0: as many as fit")
    parser.add_argument("--learner-processes", type=int, help="how many processes share each batch (torch DDP)")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run finished or was stopped by a signal after saving."""
    flags, config = _parsed(arguments)
    if flags.print_config:
        return print_config(config)
    folder = Path(flags.run or Path("runs") / folder_name(flags.recipe, flags.game))
    remote = _remote(flags, config, folder) if flags.ray else None
    done = learn(config, folder, fresh=flags.fresh, init=flags.init, remote=remote, as_lines=flags.json)
    from honte.terminal.live_view import summary

    out = sys.stderr if flags.json else sys.stdout
    play = command("play", place(folder), *game_flag(config.game))
    text = end_message(done.before, done.reason, done.minutes, folder)
    print(f"{text}\n{summary(done.report, done.counts)}\nplay it:  {play}", file=out)
    if flags.json:
        ratings = [vars(point) for point in done.report.ratings]
        print(json.dumps({"run": str(folder), "reason": done.reason} | vars(done.report) | {"ratings": ratings}))
    return 0


class Outcome(NamedTuple):
    """How one start of a run ended."""

    report: ProgressReport
    reason: str  # finished or stopped
    minutes: float  # of training, every start of the run together
    before: bool  # it was finished before this start
    counts: dict[str, int]  # {rate of mistakes: positions}


def learn(
    config: TrainConfig,
    folder: Path,
    *,
    fresh: bool = False,
    init: str = "",
    remote: Callable[..., Any] | None = None,
    as_lines: bool = False,
    quiet: bool = False,
) -> Outcome:
    """Start or resume the run in ``folder`` and show how it goes, unless ``quiet``.

    ``fresh``: a run that is there is moved aside first. ``init``: a network that a new run starts from. ``remote``
    makes a runner that plays elsewhere. ValueError where the start is refused; the folder is then as it was before.
    """
    from agent.storage.model_folder import find_model
    from training.config import MAY_CHANGE, TrainConfig, to_dict
    from training.run.run_folder import began
    from training.start_checks import check

    game = make(config.game)
    new = fresh or not began(folder)
    source = find_model(init) if init and new else None
    check(game, config, init=source, remote=remote is not None)
    values = to_dict(config) | {"game_sha256": game.file_sha256}
    defaults = to_dict(TrainConfig(game=config.game))
    may_change = MAY_CHANGE | {"game_sha256"} | ({"game"} if _moved(folder, game) else set())
    with open_run(folder, values, defaults, may_change, fresh) as opening:
        if "game_sha256" in opening.changed:
            print(f"note: the file of {config.game} has changed since this run began", file=sys.stderr)
        return _learn(game, config, folder, opening, init=source, remote=remote, as_lines=as_lines, quiet=quiet)


def _learn(
    game: Game,
    config: TrainConfig,
    folder: Path,
    opening: Opened,
    *,
    init: Path | None,
    remote: Callable[..., Any] | None,
    as_lines: bool,
    quiet: bool,
) -> Outcome:
    import torch

    from honte.rating.rater import BackgroundRater
    from honte.terminal.live_view import LiveView
    from training.alphazero import AlphaZeroRun
    from training.evaluation.solved_positions import count_positions, draw_positions, make_grader
    from training.run.metrics import Metrics

    if config.grade_minutes > 0:
        draw_positions(game, folder)
    sizes = count_positions(game, folder)
    torch.set_num_threads(1)  # groups of games and the learner are threads of their own; pools inside would fight
    with (
        stop_on_signals() as stopping,
        LiveView(game.name, str(folder), counts=sizes, as_lines=as_lines) if not quiet else nullcontext() as view,
        BackgroundRater(folder, config.rating, config.game) as rater,
    ):

        def watch(report: ProgressReport) -> None:
            report.notes += rater.notes
            rater.notes.clear()
            if view is not None:
                view.show(report)

        run = AlphaZeroRun(
            game,
            config,
            folder,
            watch=watch,
            grade=make_grader(game, config.play, folder),
            rated=rater.poll,
            stopping=stopping,
            remote=remote,
        )
        if init is not None and not run.trainer.steps:
            run.start_from(init)
        opening.begin()
        before = run.finished()
        rater.disabled = rater.disabled or before  # a finished run starts no rater
        reason = run.go()
        if reason == "finished" and rater.working:
            if view is not None:
                print("rating the last checkpoint; Ctrl-C leaves that to 'honte rate'", file=sys.stderr)
            known = {point.step for point in run.report.ratings}
            run.report.ratings = rater.finish(stopping)
            with Metrics(folder) as metrics:
                metrics.write(run.report.step, run.report.numbers(), run.report.rating())
                metrics.place({p.step: p.metrics() for p in run.report.ratings if p.step not in known})
    return Outcome(run.report, reason, run.minutes, before, sizes)


def _remote(flags: argparse.Namespace, config: Any, folder: Path) -> Callable[..., Any]:
    """Ray's runner, imported only here."""
    if config.deterministic:
        raise ValueError("a deterministic run plays in its own process: leave out --ray")
    try:
        from selfplay.distributed.actor_handle import show_cluster_token

        show_cluster_token()
        from selfplay.distributed.ray_runner import RayRunner
    except ImportError as error:
        raise ValueError(f"--ray needs the package ray ({error}): pip install 'ray[default]'") from error
    return partial(RayRunner, address=flags.ray, cluster=config.ray, tags={"run": folder.name})


def _parsed(arguments: Sequence[str]) -> tuple[argparse.Namespace, Any]:
    """Our own flags, and the configuration: the recipe's values with those of the other flags over them."""
    from training.config import TrainConfig

    name, flags, rest = parse_own_flags(own_flags(), arguments)
    flags.recipe = name
    if flags.learner_processes is not None:
        rest += ["--learn.processes", str(flags.learner_processes)]
    if flags.num_actors is not None:
        if not flags.ray:
            raise ValueError("--num-actors goes with --ray: without it, games are played in this process")
        rest += ["--ray.num-actors", str(flags.num_actors)]
    nothing = flags.helping and not flags.recipe and not flags.game
    values = {"game": "GAME"} if nothing else recipe(flags.recipe, flags.game)
    source = str(recipes.place(flags.recipe)) if flags.recipe else ""
    return flags, parse_settings(TrainConfig, values, rest, "train", source)


def folder_name(recipe: str, game: str) -> str:
    """What the folder of a run is called below ``runs/`` unless somebody says otherwise."""
    if recipe:
        return Path(recipe).stem
    head, separator, _ = game.partition(".py:")
    return Path(head).name if separator else re.sub(r"[^\w.-]+", "_", game).strip("_")


def _moved(folder: Path, game: Game) -> bool:
    """Whether the run's game is the same file at another place."""
    from agent.storage import model_folder
    from training.run.run_folder import read_config

    old = read_config(folder) or {}
    known = [old.get("game_sha256")]
    with contextlib.suppress(ValueError):  # no checkpoint yet
        known.append(model_folder.read(model_folder.find_model(str(folder))).game_sha256)
    same = [str(name).partition(".py:")[2] for name in (old.get("game", ""), game.name)]
    return bool(game.file_sha256) and game.file_sha256 in known and same[0] == same[1]

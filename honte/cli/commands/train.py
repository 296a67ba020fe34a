"""``honte train``: start a run or resume it, and show its progress.

Knows recipes and flags. Does not know how a run learns.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from agent.settings import Count, PositiveFraction, Range
from games.game import Game
from games.registry import make
from honte import recipes
from honte.cli.flag_parser import asks_for_help
from honte.cli.flags import Argument, Placeholder
from honte.cli.run_command import (
    OpenRun,
    RunFlags,
    end_message,
    open_run,
    parse_run_words,
    parse_settings,
    print_config,
    print_help_if_asked,
    stop_on_signals,
)
from honte.command_text import command, game_flag, place
from honte.recipes import recipe

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.run.progress import ProgressReport


@dataclass(frozen=True)
class TrainFlags(RunFlags):
    """Learn a game by self-play: start a run, or resume the run in the folder."""

    recipe: Annotated[str, Argument("RECIPE")] = ""
    """a recipe by its name, or the path of a YAML file"""
    game: Annotated[str, Placeholder("GAME")] = ""
    """the game to learn, by its name or as FILE.py:game, instead of a recipe (default: the recipe's)"""
    scale: Annotated[PositiveFraction | None, Placeholder("S")] = None
    """shrink a recipe, such as those of papers, to this share of its positions, see docs/learning.md (default: 1)"""
    ray: Annotated[str, Placeholder("auto|local|ADDRESS")] = ""
    """play on a Ray cluster, see docs/ray.md (default: play in this process)"""
    num_actors: Annotated[Count | None, Placeholder("N")] = None
    """how many Ray actors play, with --ray; 0 is as many as fit (default: the recipe's)"""
    learner_processes: Annotated[int | None, Range(1, 1024), Placeholder("N")] = None
    """how many processes share each training batch, by torch DDP (default: the recipe's)"""


COMMON = {
    "RECIPE": f"{', '.join(each for each in recipes.names() if '/' not in each)}, {recipes.PAPERS}/..., a YAML file",
    "--game": "learn this game, NAME or FILE.py:game",
    "--run": "the folder of the run (default: runs/RECIPE)",
    "--fresh": "begin again; an older run is renamed first",
    "--init": "start from this run's weights",
    "--max-minutes": "minutes of training; 0: no limit",
    "--seed": "the random seed",
    "--network.blocks": "residual blocks of the network",
    "--network.channels": "channels of each block",
    "--self-play.num-games": "games played at the same time",
    "--self-play.search.num-simulations": "simulations for each move",
    "--learn.batch-size": "positions in each training batch",
    "--learn.device": "auto, cpu, cuda, cuda:N, xpu or mps",
    "--ray": "play on a Ray cluster, see docs/ray.md",
    "--json": "print the result as one JSON object",
    "--print-config": "print the configuration and stop",
}
"""The flags that people use, with a text that fits one line."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the run finished, or was saved and stopped by a signal."""
    from honte.cli.setting_choices import format_choices, used_choices
    from training.game_defaults import choose_settings
    from training.run.run_folder import has_started

    flags, config = _parsed(arguments)
    if flags.print_config:
        return print_config(config)
    folder = _folder(flags)
    remote = _remote(flags, config, folder) if flags.ray else None
    if not flags.recipe and not flags.json and (flags.fresh or not has_started(folder)):
        choices = used_choices(choose_settings(make(config.game)), config)
        print(f"settings chosen for {config.game}:\n{format_choices(choices)}", file=sys.stderr)
    done = learn(config, folder, fresh=flags.fresh, init=flags.init, remote=remote, as_lines=flags.json)
    from honte.terminal.live_view import summary

    out = sys.stderr if flags.json else sys.stdout
    play = command("play", place(folder), *game_flag(config.game))
    text = end_message(done.finished_before, done.reason, done.minutes, folder)
    print(f"{text}\n{summary(done.report, done.counts)}\nplay it:  {play}", file=out)
    if flags.json:
        ratings = [vars(point) for point in done.report.ratings]
        print(json.dumps({"run": str(folder), "reason": done.reason} | vars(done.report) | {"ratings": ratings}))
    return 0


class Outcome(NamedTuple):
    """How one start of a run ended."""

    report: ProgressReport
    reason: str  # finished or stopped
    minutes: float  # of training, summed over all starts of the run
    finished_before: bool  # whether it was finished before this start
    counts: dict[str, int]  # {mistake rate: number of positions}


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
    """Start or resume the run in ``folder`` and show its progress, unless ``quiet``.

    ``fresh``: an older run is renamed first. ``init``: a network whose weights a new run starts from. ``remote``
    makes a runner that plays in other processes. ValueError if the start is refused; the folder is then unchanged.
    """
    from agent.storage.model_folder import find_model
    from training.config import MAY_CHANGE, TrainConfig, to_dict
    from training.run.run_folder import has_started
    from training.start_checks import check_start

    game = make(config.game)
    new = fresh or not has_started(folder)
    source = find_model(init) if init and new else None
    check_start(game, config, init=source, remote=remote is not None)
    values = to_dict(config) | {"game_sha256": game.file_sha256}
    defaults = to_dict(TrainConfig(game=config.game))
    may_change = MAY_CHANGE | {"game_sha256"} | ({"game"} if _is_renamed(folder, game) else set())
    with open_run(folder, values, defaults, may_change, fresh) as opening:
        if "game_sha256" in opening.changed:
            print(f"note: the file of {config.game} has changed since this run began", file=sys.stderr)
        return _learn(game, config, folder, opening, init=source, remote=remote, as_lines=as_lines, quiet=quiet)


def _learn(
    game: Game,
    config: TrainConfig,
    folder: Path,
    opening: OpenRun,
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
    minutes = config.rating.every_minutes
    show = LiveView(game.name, str(folder), counts=sizes, rating_minutes=minutes, as_lines=as_lines)
    torch.set_num_threads(1)  # groups of games and the learner have threads of their own; more would compete
    with (
        stop_on_signals() as stopping,
        nullcontext() if quiet else show as view,
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
            ratings=rater.poll,
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
                print("rating the last checkpoint; Ctrl-C skips it, and 'honte rate' can do it later", file=sys.stderr)
            known = {point.step for point in run.report.ratings}
            run.report.ratings = rater.finish(stopping)
            with Metrics(folder) as metrics:
                metrics.write(run.report.step, run.report.numbers(), run.report.rating())
                metrics.add_events({p.step: p.metrics() for p in run.report.ratings if p.step not in known})
    return Outcome(run.report, reason, run.minutes, before, sizes)


def _remote(flags: TrainFlags, config: TrainConfig, folder: Path) -> Callable[..., Any]:
    """The runner that plays on Ray, which is imported only here."""
    if config.deterministic:
        raise ValueError("--deterministic plays in this process: leave out --ray")
    try:
        from selfplay.distributed.cluster_connection import show_cluster_token

        show_cluster_token()
        from selfplay.distributed.ray_runner import RayRunner
    except ImportError as error:
        raise ValueError(f"--ray needs the package ray ({error}): pip install 'ray[default]'") from error
    return partial(RayRunner, address=flags.ray, cluster=config.ray, tags={"run": folder.name})


def _parsed(arguments: Sequence[str]) -> tuple[TrainFlags, TrainConfig]:
    """The command's own flags, and the configuration: the recipe's values with those of the other flags over them."""
    from training.config import TrainConfig

    flags, given = parse_run_words(TrainFlags, TrainConfig, arguments, "train")
    if flags.learner_processes is not None:
        given["learn", "processes"] = flags.learner_processes
    if flags.num_actors is not None:
        if not flags.ray:
            raise ValueError("--num-actors goes with --ray: without --ray this process plays the games")
        given["ray", "num_actors"] = flags.num_actors
    nothing = asks_for_help(arguments) and not flags.recipe and not flags.game
    values = (
        {"game": "GAME"} if nothing else _chosen_before(flags) or recipe(flags.recipe, flags.game, flags.scale or 1.0)
    )
    source = str(recipes.place(flags.recipe)) if flags.recipe else ""
    config: TrainConfig = parse_settings(TrainConfig, values, given, source)
    footer = "honte train RECIPE --help shows a recipe's defaults." if nothing else ""
    print_help_if_asked(arguments, "train", TrainFlags, config, footer=footer, common=COMMON)
    return flags, config


def _folder(flags: TrainFlags) -> Path:
    return Path(flags.run or Path("runs") / folder_name(flags.recipe, flags.game))


def _chosen_before(flags: TrainFlags) -> dict[str, Any] | None:
    """The settings of the run that is resumed without a recipe, or with a recipe of a paper and no ``--scale``.

    Another version of honte, or another scale, may have chosen them. None for a new run, and with another recipe.
    """
    from training.run.run_folder import has_started, read_config

    of_paper = flags.recipe.startswith(f"{recipes.PAPERS}/") and flags.scale is None
    chosen = of_paper or (bool(flags.game) and not flags.recipe)
    if not chosen or flags.fresh or not has_started(_folder(flags)):
        return None
    old = read_config(_folder(flags))
    same = old and {name: value for name, value in old.items() if name != "game_sha256"}
    return same and (same | {"game": flags.game} if flags.game else same)


def folder_name(recipe: str, game: str) -> str:
    """The default name of the folder of a run, below ``runs/``."""
    if recipe:
        return Path(recipe).stem
    head, separator, _ = game.partition(".py:")
    return Path(head).name if separator else re.sub(r"[^\w.-]+", "_", game).strip("_")


def _is_renamed(folder: Path, game: Game) -> bool:
    """Whether the run has this game by another name: parameters written differently, or its file at another path."""
    from agent.storage import model_folder
    from training.run.run_folder import read_config

    old = read_config(folder) or {}
    name = str(old.get("game", ""))
    if not game.file_sha256 and ".py:" not in name:
        with contextlib.suppress(ValueError):  # a name that is not known any more
            return make(name).name == game.name
    known = [old.get("game_sha256")]
    with contextlib.suppress(ValueError):  # no checkpoint yet
        known.append(model_folder.read(model_folder.find_model(str(folder))).game_sha256)
    return (
        bool(game.file_sha256)
        and game.file_sha256 in known
        and name.partition(".py:")[2] == game.name.partition(".py:")[2]
    )

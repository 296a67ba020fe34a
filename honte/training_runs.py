"""``honte.train``: training runs from Python, as ``honte train`` makes them.

Knows recipes, settings given as keywords and the results of a run. Does not know flags, or how a run learns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from games.game import Game
from games.registry import make

if TYPE_CHECKING:
    from honte.loaded_player import LoadedPlayer


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """The result of a run; ``load`` makes its newest network a player."""

    folder: Path  # the run: checkpoints, games, metrics
    game: str
    finished: bool  # False if it was stopped before its limit; the same call resumes it
    minutes: float  # of training, summed over all starts of the run
    step: int  # gradient steps
    games: int  # of self-play
    samples: int  # positions made by self-play
    metrics: dict[str, float] = field(default_factory=dict)  # smoothed over steps: loss, policy_accuracy, ...
    mistakes: dict[str, float] = field(default_factory=dict)  # rates from 0 to 1, if the game has solved positions

    def load(self, settings: str = "", **terms: Any) -> LoadedPlayer:
        """The newest network as a player.

        ``settings`` are those after the question mark of a player, such as ``simulations=100``.
        ``terms`` are those of ``honte.load``. ValueError if the run has no checkpoint yet.
        """
        from honte.loaded_player import load

        return load(f"{self.folder}{'?' if settings else ''}{settings}", self.game, **terms)

    def __repr__(self) -> str:
        state = "finished" if self.finished else "stopped"
        loss = f", loss {self.metrics['loss']:.3f}" if "loss" in self.metrics else ""
        return (
            f"TrainResult({state} run of {self.game} in {str(self.folder)!r}: {self.minutes:.1f} minutes, "
            f"{self.games:,} games, {self.samples:,} samples, {self.step:,} steps{loss})"
        )


def nest_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Keywords as nested values; ``learn__batch_size=64``, a name with a dot and a nested mapping mean the same."""
    from training.config import merge_values

    out: dict[str, Any] = {}
    for name, value in settings.items():
        *parents, last = name.replace("__", ".").split(".")
        inner: dict[str, Any] = {last: value}
        for parent in reversed(parents):
            inner = {parent: inner}
        _refuse_duplicates(out, inner, "")
        out = merge_values(out, inner)
    return out


def _refuse_duplicates(one: Any, other: Any, path: str) -> None:
    """ValueError if both give a value to the setting at ``path``."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        raise ValueError(f"the setting {path} is given twice; give it once")
    for name in set(one) & set(other):
        _refuse_duplicates(one[name], other[name], f"{path}.{name}".lstrip("."))


def train(
    recipe: str | Path = "",
    *,
    game: Game | str = "",
    scale: float = 1.0,
    run: str | Path = "",
    fresh: bool = False,
    init: str | Path = "",
    quiet: bool = False,
    **settings: Any,
) -> TrainResult:
    """Learn a game by self-play: start a run, or resume the run in its folder.

    ``recipe``: the name of a recipe or the path of a YAML file. ``game``: a game instead of a recipe, or the recipe's
    game in another size. ``scale``: the share of the recipe's positions to which the recipe is shrunk. ``run``: the
    folder of the run, by default ``runs/NAME``. ``fresh``: begin again; a run in the folder is renamed first. ``init``:
    a run or a model folder whose weights a new run starts from. ``quiet``: show nothing while it learns.

    ``settings`` replace those of the recipe: ``max_minutes=5``. Settings of a group are written as a mapping,
    ``network={"blocks": 3}``, or with two underscores, ``network__blocks=3``.

    Returns when the run has reached its limit (``max_minutes`` or ``max_samples``). Ctrl-C saves the run and returns,
    too. ValueError for unknown settings, games and recipes, and if the run in the folder has other settings;
    FileNotFoundError if the file of a recipe does not exist.

    >>> result = honte.train("tic_tac_toe", run="runs/small", max_samples=20_000)
    >>> result.load("simulations=100").choose(honte.position("tic_tac_toe"))
    """
    import torch

    from honte import recipes
    from honte.cli.commands.train import folder_name, learn
    from training.config import TrainConfig, merge_values, parse_config

    recipe = str(recipe)
    if recipe.endswith((".yaml", ".yml")) and not Path(recipe).is_file():
        raise FileNotFoundError(f"there is no file {recipe!r} of a recipe")
    text = text_of(game)
    config = parse_config(merge_values(recipes.recipe(recipe, text, scale), nest_settings(settings)), TrainConfig)
    folder = Path(run) if str(run) else Path("runs") / folder_name(recipe, text)
    threads = torch.get_num_threads()  # a run changes the caller's number of threads
    try:
        done = learn(config, folder, fresh=fresh, init=str(init), as_lines=True, quiet=quiet)
    finally:
        torch.set_num_threads(threads)
    report = done.report
    return TrainResult(
        folder=folder,
        game=config.game,
        finished=done.reason == "finished",
        minutes=done.minutes,
        step=report.step,
        games=report.games,
        samples=report.samples,
        metrics=dict(report.losses),
        mistakes=dict(report.grades),
    )


def text_of(game: Game | str) -> str:
    """The text from which ``make`` makes ``game`` again. ValueError if there is none."""
    if isinstance(game, str):
        return game
    if not isinstance(game, Game):
        raise ValueError(f"game is {game!r}; give a game's name, FILE.py:game, or what honte.make returns")
    try:
        if make(game.name) == game:
            return game.name
    except ValueError:
        pass
    raise ValueError(f"the game {game.name!r} cannot be made by its name; save it in a file and say FILE.py:game")

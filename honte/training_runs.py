"""``honte.train``: a run as ``honte train`` makes it, for Python.

Knows recipes, settings given as keywords and what a run leaves behind. Does not know flags, nor how a run learns.
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
    """What a run has come to. Its network plays by ``load``."""

    folder: Path  # the run: checkpoints, games, metrics
    game: str
    finished: bool  # False where it was stopped before its limit; the same call goes on
    minutes: float  # of training, every start of the run together
    step: int  # gradient steps
    games: int  # of self-play
    samples: int  # positions made by self-play
    metrics: dict[str, float] = field(default_factory=dict)  # the learner's, smoothed: loss, policy_accuracy, ...
    mistakes: dict[str, float] = field(default_factory=dict)  # shares, 0 to 1, where the game has solved positions

    def load(self, settings: str = "", **terms: Any) -> LoadedPlayer:
        """The newest network as a player; ``settings`` as behind a question mark: ``simulations=100``.

        ``terms`` are those of ``honte.load``. ValueError where the run has no checkpoint yet.
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


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """Keywords as nested values: ``{"learn__batch_size": 64}``, with dots or as a mapping of mappings alike."""
    from training.config import merge_values

    out: dict[str, Any] = {}
    for name, value in settings.items():
        *parents, last = name.replace("__", ".").split(".")
        inner: dict[str, Any] = {last: value}
        for parent in reversed(parents):
            inner = {parent: inner}
        _refuse_twice(out, inner, "")
        out = merge_values(out, inner)
    return out


def _refuse_twice(one: Any, other: Any, path: str) -> None:
    """ValueError where both say what the setting at ``path`` is."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        raise ValueError(f"the setting {path} is given twice; give it once")
    for name in set(one) & set(other):
        _refuse_twice(one[name], other[name], f"{path}.{name}".lstrip("."))


def train(
    recipe: str | Path = "",
    *,
    game: Game | str = "",
    run: str | Path = "",
    fresh: bool = False,
    init: str | Path = "",
    quiet: bool = False,
    **settings: Any,
) -> TrainResult:
    """Learn a game by self-play: start a run, or go on with the one that is in its folder.

    ``recipe``: a recipe's name or a YAML file's path; ``game``: a game instead of it (or the recipe's game in another
    size). ``run``: the run's folder, ``runs/NAME`` unless given. ``fresh``: a run that is there is moved aside first.
    ``init``: a run or model folder whose network a new run starts from. ``quiet``: show nothing while it learns.

    ``settings`` are the recipe's, by name: ``max_minutes=5``. Those of a part are written as a mapping,
    ``network={"blocks": 3}``, or with two underscores, ``network__blocks=3``. Those not named stay the recipe's.

    Returns when the run has reached its limit (``max_minutes`` or ``max_samples``). Ctrl-C saves and returns, too.
    ValueError for settings, games and recipes that there are not, and where the run in the folder has others;
    FileNotFoundError for a recipe's file that is not there.

    >>> result = honte.train("tic_tac_toe", run="runs/small", max_samples=20_000)
    >>> result.load("simulations=100").choose(honte.position("tic_tac_toe"))
    """
    import torch

    from honte import recipes
    from honte.cli.commands.train import folder_name, learn
    from training.config import TrainConfig, merge_values, parse_config

    recipe = str(recipe)
    if recipe.endswith((".yaml", ".yml")) and not Path(recipe).is_file():
        raise FileNotFoundError(f"there is no recipe {recipe!r}")
    text = text_of(game)
    config = parse_config(merge_values(recipes.recipe(recipe, text), nested(settings)), TrainConfig)
    folder = Path(run) if str(run) else Path("runs") / folder_name(recipe, text)
    threads = torch.get_num_threads()  # the caller's own, which a run changes
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
    """The text that makes ``game`` again. ValueError for rules that no text names."""
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

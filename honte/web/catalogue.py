"""The players and runs that a client may choose, each by an opaque id.

Knows how an id becomes a player's text. The texts, which hold paths and commands, never leave the server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent import weights
from agent.player_identity import ENGINES, is_network, kind_of, settings_of
from agent.players import learned_game, learned_game_file
from agent.storage import model_folder
from honte import __version__
from honte.web.games.offered_games import OfferedGames
from honte.web.requests.problems import Problem
from honte.web.requests.sessions import Limits

if TYPE_CHECKING:
    from training.evaluation.rating_curve import RatedCheckpoint

Kind = Literal["network", "rollouts", "minimax", "perfect", "random", "engine"]

SIMULATIONS = (1, 10, 25, 50, 100, 200, 400, 800, 1600)
DEPTHS = (1, 2, 3, 4, 5, 6)
DEFAULT_SIMULATIONS, DEFAULT_ROLLOUTS, DEFAULT_DEPTH = 100, 400, 3

RUNS = Path("runs")
REFRESH_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class OfferedPlayer:
    """A player that a client may choose."""

    id: str
    label: str
    kind: Kind
    text: str  # for ``make_player``; it stays on the server
    game: str | None = None  # the text of the game that it has learned; None: any game
    note: str = ""
    step: int | None = None
    run: str | None = None

    @property
    def strength(self) -> dict[str, Any]:
        """How strong it may play: what the number is, its default and some choices."""
        if self.kind in ("network", "rollouts"):
            default = DEFAULT_ROLLOUTS if self.kind == "rollouts" else DEFAULT_SIMULATIONS
            return {"kind": "simulations", "default": default, "choices": list(SIMULATIONS)}
        if self.kind == "minimax":
            return {"kind": "depth", "default": DEFAULT_DEPTH, "choices": list(DEPTHS)}
        return {"kind": None, "default": 0, "choices": []}

    def as_json(self, elo: list[dict[str, Any]]) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in ("id", "label", "kind", "game", "note", "step", "run")}
        return {**shown, "strength": self.strength, "elo": elo}


@dataclass(frozen=True, kw_only=True)
class OfferedRun:
    """A training run that a client may watch."""

    id: str
    folder: Path
    name: str
    game: str  # the text that clients know the game by; empty for a game that is not offered


class Catalogue:
    """Finds players and runs by their ids. Runs and checkpoints that appear later are found, too."""

    def __init__(
        self, games: OfferedGames, limits: Limits, players: Sequence[str] = (), runs: Sequence[str | Path] = ()
    ) -> None:
        """``players``: texts of the command line. ``runs``: folders of the command line, besides those in runs/.

        ValueError for a text that names no player or a folder that is no run.
        """
        from training.run.run_folder import is_run

        self.games, self.limits = games, limits
        texts = {id_: games.defaults.get(id_, id_) for id_ in games.ids}
        # The game that is shown first of each id. A bare name means a size that has a network.
        self.first_texts = {id_: weights.stand_in(text) or text for id_, text in texts.items()}
        self.runs: dict[str, OfferedRun] = {}
        self.ids: dict[Path, str] = {}
        self.lock = threading.Lock()
        self.refreshed = 0.0
        self.given = [self._given(i, text) for i, text in enumerate(players)]
        for folder in map(Path, runs):
            if not is_run(folder):
                raise ValueError(f"--run is {str(folder)!r}, which is not the folder of a run")
            self._add_run(folder)
        self.refresh()

    def _given(self, number: int, text: str) -> OfferedPlayer:
        kind = kind_of(text)
        if kind in ENGINES:
            return OfferedPlayer(id=f"given{number}", label=text.partition(":")[2][:60], kind="engine", text=text)
        if is_network(text):
            game = self.games.id_of(learned_game(text) or learned_game_file(text))
            if not game:
                file = learned_game_file(text)
                raise ValueError(f"{text} has learned {file}, which must be named, too: --game {file}")
            return OfferedPlayer(
                id=f"given{number}", label=Path(text).name or text, kind="network", text=text, game=game
            )
        named: dict[str, Kind] = {"mcts": "rollouts", "minimax": "minimax", "perfect": "perfect", "random": "random"}
        return OfferedPlayer(id=f"given{number}", label=text, kind=named[kind], text=text)

    def _add_run(self, folder: Path) -> None:
        from training.run.run_folder import read_config

        known = folder.resolve()
        if known in self.ids:
            return
        try:
            config = read_config(folder) or {}
        except ValueError:
            return
        if "dataset" in config:  # it learns pictures
            return
        id_ = self.ids[known] = f"run{len(self.ids) + 1}"
        game = self.games.id_of(str(config.get("game", "")))
        self.runs[id_] = OfferedRun(id=id_, folder=folder, name=known.name, game=game)

    def refresh(self) -> None:
        """Look for new runs in runs/."""
        from training.run.run_folder import is_run

        with self.lock:
            if time.monotonic() - self.refreshed < REFRESH_SECONDS and self.refreshed:
                return
            self.refreshed = time.monotonic()
            for folder in sorted(RUNS.iterdir()) if RUNS.is_dir() else []:
                if folder.is_dir() and is_run(folder):
                    self._add_run(folder)

    def find_run(self, id_: str) -> OfferedRun:
        self.refresh()
        run = self.runs.get(id_)
        if run is None:
            raise Problem(404, "there is no run of that id")
        return run

    def checkpoints(self, run: OfferedRun) -> list[OfferedPlayer]:
        """The checkpoints of a run as players, the oldest first."""
        return [self._checkpoint(run, step) for step in model_folder.steps(run.folder)]

    def _checkpoint(self, run: OfferedRun, step: int) -> OfferedPlayer:
        label = f"{run.name}, step {step:,}"
        return OfferedPlayer(
            id=f"{run.id}-{step}", label=label, kind="network", text=f"{run.folder}@{step}", game=run.game, step=step,
            run=run.id,
        )  # fmt: skip

    def find_player(self, id_: str) -> OfferedPlayer:
        """The player of that id; a Problem if there is none."""
        for player in (*self.fixed(), *self.given):
            if player.id == id_:
                return player
        head, _, step = id_.partition("-")
        run = self.runs.get(head)
        if run is not None and run.game:
            steps = model_folder.steps(run.folder)
            if not step and steps:
                newest = self._checkpoint(run, steps[-1])
                return OfferedPlayer(**{**newest.__dict__, "id": id_, "label": run.name})
            if step.isascii() and step.isdecimal() and len(step) < 12 and int(step) in steps:
                return self._checkpoint(run, int(step))
        raise Problem(404, f"there is no player {id_[:40]!r}; the catalogue lists the players")

    def fixed(self) -> list[OfferedPlayer]:
        """The players that are always there."""
        players = []
        for folder in weights.folders():
            game = model_folder.read(folder).game
            players.append(
                OfferedPlayer(
                    id="weights-" + game.translate(str.maketrans(":,", "--")),
                    label="honte's network",
                    kind="network",
                    text=game,
                    game=game,
                    note="This network ships with honte.",
                )
            )
        return [
            *players,
            OfferedPlayer(
                id="rollouts", label="search with random games", kind="rollouts", text="mcts:400",
                note="It has learned nothing: it plays random games from each position.",
            ),
            OfferedPlayer(
                id="minimax", label="minimax", kind="minimax", text="minimax:3",
                note="It looks some plies ahead, without a network.",
            ),
            OfferedPlayer(
                id="perfect", label="perfect player", kind="perfect", text="perfect",
                note="It makes no mistakes, in games that have a solver.",
            ),
            OfferedPlayer(id="random", label="random moves", kind="random", text="random"),
        ]  # fmt: skip

    def default_player(self, game: str) -> str:
        """The id of the player that people meet first in a game: the strongest one that has learned it."""
        shipped = [p for p in self.fixed() if p.game == game]
        given = [p for p in self.given if p.game == game]
        runs = [run.id for run in self.runs.values() if run.game == game and model_folder.steps(run.folder)]
        return next(iter([*(p.id for p in given), *(p.id for p in shipped), *runs]), "rollouts")

    def as_json(self) -> dict[str, Any]:
        """The whole catalogue."""
        self.refresh()
        players = [*self.given, *self.fixed()]
        newest = [self.find_player(run.id) for run in self.runs.values() if run.game and model_folder.steps(run.folder)]
        entries = []
        for id_ in self.games.ids:
            entry = self.games.entry(self.first_texts[id_], ready=False)
            entries.append({**entry, "default_player": self.default_player(entry["game"])})
        return {
            "version": __version__,
            "games": entries,
            "players": [player.as_json(self.elo(player)) for player in (*players, *newest)],
            "runs": [run_entry(run) for run in self.runs.values()],
            "limits": {name: getattr(self.limits, name) for name in ("visits", "seconds", "body_bytes", "analyses")},
        }

    def elo(self, player: OfferedPlayer) -> list[dict[str, Any]]:
        """The ratings that the run of a player has measured: {strength, elo, low, high} with the 95 % interval."""
        run = self.runs.get(player.run or "")
        if run is None or player.step is None:
            return []
        try:
            strength, points = read_ratings(run.folder)
        except (OSError, ValueError):  # a damaged file of ratings is no reason to hide the player
            return []
        return [
            {"strength": strength, "elo": round(point.elo), "low": round(point.low), "high": round(point.high)}
            for point in points
            if point.step == player.step
        ]


def read_ratings(folder: Path) -> tuple[int, tuple[RatedCheckpoint, ...]]:
    """(simulations of a move, ratings of checkpoints) that a run has measured. ValueError where they say no number."""
    from training.evaluation.rating_curve import RatingConfig, read_curve
    from training.run.run_folder import read_config

    config = (read_config(folder) or {}).get("rating") or {}
    settings = settings_of(f"{folder.name}?{config.get('settings', RatingConfig().settings)}")
    return int(settings.get("simulations", "")), read_curve(folder).points


def run_entry(run: OfferedRun) -> dict[str, Any]:
    """A run in the catalogue."""
    from honte.web.run_progress import progress_of

    return {"id": run.id, "name": run.name, "game": run.game or None, **progress_of(run.folder)}

"""The rating curve of a run: Elo ratings of its checkpoints from games against anchors, players that do not change.

Ratings are independent of the training loop. They read the saved checkpoints and write into a folder of their own, so
they can be made in another process, during the run or later, and training does not depend on them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.player import Player
from agent.player_identity import identify_player
from agent.settings import Count, Device, EvenCount, Finite, Number, Settings
from agent.solvers.registry import has_fast_solver
from agent.storage import durable_files, model_folder
from games.game import Game
from selfplay.matches.rating_store import RatingStore
from selfplay.matches.sprt import Sprt
from selfplay.matches.tournament import Pair, Standings, play_tournament, read_standings
from selfplay.openings import make_openings

FIRST_MINUTES = 1.0
"""The first rating is due after so many minutes of training, however long the run is."""

QUICK_GAMES = 8
"""A first rating after so few games against each player has a wide interval, but is there soon."""

RATINGS, CURVE = "ratings", "curve.json"
PLACE = "place.json"
SCHEMA = 1

Load = Callable[[str], Player]
Progress = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class RatingConfig(Settings, called="rating"):
    """How a run rates its checkpoints while it learns, in a separate process of low priority."""

    every_minutes: Number = (
        5.0  # of training between two rated checkpoints, less in the first minutes; 0: no checkpoint is rated
    )
    anchors: tuple[str, ...] = ()  # players that do not change, the first at 0 Elo; empty: chosen for the game
    games: EvenCount = 40  # of a checkpoint against each anchor, and against the rated checkpoint before it
    opening_plies: Count = 2  # random plies at the start of each game
    settings: str = "simulations=32"  # of a checkpoint, as after the ? of a player's text
    promote: tuple[Finite, Finite] = (
        0.0,
        40.0,
    )  # H0 and H1, in Elo, of the test that the new best checkpoint has to pass
    test_games: EvenCount = 400  # after so many games the test ends without a promotion
    device: Device = "cpu"  # of the networks that are rated: auto, cpu, cuda:0, mps
    give_way: bool = True  # use only idle processor time; false: normal priority, for machines with free cores

    def agree(self) -> None:
        Sprt(elo0=self.promote[0], elo1=self.promote[1])


@dataclass(frozen=True, kw_only=True)
class RatedCheckpoint:
    """The rating of a checkpoint."""

    step: int
    elo: float
    low: float  # the 95 % interval
    high: float
    games: int
    minutes: float = 0.0  # of training until this checkpoint; 0: unknown

    def metrics(self) -> dict[str, float]:
        """The rating and its interval, by the names of the metrics."""
        return {"elo": self.elo, "elo_low": self.low, "elo_high": self.high}


@dataclass(frozen=True, kw_only=True)
class RatedAnchor:
    """The rating of a player that does not change. The first anchor of a run is at 0 Elo by definition."""

    player: str
    elo: float
    low: float  # the 95 % interval
    high: float
    games: int


@dataclass(frozen=True, kw_only=True)
class RatingCurve:
    """All ratings of a run: its checkpoints by step, and the anchors."""

    points: tuple[RatedCheckpoint, ...] = ()
    anchors: tuple[RatedAnchor, ...] = ()


def anchors_for(game: Game) -> tuple[str, ...]:
    """The default anchors, which fit any game; the perfect player is among them where its solver answers at once.

    The first anchor, at 0 Elo, is one that networks neither always lose to nor soon always beat, because only such
    games give precise ratings. A good network wins nearly all games against the random player, so the distance between
    the two would depend on a few games.
    """
    return ("mcts:100", "random", "minimax:3", *(("perfect",) if has_fast_solver(game) else ()))


# ---- which checkpoints are rated -------------------------------------------------------------------------------------


def kept_steps(run: Path) -> list[int]:
    """The steps of the checkpoints whose networks are kept to be rated, ascending."""
    folder = run / model_folder.RATED
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdecimal()) if folder.is_dir() else []


def next_checkpoint(run: Path, every_minutes: float, *, finished: bool = False) -> int | None:
    """The step of the checkpoint to rate next, None when no checkpoint is due.

    A checkpoint whose rating was interrupted comes first. Then the newest checkpoint is due, when ``every_minutes`` of
    training have passed since the last rated one, or when the run is ``finished``. At first less time passes: the
    first rating is due after a minute, and the next ones after twice the time, until that is ``every_minutes``.
    Because minutes decide, a slow rater skips checkpoints and never falls behind.
    """
    kept, rated = kept_steps(run), {point.step for point in read_curve(run).points}
    if unrated := [step for step in kept if step not in rated]:
        return unrated[-1]
    steps = model_folder.steps(run)
    if not steps or (kept and steps[-1] <= kept[-1]):
        return None
    last = _minutes(run / model_folder.RATED / str(kept[-1]) / PLACE) if kept else 0.0
    now = _minutes(run / "checkpoints" / str(steps[-1]) / "state.json")
    due = last + min(every_minutes, max(FIRST_MINUTES, last))
    return steps[-1] if finished or now >= due else None


def _minutes(path: Path) -> float:
    """The minutes of training that the JSON file of a checkpoint or a kept network states; 0 without such a file."""
    try:
        content = json.loads(path.read_bytes())
        return float(content.get("state", content)["minutes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0.0


def keep_network(run: Path, step: int) -> None:
    """Copy the network of checkpoint ``step``, because the run deletes old checkpoints before they are rated.

    The state of the optimizer is not copied. ValueError when the checkpoint is missing or damaged.
    """
    kept, source = run / model_folder.RATED / str(step), run / "checkpoints" / str(step)
    if kept.is_dir():
        return
    names = ("model.safetensors", "config.json")
    try:
        whole = (source / durable_files.MANIFEST).is_file()
        files = (
            durable_files.read_folder(source, names)
            if whole
            else {name: (source / name).read_bytes() for name in names}
        )
    except OSError as error:
        raise ValueError(f"{source} cannot be read: {error.strerror}") from error
    place = {"schema": SCHEMA, "step": step, "minutes": _minutes(source / "state.json")}
    with durable_files.FolderLock(run / RATINGS):
        durable_files.clean_up(kept.parent)
        durable_files.write_folder(kept, {**files, PLACE: (json.dumps(place) + "\n").encode()})


# ---- ratings ---------------------------------------------------------------------------------------------------------


def rate_checkpoints(
    run: Path,
    game: Game,
    load: Load,
    *,
    anchors: Sequence[str],
    steps: Sequence[int],
    games: int = 40,
    opening_plies: int = 2,
    num_slots: int = 64,
    settings: str = "",
    progress: Progress = lambda games, text: None,
) -> RatingCurve:
    """Play the games that are missing between the checkpoints ``steps``, and rate them.

    Each checkpoint plays ``games`` games with every anchor and with the checkpoint before it; the first of ``anchors``
    is at 0 Elo. ``settings`` are added to the player text of every checkpoint. Games are stored in ``run/ratings``, so
    deleted checkpoints keep their ratings. ValueError for a step that has no checkpoint.
    """
    checkpoints = [identify_player(checkpoint_text(run, step, settings)) for step in sorted(steps)]
    entrants = [*(identify_player(text) for text in anchors), *checkpoints]
    pairs = _pairs(len(anchors), len(checkpoints))
    agreement = {"game": game.name, "seed": 0, "openings": {"plies": opening_plies}, "settings": settings}
    with RatingStore(run / RATINGS, agreement) as store:
        play_tournament(
            game,
            store,
            entrants,
            lambda a, b: [(load(a), load(b))],
            make_openings(game, games // 2, opening_plies),
            pairs=pairs,
            games=games,
            num_slots=num_slots,
            progress=progress,
        )
        digests = {step: each.digest for step, each in zip(sorted(steps), checkpoints, strict=True)}
        curve = make_curve(read_standings(store, {anchors[0]: 0.0}), digests, training_minutes(run))
        content = {"schema": SCHEMA, "anchors": [vars(each) for each in curve.anchors]}
        content["points"] = [vars(point) for point in curve.points]
        durable_files.write_atomic(run / RATINGS / CURVE, (json.dumps(content, indent=1) + "\n").encode())
    return curve


def checkpoint_text(run: Path, step: int | str, settings: str) -> str:
    """The player text of a checkpoint."""
    return f"{run}@{step}{'?' if settings else ''}{settings}"


def _pairs(num_anchors: int, num_checkpoints: int) -> list[Pair]:
    """Who plays whom: each anchor every other one, each checkpoint every anchor and the checkpoint before it."""
    anchors, checkpoints = range(num_anchors), range(num_anchors, num_anchors + num_checkpoints)
    pairs = [(i, j) for i in anchors for j in anchors if i < j]
    return pairs + [(i, j) for j in checkpoints for i in anchors] + [(j - 1, j) for j in checkpoints[1:]]


def training_minutes(run: Path) -> dict[int, float]:
    """The minutes of training of each checkpoint whose network is kept to be rated, by its step."""
    return {step: _minutes(run / model_folder.RATED / str(step) / PLACE) for step in kept_steps(run)}


def make_curve(
    standings: Standings, steps: Mapping[int, str], minutes: Mapping[int, float] | None = None
) -> RatingCurve:
    """The rating curve of tournament standings.

    ``steps`` maps steps to digests of networks, because several checkpoints may have the same network. ``minutes`` maps
    steps to minutes of training.
    """
    points, anchors = dict[int, RatedCheckpoint](), []
    for i, player in enumerate(standings.players):
        low, high = standings.ratings.interval(i)
        rating: Any = {
            "elo": float(standings.ratings.elo[i]),
            "low": low,
            "high": high,
            "games": sum(standings.counts(i)),
        }
        step_text = player.name.partition("?")[0].rpartition("@")[2]
        if not step_text.isdecimal():
            anchors.append(RatedAnchor(player=player.name, **rating))
            continue
        same = [step for step, digest in steps.items() if digest == player.digest]
        deleted = [] if int(step_text) in steps else [int(step_text)]
        for step in (*same, *deleted):
            points[step] = RatedCheckpoint(step=step, minutes=(minutes or {}).get(step, 0.0), **rating)
    return RatingCurve(points=tuple(points[step] for step in sorted(points)), anchors=tuple(anchors))


def read_curve(run: str | Path) -> RatingCurve:
    """The ratings that ``rate_checkpoints`` has stored; empty without any. ValueError for a damaged file."""
    path = Path(run) / RATINGS / CURVE
    if not path.is_file():
        return RatingCurve()
    try:
        content = json.loads(path.read_bytes())
        points, anchors = content["points"], content.get("anchors", [])
        return RatingCurve(
            points=tuple(RatedCheckpoint(**p) for p in points), anchors=tuple(RatedAnchor(**a) for a in anchors)
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: it is not a curve of ratings") from error

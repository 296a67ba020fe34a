"""A run's ladder: its checkpoints rated against anchors that do not change.

Knows a run's checkpoints and tournaments. Does not know the run's loop: it reads what the run has saved and writes
beside it, so it may go on in another process, now or later, and nothing that the run decides depends on it.
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

RATINGS, CURVE = "ratings", "curve.json"
PLACE = "place.json"
SCHEMA = 1

Load = Callable[[str], Player]
Progress = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class RatingConfig(Settings, called="rating"):
    """How a run rates itself while it learns: in a process of its own, on time that nobody else wants."""

    every_minutes: Number = 5.0  # of training between two checkpoints that are rated; 0: none is
    anchors: tuple[str, ...] = ()  # players that do not change, the first at 0 Elo; none: those that fit the game
    games: EvenCount = 40  # of a checkpoint with each anchor, and with the rated one before it
    opening_plies: Count = 2  # random plies before anybody decides
    settings: str = "simulations=32"  # of a checkpoint, as behind the ? of a player's text
    promote: tuple[Finite, Finite] = (0.0, 40.0)  # H0 and H1, in Elo, of the test that a new best has to pass
    test_games: EvenCount = 400  # the test ends undecided, and nobody is promoted, after so many
    device: Device = "cpu"  # where its networks run: auto, cpu, cuda:0, mps
    give_way: bool = True  # only on time that nobody else wants; false, where cores are kept free for it: like anybody

    def agree(self) -> None:
        Sprt(elo0=self.promote[0], elo1=self.promote[1])


@dataclass(frozen=True, kw_only=True)
class RatedCheckpoint:
    """A checkpoint's place."""

    step: int
    elo: float
    low: float  # the 95 % interval
    high: float
    games: int

    def metrics(self) -> dict[str, float]:
        """The rating and its interval by the names of metrics."""
        return {"elo": self.elo, "elo_low": self.low, "elo_high": self.high}


@dataclass(frozen=True, kw_only=True)
class RatedAnchor:
    """The place of a player who does not change. The first of a run is at 0 by definition."""

    player: str
    elo: float
    low: float  # the 95 % interval
    high: float
    games: int


@dataclass(frozen=True, kw_only=True)
class RatingCurve:
    """Who stands where in a run: its checkpoints by step, and the anchors."""

    points: tuple[RatedCheckpoint, ...] = ()
    anchors: tuple[RatedAnchor, ...] = ()


def anchors_for(game: Game) -> tuple[str, ...]:
    """Players that do not change and fit any game; the perfect one where its solver answers at once.

    The first, at 0 Elo, is one that networks neither always lose to nor soon always beat: how far they are from it is
    known best. From random to a good network it is a thousand points that hang on a few games.
    """
    return ("mcts:100", "random", "minimax:3", *(("perfect",) if has_fast_solver(game) else ()))


# ---- which checkpoints, and what is kept of them ---------------------------------------------------------------------


def kept_steps(run: Path) -> list[int]:
    """The steps whose networks are kept for their ratings, ascending."""
    folder = run / model_folder.RATED
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdecimal()) if folder.is_dir() else []


def next_checkpoint(run: Path, every_minutes: float, *, finished: bool = False) -> int | None:
    """The checkpoint whose turn it is to be rated, None while there is none.

    One that was taken and not finished with (a kill) comes first. Then the newest, ``every_minutes`` of training after
    the one before; the last of a ``finished`` run however soon. Time decides, and not a count of checkpoints: a slow
    rater skips some, and is never behind.
    """
    before, done = kept_steps(run), {point.step for point in read_curve(run).points}
    if left := [step for step in before if step not in done]:
        return left[-1]
    steps = model_folder.steps(run)
    if not steps or (before and steps[-1] <= before[-1]):
        return None
    since = _minutes(run / model_folder.RATED / str(before[-1]) / PLACE) if before else 0.0
    now = _minutes(run / "checkpoints" / str(steps[-1]) / "state.json")
    return steps[-1] if finished or now - since >= every_minutes else None


def _minutes(path: Path) -> float:
    """Minutes of training, of a checkpoint's state or a place; 0 where nobody says."""
    try:
        content = json.loads(path.read_bytes())
        return float(content.get("state", content)["minutes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0.0


def keep_network(run: Path, step: int) -> None:
    """Keep the network of checkpoint ``step`` (not its optimizer): the run deletes old ones, the ladder needs them.

    ValueError when the checkpoint is not there, or damaged.
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
    """Let the checkpoints ``steps`` have played ``games`` games with each anchor and the one before; the ladder.

    The first of ``anchors`` is at 0. ``settings`` follow the ``?`` of every checkpoint. Games are in the database of
    ``run/ratings``, where checkpoints stay rated after they are deleted. ValueError for a step that is not there.
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
        found = make_curve(read_standings(store, {anchors[0]: 0.0}), digests)
        content = {"schema": SCHEMA, "anchors": [vars(each) for each in found.anchors]}
        content["points"] = [vars(point) for point in found.points]
        durable_files.write_atomic(run / RATINGS / CURVE, (json.dumps(content, indent=1) + "\n").encode())
    return found


def checkpoint_text(run: Path, step: int | str, settings: str) -> str:
    """A checkpoint as a player's text."""
    return f"{run}@{step}{'?' if settings else ''}{settings}"


def _pairs(num_anchors: int, num_checkpoints: int) -> list[Pair]:
    """Anchors among themselves, each checkpoint with each anchor, and with the checkpoint before it."""
    anchors, rest = range(num_anchors), range(num_anchors, num_anchors + num_checkpoints)
    among = [(i, j) for i in anchors for j in anchors if i < j]
    return among + [(i, j) for j in rest for i in anchors] + [(j - 1, j) for j in rest[1:]]


def make_curve(now: Standings, steps: Mapping[int, str]) -> RatingCurve:
    """The standings, checkpoints by step. ``steps`` {step: digest}: several checkpoints may have one network."""
    points, anchors = dict[int, RatedCheckpoint](), []
    for i, player in enumerate(now.players):
        low, high = now.ratings.interval(i)
        place: Any = {"elo": float(now.ratings.elo[i]), "low": low, "high": high, "games": sum(now.counts(i))}
        named_after = player.name.partition("?")[0].rpartition("@")[2]
        if not named_after.isdecimal():
            anchors.append(RatedAnchor(player=player.name, **place))
            continue
        same = [step for step, digest in steps.items() if digest == player.digest]
        gone = [] if int(named_after) in steps else [int(named_after)]
        points |= {step: RatedCheckpoint(step=step, **place) for step in (*same, *gone)}
    return RatingCurve(points=tuple(points[step] for step in sorted(points)), anchors=tuple(anchors))


def read_curve(run: str | Path) -> RatingCurve:
    """The ladder that ``rate_checkpoints`` left; empty without one. ValueError for a damaged file."""
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

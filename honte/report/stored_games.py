"""What the stored games of a run say: outcomes, lengths, how many games and positions are distinct, how old they are.

Knows game records and rules as data. Does not know metrics' names, pages or what is alarming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from games.game import Game
from honte.report.coverage import Coverage, coverage, observation_hashes
from honte.report.curves import Curve, Figure, Track, numbers, rate_curve, track
from selfplay.records import UNFINISHED, GameRecord, list_shards, read_shard, replay

MOST_SHARDS = 100
"""Of a folder with more, so many are read, evenly spread, the newest among them."""

STAGES = ("first third", "second third", "last third")
"""Of a typical game's plies: those that 95 % of the games do not exceed."""

NUM_BINS = 10


@dataclass(frozen=True, kw_only=True)
class ShardStatistics:
    """One shard's games in numbers."""

    number: int
    games: int
    samples: int
    outcomes: tuple[int, int, int]  # first player won, drawn, second player won
    proven: int  # games that ended by proof
    distinct_games: int
    lengths: tuple[float, float, float]  # 10th percentile, mean, 90th percentile, in plies
    distinct: tuple[tuple[int, int], ...]  # by stage: distinct positions, positions
    version: float  # mean version of the network that moved
    value_error: float  # mean square of the search's value against the outcome, before it was trained on
    sharpness: float  # mean entropy of the search's policy over that of a uniform one, in [0, 1]


@dataclass(kw_only=True)
class StoredGames:
    """All that was read of a run's games."""

    batches: list[ShardStatistics] = field(default_factory=list)
    newest: list[GameRecord] = field(default_factory=list)
    oldest: list[GameRecord] = field(default_factory=list)
    stored: int = 0  # samples in all shards of the folder
    notes: list[str] = field(default_factory=list)
    predicted: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((NUM_BINS, 3), np.int64)
    )  # wins, draws, losses
    codes: list[NDArray[np.uint64]] = field(default_factory=list)  # hash of each position, by shard


def read(game: Game, folder: Path, *, progress: Callable[[int, str], None] = lambda steps, text: None) -> StoredGames:
    """Read a run's shards; what is damaged is left out with a note."""
    paths = list(list_shards(folder / "games").items())
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_SHARDS)).astype(int)).tolist()
    played, stage = StoredGames(), 0
    for i in chosen:
        number, path = paths[i]
        progress(1, path.name)
        try:
            records = [record for record in read_shard(path, game) if record.num_decided]
        except ValueError as error:
            played.notes.append(f"{path.name} was left out: {error}")
            continue
        if not records:
            continue
        stage = stage or max(1, -(-int(np.percentile([len(record.actions) for record in records], 95)) // len(STAGES)))
        played.batches.append(_batch(game, number, records, stage, played))
        played.oldest = played.oldest or records
        played.newest = records
    if len(chosen) < len(paths):
        played.notes.append(f"of {len(paths)} files of games {len(chosen)} were read, evenly spread")
    return played


def _batch(game: Game, number: int, records: list[GameRecord], stage: int, played: StoredGames) -> ShardStatistics:
    states, owner, ply = replay(game, records)
    positions = game.describe_new(states)
    codes = observation_hashes(positions.observation)
    played.codes.append(codes)
    outcome = np.array([record.outcome for record in records])
    known = outcome[owner] != UNFINISHED
    seen = (outcome[owner] * np.where(positions.to_play == 0, 1, -1))[known]
    values = np.concatenate([record.values for record in records])
    bins = np.clip(((values[known] + 1) / 2 * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    for column, result in enumerate((1, 0, -1)):
        played.predicted[:, column] += np.bincount(bins[seen == result], minlength=NUM_BINS)
    third = np.minimum(ply // stage, len(STAGES) - 1)
    lengths = np.array([len(record.actions) for record in records])
    return ShardStatistics(
        number=number,
        games=len(records),
        samples=len(states),
        outcomes=(int((outcome == 1).sum()), int((outcome == 0).sum()), int((outcome == -1).sum())),
        proven=sum(record.proven for record in records),
        distinct_games=len({record.actions.tobytes() for record in records}),
        lengths=(float(np.percentile(lengths, 10)), float(lengths.mean()), float(np.percentile(lengths, 90))),
        distinct=tuple((len(np.unique(codes[third == s])), int((third == s).sum())) for s in range(len(STAGES))),
        version=float(np.concatenate([record.networks for record in records]).mean()),
        value_error=float(np.square(values[known] - seen).mean()) if known.any() else float("nan"),
        sharpness=sharpness(np.concatenate([record.policies for record in records]), positions.legal),
    )


def sharpness(policies: NDArray[np.float32], legal: NDArray[np.bool_]) -> float:
    """Mean of entropy ÷ log(number of legal actions), over the positions with a choice; 0: always certain."""
    choice = legal.sum(axis=1)
    some = choice > 1
    if not some.any():
        return 1.0
    p = policies[some].astype(np.float64)
    entropy = -(p * np.log(p, where=p > 0, out=np.zeros_like(p))).sum(axis=1)
    return float((entropy / np.log(choice[some])).mean())


def places(
    played: StoredGames, at: Mapping[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Where each batch ended on every axis of the metrics, by the samples made until then; and those samples [S].

    The stored games are the newest of the run: what came before them has left the window and is gone. Where not every
    file was read, the gaps between them are taken as evenly filled.
    """
    sizes = np.array([batch.samples for batch in played.batches], np.float64)
    numbered = np.array([batch.number for batch in played.batches], np.float64)
    each = sizes * np.diff(numbered, prepend=numbered[0] - 1)  # unread files are like the one after them
    total = float(at["samples"][-1]) if len(at["samples"]) else float(each.sum())
    ends = np.maximum(total - each.sum(), 0) + np.cumsum(each)
    if not len(at["samples"]):
        return {"samples": ends}, ends
    made, first = np.unique(at["samples"], return_index=True)
    return {axis: np.interp(ends, made, values[first]) for axis, values in at.items()}, ends


def figures(played: StoredGames, at: Mapping[str, NDArray[np.float64]], windows: NDArray[np.float64]) -> list[Figure]:
    """Curves of the games as the run went on; ``windows`` [N] is the window's size at each place of ``at``."""
    batches = played.batches
    if not batches:
        return []
    where, ends = places(played, at)
    place = track(where, slice(None))
    return [
        *_results(batches, place),
        *_variety(played, place),
        *_calibration(played),
        *_ages(batches, place, where, ends, np.interp(ends, at["samples"], windows) if len(windows) else ends),
    ]


def _results(batches: Sequence[ShardStatistics], place: Track) -> list[Figure]:
    games = [batch.games for batch in batches]
    shares = np.array([batch.outcomes for batch in batches]) / np.array(games)[:, None]
    lengths = np.array([batch.lengths for batch in batches])
    names = ("first player wins", "draws", "second player wins")
    count = int(np.median(games))
    low, mean, high = (numbers(lengths[:, i]) for i in range(3))
    return [
        Figure(key="outcomes", section="games", title="Outcome by seat", unit="%", note="Share of the stored games;"
               f" bands are 95 % intervals of {count:,} games a point.",
               curves=[rate_curve(name, place, shares[:, i], count) for i, name in enumerate(names)]),
        Figure(key="length", section="games", title="Game length", note="Plies, the opening included; the band holds"
               " the middle 80 % of the games.", curves=[Curve(name="mean", at=place, y=mean, low=low, high=high)]),
    ]  # fmt: skip


def _variety(played: StoredGames, place: Track) -> list[Figure]:
    batches = played.batches
    stages = np.array([[d / max(n, 1) for d, n in batch.distinct] for batch in batches])
    known, fresh = np.zeros(0, np.uint64), []
    for codes in played.codes:
        now = np.unique(codes)
        fresh.append(1 - float(np.isin(now, known, assume_unique=True).mean()))
        known = np.union1d(known, now)
    games = np.array([batch.distinct_games / batch.games for batch in batches])
    curves = [Curve(name=f"{stage} of the game", at=place, y=numbers(stages[:, i])) for i, stage in enumerate(STAGES)]
    return [
        Figure(key="distinct", section="games", title="Distinct positions", unit="%", note="Share of a file's positions"
               " that are different from each other, by stage of the game.", curves=curves),
        Figure(key="fresh", section="games", title="New games, new positions", unit="%", note="Games different from"
               " each other within a file; distinct positions that no earlier stored file has.",
               curves=[Curve(name="distinct games", at=place, y=numbers(games)),
                       Curve(name="new positions", at=_after(place, 1), y=numbers(fresh[1:]))]),
        Figure(key="sharpness", section="games", title="How undecided the search is", unit="%", note="Entropy of its"
               " policy as a share of that of an even one, over positions with a choice.",
               curves=[Curve(name="entropy", at=place, y=numbers([batch.sharpness for batch in batches]))]),
        Figure(key="value_error", section="learning", title="Value against the outcome", note="Mean square error.",
               curves=[Curve(name="games not yet trained on (search)", at=place,
                             y=numbers([batch.value_error for batch in batches]))]),
    ]  # fmt: skip


def _ages(
    batches: Sequence[ShardStatistics],
    place: Track,
    where: Mapping[str, NDArray[np.float64]],
    ends: NDArray[np.float64],
    windows: NDArray[np.float64],
) -> list[Figure]:
    if "step" not in where:
        return []
    steps, versions = where["step"], np.array([batch.version for batch in batches])
    weights = np.diff(ends, prepend=ends[0] - batches[0].samples)
    ages = np.full(len(batches), np.nan)
    for i in range(len(batches)):
        inside = (ends <= ends[i]) & (ends > ends[i] - windows[i])
        begin = ends[i] - windows[i] >= ends[0] - weights[0] - 1 or ends[0] - weights[0] < 1
        if begin and inside.any():
            ages[i] = steps[i] - np.average(versions[inside], weights=weights[inside])
    curves = [Curve(name="when played", at=place, y=numbers((steps - versions).clip(0)))]
    if np.isfinite(ages).any():
        curves.insert(0, Curve(name="when drawn for learning", at=place, y=numbers(ages)))
    return [
        Figure(key="age", section="machine", title="Replay staleness", note="How many learning steps the network that"
               " made a sample is behind the learner, on average.", curves=curves)
    ]  # fmt: skip


def _calibration(played: StoredGames) -> list[Figure]:
    count = played.predicted.sum(axis=1)
    some = count > 0
    if not some.any():
        return []
    middle = (np.arange(NUM_BINS) + 0.5) / NUM_BINS * 2 - 1
    mean = (played.predicted[:, 0] - played.predicted[:, 2])[some] / count[some]
    note = f"Mean outcome of the {int(count.sum()):,} stored positions with such a value; on the diagonal it is honest."
    curve = Curve(name="outcome", at={"the search's value": numbers(middle[some])}, y=numbers(mean))
    return [
        Figure(key="calibration", section="games", title="Value and outcome", note=note, curves=[curve], floor=-1.0,
               axis="the search's value", diagonal=True)
    ]  # fmt: skip


def _after(place: Track, skip: int) -> Track:
    return {axis: values[skip:] for axis, values in place.items()}


def covered(game: Game, played: StoredGames, newest: int) -> Coverage | None:
    """How much of the game the newest batches reached; None where the game has room for games that never meet."""
    return coverage(game, np.concatenate(played.codes[-newest:])) if newest else None


def distinct_positions(played: StoredGames) -> tuple[int, int]:
    """(distinct positions, positions) of all that was read."""
    if not played.codes:
        return 0, 0
    codes = np.concatenate(played.codes)
    return len(np.unique(codes)), len(codes)

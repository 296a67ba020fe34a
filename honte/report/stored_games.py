"""Statistics of the stored games of a run: outcomes, lengths, distinct games and positions, and their age.

Knows game records and the rules of games. Does not know the names of metrics, pages or which numbers are healthy.
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
"""In a folder with more shards, this many are read: evenly spaced, the newest included."""

STAGES = ("first third", "second third", "last third")
"""Parts of a typical game; its length is the one that 95 % of the games do not exceed."""

NUM_BINS = 10


@dataclass(frozen=True, kw_only=True)
class ShardStatistics:
    """The statistics of one shard's games."""

    number: int
    games: int
    samples: int
    outcomes: tuple[int, int, int]  # first player won, drawn, second player won
    proven: int  # games that ended because the search had proven the outcome
    distinct_games: int
    lengths: tuple[float, float, float]  # 10th percentile, mean, 90th percentile, in plies
    distinct: tuple[tuple[int, int], ...]  # by stage: distinct positions, positions
    version: float  # mean version of the network that chose the moves
    value_error: float  # mean squared error of the search's value against the outcome, before training on it
    policy_entropy: float  # mean entropy of the search's policy, relative to a uniform one, in [0, 1]


@dataclass(kw_only=True)
class StoredGames:
    """The games of a run that were read, and their statistics."""

    shards: list[ShardStatistics] = field(default_factory=list)
    newest: list[GameRecord] = field(default_factory=list)
    oldest: list[GameRecord] = field(default_factory=list)
    stored: int = 0  # samples in all shards of the folder
    notes: list[str] = field(default_factory=list)
    predicted: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((NUM_BINS, 3), np.int64)
    )  # wins, draws, losses
    codes: list[NDArray[np.uint64]] = field(default_factory=list)  # hash of each position, by shard


def read(game: Game, folder: Path, *, progress: Callable[[int, str], None] = lambda steps, text: None) -> StoredGames:
    """Read the shards of a run. A damaged shard is skipped, and a note says so."""
    paths = list(list_shards(folder / "games").items())
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_SHARDS)).astype(int)).tolist()
    stored_games, stage = StoredGames(), 0  # stage: plies in each part of a typical game
    for i in chosen:
        number, path = paths[i]
        progress(1, path.name)
        try:
            records = [record for record in read_shard(path, game) if record.num_decided]
        except ValueError as error:
            stored_games.notes.append(f"{path.name} was skipped: {error}")
            continue
        if not records:
            continue
        stage = stage or max(1, -(-int(np.percentile([len(record.actions) for record in records], 95)) // len(STAGES)))
        stored_games.shards.append(_statistics(game, number, records, stage, stored_games))
        stored_games.oldest = stored_games.oldest or records
        stored_games.newest = records
    if len(chosen) < len(paths):
        stored_games.notes.append(f"{len(chosen)} of {len(paths)} files of games were read, evenly spaced")
    return stored_games


def _statistics(
    game: Game, number: int, records: list[GameRecord], stage: int, stored_games: StoredGames
) -> ShardStatistics:
    states, owner, ply = replay(game, records)
    positions = game.describe_new(states)
    codes = observation_hashes(positions.observation)
    stored_games.codes.append(codes)
    outcome = np.array([record.outcome for record in records])
    known = outcome[owner] != UNFINISHED
    seen = (outcome[owner] * np.where(positions.to_play == 0, 1, -1))[known]
    values = np.concatenate([record.values for record in records])
    bins = np.clip(((values[known] + 1) / 2 * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    for column, result in enumerate((1, 0, -1)):
        stored_games.predicted[:, column] += np.bincount(bins[seen == result], minlength=NUM_BINS)
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
        policy_entropy=relative_entropy(np.concatenate([record.policies for record in records]), positions.legal),
    )


def relative_entropy(policies: NDArray[np.float32], legal: NDArray[np.bool_]) -> float:
    """Mean of entropy ÷ log(number of legal actions), over positions with several legal actions; 1: uniform."""
    choice = legal.sum(axis=1)
    some = choice > 1
    if not some.any():
        return 1.0
    p = policies[some].astype(np.float64)
    entropy = -(p * np.log(p, where=p > 0, out=np.zeros_like(p))).sum(axis=1)
    return float((entropy / np.log(choice[some])).mean())


def positions_of_shards(
    stored_games: StoredGames, at: Mapping[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Where each shard ends on every axis of the metrics, and the number of samples that the run had made by then [S].

    The stored games are the newest of the run: older ones were deleted with the replay window. A shard that was not
    read is taken to be as large as the next one that was.
    """
    sizes = np.array([shard.samples for shard in stored_games.shards], np.float64)
    numbered = np.array([shard.number for shard in stored_games.shards], np.float64)
    each = sizes * np.diff(numbered, prepend=numbered[0] - 1)
    total = float(at["samples"][-1]) if len(at["samples"]) else float(each.sum())
    ends = np.maximum(total - each.sum(), 0) + np.cumsum(each)
    if not len(at["samples"]):
        return {"samples": ends}, ends
    made, first = np.unique(at["samples"], return_index=True)
    return {axis: np.interp(ends, made, values[first]) for axis, values in at.items()}, ends


def figures(
    stored_games: StoredGames, at: Mapping[str, NDArray[np.float64]], windows: NDArray[np.float64]
) -> list[Figure]:
    """Curves of the games over the run; ``windows`` [N] is the size of the replay window at each position of ``at``."""
    shards = stored_games.shards
    if not shards:
        return []
    where, ends = positions_of_shards(stored_games, at)
    place = track(where, slice(None))
    return [
        *_results(shards, place),
        *_variety(stored_games, place),
        *_calibration(stored_games),
        *_ages(shards, place, where, ends, np.interp(ends, at["samples"], windows) if len(windows) else ends),
    ]


def _results(shards: Sequence[ShardStatistics], place: Track) -> list[Figure]:
    games = [shard.games for shard in shards]
    shares = np.array([shard.outcomes for shard in shards]) / np.array(games)[:, None]
    lengths = np.array([shard.lengths for shard in shards])
    names = ("first player wins", "draws", "second player wins")
    count = int(np.median(games))
    low, mean, high = (numbers(lengths[:, i]) for i in range(3))
    return [
        Figure(key="outcomes", section="games", title="Outcomes", unit="%", note="Share of the stored games;"
               f" bands are 95 % intervals. Each point is of about {count:,} games.",
               curves=[rate_curve(name, place, shares[:, i], count) for i, name in enumerate(names)]),
        Figure(key="length", section="games", title="Game length", note="In plies, random opening plies included. The"
               " band holds the middle 80 % of the games.",
               curves=[Curve(name="mean", at=place, y=mean, low=low, high=high)]),
    ]  # fmt: skip


def _variety(stored_games: StoredGames, place: Track) -> list[Figure]:
    shards = stored_games.shards
    stages = np.array([[d / max(n, 1) for d, n in shard.distinct] for shard in shards])
    known, fresh = np.zeros(0, np.uint64), []
    for codes in stored_games.codes:
        now = np.unique(codes)
        fresh.append(1 - float(np.isin(now, known, assume_unique=True).mean()))
        known = np.union1d(known, now)
    games = np.array([shard.distinct_games / shard.games for shard in shards])
    curves = [Curve(name=f"{stage} of the game", at=place, y=numbers(stages[:, i])) for i, stage in enumerate(STAGES)]
    return [
        Figure(key="distinct", section="games", title="Distinct positions", unit="%", note="Distinct positions as a"
               " share of all positions in a file of games, by stage of the game.", curves=curves),
        Figure(key="fresh", section="games", title="New games and positions", unit="%", note="Distinct games as a"
               " share of the games in a file; positions that no earlier file has as a share of the distinct ones.",
               curves=[Curve(name="distinct games", at=place, y=numbers(games)),
                       Curve(name="new positions", at=_after(place, 1), y=numbers(fresh[1:]))]),
        Figure(key="policy_entropy", section="games", title="Entropy of the search policy", unit="%", note="Relative to"
               " a uniform policy, over positions with more than one legal move.",
               curves=[Curve(name="entropy", at=place, y=numbers([shard.policy_entropy for shard in shards]))]),
        Figure(key="value_error", section="learning", title="Error of the value",
               note="Mean squared error against the outcome.",
               curves=[Curve(name="new games (search)", at=place,
                             y=numbers([shard.value_error for shard in shards]))]),
    ]  # fmt: skip


def _ages(
    shards: Sequence[ShardStatistics],
    place: Track,
    where: Mapping[str, NDArray[np.float64]],
    ends: NDArray[np.float64],
    windows: NDArray[np.float64],
) -> list[Figure]:
    if "step" not in where:
        return []
    steps, versions = where["step"], np.array([shard.version for shard in shards])
    weights = np.diff(ends, prepend=ends[0] - shards[0].samples)
    ages = np.full(len(shards), np.nan)
    for i in range(len(shards)):
        inside = (ends <= ends[i]) & (ends > ends[i] - windows[i])
        begin = ends[i] - windows[i] >= ends[0] - weights[0] - 1 or ends[0] - weights[0] < 1
        if begin and inside.any():
            ages[i] = steps[i] - np.average(versions[inside], weights=weights[inside])
    curves = [Curve(name="when the game is played", at=place, y=numbers((steps - versions).clip(0)))]
    if np.isfinite(ages).any():
        curves.insert(0, Curve(name="when the sample is trained on", at=place, y=numbers(ages)))
    return [
        Figure(key="age", section="machine", title="Age of samples", note="How many learning steps the network that"
               " made a sample is behind the learner, on average.", curves=curves)
    ]  # fmt: skip


def _calibration(stored_games: StoredGames) -> list[Figure]:
    count = stored_games.predicted.sum(axis=1)
    some = count > 0
    if not some.any():
        return []
    middle = (np.arange(NUM_BINS) + 0.5) / NUM_BINS * 2 - 1
    mean = (stored_games.predicted[:, 0] - stored_games.predicted[:, 2])[some] / count[some]
    note = f"Mean outcome of {int(count.sum()):,} stored positions by their value. On the dashed line both agree."
    curve = Curve(name="outcome", at={"the search's value": numbers(middle[some])}, y=numbers(mean))
    return [
        Figure(key="calibration", section="games", title="Calibration of the value", note=note, curves=[curve],
               floor=-1.0, axis="the search's value", diagonal=True)
    ]  # fmt: skip


def _after(place: Track, skip: int) -> Track:
    return {axis: values[skip:] for axis, values in place.items()}


def coverage_of_newest(game: Game, stored_games: StoredGames, newest: int) -> Coverage | None:
    """How much of the game the newest shards reached; None where the game is not small."""
    return coverage(game, np.concatenate(stored_games.codes[-newest:])) if newest else None


def distinct_positions(stored_games: StoredGames) -> tuple[int, int]:
    """(distinct positions, all positions) in the games that were read."""
    if not stored_games.codes:
        return 0, 0
    codes = np.concatenate(stored_games.codes)
    return len(np.unique(codes)), len(codes)

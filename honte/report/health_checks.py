"""Health checks of a run: each looks for one typical problem and says in a sentence, with numbers, what it found.

Knows which numbers are healthy. Does not know files or pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from honte.report.coverage import Coverage
from honte.report.curves import Record, column, graded_records
from honte.report.stored_games import ShardStatistics
from selfplay.solved.grading import wilson_interval
from training.evaluation.solved_positions import split_rate_name
from training.run.progress import METHOD_TITLES, set_title

Level = Literal["bad", "warn", "good"]
LEVELS: tuple[Level, ...] = ("bad", "warn", "good")

NUM_NEWEST_GAMES = 2000
"""The checks of games look at this many of the newest ones: they show the run as it is now."""

MANY_DUPLICATES = 0.2
"""A larger share of duplicate games is a problem, unless the game is small."""

ENOUGH_COVERAGE = 0.1
"""In a small game duplicates are no problem once this share of all positions was reached."""

NEARLY_PERFECT = 0.02
"""Play is called nearly perfect where the 95 % interval of the rate of mistakes lies below this."""

MANY_CACHE_HITS = 0.8
"""Where the cache answers a larger share of the simulations, small network batches are no problem."""


class HealthCheck(NamedTuple):
    """The result of one check. ``good`` means that it passed."""

    level: Level
    title: str
    text: str


def run_checks(
    records: Sequence[Record],
    shards: Sequence[ShardStatistics],
    config: Mapping[str, Any],
    counts: Mapping[str, int],
    covered: Callable[[int], Coverage | None] = lambda newest: None,
) -> list[HealthCheck]:
    """All checks that the data of the run allows, the worst result first.

    ``counts`` {rate of mistakes: number of positions}. ``covered(n)``: how much of a small game the newest n shards
    reached.
    """
    checks = [
        *check_games(_newest(shards), covered, nearly_perfect=_is_nearly_perfect(records, counts)),
        *check_overfitting(records, _newest(shards, 1)),
        *check_learner(records, config),
        *check_evaluator(records),
        *check_forgetting(records, counts),
    ]
    return sorted(checks, key=lambda check: LEVELS.index(check.level))


def _newest(shards: Sequence[ShardStatistics], num_games: int = NUM_NEWEST_GAMES) -> list[ShardStatistics]:
    """The last shards that hold at least ``num_games`` together."""
    newest: list[ShardStatistics] = []
    for shard in reversed(shards):
        if sum(each.games for each in newest) >= num_games:
            break
        newest.append(shard)
    return newest[::-1]


def check_duplicates(shards: Sequence[ShardStatistics], covered: Callable[[int], Coverage | None]) -> HealthCheck:
    """Games that repeat another game. A small game must repeat; there the share of positions reached is checked."""
    games = sum(shard.games for shard in shards)
    duplicates = games - sum(shard.distinct_games for shard in shards)
    share = duplicates / games
    text = f"{_percent(duplicates, games)} of the newest {games:,} games repeat another game move for move"
    advice = "A higher temperature, more root noise or more random opening plies would make games differ."
    if share <= MANY_DUPLICATES:
        return HealthCheck("good", "Few duplicate games", f"{text}.")
    coverage = covered(len(shards))
    if coverage is None:
        return HealthCheck("bad" if share > 0.5 else "warn", "Duplicate games", f"{text}. {advice}")
    reached = coverage.reached / coverage.possible
    text += f". This game is small: they reached {coverage.reached:,} of its {coverage.possible:,} positions"
    text += f" ({reached:.0%})"
    if reached >= ENOUGH_COVERAGE:
        return HealthCheck("good", "As many distinct games as a small game allows", f"{text}.")
    return HealthCheck("warn", "Duplicate games", f"{text}, which is little. {advice}")


def _is_nearly_perfect(records: Sequence[Record], counts: Mapping[str, int]) -> bool:
    """Whether the newest rate of mistakes on some set of solved positions is close to 0."""
    newest = records[-1] if records else {}
    rates = [(newest[name], count) for name, count in counts.items() if name in newest]
    return any(count and wilson_interval(round(rate * count), count)[1] < NEARLY_PERFECT for rate, count in rates)


def check_games(
    shards: Sequence[ShardStatistics],
    covered: Callable[[int], Coverage | None] = lambda newest: None,
    *,
    nearly_perfect: bool = False,
) -> list[HealthCheck]:
    """Duplicate games, draws, wins by side, and the entropy of the search's policy."""
    if not sum(shard.games for shard in shards):
        return []
    first, drawn, second = (sum(shard.outcomes[i] for shard in shards) for i in range(3))
    checks = [check_duplicates(shards, covered)]
    if first + drawn + second:
        checks.append(_check_draws(drawn, first + drawn + second, nearly_perfect))
    if first + second >= 20:
        checks.append(_check_sides(first, second))
    weights = [shard.samples for shard in shards]
    entropy = float(np.average([shard.policy_entropy for shard in shards], weights=weights))
    text = f"The entropy of the search's policy is {entropy:.0%} of the entropy of a uniform policy"
    if entropy >= 0.05:
        checks.append(HealthCheck("good", "The search policy keeps its entropy", f"{text}."))
    else:
        text += "; self-play hardly explores. More root noise, temperature or random opening plies would help."
        checks.append(HealthCheck("bad" if entropy < 0.02 else "warn", "Entropy collapse", text))
    return checks


def _check_draws(drawn: int, finished: int, nearly_perfect: bool) -> HealthCheck:
    text = f"{_percent(drawn, finished)} of the newest {finished:,} games are draws"
    if wilson_interval(drawn, finished)[0] <= 0.9:
        return HealthCheck("good", "Enough decided games", f"{text}.")
    if nearly_perfect:
        return HealthCheck(
            "good", "Draws are expected", f"{text}, and play is nearly perfect: little is left to learn."
        )
    return HealthCheck("warn", "Draw collapse", f"{text}. This is healthy only where perfect play is a draw.")


def _check_sides(first: int, second: int) -> HealthCheck:
    most, side = max((first, "first"), (second, "second"))
    low, _ = wilson_interval(most, first + second)
    text = f"The {side} player wins {_percent(most, first + second)} of {first + second:,} decided games"
    if low <= 0.9:
        return HealthCheck("good", "Both players win", f"{text}.")
    text += "; the value head can predict the outcome from the side to move alone. Random opening plies would help."
    return HealthCheck("bad" if low > 0.98 else "warn", "One player nearly always wins", text)


def check_overfitting(records: Sequence[Record], shards: Sequence[ShardStatistics]) -> list[HealthCheck]:
    """The value's error on new games, which the network has not been trained on, against that on trained samples."""
    trained = column(records[-10:], "value_error")
    new = [shard.value_error for shard in shards if math.isfinite(shard.value_error)]
    if not new or not np.isfinite(trained).any():
        return []
    trained_error, new_error = float(np.nanmean(trained)), float(np.mean(new))
    text = f"The mean squared error of the value against the outcome is {trained_error:.2f} on trained samples"
    text += f" and {new_error:.2f} on games that the network was not yet trained on"
    if new_error > 1.5 * trained_error + 0.02:
        text += ". A larger replay window or fewer uses of each sample would help."
        return [HealthCheck("warn", "The value overfits", text)]
    return [HealthCheck("good", "The value does not overfit", f"{text}.")]


def check_learner(records: Sequence[Record], config: Mapping[str, Any]) -> list[HealthCheck]:
    """Whether the learner waits for self-play or self-play for the learner, and whether steps were skipped."""
    minutes, trained = column(records, "minutes"), column(records, "trained")
    steps = np.flatnonzero(trained > 0)
    if not len(steps) or minutes[-1] <= minutes[steps[0]]:
        return check_skipped_steps(records)
    spans, idle = np.diff(minutes[steps[0] :]), np.diff(trained[steps[0] :]) <= 0
    share, longest = float(spans[idle].sum() / spans.sum()), _longest_run(spans, idle)
    wanted = float((config.get("learn") or {}).get("reuse", math.nan))
    uses = float(trained[-1]) / max(float(column(records, "samples")[-1]), 1.0)
    text = f"The learner was idle for {share:.0%} of its time; its longest pause was {longest:.1f} minutes. "
    text += f"It trained on each sample {uses:.1f} times"
    if math.isfinite(wanted):
        text += f"; learn.reuse asks for {wanted:g}"
    if share > 0.3 or longest > 5:
        check = HealthCheck("warn", "The learner waits for games", f"{text}. Self-play is the bottleneck.")
    elif math.isfinite(wanted) and uses < 0.7 * wanted:
        check = HealthCheck("warn", "The learner falls behind self-play", f"{text}. Learning is the bottleneck.")
    else:
        check = HealthCheck("good", "The learner is busy", f"{text}.")
    return [check, *check_skipped_steps(records)]


def check_skipped_steps(records: Sequence[Record]) -> list[HealthCheck]:
    """Learning steps that were skipped; no check where there are none."""
    steps = column(records[-1:], "skipped")
    if not (len(steps) and steps[0] > 0):
        return []
    text = f"The learner skipped {steps[0]:.0f} steps because the loss or the gradient was not finite."
    return [HealthCheck("bad", "Skipped learning steps", text)]


def _longest_run(spans: Any, idle: Any) -> float:
    """The longest sum of ``spans`` in a row that are all idle."""
    longest = run = 0.0
    for span, is_idle in zip(spans.tolist(), idle.tolist(), strict=True):
        run = run + span if is_idle else 0.0
        longest = max(longest, run)
    return longest


def check_evaluator(records: Sequence[Record]) -> list[HealthCheck]:
    """Whether the network's batches are large enough, and whether it still evaluates as fast as it once did."""
    batch_sizes, rates = column(records, "rows_per_call"), column(records, "evaluations_per_second")
    batch_sizes, rates = batch_sizes[np.isfinite(batch_sizes) & (batch_sizes > 0)], rates[np.isfinite(rates)]
    if len(rates) < 8:
        return []
    quarters = [float(np.median(part)) for part in np.array_split(rates, 4)]
    best, newest = max(quarters), quarters[-1]
    hits = column(records[-10:], "cache_hits")
    hit_rate = float(np.nanmean(hits)) if np.isfinite(hits).any() else 0.0
    cached = hit_rate > MANY_CACHE_HITS
    small = len(batch_sizes) > 0 and float(np.median(batch_sizes)) < 16 and not cached
    slow = newest < best / 4 and not cached
    text = f"The network evaluated {newest:,.0f} positions per second in the last quarter of the run and {best:,.0f} in"
    text += " its fastest quarter"
    text += f", {float(np.median(batch_sizes)):.0f} per call (median)." if len(batch_sizes) else "."
    if cached:
        text += f" The cache answers {hit_rate:.0%} of the simulations."
    if small:
        text += " More games at a time (self_play.num_games) would fill the batches."
    elif slow:
        text += " The cache, proven positions or another process may explain the difference."
    if small or slow:
        return [HealthCheck("warn", "The network is underused", text)]
    return [HealthCheck("good", "The network is busy", text)]


def check_forgetting(records: Sequence[Record], counts: Mapping[str, int]) -> list[HealthCheck]:
    """The newest rate of mistakes is worse than an earlier one, and their 95 % intervals do not overlap."""
    rows, names = graded_records(records)
    checks = []
    for name in names:
        shares = column(records, name)[rows]
        shares, count = shares[np.isfinite(shares)], counts.get(name, 0)
        if len(shares) < 2 or not count:
            continue
        best, newest = round(float(shares.min()) * count), round(float(shares[-1]) * count)
        if wilson_interval(newest, count)[0] > wilson_interval(best, count)[1]:
            each, how, _ = split_rate_name(name)
            text = f"Mistakes on {set_title(each)}, {METHOD_TITLES.get(how, how)}: {_percent(newest, count)} now,"
            text += f" {_percent(best, count)} at best, of {count:,} positions."
            checks.append(HealthCheck("bad", "Play has become worse", text))
    return checks


def _percent(hits: int, count: int) -> str:
    """A share with its 95 % interval."""
    low, high = wilson_interval(hits, count)
    return f"{hits / count:.1%} (95 % interval {low:.1%} to {high:.1%})"

"""What looks wrong with a run, in words: each check is a sentence with its numbers, alarming or not.

Knows what is healthy. Does not know files or pages.
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
from training.run.progress import METHOD_TITLES, set_title

Level = Literal["bad", "warn", "good"]

NEWEST = 2000
"""Games that speak for the run as it is now."""


OFTEN = 0.2
"""A larger share of games that repeat another one is worth a look."""

ENOUGH = 0.1
"""Games of a small game that meet so many of its positions have learned from most of what sensible players reach."""

FEW_MISTAKES = 0.02

CACHED = 0.8
"""Where the cache answers so many simulations, few positions are left for the network."""


class HealthCheck(NamedTuple):
    level: Level
    title: str
    text: str


def run_checks(
    records: Sequence[Record],
    batches: Sequence[ShardStatistics],
    config: Mapping[str, Any],
    counts: Mapping[str, int],
    covered: Callable[[int], Coverage | None] = lambda newest: None,
) -> list[HealthCheck]:
    """Every check that the run's data allows, the worst first. ``counts`` {metric: positions} stand behind grades,
    ``covered`` says how much of a small game so many of the newest batches reached.
    """
    found = [
        *of_games(_newest(batches), covered, solved=_solved(records, counts)),
        *over_fitting(records, _newest(batches, 1)),
        *learner(records, config),
        *evaluator(records),
        *forgetting(records, counts),
    ]
    return sorted(found, key=lambda alarm: ("bad", "warn", "good").index(alarm.level))


def _newest(batches: Sequence[ShardStatistics], games: int = NEWEST) -> list[ShardStatistics]:
    """The last batches, enough for so many games."""
    kept: list[ShardStatistics] = []
    for batch in reversed(batches):
        if sum(each.games for each in kept) >= games:
            break
        kept.append(batch)
    return kept[::-1]


def duplicates(batches: Sequence[ShardStatistics], covered: Callable[[int], Coverage | None]) -> HealthCheck:
    """Games that repeat another one. Where a game has few positions they must; then it counts how many were met."""
    games = sum(batch.games for batch in batches)
    repeats = games - sum(batch.distinct_games for batch in batches)
    share, text = repeats / games, f"{_share(repeats, games)} of the newest {games:,} games repeat another one"
    advice = "raise the temperature, the noise or the random opening plies."
    if share <= OFTEN:
        return HealthCheck("good", "Games differ", f"{text}, move for move.")
    seen = covered(len(batches))
    if seen is None:
        return HealthCheck("bad" if share > 0.5 else "warn", "Duplicate games", f"{text}, move for move; {advice}")
    met = seen.reached / seen.possible
    text += (
        f", which is due in so small a game: they met {seen.reached:,} of its {seen.possible:,} positions ({met:.0%})"
    )
    if met >= ENOUGH:
        return HealthCheck("good", "Games differ as far as they can", f"{text}.")
    return HealthCheck("warn", "Duplicate games", f"{text}, and that is little; {advice}")


def _solved(records: Sequence[Record], counts: Mapping[str, int]) -> bool:
    """Whether the newest grade of some set shows nearly perfect play."""
    now = [(records[-1][name], count) for name, count in counts.items() if name in records[-1]] if records else []
    return any(count and wilson_interval(round(rate * count), count)[1] < FEW_MISTAKES for rate, count in now)


def of_games(
    batches: Sequence[ShardStatistics],
    covered: Callable[[int], Coverage | None] = lambda newest: None,
    *,
    solved: bool = False,
) -> list[HealthCheck]:
    """Duplicates, draws, seats, and whether the search still wavers. ``solved``: it plays nearly perfectly."""
    if not sum(batch.games for batch in batches):
        return []
    found = [duplicates(batches, covered)]
    first, drawn, second = (sum(batch.outcomes[i] for batch in batches) for i in range(3))
    finished = first + drawn + second
    if finished:
        low, _ = wilson_interval(drawn, finished)
        text = f"{_share(drawn, finished)} of the newest {finished:,} games are drawn"
        if low <= 0.9:
            found.append(HealthCheck("good", "Games are decided", f"{text}."))
        elif solved:
            found.append(
                HealthCheck(
                    "good", "Games are drawn, as nearly perfect play has it", f"{text}; little is left to learn."
                )
            )
        else:
            more = "healthy only where perfect play is a draw, and then there is little left to learn."
            found.append(HealthCheck("warn", "Draw collapse", f"{text}; {more}"))
    if first + second >= 20:
        most, seat = max((first, "first"), (second, "second"))
        low, _ = wilson_interval(most, first + second)
        bad = low > 0.9
        found.append(
            HealthCheck(
                "bad" if low > 0.98 else "warn" if bad else "good",
                "One seat always wins" if bad else "Both seats win",
                f"The {seat} player wins {_share(most, first + second)} of {first + second:,} decided games"
                + ("; the value head can answer by seat alone: begin from random openings." if bad else "."),
            )
        )
    sharp = float(np.average([batch.sharpness for batch in batches], weights=[batch.samples for batch in batches]))
    found.append(
        HealthCheck(
            "bad" if sharp < 0.02 else "warn" if sharp < 0.05 else "good",
            "Entropy collapse" if sharp < 0.05 else "The search still weighs moves",
            f"The search's policy has {sharp:.0%} of the entropy of an even one"
            + ("; self-play explores no more: more noise, temperature or openings." if sharp < 0.05 else "."),
        )
    )
    return found


def over_fitting(records: Sequence[Record], batches: Sequence[ShardStatistics]) -> list[HealthCheck]:
    trained = column(records[-10:], "value_error")
    fresh = [batch.value_error for batch in batches if math.isfinite(batch.value_error)]
    if not fresh or not np.isfinite(trained).any():
        return []
    seen, new = float(np.nanmean(trained)), float(np.mean(fresh))
    bad = new > 1.5 * seen + 0.02
    return [
        HealthCheck(
            "warn" if bad else "good",
            "The value over-fits" if bad else "The value holds on new games",
            f"Mean square error against the outcome: {seen:.2f} on trained samples, {new:.2f} on games not yet trained"
            " on" + ("; a larger window or fewer uses of each sample help." if bad else "."),
        )
    ]


def learner(records: Sequence[Record], config: Mapping[str, Any]) -> list[HealthCheck]:
    """Starved: long without a step once it had begun; or diverging: steps skipped."""
    minutes, trained = column(records, "minutes"), column(records, "trained")
    begun = np.flatnonzero(trained > 0)
    found = []
    if len(begun) and minutes[-1] > minutes[begun[0]]:
        spans, still = np.diff(minutes[begun[0] :]), np.diff(trained[begun[0] :]) <= 0
        idle, longest = float(spans[still].sum() / spans.sum()), _longest(spans, still)
        wanted = float((config.get("learn") or {}).get("reuse", math.nan))
        made = float(column(records, "samples")[-1])
        uses = float(trained[-1]) / max(made, 1.0)
        starved = idle > 0.3 or longest > 5
        held = not starved and math.isfinite(wanted) and uses < 0.7 * wanted
        wait = f"The learner stood still for {idle:.0%} of its time, {longest:.1f} minutes at the longest"
        ratio = f"; each sample was trained on {uses:.1f} times" + (
            f" of {wanted:g} wanted" if wanted == wanted else ""
        )
        found.append(
            HealthCheck(
                "warn" if starved or held else "good",
                "The learner starves" if starved else "The learner falls behind" if held else "The learner is fed",
                f"{wait}{ratio}"
                + ("; self-play is the bottleneck." if starved else "; learning is the bottleneck." if held else "."),
            )
        )
    return found + skipped_steps(records)


def skipped_steps(records: Sequence[Record]) -> list[HealthCheck]:
    """Steps that were left out, where there are any."""
    steps = column(records[-1:], "skipped")
    if not (len(steps) and steps[0] > 0):
        return []
    text = f"{steps[0]:.0f} learning steps were left out because loss or gradient were not finite."
    return [HealthCheck("bad", "Numbers blew up", text)]


def _longest(spans: Any, still: Any) -> float:
    longest = run = 0.0
    for span, idle in zip(spans.tolist(), still.tolist(), strict=True):
        run = run + span if idle else 0.0
        longest = max(longest, run)
    return longest


def evaluator(records: Sequence[Record]) -> list[HealthCheck]:
    """Starved: asked for so few positions at a time, or so seldom, that the network idles."""
    rows, rate = column(records, "rows_per_call"), column(records, "evaluations_per_second")
    rows, rate = rows[np.isfinite(rows) & (rows > 0)], rate[np.isfinite(rate)]
    if len(rate) < 8:
        return []
    quarters = [float(np.median(part)) for part in np.array_split(rate, 4)]
    best, now = max(quarters), quarters[-1]
    cached = column(records[-10:], "cache_hits")
    spared = bool(np.isfinite(cached).any()) and float(np.nanmean(cached)) > CACHED
    few = len(rows) > 0 and float(np.median(rows)) < 16 and not spared
    slow = now < best / 4 and not spared
    size = f"{float(np.median(rows)):.0f} positions a network call; " if len(rows) else ""
    return [
        HealthCheck(
            "warn" if few or slow else "good",
            "The evaluator starves" if few or slow else "The evaluator is fed",
            f"{size}{now:,.0f} evaluations a second in the last quarter, {best:,.0f} in the best one"
            + ("; more games at once fill the batches." if few else "")
            + ("; the cache, proofs or another process take the rest." if slow and not few else "." if not few else "")
            + (f" The cache answers {float(np.nanmean(cached)):.0%} of the simulations." if spared else ""),
        )
    ]


def forgetting(records: Sequence[Record], counts: Mapping[str, int]) -> list[HealthCheck]:
    """The newest grade is worse than an earlier one, and their intervals do not meet."""
    rows, names = graded_records(records)
    found = []
    for name in names:
        shares = column(records, name)[rows]
        shares, count = shares[np.isfinite(shares)], counts.get(name, 0)
        if len(shares) < 2 or not count:
            continue
        best, now = round(float(shares.min()) * count), round(float(shares[-1]) * count)
        if wilson_interval(now, count)[0] > wilson_interval(best, count)[1]:
            _, each, how = name.split("/")
            text = f"{set_title(each)[0].upper()}{set_title(each)[1:]}, {METHOD_TITLES.get(how, how)}: "
            text += f"{_share(now, count)} mistakes now, {_share(best, count)} at best, of {count:,} positions."
            found.append(HealthCheck("bad", "It has been better", text))
    return found


def _share(hits: int, count: int) -> str:
    low, high = wilson_interval(hits, count)
    return f"{hits / count:.1%} ({low:.1%} to {high:.1%})"

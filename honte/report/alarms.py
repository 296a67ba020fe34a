"""What looks wrong with a run, in words: each check is a sentence with its numbers, alarming or not.

Knows what is healthy. Does not know files or pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from honte.report.curves import Record, column, looks
from honte.report.played import Batch
from selfplay.grading import interval

Level = Literal["bad", "warn", "good"]

NEWEST = 2000
"""Games that speak for the run as it is now."""


class Alarm(NamedTuple):
    level: Level
    title: str
    text: str


def alarms(
    records: Sequence[Record], batches: Sequence[Batch], config: Mapping[str, Any], counts: Mapping[str, int]
) -> list[Alarm]:
    """Every check that the run's data allows, the worst first. ``counts`` {metric: positions} stand behind grades."""
    found = [
        *of_games(_newest(batches)),
        *over_fitting(records, _newest(batches, 1)),
        *learner(records, config),
        *evaluator(records),
        *forgetting(records, counts),
    ]
    return sorted(found, key=lambda alarm: ("bad", "warn", "good").index(alarm.level))


def _newest(batches: Sequence[Batch], games: int = NEWEST) -> list[Batch]:
    """The last batches, enough for so many games."""
    kept: list[Batch] = []
    for batch in reversed(batches):
        if sum(each.games for each in kept) >= games:
            break
        kept.append(batch)
    return kept[::-1]


def of_games(batches: Sequence[Batch]) -> list[Alarm]:
    """Duplicates, draws, seats, and whether the search still wavers."""
    games = sum(batch.games for batch in batches)
    if not games:
        return []
    repeats = games - sum(batch.distinct_games for batch in batches)
    share = repeats / games
    found = [
        Alarm(
            "bad" if share > 0.5 else "warn" if share > 0.2 else "good",
            "Duplicate games" if share > 0.2 else "Games differ",
            f"{_share(repeats, games)} of the newest {games:,} games repeat another one, move for move"
            + ("; raise the temperature, the noise or the random opening plies." if share > 0.2 else "."),
        )
    ]
    first, drawn, second = (sum(batch.outcomes[i] for batch in batches) for i in range(3))
    finished = first + drawn + second
    if finished:
        low, _ = interval(drawn, finished)
        found.append(
            Alarm(
                "warn" if low > 0.9 else "good",
                "Draw collapse" if low > 0.9 else "Games are decided",
                f"{_share(drawn, finished)} of the newest {finished:,} games are drawn"
                + ("; healthy only where perfect play is a draw, and then there is little left to learn." if low > 0.9
                   else "."),
            )
        )  # fmt: skip
    if first + second >= 20:
        most, seat = max((first, "first"), (second, "second"))
        low, _ = interval(most, first + second)
        bad = low > 0.9
        found.append(
            Alarm(
                "bad" if low > 0.98 else "warn" if bad else "good",
                "One seat always wins" if bad else "Both seats win",
                f"The {seat} player wins {_share(most, first + second)} of {first + second:,} decided games"
                + ("; the value head can answer by seat alone: begin from random openings." if bad else "."),
            )
        )
    sharp = float(np.average([batch.sharpness for batch in batches], weights=[batch.samples for batch in batches]))
    found.append(
        Alarm(
            "bad" if sharp < 0.02 else "warn" if sharp < 0.05 else "good",
            "Entropy collapse" if sharp < 0.05 else "The search still weighs moves",
            f"The search's policy has {sharp:.0%} of the entropy of an even one"
            + ("; self-play explores no more: more noise, temperature or openings." if sharp < 0.05 else "."),
        )
    )
    return found


def over_fitting(records: Sequence[Record], batches: Sequence[Batch]) -> list[Alarm]:
    trained = column(records[-10:], "value_error")
    fresh = [batch.value_error for batch in batches if math.isfinite(batch.value_error)]
    if not fresh or not np.isfinite(trained).any():
        return []
    seen, new = float(np.nanmean(trained)), float(np.mean(fresh))
    bad = new > 1.5 * seen + 0.02
    return [
        Alarm(
            "warn" if bad else "good",
            "The value over-fits" if bad else "The value holds on new games",
            f"Mean square error against the outcome: {seen:.2f} on trained samples, {new:.2f} on games not yet trained"
            " on" + ("; a larger window or fewer uses of each sample help." if bad else "."),
        )
    ]


def learner(records: Sequence[Record], config: Mapping[str, Any]) -> list[Alarm]:
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
            Alarm(
                "warn" if starved or held else "good",
                "The learner starves" if starved else "The learner falls behind" if held else "The learner is fed",
                f"{wait}{ratio}"
                + ("; self-play is the bottleneck." if starved else "; learning is the bottleneck." if held else "."),
            )
        )
    return found + skipped(records)


def skipped(records: Sequence[Record]) -> list[Alarm]:
    """Steps that were left out, where there are any."""
    steps = column(records[-1:], "skipped")
    if not (len(steps) and steps[0] > 0):
        return []
    text = f"{steps[0]:.0f} learning steps were left out because loss or gradient were not finite."
    return [Alarm("bad", "Numbers blew up", text)]


def _longest(spans: Any, still: Any) -> float:
    longest = run = 0.0
    for span, idle in zip(spans.tolist(), still.tolist(), strict=True):
        run = run + span if idle else 0.0
        longest = max(longest, run)
    return longest


def evaluator(records: Sequence[Record]) -> list[Alarm]:
    """Starved: asked for so few positions at a time, or so seldom, that the network idles."""
    rows, rate = column(records, "rows_per_call"), column(records, "evaluations_per_second")
    rows, rate = rows[np.isfinite(rows) & (rows > 0)], rate[np.isfinite(rate)]
    if len(rate) < 8:
        return []
    quarters = [float(np.median(part)) for part in np.array_split(rate, 4)]
    best, now = max(quarters), quarters[-1]
    few = len(rows) > 0 and float(np.median(rows)) < 16
    slow = now < best / 4
    size = f"{float(np.median(rows)):.0f} positions a network call; " if len(rows) else ""
    return [
        Alarm(
            "warn" if few or slow else "good",
            "The evaluator starves" if few or slow else "The evaluator is fed",
            f"{size}{now:,.0f} evaluations a second in the last quarter, {best:,.0f} in the best one"
            + ("; more games at once fill the batches." if few else "")
            + ("; the cache, proofs or another process take the rest." if slow and not few else "." if not few else ""),
        )
    ]


def forgetting(records: Sequence[Record], counts: Mapping[str, int]) -> list[Alarm]:
    """The newest grade is worse than an earlier one, and their intervals do not meet."""
    rows, names = looks(records)
    found = []
    for name in names:
        shares = column(records, name)[rows]
        shares, count = shares[np.isfinite(shares)], counts.get(name, 0)
        if len(shares) < 2 or not count:
            continue
        best, now = round(float(shares.min()) * count), round(float(shares[-1]) * count)
        if interval(now, count)[0] > interval(best, count)[1]:
            _, each, how = name.split("/")
            text = f"{each.replace('_', ' ')}, {'network alone' if how == 'raw' else 'with search'}: "
            text += f"{_share(now, count)} mistakes now, {_share(best, count)} at best, of {count:,} positions."
            found.append(Alarm("bad", "It has been better", text))
    return found


def _share(hits: int, count: int) -> str:
    low, high = interval(hits, count)
    return f"{hits / count:.1%} ({low:.1%} to {high:.1%})"

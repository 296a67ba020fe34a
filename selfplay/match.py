"""Matches: two players, every opening played twice with the seats swapped.

Knows players, openings and results. Does not know what a player is or how it was named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.player import Player
from games.game import Game
from selfplay.elo import EloEstimate, estimate
from selfplay.game_loop import GameLoop, Start
from selfplay.openings import Opening, openings
from selfplay.records import GameRecord

Counts = tuple[int, int, int]
"""Wins, draws and losses of player A."""


@dataclass(frozen=True, kw_only=True)
class MatchResult:
    """What a match of players A and B brought, from A's view."""

    game: str
    first: Counts  # with A in the first seat
    second: Counts  # with A in the second seat
    pairs: tuple[int, int, int, int, int]  # pairs of games that brought A 0, 1/2, 1, 3/2, 2 points
    distinct_games: int  # games that differ in at least one action
    distinct_pairs: int
    elo: EloEstimate
    records: tuple[GameRecord, ...] = field(repr=False)  # by id; in games of even id, A has the first seat

    @property
    def wins(self) -> int:
        return self.first[0] + self.second[0]

    @property
    def draws(self) -> int:
        return self.first[1] + self.second[1]

    @property
    def losses(self) -> int:
        return self.first[2] + self.second[2]

    @property
    def games(self) -> int:
        return sum(self.first) + sum(self.second)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers for JSON; null where a bound does not exist."""
        seats = {"as_first": self.first, "as_second": self.second}
        return {
            "game": self.game,
            "games": self.games,
            "wins": self.wins,
            "draws": self.draws,
            "losses": self.losses,
            **{name: dict(zip(("wins", "draws", "losses"), counts, strict=True)) for name, counts in seats.items()},
            "score": self.elo.score,
            "elo": self.elo.elo,
            "elo_low": self.elo.low,
            "elo_high": self.elo.high,
            "los": self.elo.los,
            "pairs": list(self.pairs),
            "distinct_games": self.distinct_games,
            "distinct_pairs": self.distinct_pairs,
        }


def play_match(
    game: Game,
    a: Player,
    b: Player,
    *,
    games: int = 400,
    opening_plies: int = 2,
    book: Sequence[Opening] | None = None,
    seed: int = 0,
    num_slots: int = 64,
    progress: Callable[[int, Counts], None] | None = None,
) -> MatchResult:
    """Play ``games`` games, ``num_slots`` at once, and count them.

    ``book`` gives the openings, used in turn; without it they are ``opening_plies`` random plies that follow from
    ``seed``. ``progress(games finished, counts so far)`` is called as games end. ValueError for an odd number of games.
    """
    if games < 2 or games % 2:
        raise ValueError(f"games is {games}; an even number is needed: each opening is played twice, seats swapped")
    if book is not None and not book:
        raise ValueError("the book of openings is empty; give at least one opening")
    begin = openings(game, games // 2, opening_plies, seed=seed) if book is None else book
    loop = GameLoop(game, [a, b], _starts(games, begin), num_slots=min(num_slots, games), seed=seed)
    records: list[GameRecord] = []
    while len(records) < games:
        finished = loop.round()
        records += finished
        if finished and progress is not None:
            progress(len(records), tally(records))
    return result_of(game, records)


def _starts(games: int, book: Sequence[Opening]) -> Iterator[Start]:
    for number in range(games):
        yield Start(number, (0, 1) if number % 2 == 0 else (1, 0), tuple(book[number // 2 % len(book)]))


def points(record: GameRecord) -> int:
    """+1, 0 or -1 for player A, who has the first seat in games of even id."""
    return record.outcome if record.id % 2 == 0 else -record.outcome


def tally(records: Sequence[GameRecord]) -> Counts:
    """Wins, draws and losses of player A."""
    counts = Counter(points(record) for record in records)
    return counts[1], counts[0], counts[-1]


def result_of(game: Game, records: Sequence[GameRecord]) -> MatchResult:
    """Count finished games, whose ids are 0 to N - 1, into a result."""
    records = sorted(records, key=lambda record: record.id)
    lines = [tuple(record.actions.tolist()) for record in records]
    pairs = [0] * 5
    for one, other in zip(records[::2], records[1::2], strict=True):
        pairs[points(one) + points(other) + 2] += 1
    distinct_pairs = len(set(zip(lines[::2], lines[1::2], strict=True)))
    return MatchResult(
        game=game.name,
        first=tally(records[::2]),
        second=tally(records[1::2]),
        pairs=(pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]),
        distinct_games=len(set(lines)),
        distinct_pairs=distinct_pairs,
        elo=estimate(pairs, distinct_pairs),
        records=tuple(records),
    )

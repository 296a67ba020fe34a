"""Matches: two players, every opening played twice with the seats swapped.

Knows players, openings and results. Does not know what a player is or how it was named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from agent.player import Player
from games.game import Game
from selfplay.game_loop import Start
from selfplay.matches.elo import EloEstimate, WinDrawLoss, estimate_elo
from selfplay.matches.match_store import MatchStore
from selfplay.matches.parallel_games import play_games
from selfplay.matches.sprt import Sprt
from selfplay.openings import Opening, make_openings
from selfplay.records import GameRecord

Progress = Callable[[int, WinDrawLoss, float | None], None]
"""(games finished, player A's results so far, the test's log-likelihood ratio if there is a test)"""


@dataclass(frozen=True)
class ForfeitedGame:
    """A game that a player lost before the rules ended it."""

    id: int
    loser: str  # "a" or "b"
    reason: str


@dataclass(frozen=True, kw_only=True)
class MatchResult:
    """The result of a match between players A and B, from A's view."""

    game: str
    first: WinDrawLoss  # with A in the first seat
    second: WinDrawLoss  # with A in the second seat
    pairs: tuple[int, int, int, int, int]  # pairs of games in which A scored 0, 1/2, 1, 3/2, 2 points
    distinct_games: int  # games that differ in at least one action
    distinct_pairs: int
    distinct_openings: int
    elo: EloEstimate
    forfeits: tuple[ForfeitedGame, ...]
    sprt: Sprt | None
    llr: float | None  # the test's log-likelihood ratio, where there is a test
    records: tuple[GameRecord, ...] = field(repr=False)  # by id; in games of even id, A has the first seat

    @property
    def wins(self) -> int:
        return self.first.wins + self.second.wins

    @property
    def draws(self) -> int:
        return self.first.draws + self.second.draws

    @property
    def losses(self) -> int:
        return self.first.losses + self.second.losses

    @property
    def games(self) -> int:
        return self.first.games + self.second.games

    @property
    def verdict(self) -> str | None:
        """The hypothesis that the test accepted, H0 or H1; None if it has not ended or if there is no test."""
        return None if self.sprt is None or self.llr is None else self.sprt.verdict(self.llr)

    def __repr__(self) -> str:
        bounds = (self.elo.low, self.elo.elo, self.elo.high)
        low, elo, high = ("unbounded" if each is None else f"{each:+.0f}" for each in bounds)
        return (
            f"MatchResult({self.game}, {self.games} games: {self.wins} wins, {self.draws} draws, {self.losses} losses; "
            f"score {self.elo.score:.1%} [{self.elo.score_low:.1%}, {self.elo.score_high:.1%}]; "
            f"Elo {elo} [{low}, {high}], 95 % intervals)"
        )

    def as_json(self) -> dict[str, Any]:
        """The result for JSON; a bound that does not exist is null."""
        seats = {"as_first": self.first, "as_second": self.second}
        test = {} if self.sprt is None or self.llr is None else {"sprt": self.sprt.as_json(self.llr)}
        return {
            "game": self.game,
            "games": self.games,
            "wins": self.wins,
            "draws": self.draws,
            "losses": self.losses,
            **{name: counts._asdict() for name, counts in seats.items()},
            "score": self.elo.score,
            "score_low": self.elo.score_low,
            "score_high": self.elo.score_high,
            "elo": self.elo.elo,
            "elo_low": self.elo.low,
            "elo_high": self.elo.high,
            "normalized_elo": self.elo.normalized,
            "normalized_elo_low": self.elo.normalized_low,
            "normalized_elo_high": self.elo.normalized_high,
            "los": self.elo.los,
            "pairs": list(self.pairs),
            "distinct_games": self.distinct_games,
            "distinct_pairs": self.distinct_pairs,
            "distinct_openings": self.distinct_openings,
            "forfeits": [vars(each) for each in self.forfeits],
            **test,
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
    others: Sequence[tuple[Player, Player]] = (),
    sprt: Sprt | None = None,
    folder: MatchStore | None = None,
    progress: Progress | None = None,
) -> MatchResult:
    """Play ``games`` games, ``num_slots`` at once in each thread, and count them.

    ``book`` is a list of openings, used in turn. Without it the openings are ``opening_plies`` random plies, determined
    by ``seed``. ``others`` holds the same two players, made again, once for each further thread.

    With ``sprt`` the match ends when the test does. Pairs are counted in the order of their ids, since in the order in
    which they end short games would come first. Games after the last counted pair are in ``folder`` only.

    Games that ``folder`` already has are not played again. ``progress`` is called whenever a game ends. ValueError for
    an odd number of games.
    """
    ensure_pairs("games", games)
    if book is not None and not book:
        raise ValueError("the book of openings is empty; give at least one opening")
    openings = make_openings(game, games // 2, opening_plies, seed=seed) if book is None else book
    records = {} if folder is None else {id: r for id, r in folder.records.items() if id < games}
    test = _SequentialTest(sprt)
    test.update(records)
    players = [(a, b), *others]
    counts = Counter(points_for_a(record) for record in records.values())
    slots = min(num_slots, max(2, -(-(games - len(records)) // len(players))))
    with closing(play_games(game, players, _starts(games, openings, records), num_slots=slots, seed=seed)) as played:
        for record in played if test.is_open and len(records) < games else ():
            if folder is not None:
                folder.add([record])
            records[record.id] = record
            test.update(records)
            counts[points_for_a(record)] += 1
            if progress is not None:
                progress(len(records), WinDrawLoss(counts[1], counts[0], counts[-1]), test.llr)
            if not test.is_open:
                break
    counted = [records[id] for id in (range(games) if sprt is None else range(2 * test.num_pairs))]
    return make_result(game, counted, sprt)


def ensure_pairs(name: str, games: int) -> None:
    """Raise ValueError, with the ``name`` of the option, unless ``games`` is a number of whole pairs."""
    why = "each opening is played twice, seats swapped"
    if games < 2:
        raise ValueError(f"{name} is {games}; it must be 2 or more, and even: {why}")
    if games % 2:
        raise ValueError(f"{name} is {games}; an even number is needed: {why}")


def _starts(games: int, book: Sequence[Opening], finished: Mapping[int, GameRecord]) -> Iterator[Start]:
    """The games that are still to be played. If one game of a pair is finished, the other has the same opening."""
    used = {id // 2: tuple(record.actions[: record.opening].tolist()) for id, record in finished.items()}
    for number in range(games):
        if number not in finished:
            opening = used.get(number // 2, tuple(book[number // 2 % len(book)]))
            yield Start(number, (0, 1) if number % 2 == 0 else (1, 0), opening)


class _SequentialTest:
    """The state of a sequential test: pairs are counted in the order of their ids."""

    def __init__(self, sprt: Sprt | None) -> None:
        self.sprt, self.is_open = sprt, True
        self.num_pairs, self.pairs = 0, [0] * 5
        self.distinct: set[Any] = set()
        self.llr = None if sprt is None else 0.0

    def update(self, records: Mapping[int, GameRecord]) -> None:
        """Count the finished pairs that come next, until the test ends."""
        while self.sprt is not None and self.is_open:
            one, other = (records.get(2 * self.num_pairs + i) for i in range(2))
            if one is None or other is None:
                return
            self.num_pairs += 1
            self.pairs[points_for_a(one) + points_for_a(other) + 2] += 1
            self.distinct.add((tuple(one.actions.tolist()), tuple(other.actions.tolist())))
            self.llr = self.sprt.llr(self.pairs, len(self.distinct))
            self.is_open = self.sprt.verdict(self.llr) is None


def points_for_a(record: GameRecord) -> int:
    """+1, 0 or -1 for player A, who has the first seat in games of even id."""
    return record.outcome if record.id % 2 == 0 else -record.outcome


def count_results(records: Sequence[GameRecord]) -> WinDrawLoss:
    """Wins, draws and losses of player A."""
    counts = Counter(points_for_a(record) for record in records)
    return WinDrawLoss(counts[1], counts[0], counts[-1])


def make_result(game: Game, records: Sequence[GameRecord], sprt: Sprt | None = None) -> MatchResult:
    """The result of finished games, whose ids are 0 to N - 1."""
    records = sorted(records, key=lambda record: record.id)
    lines = [tuple(record.actions.tolist()) for record in records]
    pairs = [0] * 5
    for one, other in zip(records[::2], records[1::2], strict=True):
        pairs[points_for_a(one) + points_for_a(other) + 2] += 1
    distinct_pairs = len(set(zip(lines[::2], lines[1::2], strict=True)))
    return MatchResult(
        game=game.name,
        first=count_results(records[::2]),
        second=count_results(records[1::2]),
        pairs=(pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]),
        distinct_games=len(set(lines)),
        distinct_pairs=distinct_pairs,
        distinct_openings=len({line[: record.opening] for line, record in zip(lines, records, strict=True)}),
        elo=estimate_elo(pairs, distinct_pairs),
        forfeits=tuple(ForfeitedGame(r.id, "b" if points_for_a(r) > 0 else "a", r.reason) for r in records if r.reason),
        sprt=sprt,
        llr=None if sprt is None else sprt.llr(pairs, distinct_pairs),
        records=tuple(records),
    )

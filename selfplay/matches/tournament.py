"""Tournaments: many players, the games that tell most about their ratings first.

Knows who is to play whom, and the rating database. Does not know how players are made or named, nor how ratings are
reckoned. A tournament is its database: what is stored there is not played again, so it can be stopped at any moment,
gone on with, and extended by a player for the price of that player's games.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations

from agent.player import Player
from agent.player_identity import Identity
from games.game import Game
from selfplay.game_loop import Start
from selfplay.matches.bradley_terry import Ratings, SeatingResult, fit_ratings
from selfplay.matches.parallel_games import play_games
from selfplay.matches.rating_store import Key, RatingStore
from selfplay.openings import Opening

BATCH = 64
"""The most games of one pair of players between two looks at who should play next."""

FIRST_SHARE = 0.25
"""Pairs that never met play two games each before all others, where that takes no more of ``total`` than this share."""

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Standings:
    """Who stands where: everything in the order of ``players``."""

    players: tuple[Identity, ...]
    ratings: Ratings
    tallies: tuple[SeatingResult, ...]  # first and second are places in ``players``

    @property
    def ranking(self) -> list[int]:
        """The players from the strongest to the weakest, by their places."""
        return sorted(range(len(self.players)), key=lambda i: -self.ratings.elo[i])

    def counts(self, i: int, j: int | None = None) -> tuple[int, int, int]:
        """Wins, draws and losses of player ``i``, against ``j`` or all."""
        wins = draws = losses = 0
        for t in self.tallies:
            if t.first == i and j in (None, t.second):
                wins, draws, losses = wins + t.wins, draws + t.draws, losses + t.losses
            elif t.second == i and j in (None, t.first):
                wins, draws, losses = wins + t.losses, draws + t.draws, losses + t.wins
        return wins, draws, losses


def round_robin(count: int) -> list[Pair]:
    """Everybody against everybody, by their places."""
    return list(combinations(range(count), 2))


def gauntlet(count: int) -> list[Pair]:
    """The first against everybody else."""
    return [(0, other) for other in range(1, count)]


def read_standings(store: RatingStore, anchors: Mapping[str, float] | None = None) -> Standings:
    """Ratings of everybody in the database. ``anchors``: ratings that are given, by name.

    ValueError for an anchor who has not played.
    """
    players = store.players()
    place = {id: i for i, id in enumerate(players)}
    tallies = tuple(t._replace(first=place[t.first], second=place[t.second]) for t in store.tallies())
    names = [player.name for player in players.values()]
    for name in anchors or {}:
        if name not in names:
            raise ValueError(f"{name!r} cannot be an anchor: the players are {', '.join(names)}")
    fixed = {i: (anchors or {})[name] for i, name in enumerate(names) if name in (anchors or {})}
    return Standings(
        players=tuple(players.values()), ratings=fit_ratings(len(names), tallies, anchors=fixed), tallies=tallies
    )


def play_tournament(
    game: Game,
    store: RatingStore,
    entrants: Sequence[Identity],
    crews: Callable[[str, str], Sequence[tuple[Player, Player]]],
    begin: Sequence[Opening],
    *,
    pairs: Sequence[Pair],
    games: int,
    total: int | None = None,
    seed: int = 0,
    num_slots: int = 64,
    progress: Callable[[int, str], None] = lambda games, text: None,
) -> None:
    """Let each of ``pairs``, by places in ``entrants``, have played ``games`` games: what is stored counts.

    Before each batch the pair is chosen whose next game tells most about the ratings. ``crews(name, name)`` makes two
    players, once for each thread. ``begin`` are the openings, ``games / 2`` at least. ``total``: stop after so many
    games in this call. ``progress(games since the last call, who plays)``.
    """
    ids = [store.enter(player) for player in entrants]
    left = _games_left(store, ids, pairs, games)
    budget = sum(map(len, left.values())) if total is None else total
    strangers = {pair for pair, keys in left.items() if len(keys) == games} if total is not None else set()
    if 2 * len(strangers) > FIRST_SHARE * budget:
        strangers.clear()
    while budget > 0 and any(left.values()):
        now = read_standings(store)
        place = {id: n for n, id in enumerate(store.players())}
        pair = max(
            (pair for pair, keys in left.items() if keys),
            key=lambda pair: (pair in strangers, now.ratings.gain(place[ids[pair[0]]], place[ids[pair[1]]])),
        )
        size = 2 if pair in strangers else batch_size(budget, [len(k) for k in left.values() if k], len(entrants))
        strangers.discard(pair)
        if size > 1 and (len(left[pair]) - size) % 2:
            size -= 1  # what is left are openings that wait for both seats
        keys, left[pair] = left[pair][:size], left[pair][size:]
        budget -= len(keys)
        names = entrants[pair[0]], entrants[pair[1]]
        title = f"{names[0].name} - {names[1].name}"
        progress(0, title)
        numbers = {game_id(names, key, ids[pair[0]]): key for key in keys}
        sides = crews(names[0].name, names[1].name)
        slots = min(num_slots, -(-len(keys) // len(sides)))
        starts = _starts(numbers, ids[pair[0]], begin)
        with closing(play_games(game, sides, starts, num_slots=slots, seed=seed)) as arriving:
            for record in arriving:
                store.add([(numbers[record.id], record)])
                progress(1, title)


def entrants_to_play(
    store: RatingStore, entrants: Sequence[Identity], pairs: Sequence[Pair], games: int
) -> list[Identity]:
    """Those of ``entrants`` who have games left in ``play_tournament``. The store is only read."""
    known = {player.digest: id for id, player in store.players().items()}
    new = {player.digest: -place for place, player in enumerate(entrants, 1) if player.digest not in known}
    left = _games_left(store, [(known | new)[player.digest] for player in entrants], pairs, games)
    places = {place for pair, keys in left.items() if keys for place in pair}
    return [player for place, player in enumerate(entrants) if place in places]


def batch_size(budget: int, left: Sequence[int], num_players: int) -> int:
    """How many games of the chosen pair are played before the next look at who should play.

    ``left``: the games that each pair may still play. Where the ``budget`` does not pay for all of them, a batch is a
    small part of it, so that every player can be met twice before it is half spent.
    """
    if budget >= sum(left):
        return BATCH
    part = budget // (2 * min(len(left), num_players)) // 2 * 2  # openings are played from both seats
    return min(budget, BATCH, max(2, part))


def _games_left(store: RatingStore, ids: Sequence[int], pairs: Sequence[Pair], games: int) -> dict[Pair, list[Key]]:
    """The games of ``pairs``, by places in ``ids``, that are not stored; two names of one player do not meet."""
    left: dict[Pair, list[Key]] = {}
    met: set[frozenset[int]] = set()
    for i, j in pairs:
        if ids[i] == ids[j] or frozenset((ids[i], ids[j])) in met:
            continue
        met.add(frozenset((ids[i], ids[j])))
        wanted = [Key(*seats, k) for k in range(games // 2) for seats in ((ids[i], ids[j]), (ids[j], ids[i]))]
        done = {Key(*seats, k) for seats in ((ids[i], ids[j]), (ids[j], ids[i])) for k in store.numbers(*seats)}
        left[i, j] = sorted((key for key in wanted if key not in done), key=lambda key: _whole(key, done))
    return left


def _whole(key: Key, done: Collection[Key]) -> bool:
    """Whether neither seat of the opening has been played: games that make a pair whole come first."""
    return Key(key.second, key.first, key.number) not in done


def _starts(numbers: Mapping[int, Key], a: int, begin: Sequence[Opening]) -> Iterator[Start]:
    for number, key in numbers.items():
        yield Start(number, (0, 1) if key.first == a else (1, 0), tuple(begin[key.number % len(begin)]))


def game_id(names: tuple[Identity, Identity], key: Key, a: int) -> int:
    """A number that follows from who plays whom and the opening alone: all that is drawn in the game comes from it."""
    first, second = names if key.first == a else names[::-1]
    digest = hashlib.sha256(f"{first.digest} {second.digest} {key.number}".encode()).digest()
    return int.from_bytes(digest[:7], "big")

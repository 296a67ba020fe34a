"""Tournaments between many players. The games that tell most about the ratings are played first.

Knows which pairs meet, and the rating database. Does not know how players are made or named, nor how ratings are
computed. Stored games are not played again, so a tournament can be stopped at any moment and resumed later. A new
player costs only that player's games.
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
from selfplay.matches.elo import WinDrawLoss
from selfplay.matches.parallel_games import play_games
from selfplay.matches.rating_store import GameKey, RatingStore
from selfplay.openings import Opening

BATCH = 64
"""The largest number of games that one pair of players plays before the next pair is chosen."""

FIRST_SHARE = 0.25
"""Pairs that never met play two games each before all others, unless that takes a larger share of ``total``."""

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Standings:
    """The ratings and results of all players, in the order of ``players``."""

    players: tuple[Identity, ...]
    ratings: Ratings
    results: tuple[SeatingResult, ...]  # first and second are indices into ``players``

    @property
    def ranking(self) -> list[int]:
        """The indices of the players, from the strongest to the weakest."""
        return sorted(range(len(self.players)), key=lambda i: -self.ratings.elo[i])

    def counts(self, i: int, j: int | None = None) -> WinDrawLoss:
        """The results of player ``i`` against ``j``, or against all others."""
        wins = draws = losses = 0
        for result in self.results:
            if result.first == i and j in (None, result.second):
                wins, draws, losses = wins + result.wins, draws + result.draws, losses + result.losses
            elif result.second == i and j in (None, result.first):
                wins, draws, losses = wins + result.losses, draws + result.draws, losses + result.wins
        return WinDrawLoss(wins, draws, losses)


def round_robin(count: int) -> list[Pair]:
    """Every pair of ``count`` players, by index."""
    return list(combinations(range(count), 2))


def gauntlet(count: int) -> list[Pair]:
    """The first player with each of the others, by index."""
    return [(0, other) for other in range(1, count)]


def read_standings(store: RatingStore, anchors: Mapping[str, float] | None = None) -> Standings:
    """The standings of all players in the database. ``anchors``: ratings that are fixed, by name.

    ValueError for an anchor that is not in the database.
    """
    players = store.players()
    index = {id: i for i, id in enumerate(players)}
    results = tuple(r._replace(first=index[r.first], second=index[r.second]) for r in store.seating_results())
    names = [player.name for player in players.values()]
    for name in anchors or {}:
        if name not in names:
            raise ValueError(f"{name!r} cannot be an anchor: the players are {', '.join(names)}")
    fixed = {i: (anchors or {})[name] for i, name in enumerate(names) if name in (anchors or {})}
    return Standings(
        players=tuple(players.values()), ratings=fit_ratings(len(names), results, anchors=fixed), results=results
    )


def play_tournament(
    game: Game,
    store: RatingStore,
    entrants: Sequence[Identity],
    make_players: Callable[[str, str], Sequence[tuple[Player, Player]]],
    openings: Sequence[Opening],
    *,
    pairs: Sequence[Pair],
    games: int,
    total: int | None = None,
    seed: int = 0,
    num_slots: int = 64,
    progress: Callable[[int, str], None] = lambda games, text: None,
) -> None:
    """Play until each of ``pairs``, indices into ``entrants``, has ``games`` games, those in ``store`` included.

    Before each batch of games, the pair is chosen whose next game tells most about the ratings.
    ``make_players(name, name)`` makes the two players, once for each thread. There must be at least ``games / 2``
    ``openings``. ``total``: stop after so many games in this call. ``progress(games since the last call, who plays)``.
    """
    ids = [store.add_player(player) for player in entrants]
    left = _unplayed_games(store, ids, pairs, games)
    budget = sum(map(len, left.values())) if total is None else total
    unmet = {pair for pair, keys in left.items() if len(keys) == games} if total is not None else set()
    if 2 * len(unmet) > FIRST_SHARE * budget:
        unmet.clear()
    while budget > 0 and any(left.values()):
        ratings = read_standings(store).ratings
        index = {id: n for n, id in enumerate(store.players())}
        pair = max(
            (pair for pair, keys in left.items() if keys),
            key=lambda pair: (pair in unmet, ratings.information_gain(index[ids[pair[0]]], index[ids[pair[1]]])),
        )
        size = 2 if pair in unmet else batch_size(budget, [len(k) for k in left.values() if k], len(entrants))
        unmet.discard(pair)
        if size > 1 and (len(left[pair]) - size) % 2:
            size -= 1  # so that the games left are whole pairs
        keys, left[pair] = left[pair][:size], left[pair][size:]
        budget -= len(keys)
        identities = entrants[pair[0]], entrants[pair[1]]
        names = identities[0].name, identities[1].name
        title = f"{names[0]} - {names[1]}"
        progress(0, title)
        keys_by_id = {game_id(identities, key, ids[pair[0]]): key for key in keys}
        players = make_players(*names)
        slots = min(num_slots, -(-len(keys) // len(players)))
        starts = _starts(keys_by_id, ids[pair[0]], openings)
        with closing(play_games(game, players, starts, num_slots=slots, seed=seed)) as played:
            for record in played:
                store.add([(keys_by_id[record.id], record)])
                progress(1, title)


def entrants_to_play(
    store: RatingStore, entrants: Sequence[Identity], pairs: Sequence[Pair], games: int
) -> list[Identity]:
    """The ``entrants`` with unplayed games in ``play_tournament``. The store is only read."""
    known = {player.digest: id for id, player in store.players().items()}
    new = {player.digest: -number for number, player in enumerate(entrants, 1) if player.digest not in known}
    left = _unplayed_games(store, [(known | new)[player.digest] for player in entrants], pairs, games)
    indices = {i for pair, keys in left.items() if keys for i in pair}
    return [player for i, player in enumerate(entrants) if i in indices]


def batch_size(budget: int, left: Sequence[int], num_players: int) -> int:
    """The number of games that the chosen pair plays before the next pair is chosen.

    ``left``: the number of games that each pair may still play. If the ``budget`` is smaller than their sum, a batch is
    a small part of it, so that every player can be met twice before half of the budget is spent.
    """
    if budget >= sum(left):
        return BATCH
    part = budget // (2 * min(len(left), num_players)) // 2 * 2  # openings are played from both seats
    return min(budget, BATCH, max(2, part))


def _unplayed_games(
    store: RatingStore, ids: Sequence[int], pairs: Sequence[Pair], games: int
) -> dict[Pair, list[GameKey]]:
    """The games of ``pairs``, indices into ``ids``, that are not stored. Two names of one player do not meet."""
    left: dict[Pair, list[GameKey]] = {}
    seen: set[frozenset[int]] = set()
    for i, j in pairs:
        if ids[i] == ids[j] or frozenset((ids[i], ids[j])) in seen:
            continue
        seen.add(frozenset((ids[i], ids[j])))
        wanted = [GameKey(*seats, k) for k in range(games // 2) for seats in ((ids[i], ids[j]), (ids[j], ids[i]))]
        done = {
            GameKey(*seats, k) for seats in ((ids[i], ids[j]), (ids[j], ids[i])) for k in store.played_openings(*seats)
        }
        left[i, j] = sorted((key for key in wanted if key not in done), key=lambda key: _starts_pair(key, done))
    return left


def _starts_pair(key: GameKey, done: Collection[GameKey]) -> bool:
    """Whether the opening has not been played from the other seats either: games that complete a pair come first."""
    return GameKey(key.second, key.first, key.number) not in done


def _starts(keys_by_id: Mapping[int, GameKey], a: int, openings: Sequence[Opening]) -> Iterator[Start]:
    for id, key in keys_by_id.items():
        yield Start(id, (0, 1) if key.first == a else (1, 0), tuple(openings[key.number % len(openings)]))


def game_id(players: tuple[Identity, Identity], key: GameKey, a: int) -> int:
    """A game id that depends only on the players, their seats and the opening. The game's random numbers use it."""
    first, second = players if key.first == a else players[::-1]
    digest = hashlib.sha256(f"{first.digest} {second.digest} {key.number}".encode()).digest()
    return int.from_bytes(digest[:7], "big")

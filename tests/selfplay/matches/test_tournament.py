"""Tournaments: what is stored is not played again, and who is new plays only his own games."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.player import Player
from agent.player_identity import identify_player
from agent.players import make_player
from games import Game, make
from selfplay.matches.bradley_terry import SeatingResult, fit_ratings
from selfplay.matches.rating_store import GameKey, RatingStore
from selfplay.matches.tournament import (
    Standings,
    _starts,
    entrants_to_play,
    game_id,
    gauntlet,
    play_tournament,
    read_standings,
    round_robin,
)
from selfplay.openings import make_openings

AGREED = {"game": "tic_tac_toe", "seed": 0}


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


class Host:
    """Plays tournaments in a folder and counts."""

    def __init__(self, game: Game, folder: Path) -> None:
        self.game, self.folder, self.played = game, folder, 0
        self.met: list[tuple[str, str]] = []

    def make_players(self, a: str, b: str) -> Sequence[tuple[Player, Player]]:
        self.met.append((a, b))
        return [(make_player(a, self.game, num_slots=8), make_player(b, self.game, num_slots=8))]

    def count(self, games: int, text: str) -> None:
        self.played += games

    def play(self, *names: str, games: int = 8, total: int | None = None, all_pairs: bool = True, **seed: int) -> int:
        """How many games it took."""
        before = self.played
        with RatingStore(self.folder, AGREED) as store:
            play_tournament(
                self.game,
                store,
                [identify_player(name) for name in names],
                self.make_players,
                make_openings(self.game, games // 2, 2),
                pairs=(round_robin if all_pairs else gauntlet)(len(names)),
                games=games,
                total=total,
                num_slots=8,
                progress=self.count,
                **seed,
            )
        return self.played - before


def rows(folder: Path) -> list[tuple[object, ...]]:
    with RatingStore(folder) as store:
        names = {id: who.name for id, who in store.players().items()}
        query = "SELECT first, second, number, actions, outcome FROM games"
        return sorted((names[row[0]], names[row[1]], *row[2:]) for row in store.database.execute(query))


def test_what_is_stored_is_not_played_again(game: Game, tmp_path: Path) -> None:
    host = Host(game, tmp_path)
    assert host.play("random", "mcts:5", "minimax:2") == 24
    before = rows(tmp_path)
    assert host.play("random", "mcts:5", "minimax:2") == 0
    assert host.play("minimax:2", "mcts:5", "random", "mcts:20") == 24  # 3 pairs of the new player's
    assert set(before) < set(rows(tmp_path))
    assert host.play("random", "mcts:5", games=12) == 4
    with RatingStore(tmp_path) as store:
        now = read_standings(store, {"random": 0.0})
    assert now.players[now.ranking[-1]].name == "random"
    assert now.ratings.elo[0] == 0
    assert now.counts(0)[0] + now.counts(0)[1] + now.counts(0)[2] == 28


def test_in_parts_it_is_the_same_tournament(game: Game, tmp_path: Path) -> None:
    names = ("random", "mcts:5", "minimax:2")
    whole, parts = Host(game, tmp_path / "whole"), Host(game, tmp_path / "parts")
    whole.play(*names)
    played = 0
    while played < 24:
        played += (once := parts.play(*names[::-1], total=5))
        assert once == min(5, 24 - played + once)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


def test_a_gauntlet_is_the_first_against_the_others(game: Game, tmp_path: Path) -> None:
    host = Host(game, tmp_path)
    assert host.play("random", "mcts:5", "minimax:2", all_pairs=False) == 16
    assert set(host.met) == {("random", "mcts:5"), ("random", "minimax:2")}


def test_the_seed_determines_the_games(game: Game, tmp_path: Path) -> None:
    """Without a seed it is 0. The same seed plays the same games, another one plays others."""
    played = {}
    for name, seed in (("default", {}), ("0", {"seed": 0}), ("1", {"seed": 1})):
        Host(game, tmp_path / name).play("random", "mcts:2", **seed)
        played[name] = rows(tmp_path / name)
    assert played["default"] == played["0"] != played["1"]


@pytest.mark.parametrize("names", [("perfect", "random"), ("random", "perfect")])
def test_results_are_stored_for_the_players_that_had_the_seats(game: Game, tmp_path: Path, names: list[str]) -> None:
    """Perfect wins at least ten games more than it loses, whichever of the two is the first entrant."""
    Host(game, tmp_path).play(*names, games=20)
    points = {"perfect": 0, "random": 0}
    for first, second, *_, outcome in rows(tmp_path):
        points[str(first)] += int(str(outcome))
        points[str(second)] -= int(str(outcome))
    assert points["perfect"] >= 10


def test_an_anchor_must_have_played(game: Game, tmp_path: Path) -> None:
    Host(game, tmp_path).play("random", "mcts:5", games=2)
    with RatingStore(tmp_path) as store, pytest.raises(ValueError, match="'perfect' cannot be an anchor"):
        read_standings(store, {"perfect": 0.0})
    with RatingStore(tmp_path) as store:
        assert read_standings(store, {"random": 150.0}).ratings.elo[0] == 150


def test_two_names_of_one_player_are_one(game: Game, tmp_path: Path) -> None:
    twin = identify_player("mcts:5")._replace(name="twin")
    host = Host(game, tmp_path)
    with RatingStore(tmp_path, AGREED) as store:
        entrants = [identify_player("random"), identify_player("mcts:5"), twin]
        begin = make_openings(game, 2, 2)
        play_tournament(
            game, store, entrants, host.make_players, begin, pairs=round_robin(3), games=4, progress=host.count
        )
        assert [player.name for player in store.players().values()] == ["random", "mcts:5"]
    assert host.played == 4


STRENGTHS = ("random", "perfect", "minimax:3", "mcts:5", "minimax:1")


def games_by_pair(folder: Path) -> dict[frozenset[str], int]:
    met = Counter(frozenset(map(str, row[:2])) for row in rows(folder))
    return dict(met)


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("total", [10, 30, 60, 97])
def test_a_small_total_is_shared_out(game: Game, tmp_path: Path, count: int, total: int) -> None:
    host, pairs = Host(game, tmp_path), count * (count - 1) // 2
    names = STRENGTHS[:count]
    assert host.play(*names, games=100, total=total) == total
    met = games_by_pair(tmp_path)
    assert sum(met.values()) == total
    assert all(any(name in pair for pair in met) for name in names)
    assert max(met.values()) <= total * 2 / 3
    if total >= 8 * pairs:
        assert len(met) == pairs
        assert min(met.values()) >= 2


def test_a_stopped_tournament_completes_its_openings_first(game: Game, tmp_path: Path) -> None:
    """Killed with one seat of some openings played, it plays their other seats before it begins new openings."""
    names = STRENGTHS[:3]
    host = Host(game, tmp_path)
    host.play(*names, games=40, total=61)
    with RatingStore(tmp_path, AGREED) as store:
        with store.database:
            store.database.execute("DELETE FROM games WHERE first = 1 AND number IN (0, 1)")
        before = len(rows(tmp_path))
    assert host.play(*names, games=40, total=120 - before) == 120 - before
    assert sum(games_by_pair(tmp_path).values()) == 120
    assert games_by_pair(tmp_path) == dict.fromkeys(games_by_pair(tmp_path), 40)


def test_openings_are_played_from_both_seats_whenever_it_stops(game: Game, tmp_path: Path) -> None:
    host = Host(game, tmp_path)
    host.play(*STRENGTHS[:3], games=40, total=31)  # an odd number: one opening waits for its other seat
    for _ in range(3):
        host.play(*STRENGTHS[:3], games=40, total=20)
        keys = Counter((frozenset(map(str, row[:2])), row[2]) for row in rows(tmp_path))
        assert sum(games == 1 for games in keys.values()) <= 1


def test_who_has_games_left(game: Game, tmp_path: Path) -> None:
    Host(game, tmp_path).play("random", "mcts:5", games=8)
    names = [identify_player(text) for text in ("random", "mcts:5", "mcts:5", "perfect")]
    with RatingStore(tmp_path) as store:
        assert entrants_to_play(store, names[:3], round_robin(3), 8) == []
        assert entrants_to_play(store, names[:3], round_robin(3), 10) == names[:2]
        assert entrants_to_play(store, names, gauntlet(4), 8) == [names[0], names[3]]
        assert entrants_to_play(store, [names[3], names[1]], round_robin(2), 8) == [names[3], names[1]]


def test_seats_openings_and_ids_of_games_follow_from_their_keys() -> None:
    keys = {7: GameKey(4, 5, 0), 8: GameKey(5, 4, 0), 9: GameKey(4, 5, 3), 10: GameKey(5, 4, 4)}
    openings = [(0, 1), (2, 3)]
    assert list(_starts(keys, 4, openings)) == [
        (7, (0, 1), (0, 1)),
        (8, (1, 0), (0, 1)),
        (9, (0, 1), (2, 3)),
        (10, (1, 0), (0, 1)),
    ]
    a, b = identify_player("random"), identify_player("mcts:5")
    ids = {game_id((a, b), GameKey(*seats, number), 4) for seats in ((4, 5), (5, 4)) for number in range(3)}
    assert len(ids) == 6
    assert game_id((a, b), GameKey(4, 5, 2), 4) == game_id((b, a), GameKey(9, 3, 2), 3)  # whatever ids a store gives
    assert all(0 <= id < 1 << 56 for id in ids)
    digest = hashlib.sha256(f"{b.digest} {a.digest} 2".encode()).digest()  # first player, second player, opening
    assert game_id((a, b), GameKey(5, 4, 2), 4) == int.from_bytes(digest[:7], "big")


def test_standings_count_games_from_a_players_view() -> None:
    results = (SeatingResult(0, 1, 5, 3, 1, 9), SeatingResult(1, 0, 4, 2, 0, 6), SeatingResult(2, 0, 1, 0, 7, 8))
    players = tuple(identify_player(text) for text in ("random", "mcts:5", "perfect"))
    standings = Standings(players=players, ratings=fit_ratings(3, results), results=results)
    assert standings.counts(0, 1) == (5, 5, 5)
    assert standings.counts(1, 0) == (5, 5, 5)
    assert standings.counts(0, 2) == (7, 0, 1)
    assert standings.counts(0) == (12, 5, 6)
    assert standings.counts(2) == (1, 0, 7)
    assert standings.counts(1, 2) == (0, 0, 0)
    assert standings.ranking == sorted(range(3), key=lambda i: standings.ratings.elo[i], reverse=True)
    assert standings.ranking[-1] == 2

"""Which pair of a tournament plays next, and how many games it plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.player import Player
from agent.player_identity import identify_player
from games import Game, make
from selfplay.matches.rating_store import GameKey, RatingStore
from selfplay.matches.tournament import _unplayed_games, batch_size, gauntlet, play_tournament, round_robin
from selfplay.openings import make_openings
from tests.selfplay.matches.test_rating_store import game as record_of
from tests.selfplay.matches.test_tournament import AGREED, Host, rows


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def test_the_least_known_pair_plays_first(game: Game, tmp_path: Path) -> None:
    host = Host(game, tmp_path)
    host.play("mcts:5", "mcts:6", games=60)
    host.met.clear()
    host.play("mcts:5", "mcts:6", "mcts:7", games=100, total=20)
    assert "mcts:7" in host.met[0]


def test_pairs_that_never_met_play_two_games_each_first(game: Game, tmp_path: Path) -> None:
    """These six games are a fourth of all that may be played; of more games, the first pair would play four."""
    names, titles = ("random", "minimax:1", "minimax:2"), list[str]()
    with RatingStore(tmp_path, AGREED) as store:
        play_tournament(
            game,
            store,
            [identify_player(name) for name in names],
            Host(game, tmp_path).make_players,
            make_openings(game, 50, 2),
            pairs=round_robin(3),
            games=100,
            total=24,
            progress=lambda games, title: titles.extend([title] * games),
        )
    assert len(titles) == 24
    assert len(set(titles[:6])) == 3
    assert titles[:6:2] == titles[1:6:2]


def test_after_their_first_games_pairs_play_whole_batches(game: Game, tmp_path: Path) -> None:
    host = Host(game, tmp_path)
    assert host.play("random", "minimax:1", "minimax:2", games=100, total=60) == 60
    assert len(set(host.met[:3])) == 3
    assert len(host.met) < 25  # batches of two games would be 30


def test_first_games_of_new_pairs_take_at_most_a_fourth_of_the_total(game: Game, tmp_path: Path) -> None:
    """Two games of each of six pairs would be 12 of 40, so the first pair plays a whole batch of four games."""
    titles = list[str]()
    with RatingStore(tmp_path, AGREED) as store:
        play_tournament(
            game,
            store,
            [identify_player(f"minimax:{depth}") for depth in (1, 2, 3)] + [identify_player("random")],
            Host(game, tmp_path).make_players,
            make_openings(game, 50, 2),
            pairs=round_robin(4),
            games=100,
            total=40,
            progress=lambda games, title: titles.extend([title] * games),
        )
    assert len(titles) == 40
    assert len(set(titles[:4])) == 1


def test_a_batch_after_a_single_game_first_completes_its_opening(game: Game, tmp_path: Path) -> None:
    """Whenever a batch begins, only the game that was stored before the tournament may wait for its other seat."""
    waiting = list[int]()

    class Watcher(Host):
        def make_players(self, a: str, b: str) -> Sequence[tuple[Player, Player]]:
            openings = Counter(row[2] for row in rows(self.folder))
            waiting.append(sum(games == 1 for games in openings.values()))
            return super().make_players(a, b)

    with RatingStore(tmp_path, AGREED) as store:
        x, y = (store.add_player(identify_player(text)) for text in ("random", "minimax:1"))
        store.add([(GameKey(x, y, 0), record_of([1, 2], 1))])
    assert Watcher(game, tmp_path).play("random", "minimax:1", games=40, total=7) == 7
    assert waiting == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("budget", "left", "num_players", "size"),
    [
        (100, [60, 40], 3, 64),  # enough for all games
        (99, [60, 40], 3, 24),  # a fourth, in whole openings
        (99, [60, 40, 40], 3, 16),  # a sixth
        (99, [60, 40, 40], 2, 24),  # no more pairs count than there are players
        (1000, [4000], 9, 64),
        (7, [60, 40], 3, 2),
        (1, [60, 40], 3, 1),
        (16, [60, 40], 3, 4),
        (15, [60, 40], 3, 2),
    ],
)
def test_a_batch_is_a_small_even_part_of_a_budget_that_is_not_enough(
    budget: int, left: list[int], num_players: int, size: int
) -> None:
    assert batch_size(budget, left, num_players) == size


def test_games_are_left_opening_by_opening_from_both_seats(tmp_path: Path) -> None:
    """Games whose opening was played from the other seats come first; no pair plays twice."""
    with RatingStore(tmp_path, AGREED) as store:
        x, y, z = (store.add_player(identify_player(text)) for text in ("random", "mcts:5", "perfect"))
        left = _unplayed_games(store, [x, y, z], [(0, 1), (1, 0), (1, 1), (2, 0)], 4)
        assert left == {
            (0, 1): [GameKey(x, y, 0), GameKey(y, x, 0), GameKey(x, y, 1), GameKey(y, x, 1)],
            (2, 0): [GameKey(z, x, 0), GameKey(x, z, 0), GameKey(z, x, 1), GameKey(x, z, 1)],
        }
        store.add([(GameKey(y, x, 1), record_of([1, 2], 1)), (GameKey(x, y, 2), record_of([1, 2], 1))])
        left = _unplayed_games(store, [x, y], [(0, 1)], 5)  # two openings; a third does not fit
        assert left == {(0, 1): [GameKey(x, y, 1), GameKey(x, y, 0), GameKey(y, x, 0)]}
        left = _unplayed_games(store, [x, y], [(0, 1)], 6)
        assert left[0, 1][:2] == [GameKey(x, y, 1), GameKey(y, x, 2)]
        assert len(left[0, 1]) == 4
        store.add([(GameKey(y, x, 3), record_of([1, 2], 1))])
        left = _unplayed_games(store, [x, y], [(0, 1)], 8)
        assert left[0, 1][:3] == [GameKey(x, y, 1), GameKey(y, x, 2), GameKey(x, y, 3)]


def test_pairs_of_players() -> None:
    assert round_robin(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert gauntlet(4) == [(0, 1), (0, 2), (0, 3)]

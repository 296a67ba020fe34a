"""Matches: seats, pairs, counts, and games that only repeat others."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from agent.decision import Decisions, Forfeit, Terms
from agent.player import ImmediatePlayer, RandomPlayer
from agent.players import make_player
from games import Game, make
from games.game import States
from selfplay.matches.elo import WinDrawLoss
from selfplay.matches.match import make_result, play_match, points_for_a
from selfplay.matches.sprt import Sprt
from selfplay.records import validate_records

pytestmark = pytest.mark.nojit


class FirstLegal(ImmediatePlayer):
    """Plays the legal action with the lowest number, and remembers the numbers of stones that it saw."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        self.seen: list[int] = []

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        legal = self.game.describe_new(states).legal
        out.action[:] = legal.argmax(axis=1)
        out.policy[np.arange(len(states)), out.action] = 1
        self.seen += [int((row["stones"] != 0).sum()) for row in states]
        return out


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def test_every_opening_is_played_from_both_seats(game: Game) -> None:
    result = play_match(game, RandomPlayer(game), RandomPlayer(game), games=40, opening_plies=3, num_slots=7)
    assert [record.id for record in result.records] == list(range(40))
    openings = [record.actions[:3].tolist() for record in result.records]
    assert openings[::2] == openings[1::2]
    assert all(record.opening == 3 for record in result.records)
    validate_records(game, result.records)


def test_counts_agree_with_the_records(game: Game) -> None:
    result = play_match(game, RandomPlayer(game), RandomPlayer(game), games=60, num_slots=16)
    scores = [points_for_a(record) for record in result.records]
    assert (result.wins, result.draws, result.losses) == (scores.count(1), scores.count(0), scores.count(-1))
    assert sum(result.first) == sum(result.second) == 30
    assert result.games == 60
    assert sum(result.pairs) == 30
    assert result.elo.score == pytest.approx((result.wins + result.draws / 2) / 60)
    assert result.elo.score == pytest.approx(np.dot(result.pairs, [0, 0.25, 0.5, 0.75, 1]) / 30)


def test_the_seed_determines_the_games_and_the_slots_do_not(game: Game) -> None:
    def lines(seed: int, num_slots: int) -> list[list[int]]:
        sides = RandomPlayer(game), RandomPlayer(game)
        result = play_match(game, *sides, games=20, seed=seed, num_slots=num_slots)
        return [record.actions.tolist() for record in result.records]

    assert lines(5, 3) == lines(5, 20)
    assert lines(5, 3) != lines(6, 3)


def test_each_player_is_asked_for_its_own_moves_only(game: Game) -> None:
    """Without an opening, the first player sees even numbers of stones and the second odd ones."""
    one, other = FirstLegal(game), FirstLegal(game)
    play_match(game, one, other, games=2, book=[()], num_slots=1)
    length = 7  # 0, 1, 2, ... in turn: the first player takes the diagonal 2 4 6
    assert one.seen == [*range(0, length, 2), *range(1, length, 2)]
    assert other.seen == [*range(1, length, 2), *range(0, length, 2)]


def test_repeated_games_are_not_new_data(game: Game) -> None:
    """Two deterministic players play the same pair of games, however often they play."""
    few, many = (play_match(game, FirstLegal(game), FirstLegal(game), games=games, book=[()]) for games in (2, 200))
    assert many.distinct_games == 1  # both seats play the same
    assert many.distinct_pairs == 1
    assert many.wins == many.losses == 100
    assert many.elo == few.elo


def test_a_search_beats_a_random_player(game: Game) -> None:
    search = make_player("mcts:20", game, num_slots=8, seed=0)
    updates: list[tuple[int, WinDrawLoss, float | None]] = []
    result = play_match(
        game, search, RandomPlayer(game), games=24, num_slots=8, progress=lambda *each: updates.append(each)
    )
    assert result.elo.score > 0.7
    assert result.elo.los > 0.95
    assert updates[-1] == (24, (result.wins, result.draws, result.losses), None)
    assert [finished for finished, _, _ in updates] == sorted(finished for finished, _, _ in updates)
    content = json.loads(json.dumps(result.as_json(), allow_nan=False))
    assert content["wins"] == content["as_first"]["wins"] + content["as_second"]["wins"]


@pytest.mark.parametrize("games", [0, 1, 7, -2])
def test_games_come_in_pairs(game: Game, games: int) -> None:
    with pytest.raises(ValueError, match=f"games is {games}; .*even"):
        play_match(game, RandomPlayer(game), RandomPlayer(game), games=games)


def test_an_empty_book_is_refused(game: Game) -> None:
    with pytest.raises(ValueError, match="book of openings is empty"):
        play_match(game, RandomPlayer(game), RandomPlayer(game), games=2, book=[])


def test_threads_play_the_same_games(game: Game) -> None:
    def match(threads: int) -> list[list[int]]:
        pairs = [tuple(make_player("mcts:12", game, num_slots=5) for _ in range(2)) for _ in range(threads)]
        others = [(a, b) for a, b in pairs[1:]]
        a, b = pairs[0]
        result = play_match(game, a, b, games=40, num_slots=5, others=others, seed=3)
        return [record.actions.tolist() for record in result.records]

    assert match(3) == match(1)


def test_a_test_ends_the_match_in_the_order_of_pairs(game: Game) -> None:
    """The first pairs are counted, however many other games were active, and the last of them decides."""
    test = Sprt(elo0=0, elo1=150)
    search = make_player("mcts:40", game, num_slots=32, seed=0)
    result = play_match(game, search, RandomPlayer(game), games=400, sprt=test, num_slots=32)
    assert result.verdict == "H1"
    assert result.games < 400
    assert [record.id for record in result.records] == list(range(result.games))
    assert result.llr is not None
    assert result.llr >= test.upper
    one_less = make_result(game, result.records[:-2], test)
    assert one_less.verdict is None
    alone = play_match(
        game, make_player("mcts:40", game, num_slots=2), RandomPlayer(game), games=400, sprt=test, num_slots=2
    )
    assert alone.pairs == result.pairs


class Failing(ImmediatePlayer):
    """Gives its games up, one in ``think`` and the others when asked to decide."""

    def think(self, slots: Any, states: States, terms: Terms) -> None:
        super().think(slots[1:], states[1:], terms.rows(slice(1, None)))
        raise Forfeit(slots[:1], "does not start")

    def decisions(self, states: States, terms: Terms) -> Decisions:
        raise AssertionError("never decides")

    def decide(self) -> tuple[Any, Decisions]:
        slots = np.concatenate([slots for slots, _, _ in self.waiting])
        self.waiting.clear()
        raise Forfeit(slots, "crashed")


def test_a_player_that_fails_loses_its_games_and_the_match_goes_on(game: Game) -> None:
    result = play_match(game, RandomPlayer(game), Failing(game), games=40, num_slots=8, opening_plies=1)
    assert (result.wins, result.draws, result.losses) == (40, 0, 0)
    assert len(result.forfeits) == 40
    assert {each.loser for each in result.forfeits} == {"b"}
    assert {each.reason for each in result.forfeits} == {"does not start", "crashed"}
    assert {len(record.actions) for record in result.records} == {1, 2}
    validate_records(game, result.records)
    json.dumps(result.as_json(), allow_nan=False)

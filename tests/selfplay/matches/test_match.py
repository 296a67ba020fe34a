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
from selfplay.matches.elo import WinDrawLoss, estimate_elo
from selfplay.matches.match import _SequentialTest, _starts, count_results, make_result, play_match, points_for_a
from selfplay.matches.sprt import Sprt
from selfplay.records import GameRecord, validate_records

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
    assert {record.opening for record in result.records} == {2}  # plies, by default
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


def record(id: int, outcome: int, *actions: int, opening: int = 1, reason: str = "") -> GameRecord:
    """A finished game, seen from the player in the first seat."""
    count = len(actions)
    return GameRecord(
        id=id,
        seed=0,
        actions=np.array(actions, np.int16),
        policies=np.zeros((count - opening, 9), np.float32),
        values=np.zeros(count - opening, np.float32),
        budgets=np.zeros(count - opening, np.int16),
        networks=np.zeros(count - opening, np.int32),
        outcome=outcome,
        reason=reason,
    )


PLAYED = [
    *(record(0, 1, 0, 1, 2), record(1, -1, 0, 1, 2)),  # A wins from both seats: 2 points
    *(record(2, 1, 0, 3, 4), record(3, 0, 0, 3, 4)),  # 3/2
    *(record(4, 1, 5, 1), record(5, 1, 5, 2, reason="crashed")),  # 1: both times the first seat wins
    *(record(6, 0, 5, 1), record(7, 1, 5, 2)),  # 1/2
    *(record(8, -1, 6, 1, reason="slow"), record(9, 1, 6, 1)),  # 0
    *(record(10, 1, 0, 1, 2), record(11, -1, 0, 1, 2)),  # games 0 and 1 again
]


def test_pairs_seats_and_repeats_are_counted(game: Game) -> None:
    result = make_result(game, PLAYED[::-1])
    assert result.pairs == (1, 1, 1, 1, 2)
    assert result.first == (4, 1, 1)
    assert result.second == (2, 1, 3)
    assert (result.wins, result.draws, result.losses, result.games) == (6, 2, 4, 12)
    assert count_results(PLAYED[:2]) == (2, 0, 0)
    assert (result.distinct_games, result.distinct_pairs) == (5, 4)
    assert [(each.id, each.loser, each.reason) for each in result.forfeits] == [(5, "a", "crashed"), (8, "a", "slow")]
    assert result.elo == estimate_elo([1, 1, 1, 1, 2], 4)
    assert (result.sprt, result.llr, result.verdict) == (None, None, None)
    assert [each.id for each in result.records] == list(range(12))
    test = Sprt(elo0=0, elo1=10)
    tested = make_result(game, PLAYED, test)
    assert tested.llr == test.llr([1, 1, 1, 1, 2], 4)
    assert tested.as_json()["sprt"] == test.as_json(tested.llr)
    assert "6 wins, 2 draws, 4 losses; score 58.3%" in repr(result)


def test_each_number_of_points_has_its_count(game: Game) -> None:
    of_points = {0: (-1, 1), 1: (0, 1), 2: (1, 1), 3: (1, 0), 4: (1, -1)}
    outcomes = [outcome for points, pair in of_points.items() for _ in range(points + 1) for outcome in pair]
    records = [record(id, outcome, 0, id % 8 + 1) for id, outcome in enumerate(outcomes)]
    result, test = make_result(game, records), _SequentialTest(Sprt(elo0=0, elo1=1))
    test.update({each.id: each for each in records})
    assert result.pairs == tuple(test.pairs) == (1, 2, 3, 4, 5)
    assert result.as_json()["pairs"] == [1, 2, 3, 4, 5]


def test_a_sequential_test_counts_pairs_in_their_order_and_each_once() -> None:
    sprt = Sprt(elo0=0, elo1=100)
    test = _SequentialTest(sprt)
    by_id = {each.id: each for each in PLAYED}
    test.update({id: by_id[id] for id in (1, 2, 3, 4)})  # game 0 is still played
    assert (test.num_pairs, test.pairs, test.llr, test.is_open) == (0, [0] * 5, 0.0, True)
    test.update({id: by_id[id] for id in (0, 1, 2, 3, 4, 7)})
    assert (test.num_pairs, test.pairs, test.is_open) == (2, [0, 0, 0, 1, 1], True)
    assert test.llr == sprt.llr([0, 0, 0, 1, 1], 2)
    test.update(by_id)
    assert (test.num_pairs, test.pairs) == (6, [1, 1, 1, 1, 2])
    assert test.llr == sprt.llr([1, 1, 1, 1, 2], 4)  # pairs of different games
    assert _SequentialTest(None).llr is None
    wins = {2 * i + j: record(2 * i + j, 1 - 2 * j, i, 8) for i in range(40) for j in range(2)}
    test = _SequentialTest(sprt)
    test.update(wins)
    decided = next(n for n in range(1, 41) if sprt.verdict(sprt.llr([0, 0, 0, 0, n])))
    assert 1 < test.num_pairs == decided < 40  # those after the verdict do not count
    assert not test.is_open


def test_what_is_left_of_a_match_is_played_with_the_openings_of_its_pairs() -> None:
    book = [(0, 1), (2, 3), (4, 5)]
    assert list(_starts(8, book, {})) == [
        *((0, (0, 1), (0, 1)), (1, (1, 0), (0, 1)), (2, (0, 1), (2, 3)), (3, (1, 0), (2, 3))),
        *((4, (0, 1), (4, 5)), (5, (1, 0), (4, 5)), (6, (0, 1), (0, 1)), (7, (1, 0), (0, 1))),
    ]
    finished = {
        0: record(0, 1, 7, 8, 6, opening=2),
        1: record(1, 1, 7, 8, 6, opening=2),
        3: record(3, 1, 6, 5, opening=1),
    }
    assert list(_starts(5, book, finished)) == [(2, (0, 1), (6,)), (4, (0, 1), (4, 5))]


def test_with_one_pair_a_match_is_two_games(game: Game) -> None:
    result = play_match(game, RandomPlayer(game), RandomPlayer(game), games=2, opening_plies=0)
    assert [each.id for each in result.records] == [0, 1]
    assert result.distinct_openings == 1


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

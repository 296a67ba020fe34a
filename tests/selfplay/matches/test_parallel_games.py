"""Many games at once: every start is played once, whoever plays it; failures and early ends reach every thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer, RandomPlayer
from games import Game, make
from games.game import States
from selfplay.game_loop import Start
from selfplay.matches.parallel_games import COMPILE_ROUNDS, play_games

pytestmark = pytest.mark.nojit


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def pairs_of_players(game: Game, threads: int) -> list[list[RandomPlayer]]:
    return [[RandomPlayer(game), RandomPlayer(game)] for _ in range(threads)]


def starts(count: int, begun: list[int] | None = None) -> Iterator[Start]:
    for id in range(count):
        if begun is not None:
            begun.append(id)
        yield Start(id, (id % 2, 1 - id % 2))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 30])
def test_every_start_is_played_once_and_the_same_in_any_thread(game: Game, threads: int, count: int) -> None:
    played = {
        threads: {
            record.id: record.actions.tolist()
            for record in play_games(game, pairs_of_players(game, threads), starts(count), num_slots=3, seed=4)
        }
        for threads in {1, threads}
    }
    assert sorted(played[threads]) == list(range(count))
    assert played[threads] == played[1]


class Broken(RandomPlayer):
    """Fails in its third call."""

    calls = 0

    def decisions(self, states: States, terms: Terms) -> Decisions:
        self.calls += 1
        if self.calls > 2:
            raise ZeroDivisionError("the player is broken")
        return super().decisions(states, terms)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("last_is_broken", [False, True])
def test_a_players_exception_is_raised_here(game: Game, threads: int, last_is_broken: bool) -> None:
    players = pairs_of_players(game, threads)
    players[-1 if last_is_broken else 0][1] = Broken(game)
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="the player is broken"):
        list(play_games(game, players, starts(200), num_slots=3, seed=4))
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_closed_early_it_begins_no_more_games_and_leaves_no_thread(game: Game, threads: int) -> None:
    before, begun = threading.active_count(), list[int]()
    games = play_games(game, pairs_of_players(game, threads), starts(10**9, begun), num_slots=3, seed=4)
    assert next(games).id in range(3 * threads + 3 * COMPILE_ROUNDS)
    games.close()
    assert threading.active_count() == before
    count = len(begun)
    assert list(games) == []
    assert len(begun) == count


class Counting(ImmediatePlayer):
    """Plays the first legal action, and counts the games that it sees at once."""

    most = 0

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        out.action[:] = self.game.describe_new(states).legal.argmax(axis=1)
        out.policy[np.arange(len(states)), out.action] = 1
        self.most = max(self.most, len(states))
        return out


def test_each_thread_compiles_nothing_that_the_first_did_not_run_before(game: Game) -> None:
    """Both players of the first thread have decided before a second thread starts."""
    threads = threading.active_count()
    seen: list[int] = []

    class Watching(Counting):
        def decisions(self, states: States, terms: Terms) -> Decisions:
            seen.append(threading.active_count() - threads)
            return super().decisions(states, terms)

    own, rest = [Watching(game), Watching(game)], [Counting(game), Counting(game)]
    assert len(list(play_games(game, [own, rest], starts(12), num_slots=4, seed=1))) == 12
    assert seen[:2] == [0, 0]
    assert max(seen) >= 1  # later it ran beside the other thread, if that was not done already
    assert own[0].most <= 4
    assert own[1].most <= 4

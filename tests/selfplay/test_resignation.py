"""Resignation: the threshold that games played to the end allow, and who resigns below it."""

from __future__ import annotations

import numpy as np
import pytest

import games
from selfplay.records import GameRecord, pack, unpack
from selfplay.resignation import LEAST_GAMES, NEVER, Resignation

GAME = games.make("tic_tac_toe")
LOST = [0, 3, 1, 4, 8, 5]  # the second player fills the middle row


def record(number: int, values: list[float], outcome: int = -1) -> GameRecord:
    policies = np.zeros((6, 9), np.float32)
    policies[np.arange(6), LOST] = 1
    return GameRecord(
        id=number,
        seed=0,
        actions=np.array(LOST, np.int16),
        policies=policies,
        values=np.array(values, np.float32),
        budgets=np.full(6, 8, np.int32),
        networks=np.zeros(6, np.int32),
        outcome=outcome,
    )


def rule(errors: float = 0.05, played_on: float = 1.0) -> Resignation:
    return Resignation(GAME, errors=errors, played_on=played_on, seed=3)


RIGHT = [0.0, 0.0, -0.8, 0.0, -0.99, 0.0]  # the first player is below -0.5 at ply 2, and loses
WRONG = [0.0, -0.7, 0.0, 0.9, 0.0, 1.0]  # the second player is below -0.5 at ply 1, and wins


def test_nobody_resigns_before_enough_games_are_known() -> None:
    resignation = rule()
    resignation.add([record(i, RIGHT) for i in range(LEAST_GAMES - 1)])
    assert resignation.threshold == NEVER
    assert not resignation.resigns(np.arange(3), np.full(3, -1.0, np.float32)).any()
    resignation.add([record(LEAST_GAMES, RIGHT)])
    assert resignation.threshold == -0.5


@pytest.mark.parametrize(("errors", "threshold"), [(0.05, -0.7), (0.09, -0.7), (0.1, -0.5)])
def test_the_threshold_is_the_highest_with_few_errors(errors: float, threshold: float) -> None:
    """Ten of 100 games have a player below -0.69 who wins: at -0.7, not below it, nobody errs any more."""
    resignation = rule(errors)
    resignation.add([record(i, WRONG if i % 10 == 0 else RIGHT) for i in range(100)])
    assert resignation.threshold == pytest.approx(threshold)


def test_a_draw_is_not_lost() -> None:
    resignation = rule()
    resignation.add([record(i, RIGHT, outcome=0) for i in range(100)])
    assert resignation.threshold == NEVER


def test_some_games_are_played_to_the_end() -> None:
    resignation = rule(played_on=0.25)
    ids = np.arange(4000)
    played_on = resignation.plays_on(ids)
    assert 0.22 < played_on.mean() < 0.28
    resignation.add([record(i, RIGHT) for i in range(1000)])
    assert len(resignation.state()["resigned"]) == played_on[:1000].sum()
    low = resignation.resigns(ids, np.full(4000, -0.9, np.float32))
    assert (low == ~played_on).all()
    assert not resignation.resigns(ids, np.full(4000, -0.4, np.float32)).any()


def test_a_checkpoint_holds_what_is_known() -> None:
    first, second = rule(), rule()
    first.add([record(i, RIGHT) for i in range(150)])
    second.load(first.state())
    assert second.threshold == first.threshold == -0.5
    rule().load(rule().state())  # of a run that has finished no game
    with pytest.raises(ValueError, match="shapes"):
        second.load({"resigned": np.zeros((3, 2), np.uint8), "wrong": np.zeros((3, 2), np.uint8)})


def test_a_record_says_that_a_player_resigned() -> None:
    early = record(0, RIGHT)
    early.actions, early.policies, early.values = early.actions[:5], early.policies[:5], early.values[:5]
    early.budgets, early.networks = early.budgets[:5], early.networks[:5]
    with pytest.raises(ValueError, match="ends with an outcome that the rules do not give"):
        unpack(GAME, pack(GAME, [early]))
    early.resigned = True
    read, normal = unpack(GAME, pack(GAME, [early, record(1, RIGHT)]))
    assert (read.resigned, normal.resigned) == (True, False)
    assert not unpack(GAME, pack(GAME, [record(1, RIGHT)]))[0].resigned

"""Restarts from misjudged positions: which position a game gives, how it is drawn, and what a checkpoint holds."""

from __future__ import annotations

import numpy as np
import pytest

import games
from selfplay.records import GameRecord
from selfplay.restarts import RestartArchive, find_candidates

GAME = games.make("tic_tac_toe")


def record(actions: list[int], values: list[float], outcome: int, opening: int = 0) -> GameRecord:
    decided = len(actions) - opening
    policies = np.zeros((decided, 9), np.float32)
    policies[np.arange(decided), actions[opening:]] = 1
    return GameRecord(
        id=0,
        seed=0,
        actions=np.array(actions, np.int16),
        policies=policies,
        values=np.array(values, np.float32),
        budgets=np.full(decided, 8, np.int32),
        networks=np.zeros(decided, np.int32),
        outcome=outcome,
    )


LOST = [0, 3, 1, 4, 8, 5]  # the second player fills the middle row


def test_the_candidate_has_the_highest_mean_error_of_the_rest() -> None:
    """Errors, ply by ply: 1, 1, 1.75, 0.25, 1, 0; their means from each ply on: 5/6, 0.8, 0.75, 5/12, 0.5, 0."""
    values = [0.0, 0.0, 0.75, 0.75, 0.0, 1.0]
    assert find_candidates(GAME, [record(LOST, values, -1)]) == [((), pytest.approx(5 / 6))]
    # only the third error is large: 0, 0, 2, 0, 0, 0; the mean is highest from there on
    values = [-1.0, 1.0, 1.0, 1.0, -1.0, 1.0]
    assert find_candidates(GAME, [record(LOST, values, -1)]) == [((0, 3), pytest.approx(0.5))]


def test_the_opening_is_a_part_of_the_way_to_a_candidate() -> None:
    (candidate,) = find_candidates(GAME, [record(LOST, [-1.0, 0.0, -1.0, 1.0], -1, opening=2)])
    assert candidate == ((0, 3, 1), pytest.approx(1 / 3))


def test_what_was_judged_well_is_not_archived() -> None:
    archive = RestartArchive(GAME, 10)
    archive.add([record(LOST, [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0], -1), record([], [], 0)])
    assert len(archive) == 0
    assert archive.draw(0.5) is None


def test_draws_are_in_proportion_to_the_regret_and_remove() -> None:
    def filled() -> RestartArchive:
        archive = RestartArchive(GAME, 10)
        archive.add([record([0, 1, 2], [0.0, 0.0, 0.0], 0), record(LOST, [0.0, 1.0, -1.0, 1.0, -1.0, 1.0], -1)])
        archive.add([record([1, *LOST[1:2], 0, 4, 8, 5], [1.0, 1.0, -1.0, 0.5, -1.0, 1.0], -1)])
        return archive

    regrets = filled().state()["regrets"]
    assert regrets.tolist() == pytest.approx([1 / 6, 2.5 / 6])
    counts = [filled().draw((i + 0.5) / 70) for i in range(70)]
    assert counts.count(()) == 70
    archive = filled()
    archive.draw(0.99)
    assert archive.state()["regrets"].tolist() == pytest.approx([1 / 6])
    archive = filled()
    archive.draw(0.28)
    assert archive.state()["regrets"].tolist() == pytest.approx([2.5 / 6])


def test_a_full_archive_loses_the_oldest() -> None:
    archive = RestartArchive(GAME, 2)
    for value in (0.1, 0.2, 0.3):
        archive.add([record(LOST, [-value] * 6, -1)])
    assert len(archive) == 2
    regrets = archive.state()["regrets"]
    archive = RestartArchive(GAME, 1)
    archive.add([record(LOST, [-0.3] * 6, -1)])
    assert archive.state()["regrets"][0] == regrets[1]


def test_a_checkpoint_restores_it() -> None:
    archive = RestartArchive(GAME, 10)
    archive.add(
        [record(LOST, [-1.0, 1.0, 1.0, 1.0, -1.0, 1.0], -1), record(LOST, [1.0, 1.0, -1.0, 1.0, -1.0, 1.0], -1)]
    )
    again = RestartArchive(GAME, 10)
    again.load(archive.state())
    assert [again.draw(0.1), again.draw(0.9), again.draw(0.5)] == [(0, 3), (), None]
    again.load(again.state())
    assert len(again) == 0

"""UCT and rollouts: the order of visits, the score, proofs, planted wins and seeds."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import games.registry
from agent.decision import Decisions, Terms
from agent.inference.rollouts import Rollouts
from agent.search.search import Search, SearchConfig
from agent.search.tree import ROOT, UNKNOWN
from agent.search.uct import Uct, UctArguments, UctConfig, select_edge, tie_breaker
from games.game import Game
from tests.agent.search.test_puct import node, random_node

pytestmark = pytest.mark.nojit


made = cache(games.registry.make)


def decide(game: Game, moves: list[str], simulations: int, keys: list[int], seed: int = 0) -> Decisions:
    """One decision for each key at the position after ``moves``."""
    states = game.new(len(keys))
    game.init(states)
    for move in moves:
        game.step(states, np.full(len(keys), game.parse_action(move)))
    config = SearchConfig(rule="uct", num_simulations=simulations)
    search = Search(game, Rollouts(game, seed=seed), config, num_slots=len(keys))
    search.think(np.arange(len(keys)), states, Terms.of(len(keys), keys=np.array(keys, np.uint64)))
    out = Decisions.empty(len(keys), game.num_actions)
    ready = 0
    while ready < len(keys):
        slots, decisions = search.decide()
        ready += len(slots)
        for into, given in zip(out, decisions, strict=True):
            into[slots] = given
    return out


@pytest.mark.parametrize(
    ("visits", "sums", "proven", "c", "expected"),
    [
        ([10, 10, 10], [1, 5, 2], [2, 2, 2], 2.0, 1),  # the highest mean among equals
        ([100, 10, 100], [50, 0, 50], [2, 2, 2], 2.0, 1),  # the least visited: 0.5 + 0.46 < 0 + 1.46
        ([100, 10, 100], [50, 0, 60], [2, 2, 2], 0.1, 2),  # a small c trusts the mean
        ([5, 0, 5], [5, 0, 5], [2, 2, 2], 2.0, 1),  # the unvisited first
        ([5, 5, 5], [-4, 0, -5], [2, -1, 2], 0.0, 0),  # never a proven loss
        ([5, 0, 5], [5, 0, 5], [2, 2, 1], 2.0, 2),  # always a proven win
        ([5, 5, 5], [-5, 0, -5], [2, 0, 2], 0.5, 1),  # a proven draw is worth 0, without exploration
        ([5, 5], [-5, -5], [-1, -1], 2.0, 0),  # all lost: any
    ],
)
def test_select_edge(visits: list[int], sums: list[float], proven: list[int], c: float, expected: int) -> None:
    assert UNKNOWN == 2
    trees = node([1 / len(visits)] * len(visits), visits, sums, proven=proven)
    for key in range(5):
        pick = select_edge(*trees.arrays, 0, ROOT, UctArguments(np.array([key], np.uint64), c))
        assert trees.moves[0, pick]["action"] == expected


@pytest.mark.parametrize("proofs", [[], [-1, 0], [-1, -1, -1, -1], [-1, 0, 1]])
@pytest.mark.parametrize("c", [0.0, 1.5])
def test_edges_are_selected_by_the_formula_of_the_paper(proofs: Any, c: float) -> None:
    """Q + c sqrt(ln N / n) with pending visits in N and n; proven draws without exploration; no proven loss."""
    random = np.random.default_rng(len(proofs))
    for key in range(100):
        trees, (_, visits, pending, proven, q, _) = random_node(random, proofs)
        q[visits == 0] = 0
        n = visits + pending
        scores = np.where(n > 0, q + c * np.sqrt(np.log(1 + n.sum()) / np.maximum(n, 1)), np.inf)
        scores[proven == 0] = 0
        scores[proven == -1] = -np.inf
        scores[proven == 1] = np.inf
        if (proven == 1).any():
            scores[proven != 1] = -np.inf
        pick = select_edge(*trees.arrays, 0, ROOT, UctArguments(np.array([key], np.uint64), c))
        action = trees.moves[0, pick]["action"]
        if (proven == -1).all():
            assert pick == trees.nodes[0, ROOT]["first_edge"]
        else:
            np.testing.assert_allclose(scores[action], scores.max(), rtol=1e-6)
            if (scores == scores.max()).sum() > 1 and not (proven == 1).any():
                order = [tie_breaker(np.uint64(key), ROOT, a) if scores[a] == scores.max() else 0 for a in range(5)]
                assert action == np.argmax(order)


def test_the_decision_is_the_most_visited_move_and_then_the_better_one() -> None:
    trees = node([0.25] * 4, [3, 5, 5, 0], [3, 1, 2, 0], value=0.5, order=(2, 1, 0, 3))
    rule, rows = Uct(UctConfig(), trees, 4), np.zeros(1, np.int64)
    out = rule.decide(rows, Terms.of(1))
    assert out.action.tolist() == [2]
    assert out.visits[0].tolist() == [3, 5, 5, 0]
    np.testing.assert_allclose(out.policy[0], np.array([3, 5, 5, 0]) / 13, rtol=1e-6)
    np.testing.assert_allclose(out.value, [6.5 / 14], rtol=1e-6)
    assert not out.proven[0]
    bare = node([0.25] * 4, [0] * 4, [0] * 4, value=0.5)
    out = Uct(UctConfig(), bare, 4).decide(rows, Terms.of(1))
    np.testing.assert_allclose(out.policy[0], 0.25)
    assert out.value.tolist() == [0.5]
    lost = node([0.5, 0.5], [9, 1], [-9, -1], proven=[-1, UNKNOWN])
    assert Uct(UctConfig(), lost, 2).decide(rows, Terms.of(1)).action.tolist() == [1]
    assert UctConfig() == UctConfig(c=2.0)


def test_unvisited_moves_come_in_an_order_of_the_key() -> None:
    game = made("tic_tac_toe")
    first = decide(game, [], 1, list(range(40)))
    assert (first.visits.sum(axis=1) == 1).all()
    assert len(set(first.visits.argmax(axis=1))) >= 7  # of 9, for 40 keys
    again = decide(game, [], 1, list(range(40)), seed=1)
    assert (first.visits == again.visits).all()  # the key alone decides it
    assert (decide(game, [], 9, [0, 1]).visits == 1).all()


@pytest.mark.parametrize(
    ("name", "moves", "best", "value"),
    [
        ("tic_tac_toe", "a3 a1 b3 b1", {"c3"}, 1),  # three in a row
        ("tic_tac_toe", "a3 b2 c1 a1", {"c3"}, None),  # stop the one, threaten two
        ("connect_four", "d d c c e a", {"b", "f"}, 1),  # complete either end of three
        ("connect_four", "d a d a d b", {"d"}, 1),
        ("connect_four", "d a d a d", {"d"}, None),  # the only move that does not lose at once
        ("connect_four", "d d e e", {"c", "f"}, 1),  # an open three: won in three plies
    ],
)
def test_planted_moves_are_found(name: str, moves: str, best: set[str], value: int | None) -> None:
    game = made(name)
    out = decide(game, moves.split(), 300, [0, 1, 2])
    assert {game.action_text(int(action)) for action in out.action} <= best
    if value is not None:
        assert out.proven.all()
        assert (out.value == value).all()


def test_the_most_visited_move_is_played() -> None:
    game = made("connect_four")
    out = decide(game, [], 100, [3, 4])
    assert (out.visits.sum(axis=1) == 100).all()
    assert (out.visits[[0, 1], out.action] == out.visits.max(axis=1)).all()
    np.testing.assert_allclose(out.policy, out.visits / 100, rtol=1e-6)


def test_every_rollout_is_another_game() -> None:
    game = made("tic_tac_toe")
    states = game.new(32)
    game.init(states)
    positions = game.describe_new(states)
    one, twin, other = Rollouts(game, seed=1), Rollouts(game, seed=1), Rollouts(game, seed=2)
    first, second = one(states, positions).value, one(states, positions).value
    assert set(first) == {-1, 0, 1}
    assert (first != second).any()  # a later call
    assert (first == twin(states, positions).value).all()
    assert (first != other(states, positions).value).any()


def test_rollouts_are_uniform_and_for_the_player_to_move() -> None:
    game = made("tic_tac_toe")
    states = game.new(2000)
    game.init(states)
    value = Rollouts(game)(states, game.describe_new(states)).value
    assert abs(value.mean() - (0.5849 - 0.2881)) < 0.07  # the first player wins 58.5 % of random games, loses 28.8 %
    game.step(states, np.zeros(len(states), np.int64))
    value = Rollouts(game)(states, game.describe_new(states)).value
    assert value.mean() < -0.2

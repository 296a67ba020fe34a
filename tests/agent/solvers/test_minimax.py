"""Minimax: the same scores as a search without any pruning, ties by chance, sooner wins."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import games.registry
from agent.decision import Terms
from agent.solvers.minimax import MinimaxPlayer
from games.compiled import CompiledGame, from_rules
from games.game import ONGOING, Game, Positions, States
from games.playouts import random_positions

pytestmark = pytest.mark.nojit


@cache
def made(name: str) -> CompiledGame:
    """One game for all tests of its name: each one compiles its loops anew."""
    game = again() if name == "again" else games.registry.make(name)
    assert isinstance(game, CompiledGame)
    return game


def again() -> CompiledGame:
    """A pile of stones; taking one leaves the turn where it is while the pile is odd; the last stone wins."""
    state = np.dtype([("pile", np.int64), ("to_play", np.int8), ("last", np.int8)])

    def init(s: Any) -> None:
        s["pile"] = 11

    def legal_actions(s: Any, legal: Any) -> None:
        for a in range(3):
            legal[a] = a < s["pile"]

    def step(s: Any, a: int) -> None:
        s["last"] = s["to_play"]
        s["pile"] -= a + 1
        if a != 0 or s["pile"] % 2 == 0:
            s["to_play"] = 1 - s["to_play"]

    def outcome(s: Any) -> int:
        if s["pile"] > 0:
            return ONGOING
        return 1 if s["last"] == s["to_play"] else -1

    def observe(s: Any, planes: Any) -> None:
        planes[0, 0, 0] = s["pile"]

    def heuristic(s: Any) -> float:
        return (s["pile"] * 7 % 5 - 2) / 4 + (0.125 if s["to_play"] == 0 else -0.0625)

    return from_rules(
        name="again",
        state=state,
        num_actions=3,
        observation_shape=(1, 1, 1),
        max_plies=11,
        init=init,
        legal_actions=legal_actions,
        step=step,
        outcome=outcome,
        observe=observe,
        heuristic=heuristic,
        draw=lambda s: np.zeros((1, 1), np.int8),
    )


class Plain(Game):
    """A compiled game that hides what it is."""

    def __init__(self, game: CompiledGame) -> None:
        self.game = game
        self.name, self.state, self.num_actions = game.name, game.state, game.num_actions
        self.observation_shape, self.max_plies = game.observation_shape, game.max_plies

    def init(self, states: States) -> None:
        self.game.init(states)

    def step(self, states: States, actions: Any) -> None:
        self.game.step(states, actions)

    def describe(self, states: States, out: Positions) -> None:
        self.game.describe(states, out)

    def heuristic(self, states: States) -> Any:
        return self.game.heuristic(states)

    def cells(self, row: Any) -> Any:
        return self.game.cells(row)

    def action_text(self, action: int, to_play: int = 0) -> str:
        return self.game.action_text(action)


def naive(game: Game, state: States, left: int) -> dict[int, float]:
    """The score of every legal move, without pruning."""
    here = game.describe_new(state)
    scores = {}
    for a in np.flatnonzero(here.legal[0]):
        child = state.copy()
        game.step(child, np.array([a]))
        after = game.describe_new(child)
        if after.terminal[0]:
            score = float(after.value[0]) * left
        elif left == 1:
            score = float(game.heuristic(child)[0])
        else:
            score = max(naive(game, child, left - 1).values())
        scores[int(a)] = score if after.to_play[0] == here.to_play[0] else -score
    return scores


@pytest.mark.parametrize(
    ("name", "depth", "count"),
    [("connect_four:rows=4,columns=4,k=3", 3, 10), ("connect_four", 2, 5), ("tic_tac_toe", 4, 10), ("again", 5, 15)],
)
@pytest.mark.parametrize("hidden", [False, True], ids=["compiled", "plain"])
def test_scores_are_those_without_pruning(name: str, depth: int, count: int, hidden: bool) -> None:
    game = made(name)
    states = random_positions(game, count)
    for d in range(1, depth + 1):
        scores = MinimaxPlayer(Plain(game) if hidden else game, d).scores(states)
        for b in range(count):
            exact = naive(game, states[b : b + 1], d)
            top = max(exact.values())
            assert set(np.flatnonzero(scores[b] > -np.inf)) == set(exact)
            assert scores[b].max() == pytest.approx(top, abs=1e-6)
            for action, score in exact.items():
                if score > top - 1e-6:
                    assert scores[b, action] == pytest.approx(top, abs=1e-6)
                else:
                    assert score - 1e-6 <= scores[b, action] < top


def moves_of(name: str, moves: str, depth: int, num_keys: int = 60) -> tuple[set[str], float]:
    """What minimax plays over many keys, and its value."""
    game = made(name)
    states = game.new(num_keys)
    game.init(states)
    for move in moves.split():
        game.step(states, np.full(num_keys, game.parse_action(move)))
    player = MinimaxPlayer(game, depth)
    player.think(np.arange(num_keys), states, Terms.of(num_keys))
    slots, out = player.decide()
    assert slots.tolist() == list(range(num_keys))
    np.testing.assert_allclose(out.policy.sum(axis=1), 1, rtol=1e-6)
    assert (out.policy[np.arange(num_keys), out.action] > 0).all()
    return {game.action_text(int(action)) for action in out.action}, float(out.value[0])


def test_equal_moves_are_drawn_by_the_key() -> None:
    played, value = moves_of("tic_tac_toe", "", 1)
    assert len(played) == 9
    assert value == 0


def test_a_win_comes_sooner_and_a_loss_later() -> None:
    # x has three in column d and an open row: d wins at once, other moves win later
    assert moves_of("connect_four", "d e d e d b", 4, 5) == ({"d"}, 1)
    # o must stop c1, after which x has two ways to win; any other move loses two plies sooner
    assert moves_of("tic_tac_toe", "a3 a2 b2", 6, 20) == ({"c1"}, -1)


@pytest.mark.parametrize(
    ("name", "depth"),
    [("othello:size=4", 4), ("hex:size=3", 4), ("again", 6), ("dots_and_boxes:rows=1,columns=2", 4)],
)
def test_the_order_of_moves_changes_no_score(name: str, depth: int) -> None:
    """Against the plain search, which does not deepen and does not order moves, where the heuristic orders them."""
    game = made(name)
    states = random_positions(game, 4, seed=2)
    mine, plain = (MinimaxPlayer(each, depth).scores(states) for each in (game, Plain(game)))
    tops = plain.max(axis=1, keepdims=True)
    np.testing.assert_allclose(mine.max(axis=1, keepdims=True), tops, atol=1e-6)
    assert ((mine >= tops - 1e-6) == (plain >= tops - 1e-6)).all()


@pytest.mark.parametrize("hidden", [False, True], ids=["compiled", "plain"])
def test_with_a_time_limit_the_search_ends_at_a_whole_depth(hidden: bool) -> None:
    game = made("again")
    states = random_positions(game, 4, seed=1)
    seen: Game = Plain(game) if hidden else game
    hurried = MinimaxPlayer(seen, 9, seconds=1e-9)
    assert list(hurried._depths()) == [1]
    np.testing.assert_array_equal(hurried.scores(states), MinimaxPlayer(seen, 1).scores(states))
    patient = MinimaxPlayer(seen, 4, seconds=1e6)
    assert list(patient._depths()) == [1, 2, 3, 4]
    np.testing.assert_array_equal(patient.scores(states).argmax(1), MinimaxPlayer(seen, 4).scores(states).argmax(1))


def test_a_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="minimax:0"):
        MinimaxPlayer(made("tic_tac_toe"), 0)

"""What is built around the rules: look-ahead, rollouts, advancing in place, compiled and plain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import games
from games.game import ONGOING, Game, States
from games.playouts import random_positions
from tests.games.made import made

pytestmark = pytest.mark.nojit
GAMES = pytest.mark.parametrize(
    "name", ["tic_tac_toe", "connect_four:rows=4,columns=4,k=3", "tic_tac_toe:rows=3,columns=4,k=3"]
)


def naive(game: Game, state: States, depth: int) -> int:
    """A forced end within ``depth`` plies by plain recursion; ONGOING where there is none."""
    least, most = bounds(game, state, depth)
    return least if least == most else ONGOING


def bounds(game: Game, state: States, depth: int) -> tuple[int, int]:
    """What the player to move is sure of, and what the other one cannot prevent; -1 and 1 where nothing is known."""
    here = game.describe_new(state)
    if here.terminal[0]:
        return int(here.value[0]), int(here.value[0])
    if depth == 0:
        return -1, 1
    least, most = -1, -1
    for action in np.flatnonzero(here.legal[0]):
        child = state.copy()
        game.step(child, np.array([action]))
        low, high = bounds(game, child, depth - 1)
        if game.describe_new(child).to_play[0] != here.to_play[0]:
            low, high = -high, -low
        least, most = max(least, low), max(most, high)
    return least, most


@GAMES
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_lookahead_is_the_naive_recursion(name: str, depth: int) -> None:
    game = made(name)
    states = random_positions(game, 40 if depth < 4 else 12, seed=depth, finished=True)
    before = states.copy()
    found = game.lookahead(states, depth)
    assert found.tolist() == [naive(game, states[b : b + 1], depth) for b in range(len(states))]
    assert (states == before).all()
    assert depth == 0 or len(set(found.tolist())) > 2


@GAMES
def test_lookahead_within_a_number_of_positions_is_never_wrong(name: str) -> None:
    game = made(name)
    states = random_positions(game, 40, seed=9, finished=True)
    full = game.lookahead(states, 6)
    known = []
    for nodes in (0, 3, 30, 300, 3000, 1_000_000):
        found = game.lookahead(states, 6, nodes)
        assert ((found == ONGOING) | (found == full)).all()
        known.append(int((found != ONGOING).sum()))
    assert known == sorted(known)
    assert known[0] < known[2] < known[-1]
    assert (found == full).all()


def test_lookahead_solves_tic_tac_toe() -> None:
    game = made("tic_tac_toe")
    here = games.position(game).play("b2 b3")  # beside the edge: x wins
    assert game.lookahead(here.states, 7).tolist() == [1]
    assert game.lookahead(games.position(game).play("b2 a3").states, 7).tolist() == [0]


def double_moves() -> Game:
    """Each player moves twice in a row; two stones side by side win."""

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: Any) -> None:
        for a in range(6):
            legal[a] = s["cells"][a] == 0

    def step(s: Any, a: int) -> None:
        mine = s["to_play"] + 1
        s["cells"][a] = mine
        if (a > 0 and s["cells"][a - 1] == mine) or (a < 5 and s["cells"][a + 1] == mine):
            s["won"] = mine
        s["plies"] += 1
        s["to_play"] = (s["plies"] + 1) // 2 % 2  # 0 1 1 0 0 1

    def outcome(s: Any) -> int:
        if s["won"]:
            return 1 if s["won"] == s["to_play"] + 1 else -1
        return 0 if s["plies"] == 6 else ONGOING

    def observe(s: Any, planes: Any) -> None:
        planes[0, 0, 0] = s["plies"]

    state = np.dtype([("cells", np.int8, (6,)), ("to_play", np.int8), ("plies", np.int8), ("won", np.int8)])
    return games.from_rules(
        name="double", state=state, num_actions=6, observation_shape=(1, 1, 6), max_plies=6, init=init,
        legal_actions=legal_actions, step=step, outcome=outcome, observe=observe, draw=lambda s: s["cells"][None],
    )  # fmt: skip


def test_lookahead_where_a_player_moves_twice() -> None:
    game = double_moves()
    games.check_game(game, 16)
    states = random_positions(game, 30, seed=2, finished=True)
    for depth in range(5):
        found = game.lookahead(states, depth)
        assert found.tolist() == [naive(game, states[b : b + 1], depth) for b in range(len(states))]
        assert found.tolist() == Game.lookahead(game, states, depth).tolist()
    assert game.action_layout[:, 0].tolist() == list(range(6))


@GAMES
def test_rollouts_follow_their_seeds_and_leave_the_states(name: str) -> None:
    game = made(name)
    states = random_positions(game, 60, seed=3, finished=True)
    seeds = np.random.default_rng(0).integers(1, 1 << 63, 60).astype(np.uint64)
    before = states.copy()
    one = game.rollout(states, seeds)
    assert (states == before).all()
    assert one.dtype == np.float32
    assert set(one.tolist()) <= {-1, 0, 1}
    assert (game.rollout(states[::-1].copy(), seeds[::-1].copy())[::-1] == one).all()
    over = game.describe_new(states)
    assert (one[over.terminal] == over.value[over.terminal]).all()
    assert over.terminal.any()


def test_random_tic_tac_toe_ends_as_it_is_known_to() -> None:
    """The first player wins 58.5 % of random games and loses 28.8 %; 12.7 % are draws."""
    game, count = made("tic_tac_toe"), 2000
    states = game.new(count)
    game.init(states)
    results = game.rollout(states, np.random.default_rng(0).integers(1, 1 << 63, count).astype(np.uint64))
    shares = [(results == value).mean() for value in (1, -1, 0)]
    np.testing.assert_allclose(shares, [0.585, 0.288, 0.127], atol=0.035)


@pytest.mark.parametrize("plain", [False, True])
def test_advance_moves_rows_of_an_arena(plain: bool) -> None:
    game = made("tic_tac_toe")
    arena = game.new(6)
    game.init(arena)
    advance = (lambda *a: Game.advance(game, *a)) if plain else game.advance
    advance(arena, np.array([0, 0, 2]), np.array([1, 4, 5]), np.array([3, -1, 8]))
    assert [int(row["plies"]) for row in arena] == [0, 1, 0, 0, 0, 1]
    assert arena["stones"][1, 3] == arena["stones"][5, 8] == 1
    advance(arena, np.array([1]), np.array([1]), np.array([0]))
    assert arena["stones"][1, 0] == 2


@GAMES
def test_a_game_without_compiled_extras_does_the_same(name: str) -> None:
    game = made(name)
    states = random_positions(game, 20, seed=4, finished=True)
    for depth in (0, 1, 2, 3):
        assert Game.lookahead(game, states, depth).tolist() == game.lookahead(states, depth).tolist()
    full, known = game.lookahead(states, 3), []
    for nodes in (0, 3, 30, 300, 3000):
        found = Game.lookahead(game, states, 3, nodes)
        assert ((found == ONGOING) | (found == full)).all()
        known.append(int((found != ONGOING).sum()))
    assert known == sorted(known)
    assert known[-1] > known[0]
    seeds = np.arange(20, dtype=np.uint64)
    one = Game.rollout(game, states, seeds)
    assert set(one.tolist()) <= {-1, 0, 1}
    assert (Game.rollout(game, states[5:9], seeds[5:9]) == one[5:9]).all()
    assert (Game.heuristic(game, states) == 0).all()


def test_the_heuristic_of_connect_four_is_fair() -> None:
    game = made("connect_four")
    here = games.position(game)
    assert game.heuristic(here.states).tolist() == [0]
    centre = here.play("d").states
    assert game.heuristic(centre)[0] < 0  # the other player holds the centre
    assert game.heuristic(here.play("d a").states)[0] > 0
    turned = here.play("d g").states
    np.testing.assert_allclose(game.heuristic(turned), game.heuristic(here.play("d a").states))


@pytest.mark.parametrize("size", [(6, 7, 4), (8, 9, 5), (15, 4, 4), (4, 15, 4), (19, 19, 5), (2, 2, 2)])
def test_lines_are_found_everywhere(size: tuple[int, int, int]) -> None:
    """Against a naive search for k in a line, on random boards dense enough to have some."""
    from games.rules.connect_four import has_line

    rows, columns, k = size
    height, random = rows + 1, np.random.default_rng(0)
    found = set()
    for density in np.linspace(0.1, 0.9, 40):
        board = random.random((columns, rows)) < density
        bits = sum(1 << (c * height + r) for c, r in np.argwhere(board).tolist())
        words = -(-height * columns // 64)
        stones = np.array([(bits >> (64 * w)) & (2**64 - 1) for w in range(words)], np.uint64)
        lines = (
            [(c + i * dc, r + i * dr) for i in range(k)]
            for c, r in np.ndindex(columns, rows)
            for dc, dr in ((1, 0), (0, 1), (1, 1), (1, -1))
        )
        expected = any(all(0 <= c < columns and 0 <= r < rows and board[c, r] for c, r in line) for line in lines)
        assert bool(has_line(stones, height, k)) == expected
        found.add(expected)
    assert found == {True, False} or size == (19, 19, 5)

"""``check_game`` passes honte's games, at sizes far from their own, and finds a violation of each condition."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from games.check import UnmetCondition, check_game
from games.compiled import from_rules
from games.game import ONGOING, Game, Positions, States
from games.symmetry import MIRROR, Symmetries, cell_symmetries
from tests.games.made import made

pytestmark = pytest.mark.nojit


@pytest.mark.parametrize(
    "name",
    [
        "tic_tac_toe",
        "tic_tac_toe:rows=4,columns=5,k=4",
        "tic_tac_toe:rows=1,columns=3,k=2",
        "connect_four",
        "connect_four:rows=8,columns=9,k=5",  # 81 bits: more than one word
        "connect_four:rows=15,columns=4,k=4",  # exactly 64 bits
        "connect_four:rows=2,columns=5,k=3",
    ],
)
def test_the_games_of_honte_meet_the_conditions(name: str) -> None:
    game = made(name)
    assert game.name == name
    report = check_game(game, num_games=8, seed=1)
    assert report["games"] == 8
    assert 0 < report["longest"] <= game.max_plies
    assert report["positions"] <= 8 * (report["longest"] + 1)


LINE = np.dtype([("cells", np.int8, (4,)), *((name, np.int8) for name in ("to_play", "plies", "won", "junk"))])


def line(**parts: Any) -> Game:
    """A good small game, two stones side by side on a row of four, in which any part can be broken."""

    def init(s: Any) -> None:
        pass

    def legal_actions(s: Any, legal: Any) -> None:
        for a in range(4):
            legal[a] = s["cells"][a] == 0

    def step(s: Any, a: int) -> None:
        cells = s["cells"]
        cells[a] = s["to_play"] + 1
        for i in range(3):
            if cells[i] == cells[a] and cells[i + 1] == cells[a]:
                s["won"] = 1
        s["plies"] += 1
        s["to_play"] = 1 - s["to_play"]

    def outcome(s: Any) -> int:
        if s["won"]:
            return -1
        return 0 if s["plies"] == 4 else ONGOING

    def observe(s: Any, planes: Any) -> None:
        for a in range(4):
            if s["cells"][a] > 0:
                planes[(s["cells"][a] - 1) ^ s["to_play"], 0, a] = 1

    rules: dict[str, Any] = {
        "name": "line",
        "state": LINE,
        "num_actions": 4,
        "observation_shape": (2, 1, 4),
        "max_plies": 4,
        "init": init,
        "legal_actions": legal_actions,
        "step": step,
        "outcome": outcome,
        "observe": observe,
        "draw": lambda s: np.asarray(s["cells"])[None],
        "symmetries": cell_symmetries(1, 4, MIRROR),
    }
    return from_rules(**{**rules, **parts})


def test_a_good_game_passes() -> None:
    assert check_game(line())["longest"] <= 4


def always(value: int) -> Callable[..., Any]:
    return lambda s: value


def endless() -> Game:
    def step(s: Any, a: int) -> None:
        s["to_play"] = 1 - s["to_play"]

    return line(step=step)


def leaves_no_move() -> Game:
    def legal_actions(s: Any, legal: Any) -> None:
        for a in range(2):
            legal[a] = s["cells"][a] == 0

    return line(legal_actions=legal_actions, symmetries=None)


def observes_the_absolute_board() -> Game:
    def observe(s: Any, planes: Any) -> None:
        planes[0, 0, 0] = s["plies"] > 0 and s["cells"][1] > 0

    return line(observe=observe)


def uneven_rules() -> Game:
    def legal_actions(s: Any, legal: Any) -> None:
        for a in range(4):
            legal[a] = s["cells"][a] == 0 and (a != 0 or s["plies"] > 0)

    return line(legal_actions=legal_actions)


def uneven_win() -> Game:
    def outcome(s: Any) -> int:
        if s["cells"][0] and s["cells"][1]:
            return -1
        return 0 if s["plies"] == 4 else ONGOING

    return line(outcome=outcome)


def wrong_sign_on_one_side() -> Game:
    def outcome(s: Any) -> int:
        if s["won"]:
            return -1 if s["cells"][0] == 0 else 1
        return 0 if s["plies"] == 4 else ONGOING

    return line(outcome=outcome)


def strange_player() -> Game:
    def step(s: Any, a: int) -> None:
        s["cells"][a] = 1
        s["to_play"] = 2
        s["plies"] += 1

    return line(step=step, observe=lambda s, planes: None)


def moody_init() -> Game:
    game = line()
    calls = iter(range(1000))

    def init(states: States) -> None:
        states[:] = game.new(len(states))
        states["junk"] = next(calls)

    game.init = init  # type: ignore[method-assign]
    return game


def describing(change: Callable[[States, Positions], None]) -> Game:
    game = line()
    describe = game.describe

    def broken(states: States, out: Positions) -> None:
        describe(states, out)
        change(states, out)

    game.describe = broken  # type: ignore[method-assign]
    return game


def writes_to_the_state(states: States, out: Positions) -> None:
    states["junk"] += 1


def leaves_garbage() -> Game:
    game = line()
    describe = game.describe

    def partly(states: States, out: Positions) -> None:
        observation = out.observation.copy()
        describe(states, out)
        out.observation[:] |= observation

    game.describe = partly  # type: ignore[method-assign]
    return game


def leaves_a_move_when_over(states: States, out: Positions) -> None:
    out.legal[out.terminal, 0] = True


def half_won(states: States, out: Positions) -> None:
    out.value[out.terminal] = 0.5


def early_value(states: States, out: Positions) -> None:
    out.value[~out.terminal] = 1


def stepping(change: Callable[[States, Any], None]) -> Game:
    game = line()
    step = game.step

    def broken(states: States, actions: Any) -> None:
        step(states, actions)
        change(states, actions)

    game.step = broken  # type: ignore[method-assign]
    return game


def leaks_into_the_next_row(states: States, actions: Any) -> None:
    states["junk"][1:] = actions[:-1] + 1


def shares_its_copies() -> Game:
    game = line()
    new, step = game.new, game.step
    first: list[States] = []

    def remembered(count: int) -> States:
        made = new(count)
        if count > 1:  # not the single rows of the trial
            first.append(made)
        return made

    def broken(states: States, actions: Any) -> None:
        step(states, actions)
        if first:
            first[0]["junk"] += 1  # as if a row were shared with the one it was copied from

    game.new, game.step = remembered, broken  # type: ignore[method-assign]
    return game


NO_MIRROR = Symmetries(np.array([[0, 1, 2, 3], [3, 2, 1, 0]]), np.array([[0, 1, 2, 3], [0, 1, 2, 3]]))
NO_PERMUTATION = Symmetries(np.array([[0, 1, 2, 3], [3, 2, 1, 1]]), np.array([[0, 1, 2, 3], [3, 2, 1, 0]]))
NO_IDENTITY = Symmetries(np.array([[3, 2, 1, 0]]), np.array([[3, 2, 1, 0]]))
TOO_SHORT = Symmetries(np.array([[0, 1, 2]]), np.array([[0, 1, 2, 3]]))


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (endless, "a game took more than max_plies = 4 actions; let outcome end it, or raise max_plies"),
        (lambda: line(max_plies=3), "a game took more than max_plies = 3 actions"),
        (leaves_no_move, "legal_actions allows no action, but outcome returned ONGOING; one of them is wrong"),
        (lambda: describing(leaves_a_move_when_over), "a game that is over has no legal action"),
        (lambda: describing(half_won), r"an outcome is \+1, 0 or -1"),
        (lambda: describing(early_value), "a value is 0 until the game is over"),
        (lambda: line(outcome=always(3)), r"outcome returned 3; it must return ONGOING, or \+1, 0 or -1"),
        (strange_player, r"step left s\['to_play'\] at 2; it must be 0 or 1"),
        (lambda: line(symmetries=NO_MIRROR), "symmetry 1 maps games to games, but what observe writes does not match"),
        (observes_the_absolute_board, "symmetry 1 maps games to games, but what observe writes does not match"),
        (uneven_rules, "symmetry 1 maps games to games, but what legal_actions allows does not match"),
        (uneven_win, "symmetry 1 maps games to games, but what legal_actions allows does not match"),
        (wrong_sign_on_one_side, "symmetry 1 maps games to games, but what outcome returns does not match"),
        (lambda: line(symmetries=NO_PERMUTATION), r"each row of symmetries\.cells is a permutation"),
        (lambda: line(symmetries=NO_IDENTITY), "the first the identity"),
        (lambda: line(symmetries=TOO_SHORT), r"symmetries\.cells has shape \(1, 4\)"),
        (lambda: line(action_layout=np.zeros((3, 3))), r"action_layout has shape \(4, 3\); it is \(3, 3\)"),
        (lambda: line(write_action=lambda a: "x"), "write_action wrote 'x' for action 1 and for action 0"),
        (moody_init, "init writes the same position every time"),
        (
            lambda: describing(writes_to_the_state),
            r"describe \(outcome, legal_actions and observe\) leaves the state as it is",
        ),
        (leaves_garbage, "a position is described alike every time: what observe writes differs"),
        (lambda: stepping(leaks_into_the_next_row), "a step depends on its own row and action only"),
        (shares_its_copies, "a copy is independent of its source"),
    ],
)
def test_a_broken_law_is_named(broken: Callable[[], Game], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)  # two dozen games: compiling them would take a minute
    with pytest.raises(UnmetCondition, match=sentence) as raised:
        check_game(broken(), num_games=16)
    assert re.match(r"line: |line breaks the condition: |\S+test_check.py, line \d+, in \S+: ", str(raised.value))


def test_the_position_that_breaks_a_law_is_drawn() -> None:
    with pytest.raises(UnmetCondition, match=r"for example at\n \. \. \. \.\nx to play"):
        check_game(line(symmetries=NO_MIRROR, max_plies=0))
    with pytest.raises(UnmetCondition, match="a number is divided by 0"):
        check_game(line(max_plies=0, draw=lambda s: 1 / 0))

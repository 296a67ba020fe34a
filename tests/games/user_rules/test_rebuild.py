"""A user's rules compiled: helpers come along, bounds are checked, and errors name the line in the user's file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import games
from agent.solvers.minimax import MinimaxPlayer
from games.compiled import CompiledGame
from games.game import Game
from games.registry import NAMES, make
from games.user_rules.explanations import raise_explained
from games.user_rules.faults import GameFault
from tests.games.user_rules.own import within, write

NUMBERS = ("SIZE = 3\n", "SIZE = 3\nNUMBERS = {}\n")


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        (
            [within("outcome", "text = f\"{s['plies']:3d}\"")],
            "line 32, in outcome: Numba cannot compile an f-string; rules",
        ),
        ([within("won", "text = f\"{s['plies']:3d}\"")], "line 25, in won: Numba cannot compile an f-string"),
        ([within("outcome", "print(f\"{s['plies']!r}\")")], "line 32, in outcome: Numba cannot compile an f-string"),
        (
            [within("outcome", "x = []", "for y in x:", "    x.append(y)")],
            "line 32, in outcome: the list here is not told",
        ),
        ([within("outcome", "x = any(c > 0 for c in s['cells'][0])")], "a generator expression; write a for loop"),
        (
            [within("outcome", "import math")],
            "line 32, in outcome: Numba cannot compile an import in a function; write",
        ),
        (
            [within("outcome", "try:", "    x = 1", "except IndexError as e:", "    x = 2")],
            "try and except; ask beforehand",
        ),
        ([within("outcome", "x = np.lexsort(s['cells'])")], "line 32, in outcome: Numba does not know np.lexsort"),
        ([within("outcome", "if (n := s['plies']) > 0:", "    n += 1")], "an assignment within an expression"),
        ([within("outcome", "x, *y = s['cells'][0]")], "a starred expression; name each value"),
        ([within("outcome", "x = np.sum(s['cells'], keepdims=True)")], "Numba does not know sum with these arguments"),
        (
            [("SIZE = 3\n", "SIZE = 3\nX = {0: 1}\n"), within("outcome", "x = X[0]")],
            "line 33, .* the dict X; use a tuple",
        ),
        (
            [("SIZE = 3\n", "SIZE = 3\nX = [0, 1]\n"), within("outcome", "x = X[0]")],
            "line 33, .* the list X; make it a tuple",
        ),
        ([("SIZE = 3\n", "SIZE = 3\nX = {0, 1}\n"), within("outcome", "x = 1 in X")], "line 33, .* the set X; make it"),
        (
            [("SIZE = 3\n", "SIZE = 3\nclass X: pass\n"), within("outcome", "x = X()")],
            "line 33, .* the class X; keep numbers",
        ),
    ],
)
def test_what_cannot_be_compiled_is_a_sentence(edits: list[tuple[str, str]], sentence: str, tmp_path: Path) -> None:
    game = games.make(write(tmp_path, *edits, within("observe", "return")))  # what is not asked for compiles at once
    with pytest.raises(GameFault, match=sentence) as raised:
        game.describe_new(game.new(1))
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "rows.py"))


HELPERS = """def won(s):
    return rows(s, SIZE - 1)


def rows(s, r):
    return r >= 0 and (full(s, r) or rows(s, r - 1))


@njit(cache=True)
def full(s, r):
    return s["cells"][r, 0] != 0 and same(s["cells"][r])


def same(cells):
"""


def test_helper_functions_are_compiled_along(tmp_path: Path) -> None:
    plain = games.make(write(tmp_path))
    start = Path(plain.name.partition(":")[0]).read_text()
    body = start[start.index("def won") : start.index("def outcome")]
    edits = (
        (body, HELPERS + "    return cells[0] == cells[1] and cells[1] == cells[2]\n\n\n"),
        ("import numpy", "from numba import njit\nimport numpy"),
    )
    helped = games.make(write(tmp_path, *edits, name="helped"))
    (one, other) = (games.check_game(game, 16) for game in (plain, helped))
    assert one == other


def test_helpers_of_a_function_that_makes_the_game(tmp_path: Path) -> None:
    text = write(tmp_path)
    path = Path(text.partition(":")[0])
    lines = path.read_text().splitlines()
    first = lines.index("SIZE = 3")
    inside = [f"    {line}" if line else "" for line in lines[first + 1 :]]
    made = [*lines[:first], "def game(size=3):", "    SIZE = size", *inside]
    path.write_text("\n".join(made).replace("    game = from_rules(", "    return from_rules("))
    assert games.check_game(games.make(f"{path}:game"), 8)["longest"] <= 9


LATE = within("step", "if s['plies'] == 7 and s['cells'][0, 0] == 1:", "    s['cells'][3, a % SIZE] = 1")
"""A line that leaves its bounds late in some games."""


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Game:
    return games.make(write(tmp_path_factory.mktemp("late"), LATE), trial=False)


def before_the_end(game: Game) -> np.ndarray:
    """A position of seven plies with x in the corner; nobody has a row."""
    here = games.position(game)
    for action in (0, 1, 2, 3, 4, 6, 5):
        here = here.play(action)
    return here.states


@pytest.mark.nojit
def test_a_late_fault_names_its_line(late: Game) -> None:
    sentence = r"rows\.py, line 20, in step: index 3 is out of bounds for axis 0 with size 3$"
    states = before_the_end(late)
    with pytest.raises(GameFault, match=sentence):
        late.step(states.copy(), np.array([7]))
    with pytest.raises(GameFault, match=sentence):
        late.advance(states.copy(), np.array([0]), np.array([0]), np.array([7]))
    with pytest.raises(GameFault, match=sentence):
        late.rollout(states, np.array([3], np.uint64))
    with pytest.raises(GameFault, match=sentence):
        late.lookahead(states, 2)
    with pytest.raises(GameFault, match=sentence):
        MinimaxPlayer(late, 2).scores(states)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (within("outcome", "if s['plies'] == 1:", "    return 5"), "outcome returned 5; it must return ONGOING"),
        (within("step", "if s['plies'] == 0:", "    s['to_play'] = 1"), None),
        (
            ('1 - s["to_play"]\n', '1 - s["to_play"] + (s["plies"] == 1) * 4\n'),
            r"left s\['to_play'\] at 5|neither 0 nor 1",
        ),
        (within("legal_actions", "if s['plies'] == 1:", "    return"), "legal_actions allowed no action although"),
        (
            within("observe", "if s['plies'] == 1:", "    planes[2, 0, 0] = 1"),
            "in observe: index 2 .*planes has the shape",
        ),
    ],
)
def test_compiled_rules_that_break_the_contract(edit: tuple[str, str], sentence: str | None, tmp_path: Path) -> None:
    game = games.make(write(tmp_path, edit), trial=False)
    states = game.new(1)
    game.step(states, np.array([4]))
    if sentence is None:
        game.describe_new(states)
        return
    with pytest.raises(GameFault, match=sentence):
        game.describe_new(states)


@pytest.mark.nojit
def test_errors_of_games_that_ship_stay_as_they_are() -> None:
    game, error = make("tic_tac_toe"), IndexError("index 9 is out of bounds")
    with pytest.raises(IndexError) as raised:
        raise_explained(game, error, "step", game.new(1), np.array([9]))
    assert raised.value is error


def test_a_rollout_that_does_not_end(tmp_path: Path) -> None:
    game = games.make(write(tmp_path, ("max_plies=9", "max_plies=2")), trial=False)
    states = game.new(1)
    game.init(states)
    with pytest.raises(GameFault, match="a game took more than max_plies actions"):
        game.rollout(states, np.array([1], np.uint64))


@pytest.mark.slow
def test_a_process_ends_with_a_sentence_and_not_by_a_signal(tmp_path: Path) -> None:
    text = write(tmp_path, LATE)
    environment = os.environ | {"HONTE_CACHE": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": "0"}
    for words in (["check-game", text], ["match", "random", "random", "--game", text, "--games", "20"]):
        done = subprocess.run(
            [sys.executable, "-m", "honte", *words],
            env=environment,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert done.returncode == (1 if words[0] == "check-game" else 2)
        assert "line 20, in step: index 3 is out of bounds for axis 0 with size 3" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_rules_that_come_with_honte_run_without_bounds_checks(name: str) -> None:
    game = make(name)
    assert isinstance(game, CompiledGame)
    assert not game.is_own
    assert not game.checked

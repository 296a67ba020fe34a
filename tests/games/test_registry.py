"""Text into games, and one sentence for each way it can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

import games
from games.registry import NAMES, defaults, describe, make

pytestmark = pytest.mark.nojit

NIM = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from games import ONGOING, from_rules

@dataclass
class Size:
    heap: int = 5

def init(s):
    s["left"] = 5

def legal_actions(s, legal):
    for a in range(2):
        legal[a] = a < s["left"]

def step(s, a):
    s["left"] -= a + 1
    s["to_play"] = 1 - s["to_play"]

def outcome(s):
    return -1 if s["left"] == 0 else ONGOING

def observe(s, planes):
    planes[0, 0, s["left"]] = 1

def game(max_plies: int = 5):
    return from_rules(
        name="nim", state=np.dtype([("left", np.int8), ("to_play", np.int8)]), num_actions=2,
        observation_shape=(1, 1, 6), max_plies=max_plies, init=init, legal_actions=legal_actions, step=step,
        outcome=outcome, observe=observe, draw=lambda s: np.zeros((1, 6), np.int8),
    )

ready = game()
number = 7
"""


@pytest.fixture
def nim(tmp_path: Path) -> str:
    path = tmp_path / "nim.py"
    path.write_text(NIM)
    return str(path)


def test_names_and_parameters() -> None:
    assert games.make("connect_four").name == "connect_four"
    assert games.make("connect_four:columns=5").observation_shape == (3, 6, 5)
    assert games.make("connect_four:rows=6,columns=7,k=4").name == "connect_four"
    game = games.make("tic_tac_toe:rows=4,k=4")
    assert games.make(game.name).name == game.name == "tic_tac_toe:rows=4,columns=3,k=4"
    for name in games.NAMES:
        assert games.make(name).name == name


def test_a_game_of_ones_own(nim: str) -> None:
    for text in (f"{nim}:game", f"{nim}:ready", f"{nim}:game:max_plies=6"):
        game = games.make(text)
        assert game.name == text
        assert games.check_game(game, num_games=4)["longest"] <= 5
    assert games.make(f"{nim}:game:max_plies=6").max_plies == 6


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("conect_four", "no game is called 'conect_four'; did you mean connect_four"),
        ("chess", "no game is called 'chess'; there are .*connect_four.*, or FILE.py:game for your own"),
        ("", "no game is called ''"),
        ("connect_four:width=9", "unknown parameter 'width'; there are rows, columns, k"),
        ("connect_four:rows=six", "rows='six' is not a whole number"),
        ("connect_four:rows=4.5", "rows='4.5' is not a whole number"),
        ("connect_four:rows=true", "rows='true' is not a whole number"),
        ("connect_four:rows", "'connect_four:rows': write rows=VALUE"),
        ("connect_four:rows=40", "rows=40, columns=7, k=4; sides are 1 to 19"),
        ("connect_four:k=8", "k at least 2 and fits the board"),
        ("tic_tac_toe:k=0", "sides are 1 to 19 and k fits the board"),
        ("nowhere.py:game", "there is no file 'nowhere.py' to take a game from"),
    ],
)
def test_errors_are_sentences(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        games.make(text)


def test_errors_of_files(nim: str, tmp_path: Path) -> None:
    for text, sentence in (
        (f"{nim}:other", "has no 'other'; write FILE.py:NAME with the name of a game in it"),
        (f"{nim}:number", "is int, not a game; games.from_rules makes one"),
        (f"{nim}:Size", "is Size, not a game"),
        (f"{nim}:ready:max_plies=3", "this game takes no parameters"),
        (f"{nim}:game:plies=3", "unknown parameter 'plies'; did you mean max_plies"),
    ):
        with pytest.raises(ValueError, match=sentence):
            games.make(text)
    (tmp_path / "bad.py").write_text("1 / 0")
    with pytest.raises(ValueError, match=r"bad\.py' does not run: ZeroDivisionError: division by zero"):
        games.make(f"{tmp_path / 'bad.py'}:game")
    (tmp_path / "worse.py").write_text("def")
    with pytest.raises(ValueError, match="does not run: SyntaxError"):
        games.make(f"{tmp_path / 'worse.py'}:game")


def test_two_files_of_one_name_are_two_games(nim: str, tmp_path: Path) -> None:
    other = tmp_path / "other" / "nim.py"
    other.parent.mkdir()
    other.write_text(NIM.replace("heap: int = 5", "heap: int = 6").replace("max_plies: int = 5", "max_plies: int = 9"))
    assert (games.make(f"{nim}:game").max_plies, games.make(f"{other}:game").max_plies) == (5, 9)


@pytest.mark.parametrize("num_actions", [0, -3, 32_768, 1 << 40])
def test_a_number_of_actions_that_no_record_can_hold_is_refused(num_actions: int) -> None:
    import numpy as np

    with pytest.raises(
        ValueError, match=f"mine: num_actions is {num_actions}; it must be a whole number from 1 to 32767"
    ):
        games.from_rules(
            name="mine", state=np.dtype([("to_play", np.int8)]), num_actions=num_actions, observation_shape=(1, 1, 1),
            max_plies=1, init=print, legal_actions=print, step=print, outcome=print, observe=print, draw=print,
        )  # fmt: skip


def test_rules_need_to_say_who_moves() -> None:
    import numpy as np

    with pytest.raises(ValueError, match="the state's dtype needs a field 'to_play'"):
        games.from_rules(
            name="mine", state=np.dtype([("left", np.int8)]), num_actions=1, observation_shape=(1, 1, 1), max_plies=1,
            init=print, legal_actions=print, step=print, outcome=print, observe=print, draw=print,
        )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_game_describes_itself(name: str) -> None:
    words, known = describe(name), defaults(name)
    assert make(name).description == words
    assert all((words.rules, words.goal, words.moves))
    for parameter, bounds in words.parameters.items():
        value = known[parameter]
        if bounds.choices:
            assert value in bounds.choices
        elif not bounds.example:
            assert bounds.minimum <= value <= bounds.maximum
    for parameters in words.variants.values():
        assert make(f"{name}:{parameters}").family == name

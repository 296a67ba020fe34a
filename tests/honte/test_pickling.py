"""What crosses between processes: games, positions, environments and results, by pickle, cloudpickle and copies."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode

import honte
from games import NAMES, Game, make, position
from games.rules.hex import game as hex_game
from honte.envs.gymnasium import GameEnv
from honte.envs.pettingzoo import GameAEC
from honte.envs.vector import GameVectorEnv
from tests.games.made import made

ROOT = Path(__file__).parents[2]


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def cloud_pickled(value: Any) -> Any:
    return pickle.loads(cloudpickle.dumps(value))


WAYS = pytest.mark.parametrize("carry", [pickled, cloud_pickled, copy.deepcopy, copy.copy])
Carry = Callable[[Any], Any]

OWN = """
import numpy as np
from games import ONGOING, from_rules

def init(s):
    s["left"] = 5

def legal_actions(s, legal):
    for a in range(min(2, s["left"])):
        legal[a] = True

def step(s, a):
    s["left"] -= a + 1
    s["to_play"] = 1 - s["to_play"]

def outcome(s):
    return ONGOING if s["left"] else -1

def observe(s, planes):
    for i in range(s["left"]):
        planes[0, 0, i] = 1

def draw(s):
    return np.array([[1] * int(s["left"]) + [0] * (5 - int(s["left"]))], np.int8)

game = from_rules(
    name="five", state=np.dtype([("left", np.int8), ("to_play", np.int8)]), num_actions=2,
    observation_shape=(1, 1, 5), max_plies=5, init=init, legal_actions=legal_actions, step=step, outcome=outcome,
    observe=observe, draw=draw,
)
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "five.py"
    path.write_text(OWN, encoding="utf-8")
    return path


def moved(game: Game) -> Any:
    here = position(game)
    return here.play(here.legal_actions[0])


@WAYS
@pytest.mark.parametrize("name", [*NAMES, "hex:size=4,swap=true", "go:size=5,komi=0.5", "nim:heaps=1-2,misere=true"])
def test_games_and_positions_of_the_house(name: str, carry: Carry) -> None:
    game = made(name)
    again = carry(game)
    assert again == game
    assert hash(again) == hash(game)
    assert again.name == game.name
    here = moved(game)
    there = carry(here)
    assert there == here
    assert hash(there) == hash(here)
    assert there.line == here.line
    assert str(there) == str(here)
    assert there.play(there.legal_actions[-1]) == here.play(here.legal_actions[-1])


@WAYS
def test_a_game_made_by_its_own_function(carry: Carry) -> None:
    game = hex_game(4)
    assert carry(game) == game == make("hex:size=4")


@WAYS
def test_a_game_of_a_users_file(own: Path, carry: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    game = make("five.py:game")
    data = carry(game)
    monkeypatch.chdir(ROOT)
    again = carry(data)
    assert again.name == "five.py:game"
    assert again == game
    assert moved(again) == moved(game)
    assert carry(moved(game)).play(0).is_over is False


def test_a_users_game_crosses_to_a_process_in_another_folder(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    data = pickle.dumps(moved(make("five.py:game")))
    monkeypatch.chdir(ROOT)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(drawn, (data,))
    assert there == (str(pickle.loads(data)), "five.py:game")


def drawn(data: bytes) -> tuple[str, str]:
    here = pickle.loads(data)
    return str(here), here.game.name


def test_a_file_that_is_gone_is_named(own: Path) -> None:
    data = pickle.dumps(make(f"{own}:game"))
    shutil.move(own, own.with_name("moved.py"))
    with pytest.raises(ValueError, match=r"five\.py"):
        pickle.loads(data)


def test_rules_that_have_no_name_travel_as_functions(own: Path) -> None:
    scope: dict[str, Any] = {}
    path = own.with_name("rules.py")
    path.write_text(OWN.replace('name="five"', 'name="tic_tac_toe"'), encoding="utf-8")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)
    game = scope["game"]
    assert game != made("tic_tac_toe")
    again = cloud_pickled(game)
    assert again.num_actions == 2
    assert str(moved(again)) == str(moved(game))


def test_what_is_equal() -> None:
    assert make("hex:size=4") == make("hex:size=4")
    assert make("hex:size=4") != make("hex:size=5")
    assert make("go:size=5") != "go:size=5"
    assert len({make("hex:size=4"), make("hex:size=4"), make("hex:size=5")}) == 2
    start = position("tic_tac_toe")
    assert start.play("a1 b2 c3") == start.play("c3 b2 a1")
    assert start.play("a1 b2") != start.play("b2 a1")
    assert start != start.play("a1")
    assert start != position("tic_tac_toe:rows=4,columns=4,k=3")
    assert start != "tic_tac_toe"
    assert len({start, position("tic_tac_toe"), start.play("a1")}) == 2


def test_an_edited_file_is_another_game(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if Python stores the bytecode of files, which an edit of equal length within a second leaves valid."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = make(f"{own}:game")
    own.write_text(OWN.replace('"left"] = 5', '"left"] = 4'), encoding="utf-8")
    assert make(f"{own}:game") != before


@WAYS
def test_openspiels_games_and_positions(carry: Carry) -> None:
    pytest.importorskip("pyspiel")
    game = make("openspiel:y(board_size=4)")
    assert carry(game) == game
    here = moved(game)
    there = carry(here)
    assert there == here
    assert there.play(there.legal_actions[0]) == here.play(here.legal_actions[0])
    assert there == here


@WAYS
def test_results(carry: Carry) -> None:
    result = honte.match("random", "mcts:5", "tic_tac_toe", games=4)
    again = carry(result)
    assert again.as_json() == result.as_json()
    assert [r.actions.tolist() for r in again.records] == [r.actions.tolist() for r in result.records]


OPPONENTS = pytest.mark.parametrize("opponent", ["random", "mcts:6", "minimax:2", "perfect"])
COPIES = pytest.mark.parametrize("carry", [pickled, cloud_pickled, copy.deepcopy])


@COPIES
@OPPONENTS
def test_a_copied_environment_goes_on_as_the_original(opponent: str, carry: Carry) -> None:
    env = GameEnv(made("tic_tac_toe"), opponent)
    _, info = env.reset(seed=3)
    env.step(int(np.argmax(info["action_mask"])))
    other = carry(env)
    assert other.game == env.game
    for _ in range(4):
        for _ in range(9):
            action = int(np.argmax(env._positions.legal[0]))
            one, two = env.step(action), other.step(action)
            assert (one[0] == two[0]).all()
            assert one[1:4] == two[1:4]
            if one[2]:
                break
        assert env.reset()[1]["side"] == other.reset()[1]["side"]
        assert env.states.tobytes() == other.states.tobytes()


@COPIES
@OPPONENTS
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_copied_vector_of_games_goes_on_as_the_original(opponent: str, carry: Carry, mode: AutoresetMode) -> None:
    envs = GameVectorEnv(3, made("tic_tac_toe"), opponent, autoreset_mode=mode)
    envs.reset(seed=3)
    envs.step(envs.random_actions())
    other = carry(envs)
    for _ in range(12):
        actions = envs.random_actions()
        assert (actions == other.random_actions()).all()
        one, two = envs.step(actions), other.step(actions)
        assert (one[0] == two[0]).all()
        assert (one[4]["side"] == two[4]["side"]).all()
        if mode is AutoresetMode.DISABLED and one[2].any():
            envs.reset(options={"reset_mask": one[2]})
            other.reset(options={"reset_mask": one[2]})


def test_a_copy_is_independent() -> None:
    env = GameEnv(made("tic_tac_toe"), side="first")
    env.reset(seed=0)
    before = env.states.copy()
    copy.deepcopy(env).step(4)
    assert (env.states == before).all()
    env.step(4)


@COPIES
def test_pettingzoos_environment(carry: Carry) -> None:
    pytest.importorskip("pettingzoo")
    env = GameAEC(made("tic_tac_toe"))
    env.reset(seed=0)
    env.step(4)
    other = carry(env)
    other.step(0)
    env.step(0)
    assert (other.observe("player_0") == env.observe("player_0")).all()


def test_gymnasiums_own_processes(own: Path) -> None:
    one = partial(GameEnv, make(f"{own}:game"), "mcts:4")
    envs = AsyncVectorEnv([one] * 2, context="spawn")
    try:
        _, infos = envs.reset(seed=0)
        assert infos["action_mask"].any(axis=1).all()
        observation, *_ = envs.step(np.zeros(2, np.int64))
        assert observation.shape == (2, 1, 1, 5)
    finally:
        envs.close()

"""The import paths of the release before modules moved into folders still work."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from honte.__main__ import main

OLD_PATHS = {
    "games": ("ONGOING", "Game", "Position", "check_game", "from_rules", "make", "perft", "position"),
    "games.compiled": ("from_rules",),
    "games.board": ("Board",),
    "games.symmetry": ("MIRROR", "RECTANGLE", "SQUARE", "identity", "of_cells", "of_columns"),
    "honte": ("check_game", "load", "make", "match", "perft", "position"),
    "honte.envs": ("GameEnv", "ids", "register"),
}
"""The modules that README, docs and examples named before, each with the names that users took from it."""

GAME = """
import numpy as np

from games import ONGOING, from_rules

HEAP = 21

state = np.dtype([("stones", np.int16), ("to_play", np.int8)])


def init(s):
    s["stones"] = HEAP


def legal_actions(s, legal):
    for a in range(3):
        legal[a] = a < s["stones"]  # action a takes a + 1 stones


def step(s, a):
    s["stones"] -= a + 1
    s["to_play"] = 1 - s["to_play"]


def outcome(s):
    return -1 if s["stones"] == 0 else ONGOING  # the player to move has lost: the other took the last stone


def observe(s, planes):
    planes[0, 0, : s["stones"]] = 1


def draw(s):
    return (np.arange(HEAP) < s["stones"]).reshape(1, HEAP).astype(np.int8)


game = from_rules(
    name="last_stone",
    state=state,
    num_actions=3,
    observation_shape=(1, 1, HEAP),
    max_plies=HEAP,
    init=init,
    legal_actions=legal_actions,
    step=step,
    outcome=outcome,
    observe=observe,
    draw=draw,
    write_action=lambda a: str(a + 1),
)
"""
"""The game of docs/your-own-game.md as it was at commit 7410005."""


@pytest.mark.parametrize("module", OLD_PATHS)
def test_old_names_are_imported_from_their_old_modules(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in OLD_PATHS[module] if not hasattr(found, name)] == []


def test_old_functions_of_symmetry_work() -> None:
    from games import symmetry

    square = symmetry.of_cells(3, 3, symmetry.SQUARE, 1)
    assert square.actions.shape == (8, 10)
    assert (square.actions[:, 9] == 9).all()
    assert symmetry.of_columns(2, 3).actions.tolist() == [[0, 1, 2], [2, 1, 0]]
    assert symmetry.identity(2, 2, 4).actions.tolist() == [[0, 1, 2, 3]]


def test_the_old_path_of_the_pettingzoo_environment_works() -> None:
    pytest.importorskip("pettingzoo")
    from honte import pettingzoo_env

    env = pettingzoo_env.env("tic_tac_toe")
    env.reset(seed=0)
    mask = env.infos[env.agent_selection]["action_mask"]
    assert mask.sum() == 9
    env.step(int(np.flatnonzero(mask)[0]))
    assert env.agent_selection == "player_1"


def test_the_old_path_of_the_openspiel_bot_works() -> None:
    pyspiel = pytest.importorskip("pyspiel")
    from honte import openspiel_bot

    state = pyspiel.load_game("tic_tac_toe").new_initial_state()
    bot = openspiel_bot.HonteBot("random", "tic_tac_toe")
    assert bot.step(state) in state.legal_actions()


def test_a_game_file_of_the_time_before_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "last_stone.py").write_text(GAME, encoding="utf-8")
    game = f"{tmp_path / 'last_stone.py'}:game"
    assert main(["check-game", game]) == 0
    capsys.readouterr()
    assert main(["match", "mcts:50", "random", "--game", game, "--games", "10", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["wins"] + result["draws"] + result["losses"] == 10
    assert result["wins"] >= 7

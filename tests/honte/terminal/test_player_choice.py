"""The list of players: shipped networks, runs that can play, and players of any game."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from agent import weights
from games import make
from honte.terminal.player_choice import choices_text, default_player, games_text, list_choices


def make_run(folder: Path, game: str, *, classifies: str = "") -> None:
    """A run whose only checkpoint is the network of Connect Four, said to have learned ``game``."""
    shipped = weights.folder("connect_four")
    assert shipped is not None
    checkpoint = folder / "checkpoints" / "12"
    shutil.copytree(shipped, checkpoint)
    config = json.loads((checkpoint / "config.json").read_text()) | {"game": game}
    (checkpoint / "config.json").write_text(json.dumps(config | ({"classifies": classifies} if classifies else {})))
    (folder / "config.yaml").write_text(f"game: {game}\n")


def test_runs_that_can_play_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "mine", "connect_four")
    make_run(tmp_path / "runs" / "own", "/elsewhere/my_game.py:game")
    make_run(tmp_path / "runs" / "pictures", "", classifies="digits")
    make_run(tmp_path / "runs" / "damaged", "connect_four")
    (tmp_path / "runs" / "damaged" / "checkpoints" / "12" / "config.json").write_text("{")
    (tmp_path / "runs" / "empty" / "checkpoints").mkdir(parents=True)
    listed = {each.player: each for each in list_choices()}
    runs = [name for name in listed if name.startswith("runs")]
    assert runs == [str(Path("runs", name)) for name in ("mine", "own")]
    assert listed[runs[0]].about == "your run: connect_four, step 12, stopped"
    assert listed[runs[1]].game == "/elsewhere/my_game.py:game"
    assert listed["connect_four"].game == "connect_four"
    assert listed["mcts:400"].game is None


def test_only_players_of_the_game_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "mine", "connect_four")
    players = [each.player for each in list_choices(make("gomoku:size=6"))]
    assert players == ["mcts:400", "minimax:5", "random", "person"]  # no solver, no network of that size
    assert str(Path("runs", "mine")) in [each.player for each in list_choices(make("connect_four"))]


def test_hints_come_from_the_network_that_ships() -> None:
    assert default_player(make("connect_four")) == "connect_four"
    assert default_player(make("gomoku:size=6")) == "mcts:400"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_list_fits(width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "a name that is long", "connect_four")
    lines = [*choices_text(list_choices(), width).splitlines(), *games_text(width).splitlines()]
    assert max(map(len, lines)) <= width
    assert sum(re.match(r" *\d+  \S", line) is not None for line in lines) == len(list_choices())

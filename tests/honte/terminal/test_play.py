"""A person at the prompt, played by lines on stdin."""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path

import numpy as np
import pytest

from agent.decision import Terms
from agent.inference.evaluate import Evaluation, uniform_evaluate
from agent.search.search import Search, SearchConfig
from games import Positions, make, position
from games.game import States
from honte.__main__ import main
from honte.drawing.terminal import changed_cells, draw_position
from honte.terminal.hints import hint_lines
from tests.agent.search.worlds import FunctionEvaluator

known_games = functools.cache(make)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """``typed(lines, flags)``: what the terminal shows."""

    def run(lines: str, flags: str = "", player: str = "perfect") -> str:
        monkeypatch.setattr("honte.api.make", known_games)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines.split(","))))
        assert main(["play", player, "--game", "tic_tac_toe", "--seed", "1", *flags.split()]) == 0
        out, err = capsys.readouterr()
        assert err == "" or "--json" in flags
        return out if "--json" in flags else out + err

    return run


def stones(shown: str) -> int:
    """How many stones the last board has."""
    board = shown[: shown.rindex("  a b c")].splitlines()[-3:]
    return sum(line.count("x") + line.count("o") for line in board)


def test_a_game_goes_back_and_forth(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("b2")
    assert "your move (x): " in shown
    assert "perfect played" in shown
    assert stones(shown) == 2
    assert shown.endswith("Goodbye.\n")


def test_the_second_seat_waits(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("quit", "--side second")
    assert stones(shown) == 1
    assert "your move (o): " in shown


def test_a_typo_loses_nothing(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("b2,zz,b2,,hepl,side third,undo")
    assert "'zz' is no action of tic_tac_toe; actions are written a3 to c1; help lists the commands\n" in shown
    assert "b2 is not legal here; legal moves are" in shown
    assert "there is no side 'third'; it is first or second" in shown
    assert "'hepl' is no action" in shown
    assert stones(shown) == 0


def test_undo_takes_back_both_moves(typed) -> None:  # type: ignore[no-untyped-def]
    assert stones(typed("b2,undo")) == 0
    assert "you have no move to take back" in typed("b2,undo,undo")
    assert "you have no move to take back" in typed("undo", "--side second")


def test_seats_change_and_games_begin_anew(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("side")
    assert stones(shown) == 1
    assert "your move (o): " in shown
    assert stones(typed("b2,new")) == 0


def test_a_hint_shows_what_the_player_thinks(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("hint", player="mcts:60")
    assert " visits  win probability " in shown
    assert stones(shown) == 0
    assert "draws" in typed("hint")


def test_a_hint_s_numbers_are_the_search_s() -> None:
    """Every leaf is worth 1/2 to its player to move, so a move visited once wins with (1 - 1/2) / 2."""

    def half(states: States, positions: Positions) -> Evaluation:
        return uniform_evaluate(states, positions)._replace(value=np.full(len(states), 0.5, np.float32))

    game = known_games("tic_tac_toe")
    search = Search(game, FunctionEvaluator(half), SearchConfig(num_simulations=9), num_slots=2)
    search.think(np.array([1]), position(game).states, Terms.of(1))
    lines = hint_lines(position(game), search, search.decide()[1])
    assert len(lines) == 5
    assert all(line.endswith("1 visits  win probability 25%") for line in lines)
    almost = position(game).play("a3 a1 b3 b1")
    search.think(np.array([1]), almost.states, Terms.of(1))
    assert hint_lines(almost, search, search.decide()[1])[0].startswith("  c3   100%")


def test_a_game_ends_and_goes_on(typed) -> None:  # type: ignore[no-untyped-def]
    """The perfect player wins against a person who plays the edges; then the last move can be taken back."""
    game = "".join(f"{move}," for move in ("a2", "c2", "b1", "b3", "a1", "c1", "c3", "a3", "b2"))
    shown = typed(game + "hint,undo,quit")
    assert "perfect wins." in shown or "A draw." in shown
    assert "new, undo, side, save FILE or quit: " in shown
    assert "the game is over" in shown
    assert shown.rindex("your move") > shown.rindex("the game is over")


def test_help_names_the_commands(typed) -> None:  # type: ignore[no-untyped-def]
    shown = typed("help")
    assert all(f"\n  {word} " in shown for word in ("hint", "undo", "new", "side", "save", "quit"))


def test_a_saved_game(typed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "game.json"
    assert f"saved to {file}" in typed(f"b2,save {file}")
    saved = json.loads(file.read_text())
    assert saved["players"] == ["person", "perfect"]
    assert saved["moves"][0] == "b2"
    assert position(known_games("tic_tac_toe")).play(" ".join(saved["moves"])).moves == tuple(saved["actions"])
    assert "exists; choose another name" in typed(f"save {file}")
    assert "save needs the name of a file" in typed("save")


def test_json_is_alone_on_stdout(typed) -> None:  # type: ignore[no-untyped-def]
    out = typed("b2", "--json")
    assert out.count("\n") == 1
    assert json.loads(out)["outcome"] is None


def test_the_last_move_is_marked() -> None:
    game = known_games("tic_tac_toe")
    here = position(game).play("b2 a3")
    assert str(draw_position(here)) == "3[o]. .\n2 . x .\n1 . . .\n  a b c\nx to play"
    assert not changed_cells(position(game)).any()
    fallen = changed_cells(position("connect_four").play("d d"))
    assert fallen.sum() == 1
    assert fallen[4, 3]

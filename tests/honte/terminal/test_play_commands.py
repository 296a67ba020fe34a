"""The commands of the prompt: analysis, redo, level, resign, lists of moves, files, and two people."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from games import make, position
from honte.__main__ import main
from honte.terminal.commands import COMMANDS, help_text, nearest_command
from honte.terminal.played_game import PlayedGame
from honte.terminal.saved_games import load, save

known_games = functools.cache(make)
Typed = Callable[..., str]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    """``typed(lines, player, game)``: what the terminal shows."""

    def run(lines: str, player: str = "mcts:50", game: str = "tic_tac_toe") -> str:
        monkeypatch.setattr("honte.api.make", known_games)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines.split(","))))
        assert main(["play", player, "--game", game, "--seed", "1"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return run


def after(shown: str, text: str) -> str:
    """What follows the last ``text``."""
    return shown[shown.rindex(text) + len(text) :]


# ---- commands --------------------------------------------------------------------------------------------------------


def test_the_table_of_an_analysis(typed: Typed) -> None:
    shown = typed("analysis 300,quit")
    assert "win rate of x: " in shown
    table = shown[shown.index("move  visits") :].splitlines()[1:10]
    rows = [re.split(r" {2,}", line, maxsplit=5) for line in table]
    assert sorted(row[0] for row in rows) == sorted(position(known_games("tic_tac_toe")).legal_actions)
    assert sum(int(row[1]) for row in rows) == 300
    wins = [float(row[3].rstrip("%")) for row in rows]
    losses = [float(row[4]) for row in rows]
    assert min(losses) == 0
    for win, loss in zip(wins, losses, strict=True):
        assert loss == pytest.approx(max(wins) - win, abs=0.11)
    assert all(row[5].split()[0] == row[0] for row in rows if len(row) == 6)  # a variation begins with its move


def test_an_analysis_says_what_it_cannot_do(typed: Typed) -> None:
    assert "'many' is not a whole number such as 400" in typed("analysis many")
    assert "the number of simulations is 0; it must be from 1 to" in typed("analysis 0")
    assert "the number of simulations is 99999999; it must be from 1 to" in typed("analysis 99999999")
    assert "perfect takes no number of simulations" in typed("analysis 5", "perfect")
    assert "without a search" in typed("analysis", "perfect")


def test_redo_plays_what_undo_took_back(typed: Typed) -> None:
    shown = typed("b2,undo,redo,moves")
    first = re.search(r"1 x b2 +2 o (\w\w)", shown)
    assert first is not None
    assert shown.count(f"played {first[1]}") == 1  # the answer is the one that was taken back, not a new one
    assert "there is no move to play again" in typed("b2,redo")
    assert "there is no move to play again" in typed("b2,undo,a1,redo")  # another move: the old ones are gone


def test_the_level(typed: Typed) -> None:
    shown = typed("level,level 7,b2,hint,level")
    assert "mcts:50 searches 50 simulations for each move" in shown
    assert "mcts:7 searches 7 simulations for each move" in shown
    assert "mcts:7 played" in shown
    visits = [int(number) for number in re.findall(r"(\d+) visits", shown)]
    assert visits
    assert sum(visits) <= 7
    assert "perfect does not count simulations" in typed("level", "perfect")
    assert "perfect takes no number of simulations" in typed("level 5", "perfect")


def test_a_level_beyond_the_first_trees(typed: Typed) -> None:
    shown = typed("level 900,analysis,level 30,analysis")
    assert "901 visits" in shown
    assert "31 visits" in shown


def test_resigning_ends_the_game_and_can_be_taken_back(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "lost.json"
    shown = typed(f"b2,resign,hint,a1,save {file},undo,board,quit")
    assert "You resign. mcts:50 wins.\nnew, undo, side, save FILE or quit: " in shown
    assert "the game is over, so there is no hint" in shown
    assert "a1 is not legal here; the game is over" in shown
    assert after(shown, "saved to").count("your move (x): ") == 2
    saved = json.loads(file.read_text())
    assert (saved["outcome"], saved["reason"]) == (-1, "person has resigned")
    assert "You resign. mcts:50 wins." in typed(f"load {file}")
    assert load(file, known_games("tic_tac_toe")).resigned == 0


def test_lists_of_moves(typed: Typed) -> None:
    assert "no move has been played yet" in typed("moves")
    shown = typed("c b4,legal,legal z,legal c", "person", "connect_four")
    assert "'b4' is no action" in shown
    assert "a b c d e f g" in shown
    assert "no legal move begins with 'z'" in shown
    assert "type legal to list them all" in " ".join(typed("help", "random", "gomoku").split())


def test_several_moves_on_one_line(typed: Typed) -> None:
    shown = typed("b2 a1 b3 a3,moves", "person")
    assert "1 x b2   2 o a1   3 x b3   4 o a3" in shown
    assert "1 x b2   2 o " in typed("b2 a1,moves")  # where the other player has a turn, the rest is dropped


def test_a_mistyped_command_is_named(typed: Typed) -> None:
    shown = typed("hnt,anlysis 5,UNDO,qiut,Level,B2,Quit")
    assert all(f"did you mean the command {name}?" in shown for name in ("hint", "analysis", "quit"))
    assert "you have no move to take back" in shown  # commands and moves may be in capitals
    assert "mcts:50 played" in shown
    assert "undo stands alone on its line; leave out '3'" in typed("b2,undo 3")
    assert nearest_command("reod") == "redo"
    assert nearest_command("d7") is None


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_fits(width: int) -> None:
    lines = help_text(["a1", "b1"], width).splitlines()
    assert max(map(len, lines)) < width
    assert all(any(line.startswith(f"  {command.usage}") for line in lines) for command in COMMANDS)


# ---- two people ------------------------------------------------------------------------------------------------------


def test_two_people_play_a_game(typed: Typed) -> None:
    shown = typed("b2,a1,undo,a3,redo,hint,side,b1,c1,b3,new", "person")
    assert "tic_tac_toe for two people; type help" in shown
    assert "there is no move to play again" in shown
    assert "both sides are played by people" in shown
    assert re.search(r"[abc]\d +\d+%  \d+ visits", shown)  # a hint, by rollouts
    assert "x wins.\nnew, undo" in shown
    assert after(shown, "x wins.").rstrip().endswith("move of x: \nGoodbye.")


def test_two_people_resign_and_undo_one_move(typed: Typed) -> None:
    shown = typed("b2,resign,undo,undo,resign", "person")
    assert "o resigns. x wins." in shown
    assert "x resigns. o wins." in shown
    assert "there is no move to take back" in typed("undo", "person")


def test_two_people_need_a_game(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "person"]) == 2
    assert "add --game" in capsys.readouterr().err


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_saved_game_goes_on(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "my game.json"
    typed(f"b2,save {file}")
    shown = typed(f"a1,load {file},moves,undo,quit", "perfect")
    assert f"loaded 2 moves from {file}" in shown
    assert "1 x b2   2 o " in shown
    assert after(shown, "1 x b2").count("your move (x): ") == 2
    typed("side second,quit")
    other = tmp_path / "second.json"
    assert "your move (o): " in typed(f"side second,save {other}")
    assert after(typed(f"b2,load {other}"), "loaded 1 move ").count("your move (o): ") == 1  # the file's seat


def test_a_finished_game_is_loaded_and_taken_back(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "finished.json"
    typed(f"b2 a1 b1 a3 b3,save {file}", "person")
    shown = typed(f"load {file},undo", "person")
    assert "x wins." in shown
    assert after(shown, "x wins.").count("move of x: ") == 1


def test_sgf_is_written_and_read(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    assert f"saved to {file}" in typed(f"b2 a1 c3,save {file}", "person", "hex:size=3")
    assert file.read_text().startswith("(;GM[11]FF[4]")
    assert "loaded 3 moves" in typed(f"load {file}", "person", "hex:size=3")
    text = "(;GM[1]SZ[5]KM[0.5];B[cc];W[dd];B[])(;GM[1]SZ[5];B[aa])"
    (tmp_path / "two.sgf").write_text(text)
    shown = typed(f"load {tmp_path / 'two.sgf'},moves,load {tmp_path / 'two.sgf'} 2,moves", "person", "go:size=5")
    assert "1 black C3     2 white D2     3 black pass" in shown
    assert "the file has a komi of 0.5; this game keeps " in shown
    assert "1 black A5" in shown


def test_games_of_a_match_are_loaded_by_number(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--game", "tic_tac_toe", "--games", "2", "--seed", "1", "--out", str(tmp_path / "match")]
    assert main(["match", "random", "mcts:5", *flags]) == 0
    capsys.readouterr()
    file = next((tmp_path / "match").glob("*.jsonl"))
    second = [json.loads(line) for line in file.read_text().splitlines() if '"moves"' in line][1]
    number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if json.loads(line) == second)
    shown = typed(f"load {file} {number},moves,load {file} 99", "person")
    assert f"loaded {len(second['moves'])} moves" in shown
    assert f"1 x {second['moves'][0]}   2 o {second['moves'][1]}" in shown
    assert "so there is no game 99" in shown


def test_a_game_may_be_spelled_with_its_parameters(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "game.json"
    file.write_text('{"game": "hex:size=3,swap=false", "setup": null, "moves": ["b2"]}')
    assert "loaded 1 move " in typed(f"load {file}", "person", "hex:size=3")
    assert "it is a game of hex:size=3,swap=false, not of hex:size=4" in typed(f"load {file}", "person", "hex:size=4")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is neither JSON nor SGF"),
        ("[]", "it is not a saved game"),
        ('{"game": "tic_tac_toe"}', "it is not a saved game"),
        ('{"game": "hex", "moves": []}', "it is a game of hex, not of tic_tac_toe"),
        ('{"game": "tic_tac_toe", "moves": ["b2", "b2"]}', "move 2: 'b2' is not legal here"),
        ('{"game": "tic_tac_toe", "moves": ["b2", "zz"]}', "move 2: 'zz' is no action of tic_tac_toe"),
        ('{"moves": [5]}', "move 1 is '5', and a move must be text"),
        ('{"moves": ["b2 a1"]}', "move 1 is 'b2 a1', and a move must be text"),
        ('{"moves": ["b2"], "actions": [0]}', "its moves and its actions are not the same"),
        ('{"moves": [], "setup": "x . ."}', "its first position was set up"),
        ("(;GM[1])", "it is SGF, and tic_tac_toe has no SGF type"),
        ("[" * 100_000, "it is neither JSON nor SGF"),
        ("\x00", "there is a NUL character"),
    ],
)
def test_a_wrong_file_leaves_the_game_as_it_is(typed: Typed, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "wrong"
    file.write_text(content)
    shown = typed(f"b2,load {file},moves", "person")
    assert said in shown
    assert "1 x b2" in shown
    assert len([line for line in shown.splitlines() if said in line]) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("(;GM[1]SZ[9];B[aa])", "it is a game of go:size=9, not of go:size=5"),
        ("(;GM[2];B[aa])", "it is a game of othello:size=8, not of go:size=5"),
        ("(;GM[1]SZ[5]AB[aa][bb];W[cc])", "it sets up stones"),
        ("(;GM[1]SZ[5]HA[2];W[cc])", "it sets up stones"),
        ("(;GM[1]SZ[5];W[cc])", "move 1 is made by W, and it is the other player's turn"),
        ("(;GM[1]SZ[5];B[cc];W[cc])", "move 2: "),
        ("(;GM[1]SZ[5];B[zz])", "is not a point"),
        ("(;GM[40];B[aa])", "GM[40] is a game that honte cannot read"),
    ],
)
def test_a_wrong_sgf_file_is_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "wrong.sgf"
    file.write_text(content)
    with pytest.raises(ValueError, match=re.escape(said)) as failure:
        load(file, known_games("go:size=5"))
    assert str(failure.value).startswith(f"{file} cannot be loaded: ")
    assert "\n" not in str(failure.value)


def test_only_games_with_an_sgf_type_are_saved_as_sgf(typed: Typed, tmp_path: Path) -> None:
    assert "has no SGF type" in typed(f"b2,save {tmp_path / 'game.sgf'}")
    assert not (tmp_path / "game.sgf").exists()
    assert "cannot be read: No such file" in typed(f"load {tmp_path / 'nothing.json'}")
    assert "load needs the name of a file" in typed("load")


def test_a_mistake_in_a_path_creates_no_folder(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "gmaes" / "game.json"
    assert f"there is no folder {file.parent} for the file game.json" in typed(f"b2,save {file}", "person")
    assert not file.parent.exists()


def test_a_resignation_is_in_the_sgf_file(tmp_path: Path) -> None:
    game = known_games("hex:size=3")
    save(tmp_path / "game.sgf", PlayedGame(game, position(game).play("b2").moves, resigned=1), ["a", "b"])
    assert "RE[B+R]" in (tmp_path / "game.sgf").read_text()

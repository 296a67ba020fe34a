"""Files that set up positions, as servers, editors and problem collections write them, told by what GTP then shows."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from games import make, position
from honte.protocols.gtp.board import GtpBoard
from honte.sgf import conversion
from honte.sgf.values import read_komi
from tests.honte.protocols.gtp_talk import talk


def load(tmp_path: Path, text: str, *lines: str, game: str = "go", number: int | None = None) -> list[str]:
    """The replies to ``loadsgf`` and to ``lines`` after it."""
    path = tmp_path / "game.sgf"
    path.write_text(text)
    wanted = f"loadsgf {path}" + (f" {number}" if number is not None else "")
    return [reply.strip() for reply in talk("\n".join([wanted, *lines]) + "\n", game=game)]


def board(tmp_path: Path, text: str, *, game: str = "go", number: int | None = None) -> str:
    """The board that a file leads to, without labels, and who is to play."""
    loaded, shown = load(tmp_path, text, "showboard", game=game, number=number)
    assert loaded[0] == "=", loaded
    *rows, _, status = shown[2:].strip("\n").splitlines()
    return "/".join("".join(row.split()[1:]) for row in rows) + " " + status


HEAD = "(;GM[1]FF[4]SZ[3]KM[6.5]"


@pytest.mark.parametrize(
    ("text", "number", "shown"),
    [
        (f"{HEAD}PL[W])", None, ".../.../... white to play"),
        (f"{HEAD}pl[white])", None, ".../.../... white to play"),
        (f"{HEAD}AB[aa]AW[ca]PL[W])", None, "X.O/.../... white to play"),
        (f"{HEAD}AB[aa]AW[ca])", None, "X.O/.../... black to play"),
        (f"{HEAD}AB[aa]AW[ca];W[bb])", None, "X.O/.o./... black to play"),
        (f"{HEAD}AB[aa]AW[ca];W[bb])", 1, "X.O/.../... white to play"),
        (f"{HEAD}AB[aa:ca]AE[ba])", None, None),  # the same node names a point twice
        (f"{HEAD}AB[aa:ca];AE[ba])", None, "X.X/.../... white to play"),
        (f"{HEAD}AW[aa:ab][cc])", None, "O../O../..O black to play"),
        (f"{HEAD}AB[bb:aa])", None, "XX./XX./... white to play"),
        (f"{HEAD};B[aa];AE[aa]AW[bb])", None, ".../.O./... white to play"),
        (f"{HEAD};B[aa];AW[bb]PL[B])", None, "X../.O./... black to play"),
        (f"{HEAD};B[aa];W[cc];AB[bb];B[ab])", 1, ".../.../... black to play"),
        (f"{HEAD};B[aa];W[cc];AB[bb];B[ab])", 2, "x../.../... white to play"),
        (f"{HEAD};B[aa];W[cc];AB[bb];B[ab])", 3, "X../.X./..O black to play"),
        (f"{HEAD};B[aa];W[cc];AB[bb];B[ab])", 4, "X../xX./..O white to play"),
        (f"{HEAD};B[aa];W[cc];AB[bb];B[ab])", 9, "X../xX./..O white to play"),
        (f"{HEAD};B[aa];AB[zz])", 1, None),  # what follows move 1 is not looked at
        (f"{HEAD}AB[aa];B[bb];W[aa])", 2, "X../.x./... white to play"),
        (f"{HEAD}HA[2]AB[aa][cc])", None, "X../.../..X white to play"),
        (f"{HEAD}HA[2]AB[aa][cc];W[bb])", None, "X../.o./..X black to play"),
        (f"{HEAD}HA[0];B[bb])", None, ".../.x./... white to play"),
        (f"{HEAD}HA[];B[bb])", None, ".../.x./... white to play"),
        (f"{HEAD}HA[2];B[bb];B[aa];W[cc])", None, "X../.X./..o black to play"),
        (f"{HEAD}HA[2];W[bb])", None, None),  # GTP has no handicap on 3 lines
        (f"{HEAD}HA[two])", None, None),
        (f"{HEAD}PL[red])", None, None),
        (f"{HEAD}AB[])", None, ".../.../... black to play"),
        (f"{HEAD}AB[ad])", None, None),
        (f"{HEAD}AB[ab][ba]AW[aa])", None, None),  # a chain without a liberty
        (f"{HEAD};B[aa][bb])", None, None),
        (f"{HEAD};B[aa];W[tt];B[TT])", None, None),
        (f"{HEAD};B[aa];W[tt];B[])", None, "X../.../... black wins"),
        (f"{HEAD};B[aa];W[];B[tt];W[bb];B[pass])", None, "X../.O./... white to play"),
        (f"{HEAD};B[aa];B[resign])", None, "x../.../... white to play"),
        ("(;C[no GM, no SZ]PL[W];AB[aa])(;SZ[3])", None, "X" + "." * 18 + ("/" + "." * 19) * 18 + " white to play"),
        ("(;SZ[3:3]AB[aa]AW[cc](;B[bb](;W[ac])(;W[ab]))(;B[ba]))", None, "X../.X./o.O black to play"),
        ("(;SiZe[3]AddBlack[aa]PL[2])", None, None),
        ("(;SZ[3][5];B[aa])", None, None),
        ("(;SZ[3];SZ[5];B[aa])", None, None),
        ("(;SZ[3]PL[B][W])", None, None),
        ("(;SZ[3]KM[5.5][6.5])", None, None),
        ("(;SZ[3]AB[]AW[ ]PL[];B[aa])", None, "x../.../... white to play"),
        ("(;SZ[3];HA[2]AB[aa][cc];W[bb])", None, "X../.o./..X black to play"),
        ("(;SZ[3];B[aa];KO[]W[aa])", None, None),  # a move by force
        ("(;SZ[3];B[aa];MN[7]VW[aa]DD[bb]W[bb]TB[cc]XY[zz])", None, "X../.o./... black to play"),
        ("(;SiZe[3]AddBlack[aa]PLayer[W])", None, "X../.../... white to play"),
    ],
)
def test_go(text: str, number: int | None, shown: str | None, tmp_path: Path) -> None:
    if shown is None:
        before, after = load(tmp_path, text, "showboard", number=number)
        if number == 1:
            assert before == "= black"
        else:
            assert before.startswith("? cannot load file: ")
        assert "X" not in after.replace("A B C D E F G H J", "")  # all or nothing
    else:
        assert board(tmp_path, text, number=number) == shown


OTHELLO = "..../.bw./.wb./.... "


@pytest.mark.parametrize(
    ("game", "text", "shown"),
    [
        ("othello", "(;GM[2]SZ[4]AW[bb][cc]AB[cb][bc])", "..../.wb./.bw./.... black to play"),
        ("othello", "(;GM[2]SZ[4]AB[bb][cc]AW[cb][bc])", "..../.bw./.wb./.... black to play"),
        ("othello", "(;GM[2]SZ[4]AB[bb][cc]AW[cb][bc]PL[W])", "..../.bw./.wb./.... white to play"),
        ("othello", "(;GM[2]SZ[4]AB[aa])", "b.../.wb./.bw./.... black to play"),
        ("othello", "(;GM[2]SZ[4]AE[bb];B[ab])", None),
        ("othello", "(;GM[2]SZ[4]HA[1])", "..../.wb./.bw./.... black to play"),
        ("othello", "(;GM[2]SZ[4]HA[2])", None),
        ("othello", "(;GM[2]SZ[4]AB[aa:da]AW[ab:dd];AE[dd];B[dd];W[dd])", None),
        ("gomoku", "(;GM[4]SZ[5]AB[aa][ba][ca]AW[ee]PL[W])", "xxx../...../...../...../....o o to play"),
        ("gomoku", "(;GM[4]SZ[5]AB[aa][ba]AW[ee])", "xx.../...../...../...../....o o to play"),
        ("gomoku", "(;GM[4]SZ[5];B[aa];W[])", None),
        ("gomoku", "(;GM[4]SZ[5];B[aa];B[bb])", None),
        ("gomoku", "(;GM[4]SZ[5];W[cc])", "...../...../..o../...../..... x to play"),
        ("gomoku", "(;GM[4]SZ[5];B[aa];W[bb];AE[aa];B[cc])", "...../.o.../..x../...../..... o to play"),
        ("gomoku", "(;GM[4]SZ[5]AB[aa:ea]PL[W])", "xxxxx/...../...../...../..... x wins"),
        ("gomoku", "(;GM[4]SZ[5]AB[aa:ea]PL[B])", None),
        ("hex", "(;GM[11]SZ[3]AB[a1][b2]AW[c3]PL[W])", "x../.x./..o o to play"),
        ("hex", "(;GM[11]SZ[3]AB[a1:b2]PL[W])", "xx./xx./... o to play"),
        ("hex", "(;GM[11]SZ[3]AB[a1:a3]PL[W])", "x../x../x.. x wins"),
        ("hex", "(;GM[11]SZ[3];B[B2];W[A1];B[Resign])", "o../.x./... x to play"),
        ("hex", "(;GM[11]SZ[3];B[bb];W[aa])", "o../.x./... x to play"),
        ("hex", "(;GM[11]SZ[3];W[swap-sides])", None),
        ("hex", "(;GM[11]SZ[3];B[pass])", None),
        ("hex", "(;GM[11]SZ[3];W[b2];B[a1];W[FORFEIT])", "x../.o./... o to play"),
        ("hex", "(;GM[11]SZ[3];B[b1];W[Swap-Pieces])", None),  # this Hex has no swap rule
        ("hex:size=3,swap=true", "(;GM[11]SZ[3];B[b1];W[Swap-Pieces];B[c3])", ".../o../..x o to play"),
        ("hex:size=3,swap=true", "(;GM[11]SZ[3];B[b1];W[swap-sides];W[c3])", ".x./.../..o x to play"),
        ("hex:size=3,swap=true", "(;GM[11]SZ[3]AB[b1];W[swap-pieces])", None),  # a stone that was set up is no move
    ],
)
def test_other_games(game: str, text: str, shown: str | None, tmp_path: Path) -> None:
    if shown is None:
        assert load(tmp_path, text, game=game)[0].startswith("? cannot load file: ")
    else:
        assert board(tmp_path, text, game=game).replace("  ", " ") == shown


def test_a_swap_names_the_rule_that_it_needs(tmp_path: Path) -> None:
    said = load(tmp_path, "(;GM[11]SZ[3];B[b1];W[swap-pieces])", game="hex")[0]
    assert said == "? cannot load file: it swaps pieces, but hex:size=3 has no swap rule; hex:swap=true has one"


def test_the_mover_of_a_forced_pass_may_be_left_out(tmp_path: Path) -> None:
    shown = board(tmp_path, "(;GM[2]SZ[4]AB[aa:da]AW[ab:db]AE[bc][cc]PL[W];B[ac])", game="othello")
    assert shown == "bbbb/bbww/b.../.... white to play"


def test_what_was_set_up_is_written_and_read_again(tmp_path: Path) -> None:
    for game, text in (
        ("go", f"{HEAD}AB[aa][bb]AW[cc]PL[W];W[ca];B[ac])"),
        ("go", f"{HEAD}HA[2]AB[aa][cc];W[bb])"),
        ("go", f"{HEAD};B[aa];W[bb];AB[cc]PL[W];W[ab])"),
        ("othello", "(;GM[2]SZ[4]AB[bb][cc]AW[cb][bc];B[ca])"),
        ("gomoku", "(;GM[4]SZ[5]AW[aa][bb];W[cc])"),
        ("hex", "(;GM[11]SZ[3]AB[a1]AW[b3]PL[B];B[c2])"),
    ):
        first = load(tmp_path, text, "showboard", "printsgf", game=game)
        assert ("HA[2]" in first[2]) == ("HA[2]" in text)
        assert "PL[" in first[2]
        again = load(tmp_path, first[2][2:], "showboard", "printsgf", "undo", "undo", "undo", game=game)
        assert again[:3] == first
        assert again[-1] == "? cannot undo"


def test_a_game_from_a_drawing_needs_its_start() -> None:
    start = position("go:size=3", "X . O\n. . .\n. . .\nwhite to play")
    here = start.play("B2 pass")
    text = conversion.to_sgf(here, start=start, result="W+2")
    assert "AB[aa]AW[ca]PL[W]" in text
    mine = GtpBoard(make("go:size=3"))
    mine.load(conversion.from_sgf(text))
    assert str(mine.position) == str(here)
    with pytest.raises(ValueError, match="did not begin at the initial position; pass its first position as start"):
        conversion.to_sgf(here)
    assert "PL" not in conversion.to_sgf(position("go:size=3").play("B2"))


def test_handicaps_are_written_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    lines = f"boardsize 9\nfixed_handicap 3\nplay w E5\nprintsgf {path}\nshowboard\nkomi 0.5\nshowboard\nprintsgf\n"
    replies = [reply.strip() for reply in talk(lines + f"loadsgf {path}\nshowboard\nfixed_handicap 2\n", game="go")]
    assert replies[4] == replies[6] == replies[9]
    for part in ("HA[3]", "AB[cc][cg][gc]", "PL[W]", "KM[0.5]"):
        assert part in replies[7]
    assert replies[10] == "? board not empty"
    assert board(tmp_path, "(;SZ[9]HA[2])") == board(tmp_path, "(;SZ[9]HA[2]AB[cg][gc])")
    assert board(tmp_path, "(;SZ[9]HA[2];W[ee])").count("X") == 2


def test_ko_holds_before_a_set_up_and_is_forgotten_by_it(tmp_path: Path) -> None:
    ko = "(;GM[1]SZ[5]AB[ba][ab][bc]AW[ca][db][cc][bb];B[cb];"
    assert load(tmp_path, ko + "W[bb])")[0].startswith("? cannot load file: illegal move")
    assert load(tmp_path, ko + "W[ee];B[ed];W[bb])")[0] == "= black"
    assert load(tmp_path, ko + "AW[ee]PL[W];W[bb])")[0] == "= black"


@pytest.mark.parametrize(
    ("text", "area", "komi"),
    [
        ("6.5", 361, 6.5),
        ("375", 361, 7.5),  # Fox: hundredths of stones
        ("325", 361, 6.5),
        ("650", 361, 6.5),
        ("750", 81, 7.5),
        ("550", 361, 5.5),
        ("3.75", 361, 7.5),
        ("2.75", 361, 5.5),
        (" 6,5 ", 361, 6.5),
        ("-5.5", 361, -5.5),
        ("0", 361, 0),
        ("", 0, None),
        ("50", 361, 50),
        ("80", 81, 80),
        ("1e9", 361, None),
        ("nan", 361, None),
        ("inf", 361, None),
        ("1_0", 361, None),
        ("x", 361, None),
        ("6.5 points", 361, None),
        ("99999", 361, None),
        ("1200", 361, None),
        ("333", 361, None),
        ("100.5", 361, None),
        ("50", 25, None),
    ],
)
def test_komi_is_read_as_it_is_meant(text: str, area: int, komi: float | None) -> None:
    if komi is None:
        with pytest.raises(ValueError, match="KM") as error:
            read_komi(text, area)
        assert "\n" not in str(error.value)
    else:
        assert read_komi(text, area) == komi


def test_a_file_without_komi_keeps_the_sessions(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    for given, told in (("", "5.5"), ("KM[]", "5.5"), ("KM[ ]", "5.5"), ("KM[375]", "7.5"), ("KM[0]", "0")):
        path.write_text(f"(;GM[1]SZ[9]{given};B[aa])")
        assert f"KM[{told}]" in talk(f"komi 5.5\nloadsgf {path}\nprintsgf\n", game="go")[2]


@pytest.mark.skipif(importlib.util.find_spec("sgfmill") is None, reason="sgfmill is not installed")
def test_sgfmill_sees_the_same_board() -> None:
    """Random set-ups and moves: what sgfmill's own rules of capture make of a file is what honte's make of it."""
    from sgfmill import ascii_boards, sgf, sgf_moves

    checked, game = 0, make("go:size=5")
    for seed in range(300):
        chosen = random.Random(seed)
        points = chosen.sample([a + b for a in "abcde" for b in "abcde"], 12)
        text = "(;GM[1]FF[4]SZ[5]" + "AB" + "".join(f"[{p}]" for p in points[:4])
        text += "AW" + "".join(f"[{p}]" for p in points[4:7]) + f"PL[{chosen.choice('BW')}]"
        text += "".join(f";{chosen.choice('BW')}[{p}]" for p in points[7:]) + ")"
        theirs = sgf.Sgf_game.from_string(text)
        try:
            shown, plays = sgf_moves.get_setup_and_moves(theirs)
            for colour, move in plays:
                shown.play(*move, colour)
            mine = GtpBoard(game)
            mine.load(conversion.from_sgf(text))
        except ValueError:
            continue
        drawn = [line[1:].split() for line in ascii_boards.render_board(shown).splitlines()[:-1]]
        cells = conversion.owners(mine.position)
        assert [[".#o".index(mark) for mark in row[-5:]] for row in drawn] == cells.tolist(), text
        checked += 1
    assert checked > 100


def test_random_files_never_break_the_board() -> None:
    pieces = ["AB[aa]", "AW[ba][bb]", "AE[aa]", "PL[W]", "PL[B]", "HA[2]", "KM[375]", ";", ";B[aa]", ";W[cc]", ";B[]"]
    pieces += ["AB[aa:cc]", ";W[tt]", "AW[a1]", ";B[a1]", ";W[swap-pieces]", ";W[swap-sides]", ";B[resign]", "MN[3]"]
    loaded = 0
    for number, name in ((1, "go:size=5"), (2, "othello:size=4"), (4, "gomoku:size=5"), (11, "hex:size=3,swap=true")):
        game = make(name)
        for seed in range(200):
            chosen = random.Random(seed)
            text = f"(;GM[{number}]SZ[{game.board.width}]" + "".join(chosen.choices(pieces, k=6)) + ")"
            mine = GtpBoard(game)
            try:
                mine.load(conversion.from_sgf(text, chosen.choice([None, 0, 1, 2])))
            except ValueError:
                continue
            loaded += 1
            again = GtpBoard(game)
            again.load(conversion.from_sgf(mine.to_sgf()))
            assert str(again.position) == str(mine.position), text
            assert again.to_sgf() == mine.to_sgf()
    assert loaded > 150

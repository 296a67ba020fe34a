"""The engine: framing, every command, clocks, handicaps, files, analysis and other games than Go."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from agent.decision import Decisions
from agent.players import make_player
from games import make
from honte.analysis.position_analysis import PositionSearch
from honte.protocols.gtp import framing
from honte.protocols.gtp.board import GtpBoard, handicap_points
from honte.protocols.gtp.clock import Clock
from honte.protocols.gtp.command_loop import GtpCommandLoop
from honte.protocols.gtp.session import GtpSession
from tests.honte.protocols import gtp_talk
from tests.honte.protocols.gtp_talk import talk

GO = "go:size=5"


def said(lines: str, name: str = "random", game: str = "tic_tac_toe") -> list[str]:
    """The replies without their blank lines."""
    return [reply.strip() for reply in talk(lines, name, game)]


def test_framing_is_gnu_gos() -> None:
    lines = b"1 name\n\n# a comment\n  \t2\tname  # and another\r\nna\x01me\n12345678901234567890 name\n"
    lines += b"2147483648 name\n3\nNAME"
    expected = ["=1 honte", "=2 honte", "= honte", "? unknown command", "? unknown command", "?3 unknown command"]
    assert [reply.strip() for reply in talk(lines)] == [*expected, "? unknown command"]


def test_a_line_too_long_is_refused_and_the_next_one_heard() -> None:
    assert said("name " + "x" * 200_000 + "\nname\n") == ["? line too long: 65536 bytes at most", "= honte"]


def test_list_commands_is_true() -> None:
    for game in ("tic_tac_toe", GO, "nim"):
        listed = talk("list_commands\n", game=game)[0][2:].split()
        assert len(set(listed)) == len(listed)
        known = talk("".join(f"known_command {name}\n" for name in listed), game=game)
        assert known == ["= true\n\n"] * len(listed)
        for name in listed:
            assert "unknown command" not in talk(f"{name}\n", game=game)[0], name
        assert ("fixed_handicap" in listed) == (game == GO)
        assert ("printsgf" in listed) == (game == GO)
    assert said("known_command no_such\nknown_command\n") == ["= false", "= false"]


def test_quit_answers_and_ends() -> None:
    assert said("7 quit\nname\n") == ["=7"]
    done = subprocess.run(
        [sys.executable, "-m", "honte", "gtp", "random", "--game", "tic_tac_toe"],
        input=b"name\n1 quit",
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert done.stdout == b"= honte\n\n=1\n\n"


def test_quit_ends_well_while_the_input_stays_open() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "honte", "gtp", "random", "--game", "tic_tac_toe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdin.write(b"quit\n")
        process.stdin.flush()
        assert process.wait(300) == 0
        assert process.stdout.read() == b"=\n\n"
        assert process.stderr.read() == b""


def test_a_game_is_played_and_taken_back() -> None:
    lines = "play b b2\nplay w b2\nplay b a1\nplay w z9\nplay q a1\nplay w\nplay w a3\nshowboard\nundo\nundo\nundo\n"
    replies = said(lines)
    assert replies[0] == replies[6] == replies[8] == replies[9] == "="
    assert replies[1].startswith("? illegal move: b2 is not legal")
    assert replies[2] == "? invalid color or coordinate: it is white's turn"
    assert replies[3].startswith("? invalid color or coordinate: 'z9'")
    assert replies[4].startswith("? invalid color or coordinate: 'q'")
    assert replies[5] == "? syntax error: play COLOR MOVE"
    assert replies[7] == "= \n3 o . .\n2 . x .\n1 . . .\n  a b c\nx to play"
    assert replies[10] == "? cannot undo"


def test_genmove_plays_to_the_end_and_the_score_is_told() -> None:
    lines = "final_score\n" + "".join(f"genmove {'bw'[i % 2]}\n" for i in range(10)) + "final_score\n"
    replies = said(lines, "mcts:200")
    assert replies[0] == "? cannot score: the game is not over"
    assert replies[10] == "? the game is over"
    assert replies[11] == "= 0"
    assert len(set(replies[1:10])) == 9


def test_reg_genmove_plays_nothing() -> None:
    replies = said("reg_genmove b\nshowboard\nundo\n")
    assert replies[0][2:] in "a1 a2 a3 b1 b2 b3 c1 c2 c3"
    assert replies[1].count(".") == 9
    assert replies[2] == "? cannot undo"


def test_go_by_its_own_rules() -> None:
    lines = "play b C3\nplay b D4\nplay w pass\nplay b pass\nplay w PASS\nfinal_score\nkomi 0.5\nfinal_score\n"
    replies = said(lines + "genmove b\nfinal_status_list alive\nfinal_status_list dead\nfinal_status_list x\n", game=GO)
    assert replies[:4] == ["="] * 4  # either colour may move at any time
    assert replies[4] == "="  # also after two passes
    assert replies[5:8] == ["= B+18", "=", "= B+24.5"]
    assert replies[8] == "= pass"
    assert sorted(replies[9][2:].split()) == ["C3", "D4"]
    assert replies[10] == "="
    assert replies[11].startswith("? syntax error")


def test_handicaps() -> None:
    lines = (
        "boardsize 9\nfixed_handicap 5\nshowboard\nfixed_handicap 2\nclear_board\nset_free_handicap A1 B2\nprintsgf\n"
    )
    replies = said(lines + "genmove w\nclear_board\nset_free_handicap A1\nset_free_handicap A1 A1\n", game=GO)
    assert sorted(replies[1][2:].split()) == ["C3", "C7", "E5", "G3", "G7"]
    assert replies[2].endswith("white to play")
    assert replies[3] == "? board not empty"
    assert replies[5] == "= A1 B2"
    assert "AB[ai][bh]" in replies[6]
    assert replies[7].startswith("= ")
    assert replies[9].startswith("? bad vertex list")
    assert replies[10].startswith("? bad vertex list")


def test_handicap_points_are_the_protocols() -> None:
    def names(size: int, stones: int) -> str:
        return " ".join(sorted(f"{'ABCDEFGHJKLMNOPQRST'[c]}{size - r}" for r, c in handicap_points(size, stones)))

    assert names(19, 2) == "D4 Q16"
    assert names(19, 9) == "D10 D16 D4 K10 K16 K4 Q10 Q16 Q4"
    assert names(13, 3) == "D10 D4 K10"
    assert names(8, 4) == "C3 C6 F3 F6"
    for size, stones in ((8, 5), (5, 2), (9, 10)):
        with pytest.raises(ValueError, match="invalid number of stones"):
            handicap_points(size, stones)


def test_sizes() -> None:
    replies = said(
        "boardsize 3\nboardsize 4\nrectangular_boardsize 4 5\nplay b d5\nshowboard\nboardsize x\nboardsize\n"
    )
    assert replies[:4] == ["="] * 4
    assert replies[4].startswith("= \n5 . . . x\n")
    assert replies[5].startswith("? syntax error")
    assert replies[6].startswith("? syntax error")
    assert said("boardsize 7\nrectangular_boardsize 7 6\n", game="connect_four") == ["=", "="]
    assert said("boardsize 9\n", game="gardner_chess")[0].startswith("? unacceptable size: gardner_chess")
    assert said("boardsize 50\n", game=GO)[0].startswith("? unacceptable size")


def test_files_come_back(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    lines = f"play b C3\nplay w D4\nkomi 3.5\nprintsgf {path}\nclear_board\nloadsgf {path}\nshowboard\nprintsgf\n"
    replies = said(lines + "undo\nundo\nundo\n", game=GO)
    assert replies[5] == "= black"
    assert "KM[3.5]" in replies[7]
    assert replies[7][2:].split("\n", 1)[1] == path.read_text().strip().split("\n", 1)[1]
    assert replies[-1] == "? cannot undo"
    assert said(f"loadsgf {path} 2\nshowboard\n", game=GO)[1].count("x") == 1
    assert said("loadsgf /no/such/file\n", game=GO) == ["? cannot load file: No such file or directory"]
    path.write_text("(;GM[2]SZ[5])")
    assert "othello" in said(f"loadsgf {path}\n", game=GO)[0]
    path.write_text("(;GM[1]SZ[5];B[cc];W[cc])")
    replies = said(f"play b A1\nloadsgf {path}\nprintsgf\n", game=GO)
    assert replies[1] == "? cannot load file: illegal move: C3 is not legal"
    assert replies[2].count(";") == 2  # the game before stands as it was


def test_analysis_streams_until_something_arrives() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "honte", "gtp", "mcts:50", "--game", "tic_tac_toe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        print("5 lz-analyze b 1 maxmoves 2", file=process.stdin, flush=True)
        assert process.stdout.readline() == "=5\n"
        for _ in range(3):
            words = process.stdout.readline().split()
            assert words[:2] == ["info", "move"]
            assert words.count("info") == 2
            assert 0 <= int(words[words.index("winrate") + 1]) <= 10_000
            assert words[words.index("pv") + 1] == words[2]
        print("6 name", file=process.stdin, flush=True)
        rest = iter(process.stdout.readline, "\n")
        assert all(line.startswith("info move ") for line in rest)
        assert process.stdout.readline() == "=6 honte\n"
        assert process.stdout.readline() == "\n"
        print("kata-genmove_analyze b 1", file=process.stdin, flush=True)
        assert process.stdout.readline() == "=\n"
        lines = list(iter(process.stdout.readline, "\n"))
        assert lines[-1].startswith("play ")
        assert all("." in line.split()[line.split().index("winrate") + 1] for line in lines[:-1])
        print("quit", file=process.stdin, flush=True)


def test_proven_positions_and_players_without_a_tree_are_analysed() -> None:
    line = "play b a1\nplay w b1\nplay b a2\nplay w b2\n"
    replies = said(line + "kata-genmove_analyze b\n", "mcts:100")
    assert replies[4].startswith("=\ninfo move a3 ")
    assert replies[4].endswith("\nplay a3")
    assert "winrate 1.000000" in replies[4].splitlines()[1]
    for name in ("random", "minimax:2", "perfect"):
        assert "info move " in said(line + "kata-analyze b\n\n", name)[4]


def test_the_clock_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    decide, visits = PositionSearch.decide, list[int]()

    def seen(thinking: PositionSearch) -> Decisions:
        decisions = decide(thinking)
        visits.append(int(decisions.visits.sum()))
        return decisions

    monkeypatch.setattr(PositionSearch, "decide", seen)
    rules = make("connect_four")
    out: list[str] = []
    content = b"time_settings 2 0 0\ngenmove b\ntime_left w 0 0\ngenmove w\n"
    source = framing.LineReader(io.BytesIO(content))
    session = GtpSession(rules, lambda g: make_player("mcts:1000000", g, num_slots=1), "x", source, out.append)
    conversation = GtpCommandLoop(session)
    conversation.run_line(source.get() or b"")
    conversation.run()
    assert len(visits) >= 2
    assert all(0 < number < 1_000_000 for number in visits)  # a million simulations take minutes: both were cut short
    assert len(gtp_talk.split("".join(out))) == 4
    assert session.clock.sides[0].seconds < 2


def test_shares_of_time() -> None:
    clock = Clock()
    assert clock.seconds_for_move(0, 30) is None
    clock.set(0, 10, 0)
    assert clock.seconds_for_move(0, 30) is None  # the protocol's way to say: no limit
    clock.set(300, 0, 0)
    assert clock.seconds_for_move(0, 30) == pytest.approx(300 / 30 * 0.95 - 0.05)
    clock.spend(0, 290)
    assert (clock.seconds_for_move(0, 30) or 0) < 1
    assert clock.seconds_for_move(1, 30) == pytest.approx(300 / 30 * 0.95 - 0.05)
    clock.set(10, 20, 5)
    clock.spend(0, 11)  # main time is over
    assert clock.seconds_for_move(0, 30) == pytest.approx(20 / 5 * 0.95 - 0.05)
    for _ in range(5):
        clock.spend(0, 3)
    assert (clock.sides[0].seconds, clock.sides[0].stones) == (20, 5)
    clock.set_left(0, 7, 1)
    assert clock.seconds_for_move(0, 30) == pytest.approx(7 * 0.95 - 0.05)
    clock.set_left(0, -3, 0)
    assert clock.seconds_for_move(0, 30) == pytest.approx(0.01, abs=5)


def test_komi_changes_no_board() -> None:
    board = GtpBoard(make(GO))
    for seat, move in ((0, "C3"), (0, "D3"), (1, "pass")):
        board.play(seat, move)
    before = board.game.cells(board.position.states[0]).tolist()
    board.change_game(make("go:size=5,komi=7"))
    assert board.game.cells(board.position.states[0]).tolist() == before
    assert board.seats == [0, 0, 1]


@pytest.mark.parametrize(("game", "player_name"), [("tic_tac_toe", "mcts:4"), (GO, "random")])
def test_fuzzed_lines_get_replies_of_the_right_shape(game: str, player_name: str) -> None:
    lines = gtp_talk.fuzzed(seed=1, count=2500)
    replies = talk(lines, player_name, game)
    assert len(replies) > 1500
    assert not any("internal error" in reply for reply in replies)


def test_go_goes_on_after_two_passes(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    lines = "play b C3\nplay w pass\nplay b pass\nfinal_score\nplay w D4\nshowboard\nfinal_score\nundo\nfinal_score\n"
    replies = said(lines + "showboard\nundo\nundo\nundo\nundo\n", game=GO)
    assert replies[3] == replies[8] == "= B+18"
    assert replies[4] == "="
    assert replies[5].endswith("black to play")
    assert replies[6] == "= W+7"
    assert replies[9].endswith("black wins")
    assert replies[10:13] == ["="] * 3
    assert replies[13] == "? cannot undo"
    lines = "play b C3\nplay w pass\nplay b pass\ngenmove w\ngenmove b\nplay w pass\nplay w B2\nplay b B2\n"
    replies = said(f"{lines}play b B4\nkomi 0.5\nprintsgf {path}\nshowboard\nloadsgf {path}\nshowboard\n", game=GO)
    assert replies[3:7] == ["= pass", "= pass", "=", "="]
    assert replies[7].startswith("? illegal move: B2 is not legal")
    assert replies[8:11] == ["="] * 3
    assert replies[11] == replies[13]
    assert path.read_text().count(";B[]") == 2
    assert path.read_text().count(";W[]") == 3


def test_analysis_and_moves_go_on_after_two_passes() -> None:
    lines = "play b C3\nplay w pass\nplay b pass\nlz-analyze w 1\n\nplay w D4\ngenmove b\nfinal_score\n"
    replies = said(lines, "mcts:20", GO)
    assert "info move" in replies[3]
    assert replies[5][2:] != "pass" or replies[5].startswith("= ")
    assert replies[6].startswith("= ")


def test_a_pass_after_the_end_is_taken_back_like_any_other() -> None:
    replies = said("genmove b\ngenmove w\nplay b pass\nplay w pass\ngenmove b\nundo\nundo\nshowboard\n", game=GO)
    assert replies[4:7] == ["= pass", "=", "="]
    assert not replies[7].endswith("wins")


def test_go_without_moves_left_does_not_go_on() -> None:
    lines = "play b A1\nplay w B2\nplay b A2\nplay w B1\ngenmove w\nundo\nundo\nundo\nundo\n"
    replies = said(lines, game="go:size=2,max_plies=3")
    assert replies[3] == "? illegal move: the game is over"
    assert replies[4] == "= pass"
    assert replies[5:] == ["="] * 3 + ["? cannot undo"]


def test_an_engine_from_outside_is_not_asked_about_stones_that_it_cannot_know(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    path.write_text("(;GM[1]SZ[5]AB[aa]AW[bb])")
    command = f"gtp:engines=1 {sys.executable} -m honte gtp random --game go:size=5"
    replies = said(f"loadsgf {path}\ngenmove b\nshowboard\n", command, GO)
    assert replies[0] == "= black"
    assert "stones that were set up" in replies[1]

"""GoGui's rules: every game of honte can be played by clicking points, and thoughts are drawn on them."""

from __future__ import annotations

import random

import pytest

from agent.external.gtp import colour_names
from games import NAMES, make, position
from honte.protocols import gogui
from tests.honte.protocols.gtp_talk import talk

SMALL = {
    "amazons": "amazons:size=6",
    "breakthrough": "breakthrough:rows=5,columns=5",
    "dots_and_boxes": "dots_and_boxes:rows=2,columns=2",
    "go": "go:size=3",
    "gomoku": "gomoku:size=5",
    "hex": "hex:size=4,swap=true",
    "othello": "othello:size=4",
}


@pytest.mark.parametrize("kind", NAMES)
def test_every_game_can_be_clicked_through(kind: str) -> None:
    """A random game by points is the same game by moves; no move is out of reach but where several share points."""
    name = SMALL.get(kind, kind)
    chosen = random.Random(4)
    here = position(name)
    lines, shared = ["gogui-rules_board_size"], 0
    for _ in range(14):
        if here.is_over:
            break
        known = gogui.move_points(here)
        assert len(known) == len(here.legal_actions)
        shared += len(known) - len(set(known.values()))
        action = chosen.choice(sorted(known))
        points = known[action]
        assert gogui.action_of(known, points) in known
        if gogui.action_of(known, points) != action:
            continue
        seat = ["b", "w"][here.to_play] if colour_names(here.game) == ("black", "white") else ["w", "b"][here.to_play]
        for i, point in enumerate(points):
            assert point in gogui.legal_points(known, points[:i])
            lines.append(f"play {seat} {point}")
        here = here.play(action)
    assert shared == 0 or kind in ("animal_shogi", "gardner_chess")
    replies = talk("\n".join([*lines, "showboard", "gogui-rules_board", "gogui-rules_side_to_move"]) + "\n", game=name)
    assert replies[1:-3] == ["=\n\n"] * (len(lines) - 1)
    assert replies[-3].strip().split("\n", 1)[1].strip() == str(here).strip()
    size = int(replies[0][2:])
    rows = replies[-2].strip().splitlines()[1:]
    assert [len(row.split()) for row in rows] == [size] * size
    assert replies[-1][2:].strip() == colour_names(here.game)[here.to_play]


def test_connect_four_stones_lie_where_they_fall() -> None:
    replies = talk(
        "gogui-rules_legal_moves\nplay b D1\ngogui-rules_legal_moves\ngogui-rules_board\n", game="connect_four"
    )
    assert replies[0] == "= A1 B1 C1 D1 E1 F1 G1\n\n"
    assert replies[2] == "= A1 B1 C1 D2 E1 F1 G1\n\n"
    assert replies[3].splitlines()[-2] == ". . . X . . ."


def test_gogui_takes_what_follows_the_first_space() -> None:
    """As it reads replies: whole drawings begin after a space, or their first word would be lost."""
    commands = ("gogui-rules_board", "honte-policy", "honte-visits", "showboard")
    for reply in talk("".join(f"{command}\n" for command in commands), "mcts:20", "connect_four"):
        drawn = [line.split() for line in reply[reply.index(" ") + 1 :].splitlines() if line]
        assert len(drawn) >= 7
        assert all(len(words) == 7 for words in drawn[:6])


def test_a_move_of_two_points_is_made_and_taken_back_by_points() -> None:
    lines = (
        "gogui-rules_legal_moves\nplay w B2\nplay w B4\ngogui-rules_legal_moves\nplay w B3\ngogui-rules_side_to_move\n"
    )
    lines += "undo\ngogui-rules_legal_moves\nundo\ngogui-rules_legal_moves\nundo\n"
    replies = [r.strip() for r in talk(lines, game="breakthrough:rows=5,columns=5")]
    assert replies[0] == "= A2 B2 C2 D2 E2"
    assert replies[2] == "? illegal move: B4"
    assert replies[3] == "= A3 B3 C3"
    assert replies[5] == "= black"
    assert replies[7] == "= A3 B3 C3"
    assert replies[9] == "= A2 B2 C2 D2 E2"
    assert replies[10] == "? cannot undo"


def test_genmove_says_its_move_point_by_point() -> None:
    lines = "gogui-rules_game_id\n" + "genmove w\ngenmove w\ngenmove b\ngenmove b\n" * 3 + "gogui-rules_board\n"
    replies = [r.strip() for r in talk(lines, "mcts:20", "breakthrough:rows=5,columns=5")]
    assert replies[0] == "= Breakthrough"
    points = [reply[2:] for reply in replies[1:-1]]
    assert all(point[0] in "ABCDE" and point[1] in "12345" for point in points)
    assert replies[-1].count("X") == replies[-1].count("O") or replies[-1].count("X") + replies[-1].count("O") >= 18


def test_the_end_is_told() -> None:
    lines = "gogui-rules_final_result\nplay b A1\nplay w A2\nplay b B1\nplay w B2\nplay b C1\n"
    replies = talk(lines + "gogui-rules_legal_moves\ngogui-rules_final_result\nhonte-policy\n")
    assert replies[0] == "= unknown\n\n"
    assert replies[6] == "=\n\n"
    assert replies[7] == "= Black wins\n\n"
    assert replies[8] == "? the game is over\n\n"


def test_thoughts_are_pictures() -> None:
    lines = (
        "play b a1\nplay w b1\nplay b a2\nplay w b2\ngogui-analyze_commands\nhonte-policy\nhonte-visits\nhonte-search\n"
    )
    replies = [r.strip() for r in talk(lines + "honte-variation\nhonte-winrate\n", "mcts:100")][4:]
    for line in replies[0][2:].splitlines():
        kind, label, command = line.split("/")
        assert kind in ("dboard", "gfx", "var", "string")
        assert label
        assert command.startswith("honte-")
    for reply in replies[1:3]:
        grid = [[float(word) for word in row.split()] for row in reply.splitlines()[1:]]
        assert [len(row) for row in grid] == [3, 3, 3]
        assert sum(map(sum, grid)) == pytest.approx(1, abs=0.01)
    assert "COLOR #" in replies[3]
    assert "LABEL A3 100" in replies[3]
    assert replies[4] == "= a3"
    assert replies[5] == "= black 100.0% after " + replies[5].split()[-2] + " visits"


@pytest.mark.parametrize(
    "name", [*NAMES, "go:size=19", "tic_tac_toe:rows=3,columns=19,k=3", "dots_and_boxes:rows=8,columns=8"]
)
def test_every_board_has_a_name_for_every_cell(name: str) -> None:
    game = make(name)
    assert gogui.can_show(game)
    names = {gogui.point(game, r, c) for r in range(game.board.height) for c in range(game.board.width)}
    assert len(names) == game.board.height * game.board.width

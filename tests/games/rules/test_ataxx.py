"""Ataxx's rules by hand-made positions, by libataxx's numbers of move sequences, and by a second set of rules."""

from __future__ import annotations

import numpy as np
import pytest

from games import Game, perft, position
from games.playouts import initial_states
from games.position import Position
from games.rules.ataxx import game
from tests.games.made import made

PERFT = (1, 16, 256, 6460, 155888)
"""libataxx, tests/perft.cpp: "x5o/7/7/7/7/7/o5x x 0 1"."""

Cells = dict[tuple[int, int], int]


def placed(drawing: str, last_line: str = "x to play") -> Position:
    """The position of ``drawing``, lines of x, o and dots, on the board of 5 x 5."""
    return position(made("ataxx"), "\n".join([*(" ".join(line) for line in drawing.split()), last_line]))


@pytest.mark.nojit
def test_the_first_position() -> None:
    here = position(made("ataxx"))
    assert str(here).splitlines()[:5] == ["5 x . . . o", "4 . . . . .", "3 . . . . .", "2 . . . . .", "1 o . . . x"]
    assert " ".join(here.legal_actions) == ("b5 a4 b4 d2 e2 d1 a5c5 a5c4 a5a3 a5b3 a5c3 e1c3 e1d3 e1e3 e1c2 e1c1")


@pytest.mark.nojit
def test_a_clone_adds_a_stone_and_a_jump_moves_one() -> None:
    here = placed("x.... ..oo. ..... ..... .....")
    cloned = here.play("b5")
    assert cloned.game.cells(cloned.states[0])[:2].tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 2, 0]]
    assert cloned.states[0]["counts"].tolist() == [3, 1]
    jumped = here.play("a5c3")
    assert jumped.game.cells(jumped.states[0])[:3].tolist() == [[0] * 5, [0, 0, 1, 1, 0], [0, 0, 1, 0, 0]]
    assert jumped.is_over  # o has no stone left
    assert jumped.outcome == 1


@pytest.mark.nojit
def test_who_cannot_move_passes() -> None:
    here = placed("xoo.. ooo.. ooo.. ..... .....", "x to play")
    assert list(here.legal_actions) == ["pass"]
    assert "pass" not in here.play("pass").legal_actions


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("drawing", "outcome"),
    [("xxxxx xxxxx xxxxx ooooo oooo.", 1), ("xxxxx xxooo ooooo ooooo oooo.", -1)],
)
def test_a_full_board_is_counted(drawing: str, outcome: int) -> None:
    here = placed(drawing, "o to play").play("e1")
    assert here.is_over
    assert here.outcome == outcome


@pytest.mark.nojit
def test_the_number_of_plies_is_limited_and_seen() -> None:
    here = position(made("ataxx:max_plies=3")).play("b5 d5")
    assert here.observation[2:, 0, 0].tolist() == [0, 1]
    assert here.play("c5").is_over
    assert made("ataxx").max_plies == 100
    assert made("ataxx:size=4,max_plies=9").name == "ataxx:size=4,max_plies=9"


def test_numbers_of_move_sequences() -> None:
    assert tuple(perft(made("ataxx:size=7"), depth) for depth in range(5)) == PERFT


def plain_moves(cells: Cells, size: int, mover: int) -> set[str]:
    """The legal moves by the words of the rules, cell by cell."""

    def name(cell: tuple[int, int]) -> str:
        return f"{'abcdefgh'[cell[1]]}{size - cell[0]}"

    own = [cell for cell, owner in cells.items() if owner == mover]
    empty = [(r, c) for r in range(size) for c in range(size) if (r, c) not in cells]
    moves = set()
    for to in empty:
        for at in own:
            distance = max(abs(to[0] - at[0]), abs(to[1] - at[1]))
            if distance <= 2:
                moves.add(name(to) if distance == 1 else name(at) + name(to))
    return moves or {"pass"}


def plain_step(cells: Cells, size: int, mover: int, move: str) -> None:
    """Play ``move`` in ``cells``."""
    if move == "pass":
        return
    places = [(size - int(move[i + 1]), "abcdefgh".index(move[i])) for i in range(0, len(move), 2)]
    if len(places) == 2:
        del cells[places[0]]
    r, c = places[-1]
    cells[r, c] = mover
    for y in (r - 1, r, r + 1):
        for x in (c - 1, c, c + 1):
            if (y, x) in cells:
                cells[y, x] = mover


def compare(game: Game, num_positions: int, seed: int) -> int:
    """Random games in step with the plain rules; how many passes there were."""
    size, random, seen, passes = game.board.width, np.random.default_rng(seed), 0, 0
    while seen < num_positions:
        states, mover = initial_states(game), 0
        cells: Cells = {(0, 0): 0, (size - 1, size - 1): 0, (0, size - 1): 1, (size - 1, 0): 1}
        for ply in range(game.max_plies + 1):
            here = game.describe_new(states)
            drawn = {
                (int(r), int(c)): int(game.cells(states[0])[r, c]) - 1 for r, c in np.argwhere(game.cells(states[0]))
            }
            assert drawn == cells
            counts = [list(cells.values()).count(player) for player in range(2)]
            stuck = all(plain_moves(cells, size, player) == {"pass"} for player in range(2))
            assert bool(here.terminal[0]) == (min(counts) == 0 or stuck or ply == game.max_plies)
            assert here.to_play[0] == mover
            if here.terminal[0]:
                assert here.value[0] == np.sign(counts[mover] - counts[1 - mover])
                break
            texts = {game.action_text(int(a)): int(a) for a in np.flatnonzero(here.legal[0])}
            assert set(texts) == plain_moves(cells, size, mover)
            move = str(random.choice(sorted(texts)))
            plain_step(cells, size, mover, move)
            game.step(states, np.array([texts[move]]))
            passes += move == "pass"
            seen, mover = seen + 1, 1 - mover
    return passes


@pytest.mark.parametrize("text", ["ataxx", "ataxx:size=4", "ataxx:size=3"])
def test_the_rules_agree_with_plain_ones(text: str) -> None:
    passes = compare(made(text), 400, seed=5)
    assert passes > 0 or text != "ataxx"


def test_sizes() -> None:
    for size, max_plies in ((2, 0), (9, 0), (5, 1001), (5, -1)):
        with pytest.raises(ValueError, match=r"the side is 3 to 8, and there are up to 1000 plies"):
            game(size, max_plies)

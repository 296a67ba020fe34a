"""The solvers against solved positions, known values and a twin that knows nothing but the rules."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agent.solvers import POSITION_SETS, connect_four_search, positions, tic_tac_toe
from agent.solvers.connect_four import ConnectFourSolver, bitboards

SMALL = 12
"""Table bits that fill and overwrite the table, as big searches do."""


def sign(score: int) -> int:
    return (score > 0) - (score < 0)


def wins(columns: list[list[int]], player: int) -> bool:
    """Whether `player` has four in a line; columns from the bottom, cells 0 or 1."""
    cells = {(c, r) for c, column in enumerate(columns) for r, owner in enumerate(column) if owner == player}
    return any(
        all((c + i * dc, r + i * dr) in cells for i in range(4))
        for c, r in cells
        for dc, dr in ((0, 1), (1, 0), (1, 1), (1, -1))
    )


def naive_scores(moves: list[int]) -> dict[int, int]:
    """Plain negamax over lists: the twin."""
    columns: list[list[int]] = [[] for _ in range(7)]
    for ply, column in enumerate(moves):
        columns[column].append(ply % 2)

    def score(ply: int) -> int:
        return max(by_column(ply).values(), default=0)

    def by_column(ply: int) -> dict[int, int]:
        values = {}
        for c, column in enumerate(columns):
            if len(column) < 6:
                column.append(ply % 2)
                values[c] = 22 - (ply // 2 + 1) if wins(columns, ply % 2) else -score(ply + 1)
                column.pop()
        return values

    return by_column(len(moves))


def random_position(rng: random.Random, num_stones: int) -> list[int]:
    """Moves of an unfinished random game; its last positions often hold an immediate win."""
    while True:
        moves: list[int] = []
        columns: list[list[int]] = [[] for _ in range(7)]
        while len(moves) < num_stones:
            column = rng.choice([c for c in range(7) if len(columns[c]) < 6])
            columns[column].append(len(moves) % 2)
            moves.append(column)
            if wins(columns, (len(moves) - 1) % 2):
                break
        else:
            return moves


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, 4) for name in POSITION_SETS] + [pytest.param(name, 1, marks=pytest.mark.slow) for name in POSITION_SETS],
)
def test_every_packaged_position_has_the_published_scores(name: str, step: int) -> None:
    """Every fourth position; with the slow tests, all of them."""
    solver, rows = ConnectFourSolver(20), positions(name)
    assert len(rows) == 1000
    for row in rows[::step]:
        scores = solver.scores(row["moves"])
        assert scores == row["scores"], row["moves"]
        assert solver.outcomes(row["moves"]) == {column: sign(score) for column, score in scores.items()}
        assert solver.score(row["moves"]) == max(scores.values())


def test_a_fresh_small_table_finds_the_same() -> None:
    for row in random.Random(1).sample(positions("middle_easy"), 50):
        assert ConnectFourSolver(SMALL).scores(row["moves"]) == row["scores"], row["moves"]
        outcomes = ConnectFourSolver(SMALL).outcomes(row["moves"])
        assert outcomes == {column: sign(score) for column, score in row["scores"].items()}, row["moves"]


@pytest.mark.nojit
@pytest.mark.parametrize("num_stones", [35, 36, 37, 38, 39, 40, 41])
def test_late_positions_agree_with_plain_negamax(num_stones: int) -> None:
    rng = random.Random(num_stones)
    solver = ConnectFourSolver(SMALL)
    for _ in range(4):
        moves = random_position(rng, num_stones)
        expected = naive_scores(moves)
        assert solver.scores(moves) == expected, moves
        assert solver.outcomes(moves) == {column: sign(score) for column, score in expected.items()}, moves
        assert solver.score(moves) == max(expected.values()), moves


def test_mirror_images_may_share_entries_of_the_table() -> None:
    moves = [3, 3, 3, 3, 3, 3, 2, 1, 4, 5, 0, 0, 2, 2, 0, 0]  # no cell and its image hold a stone of each player
    board = [np.uint64(stones) for stones in bitboards(moves)]
    image = [np.uint64(stones) for stones in bitboards([6 - column for column in moves])]
    assert [connect_four_search.mirror(stones) for stones in board] == image
    shared, apart = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint64)
    expected, _ = connect_four_search.solve(*board, 0, False, apart)
    assert connect_four_search.solve(*board, 0, True, shared)[0] == expected
    assert connect_four_search.solve(*image, expected, True, shared) == (expected, 2)  # two proofs, both in the table
    assert ConnectFourSolver(SMALL).score(moves) == expected


def test_threads_may_share_a_table() -> None:
    rows, solver = positions("middle_easy")[:200], ConnectFourSolver(SMALL)
    with ThreadPoolExecutor(2) as pool:
        for row, scores in zip(rows, pool.map(lambda row: solver.scores(row["moves"]), rows), strict=True):
            assert scores == row["scores"], row["moves"]


def test_scores_count_the_stones_of_the_winner() -> None:
    solver = ConnectFourSolver(SMALL)
    assert solver.score([0, 1, 0, 1, 0, 1]) == 22 - 4
    assert solver.score([0, 1, 0, 1, 0, 1, 6]) == 22 - 4  # the second player's fourth stone
    assert solver.score([3, 0, 2, 0, 4]) == -(22 - 4)  # the first player has both ends of three


def test_a_draw_on_the_last_cell() -> None:
    row = next(row for row in positions("end_easy") if len(row["moves"]) == 41 and row["scores"].popitem()[1] == 0)
    assert list(ConnectFourSolver(SMALL).outcomes(row["moves"]).values()) == [0]


def test_nodes_are_counted_and_the_table_remembers() -> None:
    row = positions("middle_easy")[0]
    solver = ConnectFourSolver(20)
    solver.scores(row["moves"])
    first = solver.nodes
    solver.scores(row["moves"])
    assert 0 < solver.nodes - first < first


def test_bitboards_are_the_same_question() -> None:
    row = positions("middle_easy")[1]
    solver = ConnectFourSolver(SMALL)
    current, mask = bitboards(row["moves"])
    assert mask.bit_count() == len(row["moves"])
    assert solver.board_scores(current, mask) == row["scores"]
    assert solver.board_score(current, mask) == max(row["scores"].values())
    assert list(solver.board_outcomes(current, mask)) == sorted(row["scores"])


@pytest.mark.nojit
def test_a_threat_is_a_cell_that_makes_four() -> None:
    rng = random.Random(3)
    for _ in range(20):
        current, mask = bitboards(random_position(rng, rng.randrange(8, 40)))
        found = connect_four_search.threats(np.uint64(current), np.uint64(mask))
        for cell in (1 << (7 * column + row) for column in range(7) for row in range(6)):
            makes_four = not cell & mask and bool(connect_four_search.four(np.uint64(current | cell)))
            assert bool(int(found) & cell) == makes_four


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda solver: solver.scores([7]), "move 1 is column 7"),
        (lambda solver: solver.scores([-1]), "move 1 is column -1"),
        (lambda solver: solver.scores([2] * 7), "move 7 is column 2, which is full"),
        (lambda solver: solver.outcomes([0, 1, 0, 1, 0, 1, 0]), "the game is over"),
        (lambda solver: solver.score([0, 1, 0, 1, 0, 1, 0, 6]), "move 8 comes after the game was won by move 7"),
        (lambda solver: solver.board_scores(0, 0b10), "no Connect Four board"),
        (lambda solver: solver.board_outcomes(0, 1 << 6), "no Connect Four board"),
        (lambda solver: solver.board_score(0b10, 0b1), "no Connect Four board"),
        (lambda solver: solver.board_score(0b1, 0b1), "the players take turns"),
        (lambda solver: ConnectFourSolver(0), "table_bits is 0"),
    ],
)
def test_errors_name_what_is_wrong(ask: Callable[[ConnectFourSolver], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(ConnectFourSolver(SMALL))


def test_an_unknown_position_set_is_named() -> None:
    with pytest.raises(ValueError, match="choose one of middle_easy, end_easy"):
        positions("middle_hard")


def test_tic_tac_toe_has_5478_positions_and_is_a_draw() -> None:
    values = {cells: solution.outcome for cells, solution in tic_tac_toe._solutions().items()}
    assert len(values) == 5478
    assert values[(0,) * 9] == 0
    assert tic_tac_toe.outcomes(np.zeros((3, 3), np.int8)) == dict.fromkeys(range(9), 0)


def test_tic_tac_toe_wins_and_losses_are_the_movers() -> None:
    cells = np.array([[1, 1, 0], [2, 2, 0], [0, 0, 0]], np.int8)
    assert tic_tac_toe.outcomes(cells) == {2: 1, 5: 0, 6: -1, 7: -1, 8: -1}
    edge_beside_the_corner = np.array([[1, 2, 0], [0, 0, 0], [0, 0, 0]], np.int8)
    assert tic_tac_toe.outcomes(edge_beside_the_corner)[4] == 1
    centre = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.int8)
    assert tic_tac_toe.outcomes(centre) == {0: 0, 1: -1, 2: 0, 3: -1, 5: -1, 6: 0, 7: -1, 8: 0}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (np.zeros((4, 4), np.int8), "knows 3×3 only"),
        (np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], np.int8), "the players take turns"),
        (np.array([[1, 3, 0], [0, 0, 0], [0, 0, 0]], np.int8), "no position of tic-tac-toe"),
        (np.array([[1, 1, 1], [2, 2, 0], [0, 0, 0]], np.int8), "the game is over"),
        (np.array([[1, 2, 1], [1, 2, 2], [2, 1, 1]], np.int8), "the game is over"),
    ],
)
def test_tic_tac_toe_errors(cells: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tic_tac_toe.outcomes(cells)

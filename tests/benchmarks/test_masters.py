"""The referee of networks that ship: undecided openings, matches that go on where they were, and known moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.solvers.registry import make_solver
from benchmarks.masters import checks, matches
from benchmarks.masters.checks import WINNING_HEX7, decide_all, hex_opening, nim_positions, othello_endings
from benchmarks.masters.openings import find_openings
from benchmarks.masters.rows import ROWS, Opponent
from games.playouts import state_after, states_after
from tests.games.made import made


def quiet(text: str) -> None:
    """Print no progress."""


def test_openings_that_are_decided_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    game, file = made("tic_tac_toe"), tmp_path / "openings.jsonl"
    found = find_openings(game, 20, 2, seed=3, file=file)
    solver = make_solver(game)
    assert all(max(solver.values(row).values()) == 0 for row in states_after(game, found.openings))
    assert len(set(found.openings)) == 20
    assert (found.judge, found.tried) == ("perfect", 20 + found.left_out)
    assert found.left_out > 0
    stored = file.read_text()
    monkeypatch.setattr("benchmarks.masters.openings.opening_values", None)
    assert find_openings(game, 20, 2, seed=3, file=file) == found  # the judge is not asked again
    assert file.read_text() == stored
    other = tmp_path / "other" / "openings.jsonl"
    assert find_openings(game, 20, 2, seed=3, file=other, stored=file) == found  # nor for a new folder
    assert other.read_text() == stored


def test_there_are_fewer_openings_where_the_others_are_decided(tmp_path: Path) -> None:
    game = made("tic_tac_toe")
    found = find_openings(game, 72, 2, seed=3, file=tmp_path / "openings.jsonl")
    assert (len(found.openings), found.left_out, found.tried) == (24, 48, 72)  # a tie after 24 of 72 openings
    nim = made("nim:heaps=1-2-4")  # every position of nim is won or lost
    with pytest.raises(ValueError, match="each of 7 openings of 1 plies is decided; there is nothing to play"):
        find_openings(nim, 3, 1, seed=0, file=tmp_path / "nim.jsonl")


def test_a_match_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    game = made("tic_tac_toe")
    openings = find_openings(game, 4, 2, seed=3, file=tmp_path / "openings.jsonl")
    terms: dict[str, Any] = {"games": 8, "seed": 0, "folder": tmp_path, "say": quiet}
    first = matches.play(game, "mcts:7", Opponent("random", 0.1, 60), openings, **terms)
    assert (first["player"], first["games"], first["reached"]) == ("mcts:60", 8, True)
    assert first["score"] == (first["wins"] + first["draws"] / 2) / 8
    assert first["openings_left_out"] == openings.left_out
    assert first["opening_plies"] == 2
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    lines = (folder / "games.jsonl").read_text().splitlines(keepends=True)
    (folder / "games.jsonl").write_text("".join(lines[:5]))
    again = matches.play(game, "mcts:7", Opponent("random", 0.1, 60), openings, **terms)
    assert again == first
    assert (folder / "games.jsonl").read_text().startswith("".join(lines[:5]))


def test_the_nodes_at_which_an_engine_is_even(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search by itself, on scores that fall as a logistic curve from above to below 50 % at 3,000 nodes."""
    asked = []

    def score(game: object, network: str, opponent: Opponent, *more: object, **terms: object) -> dict[str, Any]:
        nodes = int(opponent.text.split("nodes=")[1].split()[0])
        asked.append(nodes)
        share = 1 / (1 + nodes / 3000)
        return {"score": share, "score_low": share - 0.1, "score_high": share + 0.1, "games": 4}

    monkeypatch.setattr(matches, "play", score)
    opponent = Opponent("uci:engines={engines} nodes=1000 engine", 0.5, 400)
    terms: dict[str, Any] = {"games": 4, "seed": 0, "folder": tmp_path, "say": quiet}
    openings = find_openings(made("tic_tac_toe"), 2, 2, seed=3, file=tmp_path / "openings.jsonl")
    found = matches.even_nodes(made("tic_tac_toe"), "x", opponent, openings, **terms)
    assert found["even_at_nodes"] == pytest.approx(3000, rel=0.05)
    assert asked[:2] == [1000, 4000]
    assert len(asked) == len(set(asked)) <= 6
    none = matches.even_nodes(made("tic_tac_toe"), "x", opponent, openings, **terms, bounds=(800, 2000))
    assert none["even_at_nodes"] is None


def test_nim_is_asked_in_every_position() -> None:
    found = nim_positions(made("nim:heaps=1-2-3"), "mcts:1", say=quiet, simulations=600)
    assert found["positions"] == 2 * 3 * 4 - 1
    assert found["right"] == 23
    assert found["reached"] is True
    weak = nim_positions(made("nim:heaps=1-2-3"), "mcts:1", say=quiet, simulations=2)
    assert weak["right"] < 23


def test_endings_of_othello_are_played_against_the_solver() -> None:
    game = made("othello:size=4")
    found = othello_endings(game, "mcts:1", say=quiet, count=12, empty=4, simulations=800)
    assert found["positions"] == 12
    assert found["right"] == found["first_moves_that_keep_the_outcome"] == 12
    positions = checks.endings(game, 12, 4, seed=1)
    assert all(16 - row["counts"].sum() == 4 for row in positions)
    assert len({row.tobytes() for row in positions}) == 12


def test_decisions_come_in_the_order_of_their_positions() -> None:
    from agent.players import make_player

    game = made("nim:heaps=1-2-3")
    states = np.concatenate(
        [state_after(game, [a]) for a in np.flatnonzero(game.describe_new(state_after(game, [])).legal[0])]
    )
    states = np.concatenate([states] * 12)  # more than slots
    player = make_player("perfect", game, num_slots=checks.SLOTS)
    decisions = decide_all(player, states)
    solver = make_solver(game)
    for row, action in zip(states, decisions.action, strict=True):
        values = solver.values(row)
        assert values[int(action)] == max(values.values())


def test_winning_first_moves_in_hex_are_symmetric() -> None:
    """Half a turn of the board maps the first player's sides onto themselves."""
    turned = {"abcdefg"["gfedcba".index(cell[0])] + str(8 - int(cell[1])) for cell in WINNING_HEX7}
    assert turned == set(WINNING_HEX7)
    assert len(WINNING_HEX7) == 27


def test_the_first_move_in_hex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SOLVER_LIKE", "mcts:30")
    found = hex_opening(made("hex:size=3"), "mcts:1", say=quiet, folder=tmp_path, games=4, simulations=300)
    assert found["move"] == "b2"
    assert found["games"] == 4
    assert found["wins"] == 4


def test_every_row_is_of_a_game_that_exists() -> None:
    for name, row in ROWS.items():
        assert made(row.game).name == row.game, name
        assert set(row.checks) <= checks.CHECKS.keys()

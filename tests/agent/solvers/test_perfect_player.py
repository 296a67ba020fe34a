"""The perfect player: it keeps every outcome it is given, and says which games it does not know."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import games.registry
from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import RandomPlayer
from agent.solvers import connect_four, positions, solution_cache
from agent.solvers.connect_four_answers import Answers
from agent.solvers.perfect_player import PerfectPlayer
from agent.solvers.registry import ConnectFourRows
from games import cache_folders
from games.game import States
from games.playouts import states_after

made = cache(games.registry.make)


def decisions(player: PerfectPlayer | RandomPlayer, states: States, seed: int = 0) -> Decisions:
    keys = random_numbers.make_keys(seed, np.arange(len(states)), 0)
    player.think(np.arange(len(states)), states, Terms.of(len(states), keys=keys))
    return player.decide()[1]


def answers(player: PerfectPlayer) -> Answers:
    """Connect Four's answers behind ``player``."""
    assert isinstance(player.solver, ConnectFourRows)
    return player.solver.answers


@pytest.mark.parametrize("side", [0, 1])
def test_tic_tac_toe_is_never_lost(side: int) -> None:
    game = made("tic_tac_toe")
    states, won, drawn = game.new(100), 0, 0
    game.init(states)
    for ply in range(9):
        player = PerfectPlayer(game) if ply % 2 == side else RandomPlayer(game)
        game.step(states, decisions(player, states, seed=ply).action)
        out = game.describe_new(states)
        ended = out.value[out.terminal]  # -1: the player who has just moved won
        if ply % 2 != side:
            assert (ended == 0).all()
        won += int((ended == -1).sum()) if ply % 2 == side else 0
        drawn += int((ended == 0).sum())
        states = states[~out.terminal]
    assert won + drawn == 100
    assert won > 50


@pytest.mark.parametrize("name", ["middle_easy", "end_easy"])
@pytest.mark.parametrize("quickest", [False, True])
def test_solved_positions(name: str, quickest: bool) -> None:
    game = made("connect_four")
    rows = positions(name)[:60]
    out = decisions(PerfectPlayer(game, quickest=quickest), states_after(game, [row["moves"] for row in rows]))
    assert out.proven.all()
    for b, row in enumerate(rows):
        scores = row["scores"]
        top = max(scores.values())
        best = {a for a, s in scores.items() if (s == top if quickest else np.sign(s) == np.sign(top))}
        assert out.value[b] == np.sign(top)
        assert set(np.flatnonzero(out.policy[b])) == best
        assert out.action[b] in best


def test_equal_moves_are_drawn_by_the_key() -> None:
    game = made("tic_tac_toe")
    states = states_after(game, [[]] * 80)
    assert len(set(decisions(PerfectPlayer(game), states).action)) == 9  # every first move draws


def test_all_moves_of_an_early_position_are_solved_once_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are kept on disk: for both mirror images, and whatever a process that died has left behind."""
    monkeypatch.setenv(cache_folders.PLACE, str(tmp_path / "cache"))
    asked: list[tuple[int, int]] = []

    def outcome(self: connect_four.ConnectFourSolver, current: int, mask: int) -> int:
        asked.append((current, mask))
        return -1 if mask == 1 << 21 else 0  # the centre wins

    monkeypatch.setattr(connect_four.ConnectFourSolver, "_outcome", outcome)
    game, notes = made("connect_four"), list[str]()
    row = states_after(game, [[]])[0]
    player = PerfectPlayer(game, note=notes.append)
    expected = {0: 0, 1: 0, 2: 0, 3: 1, 4: 0, 5: 0, 6: 0}
    assert player.values(row) == expected
    assert len(asked) == 4  # seven moves, three of them mirror images
    assert "every move of a position of 0 stones may take about" in notes[0]
    assert "a move to 1 stones is won" in notes[1]
    assert player.values(row) == expected
    file = tmp_path / "cache" / "connect_four_outcomes.jsonl"
    with file.open("ab") as torn:
        torn.write(b'\n{"current": 1, "ma')
    again = PerfectPlayer(game, note=notes.append)
    assert again.values(row) == expected
    assert len(asked) == 4
    scores = PerfectPlayer(game, quickest=True, note=notes.append)  # another question: not the same answers
    monkeypatch.setattr(
        connect_four.ConnectFourSolver, "_solve", lambda self, current, mask, guess: -18 if mask == 1 else 2
    )
    assert scores.values(row) == {0: 18, 1: -2, 2: -2, 3: -2, 4: -2, 5: -2, 6: 18}
    assert decisions(scores, states_after(game, [[]])).policy[0].tolist() == [0.5, 0, 0, 0, 0, 0, 0.5]
    assert again.values(row)[0] == 0


def test_an_early_position_outside_of_the_book_is_announced_and_solved_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(cache_folders.PLACE, str(tmp_path))
    game, notes = made("connect_four"), list[tuple[str, int]]()
    line, image = [3, 3, 6, 6, 2, 3, 2], [3, 3, 0, 0, 4, 3, 4]

    def note(text: str) -> None:
        notes.append((text, answers(player).solver.nodes))

    player = PerfectPlayer(game, note=note)
    out = decisions(player, states_after(game, [line]))
    assert [nodes for _, nodes in notes] == [0, answers(player).solver.nodes]  # the first one before the search
    assert "a position of 7 stones may take about" in notes[0][0]
    assert "for the player to move" in notes[1][0]
    current, mask = connect_four.bitboards(line)
    assert connect_four.ConnectFourSolver(20).board_best_move(current, mask) == (out.action[0], out.value[0])
    notes.clear()
    player = PerfectPlayer(game, note=note)
    again = decisions(player, states_after(game, [image]))
    assert again.action[0] == 6 - out.action[0]
    assert again.value[0] == out.value[0]
    assert not notes


def test_a_win_at_once_needs_no_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache_folders.PLACE, str(tmp_path))
    game, notes = made("connect_four"), list[str]()
    out = decisions(PerfectPlayer(game, note=notes.append), states_after(game, [[0, 1, 0, 1, 0, 1]]))
    assert (out.action[0], out.value[0]) == (0, 1)
    assert not notes
    with pytest.raises(ValueError, match="the game is over"):
        decisions(PerfectPlayer(game), states_after(game, [[0, 1, 0, 1, 0, 1, 0]]))


def test_no_place_to_keep_it_is_no_reason_not_to_play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache_folders.PLACE, str(tmp_path / "file"))
    kept = solution_cache.SolutionCache("connect_four_outcomes")
    kept.put(0, 1, 1)
    assert kept.get(0, 1 << 42) == 1  # its mirror image
    assert kept.get(0, 1 << 7) is None


@pytest.mark.parametrize("name", ["connect_four:rows=5", "tic_tac_toe:rows=4,columns=4,k=4"])
def test_games_without_a_solver_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="solvers for connect_four, tic_tac_toe"):
        PerfectPlayer(made(name))

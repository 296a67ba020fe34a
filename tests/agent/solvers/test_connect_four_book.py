"""The opening book of perfect Connect Four: it is complete, it says what the solver says, and it is asked first."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import games.registry
from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.solvers import connect_four_book
from agent.solvers.connect_four import ConnectFourSolver, bitboards
from agent.solvers.connect_four_book import (
    COLUMNS,
    FILE,
    NUM_STONES,
    Answer,
    Position,
    digest,
    lookup,
    parse,
    position_after,
    reachable,
    shipped_book,
    write,
)
from agent.solvers.perfect_player import PerfectPlayer
from agent.solvers.registry import ConnectFourRows
from games import cache_folders
from games.game import States
from games.playouts import states_after

made = cache(games.registry.make)
DATA = Path(connect_four_book.__file__).parent / "data" / "connect_four"


def from_book(moves: str, position: Position) -> Answer:
    answer = lookup(shipped_book(), position)
    assert answer is not None, f"the book does not hold {moves!r}"
    return answer


@cache
def entries() -> dict[str, Answer]:
    """Every position that can arise, with the book's answer; the assertion in it is a test of its own."""
    return dict(reachable(from_book))


def after(lines: list[str]) -> States:
    return states_after(made("connect_four"), [[COLUMNS.index(column) for column in line] for line in lines])


def decisions(player: PerfectPlayer, states: States) -> Decisions:
    keys = random_numbers.make_keys(0, np.arange(len(states)), 0)
    player.think(np.arange(len(states)), states, Terms.of(len(states), keys=keys))
    return player.decide()[1]


def mirrored(moves: str) -> str:
    return "".join(COLUMNS[6 - COLUMNS.index(move)] for move in moves)


def test_the_book_holds_every_position_that_its_player_can_meet_and_no_other() -> None:
    assert len(entries()) == len(shipped_book())
    assert {len(moves) for moves in entries()} == set(range(NUM_STONES + 1))


def test_first_answers_come_without_a_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of all those positions and their mirror images, in a folder where nothing was kept."""
    monkeypatch.setenv(cache_folders.PLACE, str(tmp_path))
    notes = list[str]()
    player = PerfectPlayer(made("connect_four"), note=notes.append)
    for lines in (list(entries()), [mirrored(moves) for moves in entries()]):
        out = decisions(player, after(lines))
        assert out.value.tolist() == [answer.outcome for answer in entries().values()]
        assert out.proven.all()
    assert isinstance(player.solver, ConnectFourRows)
    assert player.solver.answers.solver.nodes == 0
    assert not notes
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("side", [0, 1])
def test_perfect_meets_only_positions_of_the_book_as_it_plays(side: int) -> None:
    """Random opponents, and games rather than lines: ``reachable`` is not asked what can be met."""
    game, player = made("connect_four"), PerfectPlayer(made("connect_four"))
    assert isinstance(player.solver, ConnectFourRows)
    for seed in range(40):
        states, rng = after([""]), random.Random(seed)
        for ply in range(NUM_STONES + 1):
            here = game.describe_new(states)
            if here.terminal[0]:
                break
            mine = ply % 2 == side
            action = decisions(player, states).action[0] if mine else rng.choice(np.flatnonzero(here.legal[0]))
            game.step(states, np.array([action]))
    assert player.solver.answers.solver.nodes == 0


def test_outcomes_of_the_book_fit_each_other() -> None:
    """The outcome of a position is the worst that any reply leaves after the book's move."""
    checked = 0
    for moves, answer in entries().items():
        then = position_after(moves).play(answer.column)
        assert then is not None
        if then.is_over() or then.mask.bit_count() >= NUM_STONES:
            continue
        replies = [reply for column in range(7) if (reply := then.play(column)) is not None]
        worst = min(-1 if reply.is_over() else from_book(moves, reply).outcome for reply in replies)
        assert worst == answer.outcome, moves
        checked += 1
    assert checked > 150
    values = [entries()[moves].outcome for moves in ("", "a", "b", "c", "d")]
    assert values == [1, 1, 1, 0, -1]  # known since Allis and Allen, 1988


def test_the_solver_says_the_same_of_late_positions() -> None:
    late = [moves for moves in entries() if len(moves) == NUM_STONES]
    solver = ConnectFourSolver(20)
    for moves in random.Random(3).sample(late, 12):
        current, mask = bitboards([COLUMNS.index(move) for move in moves])
        assert Position(current, mask) == position_after(moves)
        assert solver.board_best_move(current, mask) == entries()[moves], moves
    assert solver.nodes > 1000


def test_best_moves_have_the_best_outcome() -> None:
    """Against the outcomes of all moves, in positions that the book does not hold."""
    rng, solver = random.Random(2), ConnectFourSolver(20)
    seen = set()
    for _ in range(60):
        position = Position(0, 0)
        while position.mask.bit_count() < 16:
            nexts = [n for c in range(7) if (n := position.play(c)) is not None and not n.is_over()]
            position = rng.choice(nexts) if nexts else Position(0, 0)
        current, mask = position
        outcomes = solver.board_outcomes(current, mask)
        column, outcome = solver.board_best_move(current, mask)
        assert outcome == max(outcomes.values()) == outcomes[column]
        seen.add(outcome)
    assert seen == {-1, 0, 1}


def test_a_damaged_book_is_named() -> None:
    text = (DATA / FILE).read_text(encoding="utf-8")
    expected = (DATA / f"{FILE}.sha256").read_text(encoding="utf-8").split()[0]
    assert parse(text, expected) == shipped_book()
    with pytest.raises(ValueError, match=r"opening_book\.csv is damaged, for its SHA-256 is not .*: reinstall honte"):
        parse(text.replace("win", "draw", 1), expected)
    assert write(entries()) == text
    assert digest(text) == expected
    assert (DATA / FILE).stat().st_size < 300_000


def test_the_script_goes_on_where_it_stopped_and_writes_the_same_book(tmp_path: Path) -> None:
    missing = set(random.Random(5).sample([moves for moves in entries() if len(moves) == NUM_STONES], 4))
    rows = [
        {"moves": moves, "column": answer.column, "outcome": answer.outcome}
        for moves, answer in entries().items()
        if moves not in missing
    ]
    work, out = tmp_path / "work.jsonl", tmp_path / FILE
    work.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    script = [sys.executable, "-m", "agent.solvers.make_connect_four_book", "--table-bits", "20"]
    root = Path(connect_four_book.__file__).parents[2]
    subprocess.run([*script, "--work", str(work), "--out", str(out)], check=True, cwd=root)
    assert out.read_bytes() == (DATA / FILE).read_bytes().replace(b"\r\n", b"\n")
    assert digest(out.read_text(encoding="utf-8")) in out.with_name(f"{FILE}.sha256").read_text(encoding="utf-8")
    found = [json.loads(line) for line in work.read_text(encoding="utf-8").splitlines()]
    assert {row["moves"] for row in found if "nodes" in row} == missing

"""Opening books, and balanced openings that a judge finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import ImmediatePlayer
from agent.players import make_player
from games import Game, make, position
from games.game import States
from games.playouts import states_after
from selfplay.matches.opening_books import balanced_openings, opening_values, read_book
from selfplay.openings import make_openings

pytestmark = pytest.mark.nojit


@pytest.fixture(scope="module")
def game() -> Game:
    return make("tic_tac_toe")


def test_a_book_holds_moves_as_people_write_them_or_as_numbers(game: Game, tmp_path: Path) -> None:
    path = tmp_path / "book"
    path.write_text('# two openings and the empty one\n\nb2 a3\n{"moves": [0, 4, 8], "scores": {}}\n{"moves": []}\n')
    line = position(game).play("b2 a3").moves
    assert read_book(path, game) == [line, (0, 4, 8), ()]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no opening"),
        ("b2 b2", "book:1: 'b2' is not legal"),
        ("\nb2 k9", "book:2: 'k9'"),
        ('{"moves": 3}', "book:1: an opening is moves"),
        ('{"moves": [1.5]}', "book:1: an opening is moves"),
        ("a1 a2 b1 b2 c1", "book:1: the game is over"),
    ],
)
def test_an_error_in_a_book_names_the_line(game: Game, tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "book"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_book(path, game)
    with pytest.raises(ValueError, match="there is no file"):
        read_book(tmp_path / "other", game)


def test_a_book_above_64_mib_is_refused_before_it_is_read(game: Game, tmp_path: Path) -> None:
    path = tmp_path / "book"
    with path.open("wb") as file:
        file.truncate((1 << 26) + 1)
    with pytest.raises(ValueError, match="book is larger than 67108864 bytes"):
        read_book(path, game)
    with path.open("r+b") as file:
        file.truncate(1 << 26)
    with pytest.raises(ValueError, match=r"is a NUL character|seems to be UTF-16"):
        read_book(path, game)


def test_a_perfect_judge_leaves_drawn_openings_only(game: Game) -> None:
    judge = make_player("perfect", game, num_slots=16)
    found = balanced_openings(game, judge, 12, 3, limit=0, seed=1, num_slots=16)
    assert len(set(found)) == len(found) == 12
    values = opening_values(game, judge, found, random_numbers.make_keys(0, np.arange(12), 0))
    assert (values == 0).all()
    assert found == balanced_openings(game, judge, 12, 3, limit=0, seed=1, num_slots=5)
    assert found[:4] == balanced_openings(game, judge, 4, 3, limit=0, seed=1, num_slots=16)
    decided = balanced_openings(
        game, judge, 60, 3, limit=0.999, seed=1, num_slots=16
    )  # the same: a won opening has value 1
    assert set(found) <= set(decided)


class CellJudge(ImmediatePlayer):
    """Values a position with one stone in tic-tac-toe by its cell, from -1 to 1, and keeps the keys that it gets."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        self.keys: list[int] = []

    def decisions(self, states: States, terms: Terms) -> Decisions:
        self.keys += terms.keys.tolist()
        out = Decisions.empty(len(states), self.game.num_actions)
        out.value[:] = [(int(np.flatnonzero(row["stones"])[0]) - 4) / 4 for row in states]
        return out


def test_openings_within_the_limit_are_kept_and_repeated_in_turn(game: Game) -> None:
    """Values of -0.5 and 0.5 are within a limit of 0.5. Every opening is evaluated with a key of its own."""
    judge, progress = CellJudge(game), list[int]()
    every = make_openings(game, 9, 1, seed=3)
    within = [opening for opening in every if 2 <= opening[0] <= 6]
    found = balanced_openings(game, judge, 9, 1, limit=0.5, seed=3, num_slots=4, progress=progress.append)
    assert len(set(every)) == 9
    assert found == within + within[:4]
    assert judge.keys == random_numbers.make_keys(3, np.arange(9), 0).tolist()
    assert progress == [sum(opening in within for opening in every[:n]) for n in (4, 8, 9)]
    assert balanced_openings(game, CellJudge(game), 1, 1, limit=0, num_slots=4) == [(4,)]
    with pytest.raises(ValueError, match=r"balance asked for is -0\.1"):
        balanced_openings(game, judge, 1, 1, limit=-0.1)


def test_the_search_for_balanced_openings_ends_when_enough_are_found(game: Game) -> None:
    judge, progress = CellJudge(game), list[int]()
    every = make_openings(game, 9, 1)
    found = balanced_openings(game, judge, 2, 1, limit=0.99, num_slots=5, progress=progress.append)
    assert found == [opening for opening in every if opening[0] not in (0, 8)][:2]
    assert len(judge.keys) == 5  # one batch
    assert progress == [2]


class Optimist(ImmediatePlayer):
    """Values every position as won for the player to move."""

    def decisions(self, states: States, terms: Terms) -> Decisions:
        out = Decisions.empty(len(states), self.game.num_actions)
        out.value[:] = 1
        return out


def test_a_judge_that_finds_nothing_says_so(game: Game) -> None:
    judge = make_player("minimax:9", game, num_slots=8)
    with pytest.raises(ValueError, match="balanced to within 0"):
        balanced_openings(game, Optimist(game), 2, 2, limit=0.9)
    with pytest.raises(ValueError, match="random player cannot judge"):
        balanced_openings(game, make_player("random", game, num_slots=8), 2, 2, limit=0.3)
    with pytest.raises(ValueError, match="balance asked for is 1"):
        balanced_openings(game, judge, 2, 2, limit=1)


def test_openings_lead_to_their_states(game: Game) -> None:
    states = states_after(game, [(), (4,), (4, 0, 8)])
    assert [int((row["stones"] != 0).sum()) for row in states] == [0, 1, 3]

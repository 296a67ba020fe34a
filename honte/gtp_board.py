"""The game that a GTP session is about: its moves, taken back and forth, its size, komi, handicap and score.

Knows one game's rules and GTP's words for colours and results. Does not know players, clocks or the protocol.

GTP lets either colour move at any time. Go allows that, other games do not.
"""

from __future__ import annotations

import importlib
import inspect
import math

import numpy as np

from agent.gtp_player import colours, is_go, komi
from games import Game, Position, make, position
from games.faults import GameFault
from games.registry import NAMES
from honte import sgf_games


class GtpBoard:
    """A game under way. ValueError in GTP's own words for what cannot be done."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.komi = komi(game) if is_go(game) else 0.0
        self.clear()

    def clear(self) -> None:
        self.positions = [position(self.game)]
        self.seats: list[int] = []  # who made each move
        self.handicap: list[int] = []  # Black's stones before the first move, as actions

    @property
    def here(self) -> Position:
        return self.positions[-1]

    @property
    def names(self) -> tuple[str, str]:
        return colours(self.game)

    def seat(self, text: str) -> int:
        """The seat of a colour: b, w, black, white, or the game's own names."""
        word = text.lower()
        for seat in (0, 1):
            if word in (self.names[seat], self.names[seat][0], self.game.board.names[seat].lower()):
                return seat
        raise ValueError(f"invalid color or coordinate: {text!r} is no colour")

    def turn(self, seat: int) -> Position:
        """The position with ``seat`` to play. Not every game can turn."""
        here = self.here
        if here.to_play == seat:
            return here
        if not is_go(self.game) or here.is_over:
            raise ValueError(f"it is {self.names[here.to_play]}'s turn" if not here.is_over else "the game is over")
        states = self.game.new(1)
        self.game.copy(states, here.states)
        states["to_play"] = seat
        return Position(self.game, states, here.moves, here.line)

    def play(self, seat: int, text: str) -> None:
        try:
            here = self.turn(seat)
            action = self.game.parse_action(text, seat)
        except ValueError as error:
            raise ValueError(f"invalid color or coordinate: {error}") from None
        self.make(here, action)

    def make(self, here: Position, action: int) -> None:
        """Play ``action`` from ``here``, a ``turn`` of the position."""
        try:
            self.positions.append(here.play(action))
        except GameFault:
            raise
        except ValueError:
            why = "the game is over" if here.is_over else f"{here.game.action_text(action, here.to_play)} is not legal"
            raise ValueError(f"illegal move: {why}") from None
        self.seats.append(here.to_play)

    def undo(self) -> int:
        """Take the last move back; it is returned."""
        if not self.seats:
            raise ValueError("cannot undo")
        self.seats.pop()
        return self.positions.pop().moves[-1]

    def change(self, game: Game) -> None:
        """The same moves in ``game``: the same rules with another komi."""
        moves, seats, handicap = self.here.moves, self.seats, self.handicap
        self.game = game
        self.clear()
        if handicap:
            self.set_handicap(handicap)
        for action, seat in zip(moves[len(handicap) :], seats, strict=True):
            self.make(self.turn(seat), action)

    def set_handicap(self, actions: list[int]) -> None:
        """Black stones before the first move; White is to play then."""
        here = self.here
        for action in actions:
            states = self.game.new(1)
            self.game.copy(states, here.states)
            states["to_play"] = 0
            here = Position(self.game, states, here.moves, here.line).play(action)
        self.positions, self.handicap = [here], list(actions)

    def final_score(self) -> str:
        """``B+3.5``, ``W+1`` or ``0``; Go is counted as it stands, by area."""
        if is_go(self.game):
            margin = self.area() - self.komi
        elif self.here.outcome is None:
            raise ValueError("cannot score: the game is not over")
        else:
            margin = self._margin()
        black = margin if self.names[0] == "black" else -margin
        return "0" if black == 0 else f"{'B' if black > 0 else 'W'}+{abs(black):g}"

    def _margin(self) -> float:
        """What the first player has won by: points where the game counts them, else 1."""
        outcome = self.here.outcome or 0
        if self.game.has_final_targets:
            _, score = self.game.final_targets(self.here.states)
            points = float(score[0]) * (1 if self.here.to_play == 0 else -1)
            if np.sign(points) == outcome:
                return points
        return float(outcome)

    def area(self) -> float:
        """Black's points less White's on the board of Go as it stands, every stone alive, without komi."""
        end = self._ended()
        _, score = self.game.final_targets(end.states)
        return round(float(score[0]) * (1 if end.to_play == 0 else -1) + komi(self.game), 6)

    def _ended(self) -> Position:
        here = self.here
        while not here.is_over:
            here = here.play("pass")
        return here

    def result(self) -> str | None:
        """In words; None while the game goes on."""
        if self.here.outcome is None:
            return None
        if is_go(self.game):
            score = self.final_score()
            return "Draw" if score == "0" else f"{'Black' if score[0] == 'B' else 'White'} wins by {score[2:]}"
        return {0: "Draw", 1: f"{self.names[0]} wins", -1: f"{self.names[1]} wins"}[self.here.outcome].capitalize()

    def stones(self) -> list[tuple[int, int]]:
        """(seat, action) of every stone on a board of Go."""
        owners = [piece.owner for piece in self.game.board.pieces]
        codes = self.game.cells(self.here.states[0]).ravel().tolist()
        return [(owners[code], action) for action, code in enumerate(codes) if owners[code] >= 0]

    def to_sgf(self) -> str:
        here = Position(self.game, self.here.states, self.here.moves[len(self.handicap) :])
        over = self.here.outcome is not None
        setup = [(0, action) for action in self.handicap]
        result = self.final_score() if over else ""
        return sgf_games.to_sgf(here, seats=self.seats, setup=setup, komi=self.komi, result=result)

    def load(self, record: sgf_games.Record) -> None:
        """Set up and play what a file says, all or nothing. The game must be the record's."""
        fresh = GtpBoard(self.game)
        fresh.komi = self.komi
        actions = []
        for seat, point in record.setup:
            if not is_go(self.game) or seat != 0:
                raise ValueError("cannot load file: only Black's handicap stones in Go can be set up")
            actions.append(point)
        if actions:
            fresh.set_handicap(actions)
        for seat, text in record.moves:
            fresh.play(seat, text)
        self.positions, self.seats, self.handicap = fresh.positions, fresh.seats, fresh.handicap


def resized(game: Game, columns: int, rows: int) -> Game:
    """The same game on another board. ValueError where it has no such size."""
    board = game.board
    if (columns, rows) == (board.width, board.height) or columns == rows == max(board.width, board.height):
        return game
    kind, _, text = game.name.partition(":")
    known = inspect.signature(importlib.import_module(f"games.{kind}").game).parameters if kind in NAMES else {}
    parameters = dict(part.split("=") for part in text.split(",") if part)
    if "size" in known and columns == rows:
        parameters["size"] = str(columns)
    elif "rows" in known and "columns" in known:
        parameters |= {"rows": str(rows), "columns": str(columns)}
    else:
        raise ValueError(f"unacceptable size: {game.name} is played on {board.width} x {board.height}")
    try:
        return make(f"{kind}:" + ",".join(f"{key}={value}" for key, value in parameters.items()))
    except ValueError as error:
        raise ValueError(f"unacceptable size: {error}") from None


def with_komi(game: Game, value: float) -> Game:
    """Go with another komi. ValueError for one that it does not take."""
    if komi(game) == value:
        return game
    kind, _, text = game.name.partition(":")
    kept = [part for part in text.split(",") if part and not part.startswith("komi=")]
    return make(f"{kind}:" + ",".join([*kept, f"komi={value:g}"]))


def handicap_points(size: int, stones: int) -> list[tuple[int, int]]:
    """Row and column of GTP's fixed handicap stones (section 4.1.1). ValueError for what the board has no room for."""
    most = 9 if size % 2 and size >= 9 else 4
    if not 2 <= stones <= most or size < 7:
        raise ValueError(
            f"invalid number of stones: {stones}; a board of {size} lines takes 2 to {most if size >= 7 else 0}"
        )
    edge = 2 if size < 13 else 3
    low, mid, high = edge, size // 2, size - 1 - edge
    corners = [(high, low), (low, high), (low, low), (high, high)]  # rows from the top
    sides = [(mid, low), (mid, high), (high, mid), (low, mid)]
    if stones <= 4:
        return corners[:stones]
    chosen = corners + {5: [], 6: sides[:2], 7: sides[:2], 8: sides, 9: sides}[stones]
    return [*chosen, (mid, mid)] if stones % 2 else chosen


def number(text: str, what: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from the protocol. ValueError in its words."""
    try:
        value = float(text) if len(text) <= 32 and text.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not low <= value <= high or math.isinf(value):
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a number")
    return value


def whole(text: str, what: str, *, low: int = 0, high: int = 10**9) -> int:
    """A whole number from the protocol. ValueError in its words."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high):
        raise ValueError(f"syntax error: {what} is {text[:40]!r}; it must be a whole number from {low} to {high}")
    return int(text)

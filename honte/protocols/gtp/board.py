"""The game of a GTP session: moves, undo, board size, komi, handicap and score.

Knows the rules of the game and GTP's words for colours and results. Does not know players, clocks or the protocol.

GTP lets either colour move at any time. In Go that is possible, in other games it is not.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.external.gtp import colour_names
from games import Game, Position, make
from games import position as initial_position
from games.registry import NAMES
from games.rules.go import can_resume, resume
from games.user_rules.faults import GameFault
from honte.sgf import conversion


class GtpBoard:
    """The positions of a game. The text of a ValueError is that of a GTP error."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.komi = game.komi or 0.0
        self.clear()

    def clear(self) -> None:
        self.positions = [initial_position(self.game)]
        self.seats: list[int] = []  # of each move
        self.start: Position | None = None  # the first position, if stones were set up
        self.handicap = 0  # the number of these stones that are a handicap

    @property
    def position(self) -> Position:
        return self.positions[-1]

    @property
    def names(self) -> tuple[str, str]:
        return colour_names(self.game)

    def seat(self, text: str) -> int:
        """The seat of a colour: b, w, black, white, or the game's own names."""
        word = text.lower()
        for seat in (0, 1):
            if word in (self.names[seat], self.names[seat][0], self.game.board.names[seat].lower()):
                return seat
        raise ValueError(f"invalid color or coordinate: {text!r} is not a colour")

    def turn(self, seat: int) -> Position:
        """The position with ``seat`` to play. ValueError where it may not move: in Go it always may."""
        position = self.position
        if self._can_resume:
            position = Position(self.game, resume(self.game, position.states), position.moves, position.line)
        if position.to_play == seat:
            return position
        if self.game.komi is None or position.is_over:
            raise ValueError(
                f"it is {self.names[position.to_play]}'s turn" if not position.is_over else "the game is over"
            )
        states = self.game.new(1)
        self.game.copy(states, position.states)
        states["to_play"] = seat
        return Position(self.game, states, position.moves, position.line)

    @property
    def _can_resume(self) -> bool:
        """Whether two passes ended a game of Go. Clean-up phases of other programs continue from there."""
        return self.game.komi is not None and self.position.is_over and can_resume(self.game, self.position.states)

    def play(self, seat: int, text: str) -> None:
        if self.position.is_over and not self._can_resume:
            raise ValueError("illegal move: the game is over")
        try:
            position = self.turn(seat)
            action = self.game.parse_action(text, seat)
        except ValueError as error:
            raise ValueError(f"invalid color or coordinate: {error}") from None
        self.make_move(position, action)

    def pass_after_end(self, seat: int) -> None:
        """A pass after the end of a game of Go, if the game can be resumed."""
        if self._can_resume:
            self.play(seat, "pass")

    def make_move(self, position: Position, action: int) -> None:
        """Play ``action`` in ``position``, which ``turn`` has returned."""
        try:
            self.positions.append(position.play(action))
        except GameFault:
            raise
        except ValueError:
            why = (
                "the game is over"
                if position.is_over
                else f"{position.game.action_text(action, position.to_play)} is not legal"
            )
            raise ValueError(f"illegal move: {why}") from None
        self.seats.append(position.to_play)

    def undo(self) -> int:
        """Take the last move back and return it."""
        if not self.seats:
            raise ValueError("cannot undo")
        self.seats.pop()
        return self.positions.pop().moves[-1]

    def change_game(self, game: Game) -> None:
        """Replay the moves in ``game``, which has the same rules with another komi."""
        moves, seats, start, handicap = self.position.moves, self.seats, self.start, self.handicap
        self.game = game
        self.clear()
        if start is not None:
            self._start_from(Position(game, start.states), handicap)
        for action, seat in zip(moves, seats, strict=True):
            self.make_move(self.turn(seat), action)

    def _start_from(self, start: Position, handicap: int = 0) -> None:
        self.positions, self.seats, self.start, self.handicap = [start], [], start, handicap

    def set_handicap(self, actions: Sequence[int]) -> None:
        """Place black stones before the first move; White plays first."""
        self.set_up(dict.fromkeys(actions, 1), 1)
        self.handicap = len(actions)

    def set_up(self, points: Mapping[int, int], to_play: int | None = None) -> None:
        """Set points {point: 0 empty, 1 and 2 a player's stone}, counted row by row. Earlier moves are forgotten.

        Without ``to_play`` the turn does not change; before the first move it follows from the stones. ValueError for
        an impossible position.
        """
        position = self.position
        before = conversion.owners(position)
        cells = before.copy()
        cells.ravel()[list(points)] = list(points.values())
        if to_play is None:
            to_play = position.to_play if self.seats or self.start is not None else _first_to_play(self.game, cells)
        first = initial_position(self.game)
        if to_play == first.to_play and (cells == conversion.owners(first)).all():
            self.clear()
        elif self.seats or to_play != position.to_play or (cells != before).any():
            self._start_from(Position(self.game, self.game.set_up(cells, to_play)), self.handicap)

    def final_score(self) -> str:
        """``B+3.5``, ``W+1`` or ``0``. Go is scored by area, the board as it is."""
        if self.game.komi is not None:
            margin = self.area() - self.komi
        elif self.position.outcome is None:
            raise ValueError("cannot score: the game is not over")
        else:
            margin = self._margin()
        black = margin if self.names[0] == "black" else -margin
        return "0" if black == 0 else f"{'B' if black > 0 else 'W'}+{abs(black):g}"

    def _margin(self) -> float:
        """The margin of the first player: in points if the game has them, else 1, 0 or -1."""
        outcome = self.position.outcome or 0
        if self.game.has_final_targets:
            _, score = self.game.final_targets(self.position.states)
            points = float(score[0]) * (1 if self.position.to_play == 0 else -1)
            if np.sign(points) == outcome:
                return points
        return float(outcome)

    def area(self) -> float:
        """Black's points minus White's without komi, by area, with every stone on the board alive."""
        end = self._after_passes()
        _, score = self.game.final_targets(end.states)
        return round(float(score[0]) * (1 if end.to_play == 0 else -1) + (self.game.komi or 0.0), 6)

    def _after_passes(self) -> Position:
        """The end of a game of Go when both players pass."""
        position = self.position
        while not position.is_over:
            position = position.play("pass")
        return position

    def result(self) -> str | None:
        """The result as a sentence; None while the game is not over."""
        if self.position.outcome is None:
            return None
        if self.game.komi is not None:
            score = self.final_score()
            return "Draw" if score == "0" else f"{'Black' if score[0] == 'B' else 'White'} wins by {score[2:]}"
        return {0: "Draw", 1: f"{self.names[0]} wins", -1: f"{self.names[1]} wins"}[self.position.outcome].capitalize()

    def stones(self) -> list[tuple[int, int]]:
        """(seat, action) of every stone on a Go board."""
        owners = [piece.owner for piece in self.game.board.pieces]
        codes = self.game.cells(self.position.states[0]).ravel().tolist()
        return [(owners[code], action) for action, code in enumerate(codes) if owners[code] >= 0]

    def to_sgf(self) -> str:
        result = self.final_score() if self.position.outcome is not None else ""
        return conversion.to_sgf(
            self.position, seats=self.seats, start=self.start, handicap=self.handicap, komi=self.komi, result=result
        )

    def load(self, record: conversion.SgfGame) -> None:
        """Set up and play a game from a file; on an error the board stays as it was. ``record`` is of this game."""
        board = GtpBoard(self.game)
        board.komi = self.komi
        first = record.events[0] if record.events else None
        seat = first.seat if isinstance(first, conversion.Move) else record.next_seat
        if record.handicap and not isinstance(first, conversion.Setup) and seat != 0:
            size = self.game.board.width  # the file does not place the stones: they go where GTP places them
            board.set_handicap([r * size + c for r, c in handicap_points(size, record.handicap)])
        for event in record.events:
            if isinstance(event, conversion.Setup):
                default = 1 if record.handicap and not board.seats else None
                board.set_up(event.points, default if event.to_play is None else event.to_play)
            else:
                if event.text == "swap" and "swap=true" not in self.game.name:
                    raise ValueError(f"it swaps pieces, but {self.game.name} has no swap rule; hex:swap=true has one")
                board._give_turn(event.seat)
                board.play(event.seat, event.text)
        if record.next_seat is not None and not board.position.is_over:
            board._give_turn(record.next_seat)
        board.handicap = record.handicap if board.start is not None else 0
        self.positions, self.seats = board.positions, board.seats
        self.start, self.handicap = board.start, board.handicap

    def _give_turn(self, seat: int) -> None:
        """Make it the turn of ``seat`` where a file leaves out a forced pass, or begins with the other colour."""
        position = self.position
        if self.game.komi is not None or position.is_over or position.to_play == seat:
            return
        if position.legal_actions == ["pass"]:
            self.play(position.to_play, "pass")
        elif not self.seats:
            self.set_up({}, seat)


def _first_to_play(game: Game, cells: NDArray[np.int8]) -> int:
    """The player to move in a position that was set up, judged by its stones."""
    first, second = int((cells == 1).sum()), int((cells == 2).sum())
    if game.komi is not None:
        return int(first > 1 and not second)  # Black has a handicap
    return int(game.plies_without_passes is None and first > second)  # passes break the order of colours


def with_size(game: Game, columns: int, rows: int) -> Game:
    """The same game on a board of another size. ValueError where the game has no such size."""
    board = game.board
    if (columns, rows) == (board.width, board.height) or columns == rows == max(board.width, board.height):
        return game
    kind, _, text = game.name.partition(":")
    known = inspect.signature(importlib.import_module(f"games.rules.{kind}").game).parameters if kind in NAMES else {}
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
    """Go with another komi. ValueError for a komi that it does not allow."""
    if game.komi == value:
        return game
    kind, _, text = game.name.partition(":")
    others = [part for part in text.split(",") if part and not part.startswith("komi=")]
    return make(f"{kind}:" + ",".join([*others, f"komi={value:g}"]))


def handicap_points(size: int, stones: int) -> list[tuple[int, int]]:
    """(row, column) of GTP's fixed handicap stones (section 4.1.1). ValueError for an impossible number of stones."""
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

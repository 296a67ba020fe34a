"""The game that a GTP session is about: its moves, taken back and forth, its size, komi, handicap and score.

Knows one game's rules and GTP's words for colours and results. Does not know players, clocks or the protocol.

GTP lets either colour move at any time. Go allows that, other games do not.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.external.gtp import colour_names
from games import Game, Position, make, position
from games.registry import NAMES
from games.rules.go import can_resume, resumed
from games.user_rules.faults import GameFault
from honte.protocols.sgf import conversion


class GtpBoard:
    """A game under way. ValueError in GTP's own words for what cannot be done."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.komi = game.komi or 0.0
        self.clear()

    def clear(self) -> None:
        self.positions = [position(self.game)]
        self.seats: list[int] = []  # who made each move
        self.start: Position | None = None  # where the game began, if stones were set up
        self.handicap = 0  # of those stones

    @property
    def here(self) -> Position:
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
        raise ValueError(f"invalid color or coordinate: {text!r} is no colour")

    def turn(self, seat: int) -> Position:
        """The position with ``seat`` to play. Not every game can turn. Go goes on after two passes."""
        here = self.here
        if self._may_go_on:
            here = Position(self.game, resumed(self.game, here.states), here.moves, here.line)
        if here.to_play == seat:
            return here
        if self.game.komi is None or here.is_over:
            raise ValueError(f"it is {self.names[here.to_play]}'s turn" if not here.is_over else "the game is over")
        states = self.game.new(1)
        self.game.copy(states, here.states)
        states["to_play"] = seat
        return Position(self.game, states, here.moves, here.line)

    @property
    def _may_go_on(self) -> bool:
        """Whether the game is over by two passes: disputes and clean-ups go on from there."""
        return self.game.komi is not None and self.here.is_over and can_resume(self.game, self.here.states)

    def play(self, seat: int, text: str) -> None:
        if self.here.is_over and not self._may_go_on:
            raise ValueError("illegal move: the game is over")
        try:
            here = self.turn(seat)
            action = self.game.parse_action(text, seat)
        except ValueError as error:
            raise ValueError(f"invalid color or coordinate: {error}") from None
        self.make(here, action)

    def pass_after_end(self, seat: int) -> None:
        """A pass in a game of Go that is over, where it has room for one."""
        if self._may_go_on:
            self.play(seat, "pass")

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
        moves, seats, start, handicap = self.here.moves, self.seats, self.start, self.handicap
        self.game = game
        self.clear()
        if start is not None:
            self._begin(Position(game, start.states), handicap)
        for action, seat in zip(moves, seats, strict=True):
            self.make(self.turn(seat), action)

    def _begin(self, start: Position, handicap: int = 0) -> None:
        self.positions, self.seats, self.start, self.handicap = [start], [], start, handicap

    def set_handicap(self, actions: Sequence[int]) -> None:
        """Black stones before the first move; White is to play then."""
        self.set_up(dict.fromkeys(actions, 1), 1)
        self.handicap = len(actions)

    def set_up(self, points: Mapping[int, int], to_play: int | None = None) -> None:
        """Change ``points`` of the board, row by row: 0 empty, 1 and 2 the players' stones. The history begins anew.

        Without ``to_play`` it is whose turn it was; at a game's beginning the stones tell. ValueError with a sentence
        for what cannot be.
        """
        here = self.here
        before = conversion.owners(here)
        cells = before.copy()
        cells.ravel()[list(points)] = list(points.values())
        if to_play is None:
            to_play = here.to_play if self.seats or self.start is not None else _first_to_play(self.game, cells)
        first = position(self.game)
        if to_play == first.to_play and (cells == conversion.owners(first)).all():
            self.clear()
        elif self.seats or to_play != here.to_play or (cells != before).any():
            self._begin(Position(self.game, self.game.set_up(cells, to_play)), self.handicap)

    def final_score(self) -> str:
        """``B+3.5``, ``W+1`` or ``0``; Go is counted as it stands, by area."""
        if self.game.komi is not None:
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
        return round(float(score[0]) * (1 if end.to_play == 0 else -1) + (self.game.komi or 0.0), 6)

    def _ended(self) -> Position:
        here = self.here
        while not here.is_over:
            here = here.play("pass")
        return here

    def result(self) -> str | None:
        """In words; None while the game goes on."""
        if self.here.outcome is None:
            return None
        if self.game.komi is not None:
            score = self.final_score()
            return "Draw" if score == "0" else f"{'Black' if score[0] == 'B' else 'White'} wins by {score[2:]}"
        return {0: "Draw", 1: f"{self.names[0]} wins", -1: f"{self.names[1]} wins"}[self.here.outcome].capitalize()

    def stones(self) -> list[tuple[int, int]]:
        """(seat, action) of every stone on a board of Go."""
        owners = [piece.owner for piece in self.game.board.pieces]
        codes = self.game.cells(self.here.states[0]).ravel().tolist()
        return [(owners[code], action) for action, code in enumerate(codes) if owners[code] >= 0]

    def to_sgf(self) -> str:
        result = self.final_score() if self.here.outcome is not None else ""
        return conversion.to_sgf(
            self.here, seats=self.seats, start=self.start, handicap=self.handicap, komi=self.komi, result=result
        )

    def load(self, record: conversion.SgfGame) -> None:
        """Set up and play what a file says, all or nothing. The game must be the record's."""
        fresh = GtpBoard(self.game)
        fresh.komi = self.komi
        first = record.events[0] if record.events else None
        seat = first.seat if isinstance(first, conversion.Move) else record.next_seat
        if record.handicap and not isinstance(first, conversion.Setup) and seat != 0:
            size = self.game.board.width  # where Black has not placed them, they stand where GTP places them
            fresh.set_handicap([r * size + c for r, c in handicap_points(size, record.handicap)])
        for event in record.events:
            if isinstance(event, conversion.Setup):
                default = 1 if record.handicap and not fresh.seats else None
                fresh.set_up(event.points, default if event.to_play is None else event.to_play)
            else:
                if event.text == "swap" and "swap=true" not in self.game.name:
                    raise ValueError(f"it swaps pieces; {self.game.name} has no swap rule, hex:swap=true has")
                fresh._give_turn(event.seat)
                fresh.play(event.seat, event.text)
        if record.next_seat is not None and not fresh.here.is_over:
            fresh._give_turn(record.next_seat)
        fresh.handicap = record.handicap if fresh.start is not None else 0
        self.positions, self.seats = fresh.positions, fresh.seats
        self.start, self.handicap = fresh.start, fresh.handicap

    def _give_turn(self, seat: int) -> None:
        """Let ``seat`` move where files leave out how it came to: a forced pass, or the other colour's first move."""
        here = self.here
        if self.game.komi is not None or here.is_over or here.to_play == seat:
            return
        if here.legal_actions == ["pass"]:
            self.play(here.to_play, "pass")
        elif not self.seats:
            self.set_up({}, seat)


def _first_to_play(game: Game, cells: NDArray[np.int8]) -> int:
    """Whose turn it is at a position that was set up, by its stones alone."""
    first, second = int((cells == 1).sum()), int((cells == 2).sum())
    if game.komi is not None:
        return int(first > 1 and not second)  # a handicap
    return int(game.plies_without_passes is None and first > second)  # passes break the order of colours


def with_size(game: Game, columns: int, rows: int) -> Game:
    """The same game on another board. ValueError where it has no such size."""
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
    """Go with another komi. ValueError for one that it does not take."""
    if game.komi == value:
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

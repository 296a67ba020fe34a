"""Converts games of go, othello, gomoku and hex to SGF and back.

Knows the meaning of properties (FF[4], with its appendix for Hex). Does not know the syntax, players or protocols.

Every property that changes the position is read, or the file is refused: B, W, AB, AW, AE, PL, SZ, KM and HA. All other
properties of FF[4] are about people, clocks, results, marks, comments and display, and are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import honte
from agent.external.gtp import colour_names
from games import Game, Position
from games import position as initial_position
from honte.sgf import game_tree
from honte.sgf.values import (
    point_text,
    read_colour,
    read_int,
    read_komi,
    read_point,
    read_points,
    read_size,
)


class SgfType(NamedTuple):
    """How SGF and the game itself write one kind of game."""

    number: int  # the value of GM
    default_size: str  # lines of a board without SZ
    has_komi: bool = False  # and handicap stones without AB
    is_hex: bool = False  # points are written as people write them, and the second player may swap
    letters: str = "abcdefghijklmnopqrstuvwxyz"  # of the columns, as the game writes them
    rows_from_top: bool = False  # whether the game counts rows from the top


TYPES: Mapping[str, SgfType] = {
    "go": SgfType(1, "19", has_komi=True, letters="ABCDEFGHJKLMNOPQRSTUVWXYZ"),
    "othello": SgfType(2, "8", rows_from_top=True),
    "gomoku": SgfType(4, "15"),
    "hex": SgfType(11, "11", is_hex=True),
}
"""The games that have an SGF type, by ``Game.family``."""

SETUP = {"AB": 1, "AW": 2, "AE": 0}
"""{property that sets up stones: 0 for an empty point, 1 and 2 for a stone of the players}"""

MOVES = {"B": 0, "W": 1}
"""{property that is a move: the seat that makes it}"""

NO_MOVES = ("resign", "forfeit")
"""Values of moves that end a game and do not change the position."""


class Setup(NamedTuple):
    """A setup of stones: {point: 0 empty, 1 the first player's, 2 the second's}, and the player to move."""

    points: Mapping[int, int]  # points are counted row by row
    to_play: int | None  # None: the file does not say


class Move(NamedTuple):
    """A move of a seat, in the notation of the game."""

    seat: int
    text: str


class SgfGame(NamedTuple):
    """A game read from a file."""

    game_name: str  # for ``games.make``
    events: Sequence[Setup | Move]
    handicap: int = 0  # the number of handicap stones by HA; 0: none
    next_seat: int | None = None  # the seat of the first move after ``num_moves``

    @property
    def moves(self) -> list[Move]:
        return [event for event in self.events if isinstance(event, Move)]


def sgf_type(game: Game) -> SgfType | None:
    """The SGF type of ``game``; None for a game that has none."""
    return TYPES.get(game.family)


def owners(position: Position) -> NDArray[np.int8]:
    """[H, W] 0 for an empty point, 1 for a stone of the first player, 2 for one of the second."""
    by_code = np.array([piece.owner + 1 for piece in position.game.board.pieces], np.int8)
    return np.asarray(by_code[position.game.cells(position.states[0])])


def to_sgf(
    position: Position,
    *,
    players: tuple[str, str] = ("", ""),
    seats: Sequence[int] | None = None,
    start: Position | None = None,
    handicap: int = 0,
    komi: float | None = None,
    result: str = "",
    comments: Sequence[str] = (),
) -> str:
    """The SGF text of the game that led to ``position``. ValueError for a game without an SGF type.

    ``seats``: the player of each move, where players did not simply take turns. ``comments``: one for each move.
    ``start``: the first position, where stones were set up; ``handicap`` of these stones are a handicap.
    """
    game = position.game
    written = sgf_type(game)
    if written is None:
        raise ValueError(f"{game.name} has no SGF type; only {', '.join(TYPES)} have one")
    names = colour_names(game)
    root: game_tree.Properties = {
        "GM": [str(written.number)],
        "FF": ["4"],
        "CA": ["UTF-8"],
        "AP": [f"honte:{honte.__version__}"],
        "SZ": [str(game.board.width)],
    }
    if game.komi is not None:
        root |= {"KM": [f"{game.komi if komi is None else komi:g}"], "RU": ["Tromp-Taylor"]}
    if handicap:
        root["HA"] = [str(handicap)]
    for seat, name in enumerate(players):
        if name:
            root["PB" if names[seat] == "black" else "PW"] = [name]
    if result:
        root["RE"] = [result]
    if start is not None:
        root |= _setup_properties(start, written)
    tree = [game_tree.Node(-1, root)]
    order = seats if seats is not None else _seats_of_moves(start or initial_position(game), position)
    for i, (action, seat) in enumerate(zip(position.moves, order, strict=True)):
        value = move_to_sgf(game, written, game.action_text(action, seat))
        node = {"B" if names[seat] == "black" else "W": [value]}
        if i < len(comments) and comments[i]:
            node["C"] = [comments[i]]
        tree.append(game_tree.Node(len(tree) - 1, node))
    return game_tree.write([tree])


def _setup_properties(start: Position, written: SgfType) -> game_tree.Properties:
    """The setup properties that turn the initial position into ``start``."""
    game, properties = start.game, dict[str, list[str]]()
    initial, stones = owners(initial_position(game)).ravel(), owners(start).ravel()
    for key, owner in SETUP.items():
        cells = np.flatnonzero((stones == owner) & (initial != owner)).tolist()
        if cells:
            properties[key] = sorted(point_text(cell, game.board.width, hexagons=written.is_hex) for cell in cells)
    return properties | {"PL": ["BW"[start.to_play]]}


def _seats_of_moves(start: Position, position: Position) -> list[int]:
    """The player of each move from ``start`` to ``position``. ValueError where the moves do not lead there."""
    seats, current = list[int](), start
    try:
        for action in position.moves:
            seats.append(current.to_play)
            current = current.play(action)
        reached = bool((owners(current) == owners(position)).all()) and current.to_play == position.to_play
    except ValueError:
        reached = False
    if not reached:
        raise ValueError(
            f"this game of {position.game.name} did not begin at the initial position; pass its first position as start"
        )
    return seats


def from_sgf(content: str | bytes, num_moves: int | None = None) -> SgfGame:
    """The main line of the first game of a file, cut after ``num_moves`` moves.

    Stones that are set up directly before the next move are included. ValueError for a game that honte cannot read.
    """
    line = game_tree.main_line(game_tree.parse(content)[0])
    number = read_int(_only_value(line, "GM") or "1", "GM")
    numbers = {written.number: name for name, written in TYPES.items()}
    if number not in numbers:
        raise ValueError(
            f"SGF: GM[{number}] is a game that honte cannot read; it reads the numbers"
            f" {', '.join(f'{each.number} ({name})' for name, each in TYPES.items())}"
        )
    name = numbers[number]
    written = TYPES[name]
    size = read_size(_only_value(line, "SZ") or written.default_size)
    parameters = f"size={size}"
    komi = _only_value(line, "KM")
    if written.has_komi and komi:
        parameters += f",komi={read_komi(komi, size * size):g}"
    events, next_seat, count = list[Setup | Move](), None, 0
    for index, node in enumerate(line):
        points, player = parse_setup(node, written, size), _only_value([node], "PL")
        if points or player:
            events.append(Setup(points, read_colour(player, "PL") if player else _next_seat(line[index:])))
        for key, seat in MOVES.items():
            if key not in node.properties:
                continue
            value = _only_value([node], key)
            if value.lower() in NO_MOVES:
                continue
            if count == num_moves:
                next_seat = seat
                break
            count += 1
            if written.is_hex and value.lower() == "swap-sides":  # the players change colours: White is to play
                if seat != 1 or not events:
                    raise ValueError(f"SGF: {key}[{value}] is only possible as the answer to the first stone")
                events.append(Setup({}, 1))
            else:
                events.append(Move(seat, move_from_sgf(written, value, size)))
        if next_seat is not None:
            break
    if written.is_hex and any(isinstance(event, Move) and event.text == "swap" for event in events):
        parameters += ",swap=true"
    return SgfGame(f"{name}:{parameters}", events, _handicap(_only_value(line, "HA"), name, events), next_seat)


def _only_value(line: Sequence[game_tree.Node], key: str) -> str:
    """The value of a property in ``line``; empty if it has none. ValueError for several values."""
    values = [value.strip() for node in line for value in node.properties.get(key, [])]
    if len(set(values)) > 1 or (key in MOVES and len(values) > 1):
        raise ValueError(f"SGF: {key} has the values {', '.join(values)[:60]}; it must have one")
    return values[0] if values else ""


def _next_seat(line: Sequence[game_tree.Node]) -> int | None:
    """The seat of the first move in ``line``; None without a move."""
    return next((seat for node in line for key, seat in MOVES.items() if key in node.properties), None)


def parse_setup(node: game_tree.Node, written: SgfType, size: int) -> dict[int, int]:
    """{point: owner} that a node sets up. ValueError for a point with two different owners."""
    owner_of_point = dict[int, int]()
    for key, owner in SETUP.items():
        for value in node.properties.get(key, []):
            if not value.strip():  # some programs write AB[] for no stones
                continue
            for cell in read_points(value, size, hexagons=written.is_hex):
                if owner_of_point.setdefault(cell, owner) != owner:
                    raise ValueError(
                        f"SGF: {key}[{value[:20]}] sets up a point that another property sets up differently"
                    )
    return owner_of_point


def _handicap(text: str, name: str, events: Sequence[Setup | Move]) -> int:
    """The number of handicap stones. ValueError where the file does not say where they are."""
    count = read_int(text, "HA") if text else 0
    if count < 2:
        return 0
    placed = bool(events) and isinstance(events[0], Setup)
    if not TYPES[name].has_komi and not placed:
        raise ValueError(f"SGF: HA[{count}] does not say where the handicap stones of {name} are; AB must set them up")
    return count


def move_to_sgf(game: Game, written: SgfType, text: str) -> str:
    """A move in SGF notation, which for Hex is the notation of the game."""
    if written.is_hex:
        return "swap-pieces" if text == "swap" else text
    if text == "pass":
        return ""
    return point_text(game.parse_action(text), game.board.width)


def move_from_sgf(written: SgfType, value: str, size: int) -> str:
    """A move in the notation of the game."""
    if written.is_hex:
        if value.lower() in ("swap-pieces", "swap"):
            return "swap"
        return point_text(read_point(value, size, hexagons=True), size, hexagons=True)
    if not value or value.lower() == "pass" or (value == "tt" and size <= 19):
        return "pass"
    cell = read_point(value, size)
    column, row = cell % size, cell // size
    return f"{written.letters[column]}{row + 1 if written.rows_from_top else size - row}"

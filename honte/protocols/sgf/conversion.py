"""Games as SGF: go, othello, gomoku and hex, whose moves are points. Positions into files and files into positions.

Knows which property says what (FF[4]; Hex as in its own appendix). Does not know brackets, players or protocols.

What changes the position is read or refused: B, W, AB, AW, AE, PL, SZ, KM and HA. Everything else in FF[4] is about
people, clocks, results, marks and comments, or says what a program should show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import honte
from agent.external.gtp import colour_names
from games import Game, Position, position
from honte.protocols.sgf import game_tree
from honte.protocols.sgf.values import (
    point_text,
    read_colour,
    read_komi,
    read_point,
    read_points,
    read_size,
    read_whole,
)


class SgfType(NamedTuple):
    """How SGF and the game itself write one kind of game."""

    number: int  # the value of GM
    usual_side: str  # lines of a board without SZ
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
"""Properties that set up stones, and what they make of a point."""

MOVES = {"B": 0, "W": 1}
"""Properties that are moves, by seat."""

NO_MOVES = ("resign", "forfeit")
"""Values of moves that end a game and leave the position alone."""


class Setup(NamedTuple):
    """Points that become empty (0), the first player's (1) or the second's (2), and who is to play then."""

    points: Mapping[int, int]  # row by row
    to_play: int | None  # None: the file does not say


class Move(NamedTuple):
    """A move by a seat, as the game writes it."""

    seat: int
    text: str


class SgfGame(NamedTuple):
    """A game read from a file."""

    game_name: str  # as ``games.make`` takes it
    events: Sequence[Setup | Move]
    handicap: int = 0  # Black's stones before the first move, by HA; 0 without
    next_seat: int | None = None  # who makes the move that ``num_moves`` cut off

    @property
    def moves(self) -> list[Move]:
        return [event for event in self.events if isinstance(event, Move)]


def sgf_type(game: Game) -> SgfType | None:
    """The SGF type of ``game``; None for a game that has none."""
    return TYPES.get(game.family)


def owners(here: Position) -> NDArray[np.int8]:
    """[H, W] 0 where a point is empty, 1 where the first player's stone is, 2 where the second's is."""
    by_code = np.array([piece.owner + 1 for piece in here.game.board.pieces], np.int8)
    return np.asarray(by_code[here.game.cells(here.states[0])])


def to_sgf(
    here: Position,
    *,
    players: tuple[str, str] = ("", ""),
    seats: Sequence[int] | None = None,
    start: Position | None = None,
    handicap: int = 0,
    komi: float | None = None,
    result: str = "",
    comments: Sequence[str] = (),
) -> str:
    """The game that led to ``here``. ValueError for a game without an SGF type.

    ``seats`` says who made each move, where that is not simply in turn; ``comments`` go with the moves, in order.
    ``start`` is where the game began, if that is no first position; ``handicap`` of its stones are a handicap.
    """
    game = here.game
    written = sgf_type(game)
    if written is None:
        raise ValueError(f"{game.name} has no SGF type; {', '.join(TYPES)} have")
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
    order = seats if seats is not None else _in_turn(start or position(game), here)
    for i, (action, seat) in enumerate(zip(here.moves, order, strict=True)):
        value = _move(game, written, game.action_text(action, seat))
        node = {"B" if names[seat] == "black" else "W": [value]}
        if i < len(comments) and comments[i]:
            node["C"] = [comments[i]]
        tree.append(game_tree.Node(len(tree) - 1, node))
    return game_tree.write([tree])


def _setup_properties(start: Position, written: SgfType) -> game_tree.Properties:
    """What makes ``start`` of the game's first position."""
    game, found = start.game, dict[str, list[str]]()
    usual, stones = owners(position(game)).ravel(), owners(start).ravel()
    for key, owner in SETUP.items():
        cells = np.flatnonzero((stones == owner) & (usual != owner)).tolist()
        if cells:
            found[key] = sorted(point_text(cell, game.board.width, hexagons=written.is_hex) for cell in cells)
    return found | {"PL": ["BW"[start.to_play]]}


def _in_turn(start: Position, here: Position) -> list[int]:
    """Who made each move from ``start`` to ``here``. ValueError where the moves do not lead there."""
    seats, there = list[int](), start
    try:
        for action in here.moves:
            seats.append(there.to_play)
            there = there.play(action)
        led = bool((owners(there) == owners(here)).all()) and there.to_play == here.to_play
    except ValueError:
        led = False
    if not led:
        raise ValueError(f"this game of {here.game.name} did not begin at the first position; give its start")
    return seats


def from_sgf(content: str | bytes, num_moves: int | None = None) -> SgfGame:
    """The main line of the first game of a file, up to the move after ``num_moves`` moves.

    Stones that are set up before that move belong to it. ValueError for what is not one of ours.
    """
    line = game_tree.main_line(game_tree.parse(content)[0])
    number = read_whole(_only_value(line, "GM") or "1", "GM")
    numbers = {written.number: name for name, written in TYPES.items()}
    if number not in numbers:
        raise ValueError(
            f"SGF: GM[{number}] is a game that honte has no SGF for;"
            f" {', '.join(TYPES)} have numbers { {name: each.number for name, each in TYPES.items()} }"
        )
    name = numbers[number]
    written = TYPES[name]
    side = read_size(_only_value(line, "SZ") or written.usual_side)
    parameters = f"size={side}"
    komi = _only_value(line, "KM")
    if written.has_komi and komi:
        parameters += f",komi={read_komi(komi, side * side):g}"
    events, next_seat, count = list[Setup | Move](), None, 0
    for index, node in enumerate(line):
        points, player = _points_set_up(node, written, side), _only_value([node], "PL")
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
            if written.is_hex and value.lower() == "swap-sides":  # who was Black is White now, and to play
                if seat != 1 or not events:
                    raise ValueError(f"SGF: {key}[{value}] can only answer the first stone")
                events.append(Setup({}, 1))
            else:
                events.append(Move(seat, _text(written, value, side)))
        if next_seat is not None:
            break
    if written.is_hex and any(isinstance(event, Move) and event.text == "swap" for event in events):
        parameters += ",swap=true"
    return SgfGame(f"{name}:{parameters}", events, _handicap(_only_value(line, "HA"), name, events), next_seat)


def _only_value(line: Sequence[game_tree.Node], key: str) -> str:
    """The value of a property in ``line``, "" without one. ValueError where there are several."""
    found = [value.strip() for node in line for value in node.properties.get(key, [])]
    if len(set(found)) > 1 or (key in MOVES and len(found) > 1):
        raise ValueError(f"SGF: {key} has the values {', '.join(found)[:60]}; it must have one")
    return found[0] if found else ""


def _next_seat(line: Sequence[game_tree.Node]) -> int | None:
    """Who makes the first move of ``line``."""
    return next((seat for node in line for key, seat in MOVES.items() if key in node.properties), None)


def _points_set_up(node: game_tree.Node, written: SgfType, side: int) -> dict[int, int]:
    """What a node makes of points. ValueError for one that two properties name."""
    found = dict[int, int]()
    for key, owner in SETUP.items():
        for value in node.properties.get(key, []):
            if not value.strip():  # some programs write AB[] for no stones
                continue
            for cell in read_points(value, side, hexagons=written.is_hex):
                if found.setdefault(cell, owner) != owner:
                    raise ValueError(f"SGF: {key}[{value[:20]}] sets up a point that the same node sets up otherwise")
    return found


def _handicap(text: str, name: str, events: Sequence[Setup | Move]) -> int:
    """The number behind HA. ValueError where it asks for stones that nobody knows the places of."""
    count = read_whole(text, "HA") if text else 0
    if count < 2:
        return 0
    placed = bool(events) and isinstance(events[0], Setup)
    if not TYPES[name].has_komi and not placed:
        raise ValueError(f"SGF: HA[{count}] needs the stones of the handicap in {name}; AB sets them up")
    return count


def _move(game: Game, written: SgfType, text: str) -> str:
    """A move as SGF has it. Hex writes what people write."""
    if written.is_hex:
        return "swap-pieces" if text == "swap" else text
    if text == "pass":
        return ""
    return point_text(game.parse_action(text), game.board.width)


def _text(written: SgfType, value: str, side: int) -> str:
    """A move as the game writes it."""
    if written.is_hex:
        if value.lower() in ("swap-pieces", "swap"):
            return "swap"
        return point_text(read_point(value, side, hexagons=True), side, hexagons=True)
    if not value or value.lower() == "pass" or (value == "tt" and side <= 19):
        return "pass"
    cell = read_point(value, side)
    column, row = cell % side, cell // side
    return f"{written.letters[column]}{row + 1 if written.rows_from_top else side - row}"

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
from agent.external.gtp import colour_names, is_go
from agent.external.gtp import komi as komi_of
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

TYPES: Mapping[str, int] = {"go": 1, "othello": 2, "gomoku": 4, "hex": 11}
"""Kinds of games by the number that GM gives them."""

SIDES = {"go": "19", "gomoku": "15", "hex": "11", "othello": "8"}
"""Lines of a board without SZ."""

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


def kind(game: Game) -> str:
    return game.name.partition(":")[0]


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
    if kind(game) not in TYPES:
        raise ValueError(f"{game.name} has no SGF type; {', '.join(TYPES)} have")
    names = colour_names(game)
    root: game_tree.Properties = {
        "GM": [str(TYPES[kind(game)])],
        "FF": ["4"],
        "CA": ["UTF-8"],
        "AP": [f"honte:{honte.__version__}"],
        "SZ": [str(game.board.width)],
    }
    if is_go(game):
        root |= {"KM": [f"{komi_of(game) if komi is None else komi:g}"], "RU": ["Tromp-Taylor"]}
    if handicap:
        root["HA"] = [str(handicap)]
    for seat, name in enumerate(players):
        if name:
            root["PB" if names[seat] == "black" else "PW"] = [name]
    if result:
        root["RE"] = [result]
    if start is not None:
        root |= _setup_properties(start)
    tree = [game_tree.Node(-1, root)]
    order = seats if seats is not None else _in_turn(start or position(game), here)
    for i, (action, seat) in enumerate(zip(here.moves, order, strict=True)):
        value = _move(game, game.action_text(action, seat))
        node = {"B" if names[seat] == "black" else "W": [value]}
        if i < len(comments) and comments[i]:
            node["C"] = [comments[i]]
        tree.append(game_tree.Node(len(tree) - 1, node))
    return game_tree.write([tree])


def _setup_properties(start: Position) -> game_tree.Properties:
    """What makes ``start`` of the game's first position."""
    game, found = start.game, dict[str, list[str]]()
    usual, stones = owners(position(game)).ravel(), owners(start).ravel()
    for key, owner in SETUP.items():
        cells = np.flatnonzero((stones == owner) & (usual != owner)).tolist()
        if cells:
            found[key] = sorted(point_text(cell, game.board.width, hexagons=kind(game) == "hex") for cell in cells)
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
    if number not in TYPES.values():
        raise ValueError(
            f"SGF: GM[{number}] is a game that honte has no SGF for; {', '.join(TYPES)} have numbers {dict(TYPES)}"
        )
    name = next(kind for kind, value in TYPES.items() if value == number)
    side = read_size(_only_value(line, "SZ") or SIDES[name])
    parameters = f"size={side}"
    komi = _only_value(line, "KM")
    if name == "go" and komi:
        parameters += f",komi={read_komi(komi, side * side):g}"
    events, next_seat, count = list[Setup | Move](), None, 0
    for index, node in enumerate(line):
        points, player = _points_set_up(node, name, side), _only_value([node], "PL")
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
            if name == "hex" and value.lower() == "swap-sides":  # who was Black is White now, and to play
                if seat != 1 or not events:
                    raise ValueError(f"SGF: {key}[{value}] can only answer the first stone")
                events.append(Setup({}, 1))
            else:
                events.append(Move(seat, _text(name, value, side)))
        if next_seat is not None:
            break
    if name == "hex" and any(isinstance(event, Move) and event.text == "swap" for event in events):
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


def _points_set_up(node: game_tree.Node, name: str, side: int) -> dict[int, int]:
    """What a node makes of points. ValueError for one that two properties name."""
    found = dict[int, int]()
    for key, owner in SETUP.items():
        for value in node.properties.get(key, []):
            if not value.strip():  # some programs write AB[] for no stones
                continue
            for cell in read_points(value, side, hexagons=name == "hex"):
                if found.setdefault(cell, owner) != owner:
                    raise ValueError(f"SGF: {key}[{value[:20]}] sets up a point that the same node sets up otherwise")
    return found


def _handicap(text: str, name: str, events: Sequence[Setup | Move]) -> int:
    """The number behind HA. ValueError where it asks for stones that nobody knows the places of."""
    count = read_whole(text, "HA") if text else 0
    if count < 2:
        return 0
    placed = bool(events) and isinstance(events[0], Setup)
    if name != "go" and not placed:
        raise ValueError(f"SGF: HA[{count}] needs the stones of the handicap in {name}; AB sets them up")
    return count


def _move(game: Game, text: str) -> str:
    """A move as SGF has it. Hex writes what people write."""
    if kind(game) == "hex":
        return "swap-pieces" if text == "swap" else text
    if text == "pass":
        return ""
    return point_text(game.parse_action(text), game.board.width)


def _text(name: str, value: str, side: int) -> str:
    """A move as the game writes it."""
    if name == "hex":
        if value.lower() in ("swap-pieces", "swap"):
            return "swap"
        return point_text(read_point(value, side, hexagons=True), side, hexagons=True)
    if not value or value.lower() == "pass" or (value == "tt" and side <= 19):
        return "pass"
    cell = read_point(value, side)
    column, row = cell % side, cell // side
    letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ" if name == "go" else "abcdefghijklmnopqrstuvwxyz"
    return f"{letters[column]}{row + 1 if name == 'othello' else side - row}"

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
from games.descriptions import SgfType
from honte.sgf import game_tree
from honte.sgf.notation import move_from_sgf, move_to_sgf, sgf_type, sgf_types
from honte.sgf.values import (
    point_text,
    read_colour,
    read_int,
    read_komi,
    read_points,
    read_size,
)

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
    root = root_properties(game, players=players, start=start, handicap=handicap, komi=komi, result=result)
    tree = [game_tree.Node(-1, root)]
    order = seats if seats is not None else _seats_of_moves(start or initial_position(game), position)
    for i, (action, seat) in enumerate(zip(position.moves, order, strict=True)):
        comment = comments[i] if i < len(comments) else ""
        properties = move_properties(game, seat, game.action_text(action, seat), comment)
        tree.append(game_tree.Node(len(tree) - 1, properties))
    return game_tree.write([tree])


def root_properties(
    game: Game,
    *,
    players: tuple[str, str] = ("", ""),
    start: Position | None = None,
    handicap: int = 0,
    komi: float | None = None,
    result: str = "",
) -> game_tree.Properties:
    """The properties of the first node; ``to_sgf`` explains the arguments."""
    written = sgf_type(game)
    if written is None:
        raise ValueError(f"{game.name} has no SGF type; only {', '.join(sgf_types())} have one")
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
    for colour, name in zip(_colours(game), players, strict=True):
        if name:
            root["P" + colour] = [name]
    if result:
        root["RE"] = [result]
    return root if start is None else root | _setup_properties(start, written)


def move_properties(game: Game, seat: int, text: str, comment: str = "") -> game_tree.Properties:
    """The properties of a move, whose ``text`` is in the notation of ``game``, a game with an SGF type."""
    properties = {_colours(game)[seat]: [move_to_sgf(game, text)]}
    return properties | ({"C": [comment]} if comment else {})


def result_text(game: Game, outcome: int, how: str = "") -> str:
    """A result for the first player, such as ``B+``; ``how`` is R for a resignation and F for a forfeit."""
    return _colours(game)[outcome < 0] + "+" + how if outcome else "0"


def _colours(game: Game) -> tuple[str, str]:
    """``B`` and ``W`` in the order of the seats."""
    first, second = (name[0].upper() for name in colour_names(game))
    return first, second


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
    return read_tree(game_tree.parse(content)[0], num_moves)


def read_tree(tree: game_tree.Tree, num_moves: int | None = None) -> SgfGame:
    """``from_sgf`` for a game whose syntax has been read."""
    line = [tree[i] for i in game_tree.main_line(node.parent for node in tree)]
    number = read_int(_only_value(line, "GM") or "1", "GM")
    numbers = {written.number: name for name, written in sgf_types().items()}
    if number not in numbers:
        raise ValueError(
            f"SGF: GM[{number}] is a game that honte cannot read; it reads the numbers"
            f" {', '.join(f'{each.number} ({name})' for name, each in sgf_types().items())}"
        )
    name = numbers[number]
    written = sgf_types()[name]
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
    if not sgf_types()[name].has_komi and not placed:
        raise ValueError(f"SGF: HA[{count}] does not say where the handicap stones of {name} are; AB must set them up")
    return count

"""Games as SGF: go, othello, gomoku and hex, whose moves are points. Positions into files and files into positions.

Knows which property says what (FF[4]; Hex as in its own appendix). Does not know brackets, players or protocols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import honte
from agent.gtp_player import colours, is_go
from agent.gtp_player import komi as komi_of
from games import Game, Position, position
from honte import sgf

TYPES: Mapping[str, int] = {"go": 1, "othello": 2, "gomoku": 4, "hex": 11}
"""Kinds of games by the number that GM gives them."""

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Record(NamedTuple):
    """A game read from a file."""

    game_name: str  # as ``games.make`` takes it
    setup: list[tuple[int, int]]  # (seat, point) of stones there before the first move; points count row by row
    moves: list[tuple[int, str]]  # (seat, move as the game writes it)


def kind(game: Game) -> str:
    return game.name.partition(":")[0]


def to_sgf(
    here: Position,
    *,
    players: tuple[str, str] = ("", ""),
    seats: Sequence[int] | None = None,
    setup: Sequence[tuple[int, int]] = (),
    komi: float | None = None,
    result: str = "",
    comments: Sequence[str] = (),
) -> str:
    """The game that led to ``here``. ValueError for a game without an SGF type.

    ``seats`` says who made each move, where that is not simply in turn; ``comments`` go with the moves, in order.
    """
    game = here.game
    if kind(game) not in TYPES:
        raise ValueError(f"{game.name} has no SGF type; {', '.join(TYPES)} have")
    side = game.board.width
    names = colours(game)
    root: sgf.Properties = {
        "GM": [str(TYPES[kind(game)])],
        "FF": ["4"],
        "CA": ["UTF-8"],
        "AP": [f"honte:{honte.__version__}"],
        "SZ": [str(side)],
    }
    if is_go(game):
        root |= {"KM": [f"{komi_of(game) if komi is None else komi:g}"], "RU": ["Tromp-Taylor"]}
    for seat, name in enumerate(players):
        if name:
            root["PB" if names[seat] == "black" else "PW"] = [name]
    if result:
        root["RE"] = [result]
    for seat, point in setup:
        root.setdefault("AB" if names[seat] == "black" else "AW", []).append(_point(point, side))
    tree = [sgf.Node(-1, root)]
    replay = position(game)
    order = seats if seats is not None else _in_turn(replay, here.moves)
    for i, (action, seat) in enumerate(zip(here.moves, order, strict=True)):
        value = _move(game, game.action_text(action, seat))
        node = {"B" if names[seat] == "black" else "W": [value]}
        if i < len(comments) and comments[i]:
            node["C"] = [comments[i]]
        tree.append(sgf.Node(len(tree) - 1, node))
    return sgf.write([tree])


def _in_turn(here: Position, moves: Sequence[int]) -> list[int]:
    seats = []
    for action in moves:
        seats.append(here.to_play)
        here = here.play(action)
    return seats


def from_sgf(content: str | bytes, num_moves: int | None = None) -> Record:
    """The main line of the first game of a file, up to ``num_moves`` moves. ValueError for what is not one of ours."""
    trees = sgf.parse(content)
    line = sgf.main_line(trees[0])
    root = line[0]
    number = _whole(root, "GM", 1)
    if number not in TYPES.values():
        raise ValueError(
            f"SGF: GM[{number}] is a game that honte has no SGF for; {', '.join(TYPES)} have numbers {TYPES}"
        )
    name = next(kind for kind, value in TYPES.items() if value == number)
    size = root.get("SZ", {"go": "19", "gomoku": "15", "hex": "11", "othello": "8"}[name])
    columns, _, rows = size.partition(":")
    if rows not in ("", columns) or not (columns.isascii() and columns.isdecimal() and 1 <= len(columns) <= 2):
        raise ValueError(f"SGF: SZ[{size[:20]}] is no square board of 1 to 99 lines")
    side = int(columns)
    parameters = f"size={side}"
    if name == "go" and root.get("KM"):
        parameters += f",komi={_number(root, 'KM'):g}"
    setup, moves = list[tuple[int, int]](), list[tuple[int, str]]()
    for node in line:
        for key, seat in (("AB", 0), ("AW", 1)):
            for value in node.properties.get(key, []):
                if moves:
                    raise ValueError(f"SGF: {key} after the first move; stones can be set up before it only")
                setup += [(seat, point) for point in _points(value, side)]
        for key, seat in (("B", 0), ("W", 1)):
            if key in node.properties and (num_moves is None or len(moves) < num_moves):
                moves.append((seat, _text(name, node.get(key), side)))
    return Record(f"{name}:{parameters}", setup, moves)


def _whole(node: sgf.Node, key: str, default: int) -> int:
    text = node.get(key, str(default)).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise ValueError(f"SGF: {key}[{text[:20]}] is no number")
    return int(text)


def _number(node: sgf.Node, key: str) -> float:
    try:
        return float(node.get(key))
    except ValueError:
        raise ValueError(f"SGF: {key}[{node.get(key)[:20]}] is no number") from None


def _point(cell: int, side: int) -> str:
    return LETTERS[cell % side] + LETTERS[cell // side]


def _cell(text: str, side: int) -> int:
    column, row = (LETTERS.find(letter) for letter in text) if len(text) == 2 else (-1, -1)
    if not (0 <= column < side and 0 <= row < side):
        raise ValueError(f"SGF: {text[:20]!r} is no point of a board of {side} lines")
    return row * side + column


def _points(value: str, side: int) -> list[int]:
    """A point, or the rectangle that two of them with a colon between span."""
    one, _, other = value.partition(":")
    first, last = _cell(one.strip(), side), _cell((other or one).strip(), side)
    rows = range(min(first // side, last // side), max(first // side, last // side) + 1)
    columns = range(min(first % side, last % side), max(first % side, last % side) + 1)
    return [r * side + c for r in rows for c in columns]


def _move(game: Game, text: str) -> str:
    """A move as SGF has it. Hex writes what people write."""
    if kind(game) == "hex":
        return "swap-pieces" if text == "swap" else text
    if text == "pass":
        return ""
    return _point(game.parse_action(text), game.board.width)


def _text(name: str, value: str, side: int) -> str:
    """A move as the game writes it."""
    value = value.strip()
    if name == "hex":
        return "swap" if value in ("swap-pieces", "swap") else value
    if not value or (value == "tt" and side <= 19):
        return "pass"
    cell = _cell(value, side)
    column, row = cell % side, cell // side
    letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ" if name == "go" else "abcdefghijklmnopqrstuvwxyz"
    return f"{letters[column]}{row + 1 if name == 'othello' else side - row}"

"""Shows any game to GoGui: its board as a Go board, its moves as one or more points, an analysis as graphics.

Knows GoGui's commands for rules and for analysis, and the drawing of a game. Does not know players or the protocol.

Points are written A1 from the bottom left, without I, whatever the game itself writes. A move of a piece from one cell
to another is two points, clicked one after the other. GoGui shows only square boards: another board is the bottom left
corner of a square one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agent.external.gtp import colour_names
from games import Game, Position
from honte.analysis.position_analysis import Analysis

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"

MOST_SHOWN = 10
"""GoGui shows so many moves of a search."""

Points = tuple[str, ...]

ANALYZE_COMMANDS = """\
dboard/Policy of the network/honte-policy
dboard/Visits of the search/honte-visits
gfx/Best moves with win rates/honte-search
var/Expected moves/honte-variation
string/Win rate of the player to move/honte-winrate"""


def board_size(game: Game) -> int:
    """Lines of the square board that shows the game."""
    return max(game.board.height, game.board.width)


def point(game: Game, row: int, column: int) -> str:
    """The name of a cell; rows count from the top."""
    return f"{LETTERS[column]}{game.board.height - row}"


def can_show(game: Game) -> bool:
    """Whether there is a point name for every cell of the board."""
    return board_size(game) <= len(LETTERS)


def move_points(position: Position) -> dict[int, Points]:
    """The points of every legal action. A pass, or another action without a place, keeps its text."""
    game, seat = position.game, position.to_play
    points: dict[int, Points] = {}
    for text in position.legal_actions:
        action = game.parse_action(text, seat)
        points[action] = _points(position, action) or (text,)
    return points


def _points(position: Position, action: int) -> Points:
    game, seat = position.game, position.to_play
    absolute = int(game.turned[action]) if seat and game.turned is not None else action
    before, after = (game.cells(p.states[0]) for p in (position, position.play(action)))
    clicks = game.board.clicks
    if clicks.shape == before.shape:
        cells = np.argwhere(clicks == absolute)
        if len(cells) > 1:  # a whole column: take the cell where the stone lands
            cells = np.argwhere((clicks == absolute) & (before != after))
        if len(cells):
            return (point(game, *cells[0].tolist()),)
    labels = game.board.column_labels
    on_board = np.array([label.isalpha() for label in labels] if labels else [True] * before.shape[1])
    owner = np.array([piece.owner for piece in game.board.pieces])
    source = (owner[before] == seat) & (owner[after] != seat) & on_board
    target = (owner[before] != seat) & (owner[after] == seat) & on_board
    if clicks.shape == before.shape and not source.any():
        return ()  # a pass or a swap
    if (target & (owner[before] < 0)).any():  # where the piece went; it may have turned over others around it
        target &= owner[before] < 0
    return tuple(point(game, r, c) for cells in (source, target) for r, c in np.argwhere(cells)[:1].tolist())


def legal_points(points_by_action: Mapping[int, Points], start: Points) -> list[str]:
    """The points that may follow the points ``start`` of a move."""
    count = len(start)
    moves = points_by_action.values()
    return sorted({points[count] for points in moves if points[:count] == start and len(points) > count})


def action_of(points_by_action: Mapping[int, Points], points: Points) -> int | None:
    """The action with these points; the first one of several (promotions, pieces from the hand)."""
    return next((action for action, each in points_by_action.items() if each == points), None)


def game_id(game: Game) -> str:
    """The name of the game in GoGui's format: a capital letter and small letters."""
    return "".join(c for c in game.name.partition(":")[0] if c.isalpha()).capitalize() or "Game"


def format_rows(game: Game, words: NDArray[np.str_], empty: str) -> str:
    """Words [H, W] as lines of text, filled up to a square with ``empty``."""
    height, width = words.shape
    size = board_size(game)
    lines = [[empty] * size for _ in range(size - height)]
    lines += [[*row, *[empty] * (size - width)] for row in words.tolist()]
    return "\n".join(" ".join(line) for line in lines)


def format_board(position: Position) -> str:
    """The board as text, every piece as a stone of its owner."""
    names = colour_names(position.game)
    stones = [{"black": "X", "white": "O"}[names[p.owner]] if p.owner >= 0 else "." for p in position.game.board.pieces]
    return format_rows(position.game, np.array(stones)[position.game.cells(position.states[0])], ".")


def board_graphics(position: Position) -> str:
    """Labels for the pieces that are not plain stones."""
    game = position.game
    lines = []
    one_kind = len({piece.text.partition(" ")[0] for piece in game.board.pieces if piece.owner >= 0}) == 1
    for (r, c), code in np.ndenumerate(game.cells(position.states[0])):
        piece = game.board.pieces[code]
        plain = (
            not piece.text if piece.shape == "stone" else piece.shape == "figure" and one_kind and " " not in piece.text
        )
        if piece.shape == "none" or plain:
            continue
        place = point(game, r, c)
        lines.append(f"LABEL {place} {game.board.glyphs[code]}")
    return "\n".join(lines)


def format_dboard(position: Position, points: Mapping[int, Points], weights: Mapping[int, float]) -> str:
    """A dboard of GoGui: the weight of each action, from 0 to 1, at its first point."""
    game = position.game
    grid = np.zeros((game.board.height, game.board.width))
    for action, weight in weights.items():
        place = points[action][0]
        if place[1:].isdecimal():
            grid[game.board.height - int(place[1:]), LETTERS.index(place[0])] += weight
    return format_rows(game, np.char.mod("%.3f", np.minimum(grid, 1.0)), "0")


def analysis_graphics(position: Position, points: Mapping[int, Points], analysis: Analysis) -> str:
    """Draw commands for the best moves: the share of visits as a colour, the win rate in percent as a label."""
    total = max(1, sum(candidate.visits for candidate in analysis.candidates))
    colours, labels = [], []
    places = set[str]()
    for candidate in analysis.candidates[:MOST_SHOWN]:
        place = points[candidate.action][0]
        if not place[1:].isdecimal() or place in places:
            continue
        places.add(place)
        share = candidate.visits / total
        colours.append(f"COLOR #{round(255 * (1 - share)):02x}ff{round(255 * (1 - share)):02x} {place}")
        if candidate.visits:
            labels.append(f"LABEL {place} {round(100 * candidate.winrate)}")
    name = colour_names(position.game)[position.to_play]
    text = f"TEXT {name} {analysis.winrate:.0%} after {analysis.visits} visits"
    return "\n".join([*colours, *labels, text])

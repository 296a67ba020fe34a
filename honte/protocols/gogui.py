"""GoGui's view of a game: any board as a board of Go, any move as one or more of its points, thoughts as pictures.

Knows GoGui's commands for rules and for analysis, and where a game draws what. Does not know players or the protocol.

A point is written A1 from the bottom left, without an I, whatever the game itself writes. A move that takes a piece
from one cell to another is two points, clicked one after the other. A board that is not square is shown in the bottom
left corner of one that is, for GoGui takes square ones only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agent.external.gtp import colour_names
from games import Game, Position
from honte.analysis.position_analysis import Analysis

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"

Points = tuple[str, ...]

ANALYZE_COMMANDS = """\
dboard/Policy: what the network would play/honte-policy
dboard/Visits: what the search looked at/honte-visits
gfx/Search: best moves with winrates/honte-search
var/Expected moves/honte-variation
string/Winrate of who is to play/honte-winrate"""


def side(game: Game) -> int:
    """Lines of the square board that shows the game."""
    return max(game.board.height, game.board.width)


def point(game: Game, row: int, column: int) -> str:
    """The name of a cell; rows count from the top."""
    return f"{LETTERS[column]}{game.board.height - row}"


def fits(game: Game) -> bool:
    """Whether the board has a name for every cell."""
    return side(game) <= len(LETTERS)


def moves(here: Position) -> dict[int, Points]:
    """The points of every legal action; a pass and what has no place keep their word."""
    game, seat = here.game, here.to_play
    found: dict[int, Points] = {}
    for text in here.legal_actions:
        action = game.parse_action(text, seat)
        found[action] = _points(here, action) or (text,)
    return found


def _points(here: Position, action: int) -> Points:
    game, seat = here.game, here.to_play
    absolute = int(game.turned[action]) if seat and game.turned is not None else action
    before, after = (game.cells(p.states[0]) for p in (here, here.play(action)))
    clicks = game.board.clicks
    if clicks.shape == before.shape:
        cells = np.argwhere(clicks == absolute)
        if len(cells) > 1:  # a column: where the stone comes to lie
            cells = np.argwhere((clicks == absolute) & (before != after))
        return tuple(point(game, r, c) for r, c in cells[:1].tolist())
    labels = game.board.column_labels
    board = np.array([label.isalpha() for label in labels] if labels else [True] * before.shape[1])
    owner = np.array([piece.owner for piece in game.board.pieces])
    left = (owner[before] == seat) & (owner[after] != seat) & board
    came = (owner[before] != seat) & (owner[after] == seat) & board
    return tuple(point(game, r, c) for cells in (left, came) for r, c in np.argwhere(cells)[:1].tolist())


def legal_points(known: Mapping[int, Points], chosen: Points) -> list[str]:
    """The points that may be clicked after ``chosen``."""
    count = len(chosen)
    return sorted({points[count] for points in known.values() if points[:count] == chosen and len(points) > count})


def action_of(known: Mapping[int, Points], chosen: Points) -> int | None:
    """The action whose points are ``chosen``; of several (promotions, pieces from the hand) the first."""
    return next((action for action, points in known.items() if points == chosen), None)


def game_id(game: Game) -> str:
    """A capital and small letters, as GoGui wants it."""
    return "".join(c for c in game.name.partition(":")[0] if c.isalpha()).capitalize() or "Game"


def rows(game: Game, words: NDArray[np.str_], empty: str) -> str:
    """Words [H, W] as the lines of the square board."""
    height, width = words.shape
    size = side(game)
    lines = [[empty] * size for _ in range(size - height)]
    lines += [[*row, *[empty] * (size - width)] for row in words.tolist()]
    return "\n".join(" ".join(line) for line in lines)


def board(here: Position) -> str:
    """Pieces as stones."""
    names = colour_names(here.game)
    stones = [{"black": "X", "white": "O"}[names[p.owner]] if p.owner >= 0 else "." for p in here.game.board.pieces]
    return rows(here.game, np.array(stones)[here.game.cells(here.states[0])], ".")


def board_graphics(here: Position) -> str:
    """Letters on what is no plain stone."""
    game = here.game
    lines = []
    for (r, c), code in np.ndenumerate(game.cells(here.states[0])):
        piece = game.board.pieces[code]
        if piece.shape == "none" or (piece.shape == "stone" and not piece.text):
            continue
        place = point(game, r, c)
        lines.append(f"LABEL {place} {game.board.glyphs[code]}")
    return "\n".join(lines)


def heat(here: Position, known: Mapping[int, Points], weights: Mapping[int, float]) -> str:
    """A dboard: numbers from 0 to 1 at the first points of actions."""
    game = here.game
    grid = np.zeros((game.board.height, game.board.width))
    for action, weight in weights.items():
        place = known[action][0]
        if place[1:].isdecimal():
            grid[game.board.height - int(place[1:]), LETTERS.index(place[0])] += weight
    return rows(game, np.char.mod("%.3f", np.minimum(grid, 1.0)), "0")


def graphics(here: Position, known: Mapping[int, Points], analysis: Analysis, most: int = 10) -> str:
    """Draw commands: the share of visits as colour, winrates as labels, the expected moves numbered."""
    total = max(1, sum(candidate.visits for candidate in analysis.candidates))
    colouring, labels = [], []
    seen = set[str]()
    for candidate in analysis.candidates[:most]:
        place = known[candidate.action][0]
        if not place[1:].isdecimal() or place in seen:
            continue
        seen.add(place)
        share = candidate.visits / total
        colouring.append(f"COLOR #{round(255 * (1 - share)):02x}ff{round(255 * (1 - share)):02x} {place}")
        if candidate.visits:
            labels.append(f"LABEL {place} {round(100 * candidate.winrate)}")
    name = colour_names(here.game)[here.to_play]
    text = f"TEXT {name} {analysis.winrate:.0%} after {analysis.visits} visits"
    return "\n".join([*colouring, *labels, text])

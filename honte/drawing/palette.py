"""The colours of drawn boards, for PNG and SVG.

The two players differ by more than hue: in lightness, or on the blue-orange axis, which people with any common colour
blindness can see. Colours are ``#rrggbb``, or ``#rrggbbaa`` if they are transparent.
"""

from __future__ import annotations

from typing import NamedTuple


class PlayerColours(NamedTuple):
    """The colours of the pieces of one player."""

    fill: str
    rim: str  # the outline
    shine: str  # light on a stone: nearly transparent, painted several times
    contrast: str  # marks and text on the fill


class BoardColours(NamedTuple):
    """The colours of one kind of board."""

    board: str
    other: str  # every other cell of a checkered board; the hole of an empty well; the empty box of a dots board
    line: str
    edge: str  # around the board
    players: tuple[str, str]  # keys of PLAYER_COLOURS, unless the names of the players are such keys


PAPER = "#faf8f4"
TEXT = "#33363c"
LABEL = "#7d7a74"
SHADOW = "#0000002b"
BLOCK = "#4a4742"
BLOCK_RIM = "#37342f"
NEUTRAL = "#5c5952"
GLOW = "#f2c14eb0"  # behind the cells of the last move
RING = "#f2c14e"

PLAYER_COLOURS = {
    "black": PlayerColours("#2b2d32", "#141519", "#ffffff08", "#f6f3ec"),
    "white": PlayerColours("#f4f2ec", "#9d978a", "#ffffff36", "#34373d"),
    "orange": PlayerColours("#d1600f", "#96410a", "#ffffff0b", "#fff6ec"),
    "blue": PlayerColours("#1f6fb0", "#134b79", "#ffffff0b", "#eff7ff"),
    "red": PlayerColours("#d0402f", "#8d2419", "#ffffff0b", "#fff1ee"),
    "yellow": PlayerColours("#f4c534", "#b88a0c", "#ffffff14", "#4a3800"),
}

NEUTRAL_STONE = PlayerColours("#c08d55", "#86602f", "#ffffff12", "#3a2c1c")
"""A stone that belongs to nobody, such as an object of a heap in nim."""

SURFACES = {
    "squares": BoardColours("#efe8da", "#efe8da", "#c9bfab", "#a3977f", ("orange", "blue")),
    "felt": BoardColours("#4e9270", "#4e9270", "#3b7457", "#2f5d46", ("black", "white")),
    "checkers": BoardColours("#efe4cf", "#c9a87f", "#b8966b", "#8a6a45", ("white", "black")),
    "points": BoardColours("#e2bd7f", "#e2bd7f", "#80602f", "#b48a4a", ("black", "white")),
    "wells": BoardColours("#2c5c9e", "#dfe7f2", "#234b83", "#1e4174", ("red", "yellow")),
    "hexagons": BoardColours("#f1ebde", "#f1ebde", "#b3a892", "#8d826c", ("red", "blue")),
    "dots": BoardColours("#fbf9f5", "#f1ede4", "#dcd6ca", "#cfc8ba", ("orange", "blue")),
}


DARK = {
    PAPER: "#1b1c1f",
    TEXT: "#d9d6ce",
    LABEL: "#a9a69d",
    NEUTRAL: "#cdc8bb",
    SHADOW: "#00000066",
    BLOCK: "#191815",
    BLOCK_RIM: "#0d0c0b",
    # squares
    "#efe8da": "#393b40",
    "#c9bfab": "#4a4c52",
    "#a3977f": "#55585f",
    # felt
    "#4e9270": "#2f6a4e",
    "#3b7457": "#235440",
    "#2f5d46": "#1b4231",
    # checkers
    "#efe4cf": "#b3a690",
    "#c9a87f": "#836f57",
    "#8a6a45": "#4a3d2f",
    # points
    "#e2bd7f": "#b08d55",
    "#80602f": "#4d3817",
    "#b48a4a": "#7c5f33",
    # wells
    "#2c5c9e": "#234a80",
    "#dfe7f2": "#17191d",
    "#234b83": "#1a3862",
    "#1e4174": "#162f54",
    # hexagons
    "#f1ebde": "#35373c",
    "#b3a892": "#5a5d64",
    # dots
    "#fbf9f5": "#232529",
    "#f1ede4": "#2c2f34",
    "#cfc8ba": "#3a3d43",
}
"""What replaces a colour on a dark page. Pieces keep their colours."""


def board_colours(surface: str, names: tuple[str, str]) -> BoardColours:
    """The colours of a board. Black and white stones on plain squares get a green board, as in Othello."""
    if surface == "squares" and set(names) == {"black", "white"}:
        surface = "felt"
    return SURFACES.get(surface, SURFACES["squares"])


def player_colours(surface: BoardColours, names: tuple[str, str]) -> tuple[PlayerColours, PlayerColours]:
    """The colours of both players: their names if both are colours, else the colours of the board's surface."""
    named = all(name in PLAYER_COLOURS and len(name) > 1 for name in names)
    first, second = names if named else surface.players
    return PLAYER_COLOURS[first], PLAYER_COLOURS[second]

"""Rules: one file a game, and what every game shares. Knows NumPy and Numba, no network and no search."""

from games.board import Board
from games.check import check_game
from games.compiled import from_rules
from games.game import ONGOING, Game, Positions
from games.perft import perft
from games.position import Position, position
from games.registry import NAMES, make
from games.symmetry import Symmetries

__all__ = [
    "NAMES",
    "ONGOING",
    "Board",
    "Game",
    "Position",
    "Positions",
    "Symmetries",
    "check_game",
    "from_rules",
    "make",
    "perft",
    "position",
]

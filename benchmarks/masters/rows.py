"""The table: each game with its opponents, the score that is asked for, and checks by solved positions.

Knows names and numbers. Does not play.
"""

from __future__ import annotations

import shutil
from typing import NamedTuple

GNUGO = (
    f"{shutil.which('gnugo') or '/usr/games/gnugo'} --mode gtp --level 10"
    " --chinese-rules --positional-superko --capture-all-dead"
)
FAIRY = shutil.which("fairy-stockfish") or "/usr/games/fairy-stockfish"


class Opponent(NamedTuple):
    """An opponent, and what is asked of the network against it."""

    text: str  # as honte writes players; ``{engines}`` is replaced by the number of games at the same time
    at_least: float | None  # the score that is asked for; None: it is only reported
    simulations: int = 100
    seat: str = "both"  # which score is asked for: both, first or second


class Row(NamedTuple):
    """A network and all that it is asked."""

    game: str
    opponents: tuple[Opponent, ...] = ()
    opening_plies: int = 2
    checks: tuple[str, ...] = ()  # names of functions in ``checks``


def fairy(nodes: int, at_least: float | None) -> Opponent:
    """Fairy-Stockfish with so many nodes a move."""
    return Opponent(f"uci:engines={{engines}} nodes={nodes} {FAIRY}", at_least, 400)


def gnugo(at_least: float | None, seat: str = "both", simulations: int = 400) -> Opponent:
    """GNU Go; ``seat`` is the network's whose score is asked for."""
    return Opponent(f"gtp:engines={{engines}} {GNUGO}", at_least, simulations, seat)


MCTS = Opponent("mcts:5000", 0.97)

ROWS = {
    "othello6": Row("othello:size=6", (MCTS, Opponent("minimax:5", 0.97)), checks=("othello_endings",)),
    "go5": Row("go:size=5", (gnugo(0.97, "first", 100),), checks=("centre_opening",)),
    "hex7": Row("hex:size=7", (MCTS,), checks=("hex_opening",)),
    "gardner_chess": Row("gardner_chess", (Opponent("minimax:5", 0.9), fairy(1000, 0.5))),
    "animal_shogi": Row("animal_shogi", (Opponent("minimax:5", 0.9), fairy(1000, 0.5))),
    "breakthrough8": Row("breakthrough", (MCTS, Opponent("minimax:5", 0.9), fairy(10000, 0.5))),
    "breakthrough6": Row("breakthrough:rows=6,columns=6", (MCTS,)),
    "gomoku9": Row("gomoku:size=9", (MCTS,)),
    "dots_and_boxes": Row("dots_and_boxes", (MCTS,)),
    "amazons": Row("amazons", (MCTS,)),
    "go7": Row("go:size=7,komi=9", (gnugo(0.85),)),
    "othello8": Row("othello", (Opponent("minimax:6", 0.95), Opponent("mcts:5000", 0.95))),
    "hex11": Row("hex", (MCTS,), opening_plies=4),
    "gomoku15": Row("gomoku", (MCTS,), opening_plies=4),
    "go9": Row("go", (gnugo(0.5),), opening_plies=4),
    "nim": Row("nim", checks=("nim_positions",)),
    "clobber": Row("clobber", (Opponent("mcts:2000", 0.95), fairy(1000, None))),
    "ataxx": Row("ataxx", (Opponent("mcts:2000", 0.95),)),
    "connect_four": Row("connect_four", (Opponent("minimax:5", None), Opponent("mcts:1000", None))),
}
"""In the order in which the networks matter."""

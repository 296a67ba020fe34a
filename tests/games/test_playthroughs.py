"""One game of each kind as people read it, replayed: what every move says and what the board looks like after it.

A file is a line ``game: NAME``, then lines ``> MOVE ...`` with, below them, the position drawn as ``str`` draws it. A
new one is written by

    python -m tests.games.test_playthroughs GAME --seed 1 --every 4 > tests/games/playthroughs/GAME.txt
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from games import position as make_position
from games.registry import NAMES
from tests.games.made import made

FILES = sorted((Path(__file__).parent / "playthroughs").glob("*.txt"))


def drawn(text: str) -> list[str]:
    """The lines that count: editors take away blanks at the ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.mark.nojit
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_game_goes_as_it_is_written(path: Path) -> None:
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    name = head.removeprefix("game: ")
    assert head == f"game: {name}"
    here, drawings = make_position(made(name)), 0
    for block in f"\n{rest}".split("\n> "):  # the first is what comes before any move
        moves, _, board = block.partition("\n")
        if moves:
            here = here.play(moves)
        if drawn(board):
            drawings += 1
            assert drawn(str(here)) == drawn(board), f"after {' '.join(here.line)}"
    assert here.is_over
    assert drawings > 2


def test_every_game_has_its_file() -> None:
    assert {path.stem for path in FILES} >= set(NAMES)


def written(name: str, seed: int, every: int) -> str:
    """A random game in the form that the test reads, drawn after every few moves."""
    here, random = make_position(made(name)), np.random.default_rng(seed)
    blocks = [f"game: {name}\n\n{here}"]
    while not here.is_over:
        start = len(here.line)
        while len(here.line) < start + every and not here.is_over:
            here = here.play(str(random.choice(here.legal_actions)))
        blocks.append(f"> {' '.join(here.line[start:])}\n{here}")
    return "\n\n".join(blocks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("game")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=4, help="moves between two drawings")
    flags = parser.parse_args()
    print(written(flags.game, flags.seed, flags.every))

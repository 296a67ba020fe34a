"""Openings that somebody vouches for: a book file, or random ones that a judge finds balanced.

Knows a book's format, and any player as a judge of positions. Does not know matches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Terms
from agent.player import MoveFollower, Player, RandomPlayer
from agent.storage.text_files import read_text, split_lines
from games.game import Game
from games.playouts import states_after
from games.position import position
from selfplay.openings import Opening, distinct_openings

LARGEST = 1 << 26
"""Bytes of a book."""

TRIES = 200
"""Openings that are judged for each one that is wanted, before the judge is taken to find no more."""


def read_book(path: str | Path, game: Game) -> list[Opening]:
    """The openings in a file: on each line the moves as people write them, or {"moves": [numbers or texts]}.

    Blank lines and lines that begin with # are passed over. ValueError names the file and line that is off.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r} of openings")
    lines = split_lines(read_text(path, LARGEST))
    wanted = [
        (n, line.strip()) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if not wanted:
        raise ValueError(f"{path} holds no opening")
    return [_opening(f"{path}:{number}", line, game) for number, line in wanted]


def _opening(place: str, line: str, game: Game) -> Opening:
    words: Sequence[str | int] = line.split()
    if line.startswith("{"):
        try:
            words = json.loads(line)["moves"]
            if not isinstance(words, list) or not all(type(word) in (int, str) for word in words):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ValueError(f'{place}: an opening is moves, or {{"moves": [...]}}; it is {line[:80]!r}') from None
    here = position(game)
    try:
        for word in words:
            here = here.play(word)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    if here.is_over:
        raise ValueError(f"{place}: the game is over after this opening; leave something to play")
    return here.moves


def balanced_openings(
    game: Game,
    judge: Player,
    count: int,
    plies: int,
    *,
    limit: float,
    seed: int = 0,
    num_slots: int = 64,
    progress: Callable[[int], None] = lambda found: None,
) -> list[Opening]:
    """``count`` random openings of ``plies`` plies whose value by ``judge`` lies in [-limit, limit].

    Which ones follows from ``seed`` and the judge alone. Where there are too few they are repeated in turn.
    ``judge`` must have ``num_slots`` slots. ValueError when there is none.
    """
    if not 0 <= limit < 1:
        raise ValueError(f"the balance asked for is {limit:g}; it must be 0 or more and below 1")
    if isinstance(judge, RandomPlayer):
        raise ValueError("a random player cannot judge openings; mcts:N, minimax:D, perfect and networks can")
    if isinstance(judge, MoveFollower):
        raise ValueError("an engine from outside cannot judge openings; mcts:N, minimax:D, perfect and networks can")
    source = islice(distinct_openings(game, plies, max(64, count), seed, quiet=True), TRIES * count)
    found: list[Opening] = []
    judged = 0
    while len(found) < count and (batch := list(islice(source, num_slots))):
        worth = opening_values(
            game, judge, batch, random_numbers.make_keys(seed, np.arange(judged, judged + len(batch)), 0)
        )
        judged += len(batch)
        found += [opening for opening, value in zip(batch, worth, strict=True) if abs(value) <= limit]
        progress(min(len(found), count))
    if not found:
        raise ValueError(
            f"the judge finds no opening of {plies} random plies in {game.name} balanced to within {limit:g};"
            " allow more, or choose other opening plies"
        )
    return [found[i % len(found)] for i in range(count)]


def opening_values(
    game: Game, judge: Player, openings: Sequence[Opening], keys: random_numbers.Keys
) -> NDArray[np.float64]:
    """[B] what ``judge``, of that many slots at least, expects of the positions, for their players to move."""
    found = np.zeros(len(openings))
    judge.think(np.arange(len(openings)), states_after(game, openings), Terms.of(len(openings), keys=keys))
    done = 0
    while done < len(openings):
        slots, decisions = judge.decide()
        found[slots] = decisions.value
        done += len(slots)
    return found

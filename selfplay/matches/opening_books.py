"""Opening books: openings from a file, or random openings that a player, the judge, evaluates as balanced.

Knows the format of a book. Does not know matches.
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
from agent.storage.text_files import read_lines
from games.game import Game
from games.playouts import states_after
from games.position import position
from selfplay.openings import Opening, distinct_openings

LARGEST = 1 << 26
"""The largest book that is read, in bytes."""

MAX_TRIES = 200
"""Openings that are evaluated for each one that is wanted, before the search for balanced ones ends."""


def read_book(path: str | Path, game: Game) -> list[Opening]:
    """The openings in a file: on each line the moves as people write them, or {"moves": [numbers or texts]}.

    Blank lines and lines that begin with # are skipped. ValueError names the file and the line that is wrong.
    """
    return [_parse_opening(place, line, game) for place, line in read_lines(path, LARGEST, "openings")]


def _parse_opening(place: str, line: str, game: Game) -> Opening:
    words: Sequence[str | int] = line.split()
    if line.startswith("{"):
        try:
            words = json.loads(line)["moves"]
            if not isinstance(words, list) or not all(type(word) in (int, str) for word in words):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ValueError(f'{place}: an opening is moves, or {{"moves": [...]}}; it is {line[:80]!r}') from None
    current = position(game)
    try:
        for word in words:
            current = current.play(word)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    if current.is_over:
        raise ValueError(f"{place}: the game is over after this opening; leave something to play")
    return current.moves


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
    """``count`` random openings of ``plies`` plies that ``judge`` gives a value in [-limit, limit].

    ``seed`` and the judge determine them. If there are too few, they are repeated in turn. ``judge`` must have
    ``num_slots`` slots. ``progress`` is called with the number of openings found. ValueError if there is none.
    """
    if not 0 <= limit < 1:
        raise ValueError(f"the balance asked for is {limit:g}; it must be 0 or more and below 1")
    if isinstance(judge, RandomPlayer):
        raise ValueError("a random player cannot judge openings; mcts:N, minimax:D, perfect and networks can")
    if isinstance(judge, MoveFollower):
        raise ValueError("an engine from outside cannot judge openings; mcts:N, minimax:D, perfect and networks can")
    source = islice(distinct_openings(game, plies, max(64, count), seed, quiet=True), MAX_TRIES * count)
    found: list[Opening] = []
    num_evaluated = 0
    while len(found) < count and (batch := list(islice(source, num_slots))):
        ids = np.arange(num_evaluated, num_evaluated + len(batch))
        values = opening_values(game, judge, batch, random_numbers.make_keys(seed, ids, 0))
        num_evaluated += len(batch)
        found += [opening for opening, value in zip(batch, values, strict=True) if abs(value) <= limit]
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
    """[B] the values that ``judge``, which has B slots at least, gives the positions, for their players to move."""
    values = np.zeros(len(openings))
    judge.think(np.arange(len(openings)), states_after(game, openings), Terms.of(len(openings), keys=keys))
    done = 0
    while done < len(openings):
        slots, decisions = judge.decide()
        values[slots] = decisions.value
        done += len(slots)
    return values

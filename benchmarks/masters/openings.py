"""Openings that are not decided yet: random ones, without those where a judge is sure who wins.

Knows solvers and searches with random games as judges, and files that keep their verdicts. Never asks a network.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agent import random_numbers
from agent.players import make_player
from agent.solvers.registry import has_fast_solver
from games.game import Game
from selfplay.matches.opening_books import opening_values
from selfplay.openings import Opening, distinct_openings

JUDGE = "mcts:20000"
SURE = 0.8
"""A value beyond it is a winning probability above 90 %."""

PATIENCE = 4
"""At most so many openings are tried for each one that is wanted."""

TOGETHER = 8

STORED = Path(__file__).parent / "judged_openings"
"""A file for each row that was judged before, because judging takes minutes."""


class Openings(NamedTuple):
    """The openings of a match and how they were found."""

    openings: list[Opening]
    judge: str
    tried: int
    left_out: int  # because they are decided

    def as_json(self) -> dict[str, int | str]:
        return {
            "judge": self.judge,
            "openings_tried": self.tried,
            "openings_left_out": self.left_out,
        }


def find_openings(
    game: Game,
    count: int,
    plies: int,
    *,
    seed: int,
    file: Path,
    stored: Path | None = None,
    judge: str = "",
    progress: Callable[[str], None] = lambda text: None,
) -> Openings:
    """At most ``count`` different openings of ``plies`` random plies, none of them decided.

    There are fewer where a game does not have so many. ValueError if there is none. Verdicts are added to ``file``, one
    line each, and not asked for again. A new ``file`` begins with those in ``stored``, if it exists.
    """
    if stored is not None and stored.exists() and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored, file)
    name = judge or ("perfect" if has_fast_solver(game) else JUDGE)
    player = make_player(name, game, num_slots=TOGETHER)
    known = _read(file, {"game": game.name, "judge": name, "plies": plies, "seed": seed})
    source = distinct_openings(game, plies, max(64, count), seed, True)
    undecided: list[Opening] = []
    tried = 0
    for opening in source:
        if opening not in known:
            batch = [opening]  # in the order of the source, so that a file that was cut off changes nothing
            known |= _judge(game, player, batch, file)
        tried += 1
        if abs(known[opening]) <= SURE:
            undecided.append(opening)
        progress(f"openings: {len(undecided)} of {count} found, {tried - len(undecided)} are decided")
        if len(undecided) == count or tried >= PATIENCE * count:
            break
    if not undecided:
        raise ValueError(f"each of {tried} openings of {plies} plies is decided; there is nothing to play")
    return Openings(undecided, name, tried, tried - len(undecided))


def _judge(game: Game, player: object, openings: list[Opening], file: Path) -> dict[Opening, float]:
    keys = random_numbers.make_keys(0, np.arange(len(openings)), 0)
    values = opening_values(game, player, openings, keys)  # type: ignore[arg-type]
    verdicts = dict(zip(openings, values.tolist(), strict=True))
    with file.open("a", encoding="utf-8") as out:
        for opening, value in verdicts.items():
            out.write(json.dumps({"opening": opening, "value": round(value, 4)}) + "\n")
    return verdicts


def _read(file: Path, terms: dict[str, object]) -> dict[Opening, float]:
    """The verdicts in ``file``; its first line says for which terms. Other terms begin it anew."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    try:
        if lines and json.loads(lines[0]) == terms:
            rows = [json.loads(line) for line in lines[1:]]
            return {tuple(row["opening"]): float(row["value"]) for row in rows}
    except ValueError:
        pass  # a line that was cut off: ask again
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(terms) + "\n", encoding="utf-8")
    return {}

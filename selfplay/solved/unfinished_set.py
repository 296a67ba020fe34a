"""A set of solved positions while they are being solved: each is stored at once, so that a kill loses none of them.

Knows the file of the positions so far, which has the name of the set and ``.part``. Does not know who solves them.
"""

from __future__ import annotations

import json
from pathlib import Path

from agent.storage import durable_files, write_errors
from games.game import Game
from selfplay.solved.grading import LARGEST, SolvedPosition, parse_positions
from selfplay.solved.position_classes import format_positions


class UnfinishedSet:
    """The positions of ``game`` that were solved so far for the file ``path``. Each line names its game.

    A line that a process did not finish is not read, and its position is solved again.
    """

    def __init__(self, path: str | Path, game: Game) -> None:
        """ValueError if the file has positions of another game, or is too large."""
        self.path, self.game = Path(path), game.name
        self.part = self.path.with_name(f"{self.path.name}.part")
        self.known: dict[tuple[int, ...], SolvedPosition] = {}  # by their moves
        if not self.part.is_file():
            return
        if self.part.stat().st_size > LARGEST:
            raise ValueError(f"{self.part} has more than {LARGEST:,} bytes")
        for line in self.part.read_bytes().splitlines():
            try:
                content = json.loads(line)
                name, (position,) = content["game"], parse_positions([content])
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                continue
            if name != self.game:
                raise ValueError(
                    f"{self.part} has positions of {name}, not of {self.game}:"
                    f" remove it, or choose another name than {self.path.name}"
                )
            self.known[position.moves] = position

    def add(self, position: SolvedPosition) -> None:
        """Store ``position`` durably, unless it is known."""
        if position.moves in self.known:
            return
        self.known[position.moves] = position
        content = {"game": self.game, **json.loads(format_positions([position]))}
        with self.part.open("ab", buffering=0) as file:  # the line break comes first: the line before may be torn
            write_errors.append(file, b"\n" + json.dumps(content).encode(), self.part)

    def finish(self, positions: list[SolvedPosition]) -> None:
        """Write ``positions`` as the whole set, and remove the file of those so far."""
        durable_files.write_atomic(self.path, format_positions(positions))
        self.part.unlink(missing_ok=True)

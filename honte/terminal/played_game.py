"""One game as it is played in the terminal: its moves, the moves that were taken back, and how it ended.

Knows positions. Does not know who plays, or how a move is typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from games import Game, position
from games.playouts import seats_of
from honte.game_files.writing import game_json


class PlayedGame:
    """The position ``here`` on ``line``, the longest line of moves that is known; undo and redo move along it."""

    def __init__(self, game: Game, actions: Sequence[int] = (), resigned: int | None = None) -> None:
        """``resigned``: the seat of the player who has resigned. ValueError if an action is not legal."""
        self.game, self.resigned = game, resigned
        self.here = position(game).after(actions)
        self.line: tuple[int, ...] = self.here.moves

    def go_to(self, actions: Sequence[int]) -> None:
        """Show the position after ``actions``. Moves that were taken back are dropped if ``actions`` leave the line."""
        self.here = position(self.game).after(actions)
        if self.line[: len(self.here.moves)] != self.here.moves:
            self.line = self.here.moves

    @property
    def is_over(self) -> bool:
        return self.resigned is not None or self.here.is_over

    @property
    def outcome(self) -> int | None:
        """+1, 0 or -1 for the first player; None while the game goes on."""
        if self.resigned is not None:
            return -1 if self.resigned == 0 else 1
        return self.here.outcome

    def moves_after_undo(self, seat: int | None) -> tuple[int, ...]:
        """The moves up to the last decision of ``seat``; without a seat, all but the last one. ValueError if none."""
        moves = self.here.moves
        if self.resigned is not None:
            return moves
        turns = [ply for ply, mover in enumerate(seats_of(self.game, moves)) if seat in (None, mover)]
        if not turns:
            raise ValueError("you have no move to take back" if seat is not None else "there is no move to take back")
        return moves[: turns[-1]]

    def moves_after_redo(self, seat: int | None) -> tuple[int, ...]:
        """The moves up to the next decision of ``seat`` or the end of the line. ValueError if none was taken back."""
        if self.line == self.here.moves:
            raise ValueError("there is no move to play again; redo plays moves that undo has taken back")
        there = self.here
        for action in self.line[len(there.moves) :]:
            there = there.play(action)
            if there.is_over or seat is None or there.to_play == seat:
                break
        return there.moves

    def as_json(self, players: Sequence[str]) -> dict[str, Any]:
        """The game as it stands; ``outcome`` is the first player's, null before the end."""
        resigned = {} if self.resigned is None else {"reason": f"{players[self.resigned]} has resigned"}
        return game_json(self.here, players, self.outcome, **resigned)

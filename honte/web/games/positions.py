"""Positions as JSON: what the page needs to draw one, to play on from it, and to say why a move is not legal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from games import Position
from games.descriptions import OCCUPIED
from games.position import position
from honte.drawing.action_cells import action_steps, alternative_steps, changed_cells, marked_cells
from honte.game_files.variations import LONGEST_MOVE
from honte.web.games.offered_games import OfferedGame
from honte.web.requests.problems import refuse

LONGEST_SETUP = 8192
"""Characters of a drawn position."""


def read_line(offered: OfferedGame, setup: str | None, moves: Sequence[str]) -> list[Position]:
    """The positions from the first one to the one after all ``moves``. A Problem for a move that is not legal."""
    game = offered.game
    if len(moves) > game.max_plies:
        raise refuse(f"there are {len(moves)} moves; a game of {offered.text} has at most {game.max_plies}")
    line = [first_position(offered, setup)]
    key = setup or ""
    for ply, text in enumerate(moves):
        name = (key, tuple(moves[: ply + 1]))
        known = offered.recall(name)
        if known is None:
            known = play(offered, line[-1], text, ply)
            offered.remember(name, known)
        line.append(known)
    return line


def read_position(offered: OfferedGame, setup: str | None, moves: Sequence[str]) -> Position:
    """The position after all ``moves``."""
    known = offered.recall((setup or "", tuple(moves))) if moves else None
    return known if known is not None else read_line(offered, setup, moves)[-1]


def first_position(offered: OfferedGame, setup: str | None) -> Position:
    """The position that ``setup`` draws, or the first one of the game."""
    if not setup:
        return offered.first
    if len(setup) > LONGEST_SETUP:
        raise refuse(f"the drawn position has {len(setup)} characters; {LONGEST_SETUP} are the most")
    known = offered.recall((setup, ()))
    if known is not None:
        return known
    try:
        here = position(offered.game, setup)
    except ValueError as error:
        raise refuse(str(error)) from error
    offered.remember((setup, ()), here)
    return here


def play(offered: OfferedGame, here: Position, text: str, ply: int) -> Position:
    """The position after one move. A Problem that says why it is not legal."""
    described = offered.game.describe_new(here.states)
    where = f"move {ply + 1}"
    if described.terminal[0]:
        raise refuse(f"{where} ({text[:LONGEST_MOVE]}) comes after the end of the game")
    try:
        action = offered.find_action(text[:LONGEST_MOVE], int(described.to_play[0]))
    except ValueError as error:
        raise refuse(f"{where}: {error}") from error
    if not described.legal[0, action]:
        raise refuse(why_illegal(offered, here, action, f"{where}, {text[:LONGEST_MOVE]}, is not legal here"))
    try:
        return here.play(action)
    except Exception as error:  # a user's own rules may raise anything
        raise refuse(f"{where}: the rules of {offered.text} failed: {type(error).__name__}: {error}") from error


def why_illegal(offered: OfferedGame, here: Position, action: int, what: str) -> str:
    """A sentence that says why ``action`` is not legal."""
    board, game = offered.game.board, offered.game
    clicks = board.clicks.ravel()
    clickable = board.clicks.shape == (board.height, board.width)
    cells = np.flatnonzero(clicks == action).tolist() if clickable else []
    words, codes = game.description, game.cells(here.states[0]).ravel()
    reason = "" if words is None else words.illegal
    if len(cells) == 1 and codes[cells[0]]:
        reason = OCCUPIED if words is None else words.occupied or reason
    return f"{what}: {reason[0].lower()}{reason[1:]}" if reason else f"{what}."


def why_not(offered: OfferedGame, here: Position, cells: Sequence[int]) -> str:
    """Why a person who clicks these cells, one after the other, makes no move."""
    game, board = offered.game, offered.game.board
    described = game.describe_new(here.states)
    if described.terminal[0]:
        return "The game is over."
    if any(not 0 <= cell < board.height * board.width for cell in cells) or not cells:
        return "There is no such cell on the board."
    clickable = board.clicks.shape == (board.height, board.width)
    action = int(board.clicks.ravel()[cells[-1]]) if clickable else -1
    if action >= 0:
        name = game.action_text(action, int(described.to_play[0]))
        return why_illegal(offered, here, action, f"{name} is not legal here")
    owners = np.array([piece.owner for piece in board.pieces])[game.cells(here.states[0]).ravel()]
    mover, names = int(described.to_play[0]), board.names
    if not clickable and owners[cells[0]] == 1 - mover:
        return f"This piece belongs to {names[1 - mover]}, and it is the turn of {names[mover]}."
    if not clickable and owners[cells[0]] != mover:
        return f"A move begins on a piece of {names[mover]}."
    reason = "" if game.description is None else game.description.illegal
    return reason or "No legal move goes there."


def position_json(offered: OfferedGame, line: Sequence[Position], *, with_legal: bool = True) -> dict[str, Any]:
    """The last position of ``line`` as JSON; the one before it says what has changed."""
    here, game = line[-1], offered.game
    described = game.describe_new(here.states)
    to_play, over = int(described.to_play[0]), bool(described.terminal[0])
    cells = np.asarray(game.cells(here.states[0]))
    before = np.asarray(game.cells(line[-2].states[0])) if len(line) > 1 else None
    outcome = int(described.value[0]) * (1 if to_play == 0 else -1) if over else None
    out: dict[str, Any] = {
        "game": offered.text,
        "to_play": to_play,
        "to_play_name": game.board.names[to_play],
        "names": list(game.board.names),
        "ply": len(here.moves),
        "outcome": outcome,
        "result": game.status_text(here.states[0]) if over else None,
        "cells": cells.ravel().tolist(),
        "marked": marked_cells(game.board, before, cells, here.moves[-1]) if here.moves else [],
        "changed": np.flatnonzero(changed_cells(game.board, before, cells)).tolist() if before is not None else [],
        "line": list(here.line),
        "territory": _territory(offered, here, to_play, over),
        "score": _score(offered, here, cells, to_play, over),
    }
    if with_legal:
        out["legal"] = [] if over else legal_json(offered, here, np.flatnonzero(described.legal[0]).tolist(), to_play)
        out["setup_text"] = str(here)
    return out


def legal_json(offered: OfferedGame, here: Position, actions: Sequence[int], to_play: int) -> list[dict[str, Any]]:
    """The legal moves with the cells that one clicks for each of them."""
    game, out = offered.game, []
    for action, steps in zip(actions, action_steps(game, here.states, actions), strict=True):
        move: dict[str, Any] = {"move": game.action_text(action, to_play), "action": action, "steps": steps}
        if alternatives := alternative_steps(game.board, action, steps):
            move["alternatives"] = alternatives
        out.append(move)
    return out


def _territory(offered: OfferedGame, here: Position, to_play: int, over: bool) -> list[int] | None:
    """At the end of a game with territory: 1 for each cell of the first player, -1 for the second's."""
    if not (over and offered.game.has_final_targets and offered.game.board.surface == "points"):
        return None
    owners = offered.game.final_targets(here.states)[0][0]
    return [int(owner) * (1 if to_play == 0 else -1) for owner in owners.ravel()]


def _score(offered: OfferedGame, here: Position, cells: Any, to_play: int, over: bool) -> str | None:
    game, names = offered.game, offered.game.board.names
    if game.description is not None and game.description.counted:
        counted = game.description.counted
        owners = np.array([piece.owner if piece.shape == counted else -1 for piece in game.board.pieces])
        first, second = (int((owners[cells] == player).sum()) for player in (0, 1))
        return f"{names[0]} {first}, {names[1]} {second}"
    if over and game.has_final_targets and game.board.surface == "points":
        margin = float(game.final_targets(here.states)[1][0]) * (1 if to_play == 0 else -1)
        return "an equal score" if margin == 0 else f"{names[0 if margin > 0 else 1]} wins by {abs(margin):g} points"
    return None

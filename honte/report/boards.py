"""Sample games for stepping through: positions as cell codes, what the search thought of them, pieces as SVG.

Knows rules, drawings and game records. Does not know pages or how many games a run played.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from games.game import Game, States
from honte.drawing.layout import BoardLayout
from honte.drawing.palette import board_colours, player_colours
from honte.drawing.shapes import board_shapes, label_shapes, mark_shapes, piece_shapes
from honte.drawing.svg import elements
from selfplay.records import UNFINISHED, GameRecord, replay

NUM_ACTIONS = 12
"""The likeliest actions of a policy that are shown."""
LEAST = 0.005

SURPRISE = 0.5
"""Values that miss the outcome by less surprise nobody: 1 is a draw that was thought to be won."""


def board(game: Game, games: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The empty board, where its cells lie, and each piece that ``games`` (of ``game_as_json``) put on a cell, as SVG.

    A piece's key is CELL:CODE, with :m behind it where the last move touched it.
    """
    plain = game.board
    layout, surface = BoardLayout(plain, status=False), board_colours(plain.surface, plain.names)
    inks = player_colours(surface, plain.names)
    pieces: dict[str, str] = {}
    for frame in (frame for each in games for frame in each["frames"]):
        for cell, code in enumerate(frame["cells"]):
            marked = cell in frame["marked"]
            key = f"{cell}:{code}:m" if marked else f"{cell}:{code}"
            if key in pieces:
                continue
            r, c = divmod(cell, plain.width)
            shapes = [*piece_shapes(plain.pieces[code], layout, inks, r, c, plain.surface, marked=marked)]
            if marked and plain.pieces[code].shape not in ("stone", "line") and c not in layout.beside:
                shapes = [*mark_shapes(plain, layout, r, c), *shapes]
            pieces[key] = elements(shapes)
    cells = [(r, c) for r in range(plain.height) for c in range(plain.width)]
    boxes = [layout.box(r, c) for r, c in cells]
    return {
        "width": round(layout.width, 3),
        "height": round(layout.height, 3),
        "under": elements(board_shapes(plain, layout, surface, inks)),
        "labels": elements(label_shapes(plain, layout)),
        "pieces": {key: svg for key, svg in pieces.items() if svg},
        "centres": [[round(x, 3) for x in layout.centre(r, c)] for r, c in cells],
        "radii": [round(max(min(x1 - x0, y1 - y0) / 2, 0.3), 3) for x0, y0, x1, y1 in boxes],
        "names": list(plain.names),
        "inks": [[ink.fill, ink.rim] for ink in inks],
    }


def choose_games(
    game: Game, newest: Sequence[GameRecord], oldest: Sequence[GameRecord]
) -> list[tuple[str, GameRecord]]:
    """Games worth a look, each with why: of the newest a typical one, the longest, the greatest surprise, a draw and
    the shortest; of the oldest that are stored, a typical one for comparison. Each is what its why says, or left out.
    """
    found: list[tuple[str, GameRecord]] = []

    def take(why: str, records: Sequence[GameRecord]) -> None:
        taken = {id(record) for _, record in found}
        first = next((record for record in records if id(record) not in taken), None)
        if first is not None:
            found.append((why, first))

    def largest(records: Sequence[GameRecord], sizes: Sequence[float]) -> list[GameRecord]:
        return [record for record, size in zip(records, sizes, strict=True) if size == max(sizes)]

    def typical(records: Sequence[GameRecord]) -> list[GameRecord]:
        middle = float(np.median([record.num_decided for record in records]))
        return sorted(records, key=lambda record: abs(record.num_decided - middle))

    plain = [record for record in newest if record.num_decided > 1] or list(newest)
    if not plain:
        return []
    whole = [record for record in plain if record.opening <= min(r.opening for r in plain) + 2] or plain
    surprise = surprises(game, plain)
    drawn_games = [record for record in plain if record.outcome == 0]
    take("a typical new game", typical(whole))
    take("the longest new game", largest(plain, [len(record.actions) for record in plain]))
    take("the greatest surprise", largest(plain, surprise) if max(surprise) > SURPRISE else [])
    take("a draw", typical(drawn_games) if drawn_games else [])
    take("the shortest new game", largest(whole, [-len(record.actions) for record in whole]))
    take("the oldest kept", typical(oldest) if oldest is not newest else [])
    return found


def surprises(game: Game, records: Sequence[GameRecord]) -> list[float]:
    """Of each game, how far two values in a row were off the outcome at worst: 0 to 2; 0 for an unfinished game."""
    states, owner, _ = replay(game, records)
    to_play = game.describe_new(states).to_play
    outcome = np.array([record.outcome for record in records])
    values = np.concatenate([record.values for record in records]) * np.where(to_play == 0, 1, -1)
    off = np.abs(values - outcome[owner])
    both = np.where(owner[1:] == owner[:-1], np.minimum(off[1:], off[:-1]), 0.0)
    worst = np.zeros(len(records))
    np.maximum.at(worst, owner[1:], both)
    worst[outcome == UNFINISHED] = 0.0
    return [float(each) for each in worst]


def game_as_json(game: Game, record: GameRecord, why: str) -> dict[str, Any]:
    """The game as JSON: a frame for each position, the last one included."""
    states = game.new(1)
    game.init(states)
    before: NDArray[np.int8] | None = None
    frames = []
    for ply in range(len(record.actions) + 1):
        position = game.describe_new(states)
        mover, cells = int(position.to_play[0]), game.cells(states[0])
        action = int(record.actions[ply]) if ply < len(record.actions) else -1
        played = int(record.actions[ply - 1]) if ply else -1
        frame: dict[str, Any] = {"cells": cells.ravel().tolist(), "marked": _changed(game, before, cells, played)}
        frame["to_play"] = mover
        if action >= 0:
            frame["move"] = game.action_text(action, mover)
        decided = ply - record.opening
        if 0 <= decided < record.num_decided:
            value = float(record.values[decided])
            frame["value"] = round(value if mover == 0 else -value, 3)
            frame["policy"] = _policy(game, states, record.policies[decided], mover)
            frame["simulations"], frame["network"] = int(record.budgets[decided]), int(record.networks[decided])
        frames.append(frame)
        before = cells.copy()
        if action >= 0:
            game.step(states, np.array([action]))
    result = {1: f"{game.board.names[0]} wins", 0: "draw", -1: f"{game.board.names[1]} wins"}
    return {
        "why": why,
        "id": record.id,
        "outcome": record.outcome if record.outcome != UNFINISHED else None,
        "result": result.get(record.outcome, "unfinished") + (", by proof" if record.proven else ""),
        "opening": record.opening,
        "frames": frames,
    }


def _policy(game: Game, states: States, policy: NDArray[np.float32], mover: int) -> list[list[Any]]:
    """[text, probability, cells that show it] of the likeliest actions, likeliest first."""
    actions = [int(a) for a in np.argsort(-policy, kind="stable")[:NUM_ACTIONS] if policy[a] >= LEAST]
    rows = game.new(len(actions))
    game.copy(rows, np.repeat(states, len(actions)))
    game.step(rows, np.array(actions))
    now = game.cells(states[0])
    shown = [_changed(game, now, game.cells(rows[i]), action) for i, action in enumerate(actions)]
    return [
        [game.action_text(action, mover), round(float(policy[action]), 4), cells[-1:]]
        for action, cells in zip(actions, shown, strict=True)
    ]


def _changed(game: Game, before: NDArray[np.int8] | None, now: NDArray[np.int8], action: int) -> list[int]:
    """The cells that the last action changed; of several those where one would click for it, a landing place last."""
    if before is None:
        return []
    changed = before != now
    if game.board.clicks.shape == changed.shape:
        clicked = changed & (game.board.clicks == action)
        changed = clicked if clicked.any() else changed
    cells = np.flatnonzero(changed.ravel())
    landed = now.ravel()[cells] != 0
    return [int(cell) for cell in (*cells[~landed], *cells[landed])]

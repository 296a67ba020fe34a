"""Games that visitors load and save, as the page reads and writes them. The formats are in ``honte.game_files``.

Knows which games are offered, and lists of moves that people paste. Does not know requests.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from games import Position
from honte.game_files import reading, variations
from honte.game_files.variations import Tree, TreeNode
from honte.game_files.writing import game_json, json_text, sgf_text
from honte.sgf.conversion import Setup, owners, result_text
from honte.web.games.offered_games import OfferedGame, OfferedGames
from honte.web.games.positions import first_position, play
from honte.web.requests.problems import refuse

MOVE_NUMBER = re.compile(r"\d+\.+")
RESULTS = ("1-0", "0-1", "1/2-1/2", "*", "½-½")


def load(games: OfferedGames, text: str, game: str | None) -> dict[str, Any]:
    """The game that ``text`` holds: JSON, SGF, or a list of moves of ``game``. A Problem if it holds none."""
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise refuse("the file is empty")
    try:
        if start.startswith(("{", "(")):
            stored = reading.read(start)
            if not stored.game:
                raise ValueError("it does not say which game it has")
        elif game:
            words = [MOVE_NUMBER.sub("", word) for word in re.split(r"[\s,;]+", start)]
            tree = variations.from_moves([word for word in words if word and word not in RESULTS])
            stored = reading.StoredGame(game, tree)
        else:
            raise refuse("a list of moves needs a game")
        if len(stored.tree) > variations.MOST_NODES:
            raise ValueError(f"it has more than {variations.MOST_NODES} moves")
        return _loaded(games.find(games.id_of(stored.game) or stored.game), stored)
    except ValueError as error:
        raise refuse(f"the file cannot be loaded: {error}") from error


def _loaded(offered: OfferedGame, stored: reading.StoredGame) -> dict[str, Any]:
    """A game whose moves have been checked, as the page reads it. Moves are written as the game writes them."""
    setup = _draw(offered, stored.setup) if isinstance(stored.setup, Setup) else stored.setup
    positions = _positions(offered, setup, stored.tree)
    written = [
        TreeNode(node.parent, position.line[-1] if node.parent >= 0 else "", node.comment)
        for node, position in zip(stored.tree, positions, strict=True)
    ]
    line, branches = variations.main_nodes(written), variations.has_variations(written)
    comments = {str(ply + 1): written[i].comment for ply, i in enumerate(line) if written[i].comment}
    return {
        "game": offered.text,
        "setup": setup,
        "moves": [written[i].move for i in line],
        "tree": variations.as_nested(written) if branches else None,
        "nodes": variations.as_flat(written) if branches else None,
        "players": [name[:80] for name in stored.players],
        "result": stored.result[:80],
        "comments": comments,
    }


def _positions(offered: OfferedGame, setup: str | None, tree: Tree) -> list[Position]:
    """The position of every node. A Problem for a move that is not legal."""
    first = first_position(offered, setup)
    return variations.replay(first, tree, lambda here, move, ply: play(offered, here, move, ply))


def _draw(offered: OfferedGame, setup: Setup) -> str:
    """The drawing of the first position with these stones."""
    game, board, to_play = offered.game, offered.game.board, setup.to_play or 0
    cells = owners(offered.first).ravel().copy()
    for point, owner in setup.points.items():
        cells[point] = owner
    states = game.set_up(np.asarray(cells.reshape(board.height, board.width), np.int8), to_play)
    drawn = game.render(states[0])
    if first_position(offered, drawn).to_play != to_play:
        raise ValueError("it sets up stones with the wrong player to move, which this page cannot show")
    return drawn


def save(offered: OfferedGame, setup: str | None, tree: Tree, form: str, players: tuple[str, str]) -> dict[str, Any]:
    """The game as the text of a file. A Problem where the game has no such format or a move is not legal."""
    positions = _positions(offered, setup, tree)
    line = variations.main_nodes(tree)
    end = positions[line[-1]] if line else positions[0]
    name = "honte-" + "".join(c if c.isalnum() else "-" for c in offered.id)
    if form == "sgf":
        result = "" if end.outcome is None else result_text(offered.game, end.outcome)
        try:
            text = sgf_text(tree, positions, players, result)
        except ValueError as error:
            raise refuse(f"{error}; save it as JSON") from error
        return {"text": text, "file_name": f"{name}.sgf", "media_type": "application/x-go-sgf"}
    more: dict[str, Any] = {"setup": setup} if setup else {}
    if variations.has_variations(tree) or any(node.comment for node in tree):
        more["nodes"] = variations.as_flat(tree)
    text = json_text(game_json(end, players, end.outcome, game=offered.text, **more))
    return {"text": text, "file_name": f"{name}.json", "media_type": "application/json"}

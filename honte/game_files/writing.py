"""Writes a game as the text of a file: JSON or SGF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from games import Position
from games.position import position
from honte.game_files.variations import Tree
from honte.sgf import game_tree
from honte.sgf.conversion import move_properties, root_properties

SCHEMA = 1


def game_json(end: Position, players: Sequence[str], outcome: int | None, **more: Any) -> dict[str, Any]:
    """The game that led to ``end`` as JSON; ``outcome`` is the first player's, None before the end."""
    content = {
        "schema": SCHEMA,
        "game": end.game.name,
        "players": list(players),
        "moves": list(end.line),
        "actions": list(end.moves),
        "outcome": outcome,
    }
    return content | more


def json_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def sgf_text(tree: Tree, positions: Sequence[Position], players: tuple[str, str], result: str) -> str:
    """The game with the position of each node of ``tree``. ValueError for a game without an SGF type."""
    first = positions[0]
    game = first.game
    start = first if first != position(game) else None
    nodes = [game_tree.Node(-1, root_properties(game, players=players, start=start, result=result))]
    for node in tree[1:]:
        properties = move_properties(game, positions[node.parent].to_play, node.move, node.comment)
        nodes.append(game_tree.Node(node.parent, properties))
    return game_tree.write([nodes])

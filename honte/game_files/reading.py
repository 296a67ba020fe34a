"""Reads a game from the text of a file: JSON, as honte saves it, or SGF.

Knows the formats. Does not know whether the moves are legal: ``variations.replay`` finds out. The JSON of games of
matches (``selfplay.game_json``, one a line) has the same fields as that of saved games.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import Any, NamedTuple

from honte.game_files.variations import Tree, TreeNode, from_fields
from honte.sgf import game_tree
from honte.sgf.conversion import MOVES, NO_MOVES, Setup, parse_setup, read_tree
from honte.sgf.notation import move_from_sgf, sgf_types


class StoredGame(NamedTuple):
    """A game as a file has it. Its moves are not checked yet."""

    game: str  # its name; empty if the file does not say it
    tree: Tree
    setup: str | Setup | None = None  # the first position, where it is not the game's: a drawing, or the stones of SGF
    players: tuple[str, str] = ("", "")
    result: str = ""
    fields: Mapping[str, Any] = MappingProxyType({})  # all fields of JSON


def read(text: str, number: int = 1) -> StoredGame:
    """Game ``number`` of the file, counted from 1. ValueError says what ``it``, the file, is instead."""
    if text.lstrip().startswith("("):
        return _from_sgf(_nth(game_tree.parse(text), number))
    try:
        games = [json.loads(text)]
    except (ValueError, RecursionError):
        games = _json_lines(text)
    return _from_json(_nth(games, number))


def _json_lines(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise ValueError("it is neither JSON nor SGF") from None


def _nth(games: Sequence[Any], number: int) -> Any:
    if not 1 <= number <= len(games):
        raise ValueError(f"it has {len(games)} {'game' if len(games) == 1 else 'games'}, so there is no game {number}")
    return games[number - 1]


def _from_json(content: Any) -> StoredGame:
    fields = content if isinstance(content, dict) else {}
    tree = from_fields(fields)
    name, setup, players = fields.get("game", ""), fields.get("setup"), fields.get("players")
    for field, text in (("game", name), ("setup", setup)):
        if not isinstance(text, str | None):
            raise ValueError(f"its {field} is {str(text)[:40]}, and must be text")
    names = players if isinstance(players, list) and len(players) == 2 else ("", "")
    return StoredGame(name or "", tree, setup or None, (str(names[0]), str(names[1])), fields=fields)


def _from_sgf(nodes: game_tree.Tree) -> StoredGame:
    """The game of all ``nodes``. Stones may be set up before the first move only."""
    game = read_tree(nodes)
    family, _, parameters = game.game_name.partition(":")
    written, size = sgf_types()[family], int(parameters.partition(",")[0].removeprefix("size="))
    tree, place = Tree(), dict[int, int]()  # {node of the file: node of the tree}
    for i, node in enumerate(nodes):
        here = place.get(node.parent, 0)
        if not tree:
            tree.append(TreeNode(-1, "", node.get("C")))
        elif len(tree) > 1 and (node.get("PL") or parse_setup(node, written, size)):
            raise ValueError("it sets up stones after the first move, which is not possible here")
        for key, seat in MOVES.items():
            for value in node.properties.get(key, []):
                if value.strip().lower() in NO_MOVES:
                    continue
                tree.append(TreeNode(here, move_from_sgf(written, value.strip(), size), node.get("C"), seat))
                here = len(tree) - 1
        place[i] = here
    setups = list(takewhile(lambda event: isinstance(event, Setup), game.events))
    if game.handicap and not setups:
        raise ValueError(f"it sets up stones by HA[{game.handicap}] and does not say where they are")
    root = nodes[0]
    return StoredGame(game.game_name, tree, _merge(setups), (root.get("PB"), root.get("PW")), root.get("RE"))


def _merge(setups: Sequence[Any]) -> Setup | None:
    """All stones of setups that follow each other."""
    points = {point: owner for setup in setups for point, owner in setup.points.items()}
    return Setup(points, setups[-1].to_play) if setups else None

"""Games as files: honte's JSON, SGF where it has the game, and plain lists of moves.

Knows the formats. Does not know requests.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from agent.external.gtp import colour_names
from games import Position
from honte.sgf import conversion, game_tree
from honte.sgf.values import read_colour
from honte.web.games.game_trees import (
    MOST_NODES,
    Tree,
    TreeNode,
    as_flat,
    as_nested,
    from_flat,
    from_moves,
    from_nested,
    has_variations,
    main_line,
    replay,
)
from honte.web.games.offered_games import OfferedGame, OfferedGames
from honte.web.games.positions import first_position
from honte.web.requests.problems import refuse

SCHEMA = 1
MOVE_NUMBER = re.compile(r"\d+\.+")
RESULTS = ("1-0", "0-1", "1/2-1/2", "*", "½-½")


def load(games: OfferedGames, text: str, game: str | None) -> dict[str, Any]:
    """The game that ``text`` holds: JSON, SGF, or a list of moves of ``game``. A Problem if it holds none."""
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise refuse("the file is empty")
    if start.startswith("{"):
        return _load_json(games, start)
    if start.startswith("("):
        return _load_sgf(games, start)
    if not game:
        raise refuse("a list of moves needs a game")
    offered = games.find(game)
    words = [MOVE_NUMBER.sub("", word) for word in re.split(r"[\s,;]+", start)]
    return _loaded(offered, None, from_moves([word for word in words if word and word not in RESULTS]))


def _loaded(
    offered: OfferedGame, setup: str | None, tree: Tree, *, players: Any = None, result: str = ""
) -> dict[str, Any]:
    """A game whose moves have been checked, as the page reads it. Moves are written as the game writes them."""
    positions = replay(offered, setup, tree)
    written = [
        TreeNode(node.parent, position.line[-1] if node.parent >= 0 else "", node.comment)
        for node, position in zip(tree, positions, strict=True)
    ]
    line, branches = main_line(written), has_variations(written)
    names = [str(name)[:80] for name in players] if isinstance(players, list) and len(players) == 2 else ["", ""]
    comments = {str(ply + 1): written[i].comment for ply, i in enumerate(line) if written[i].comment}
    return {
        "game": offered.text,
        "setup": setup,
        "moves": [written[i].move for i in line],
        "tree": as_nested(written) if branches else None,
        "nodes": as_flat(written) if branches else None,
        "players": names,
        "result": result[:80],
        "comments": comments,
    }


def _load_json(games: OfferedGames, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        name = content["game"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise refuse("the file is JSON, but not a game that honte has saved") from error
    if not isinstance(name, str):
        raise refuse("the file is JSON, but its game is not a text")
    offered = games.find(games.id_of(name) or name)
    setup = content.get("setup")
    if setup is not None and not isinstance(setup, str):
        raise refuse("the file's setup is not a text")
    if content.get("nodes") is not None:
        tree = from_flat(content["nodes"])
    elif content.get("tree") is not None:
        tree = from_nested(content["tree"])
    else:
        moves = content.get("moves")
        if not isinstance(moves, list) or not all(isinstance(move, str) for move in moves) or len(moves) > MOST_NODES:
            raise refuse("the file has no list of moves")
        tree = from_moves(moves)
    return _loaded(offered, setup, tree, players=content.get("players"))


def _load_sgf(games: OfferedGames, text: str) -> dict[str, Any]:
    try:
        record = conversion.from_sgf(text)
        nodes = game_tree.parse(text)[0]
        if len(nodes) > MOST_NODES:
            raise refuse(f"the file has more than {MOST_NODES} moves")
        offered = games.find(record.game_name)
        setup, tree = _read_sgf_tree(offered, record, nodes)
        root = nodes[0]
        players, result = [root.get("PB"), root.get("PW")], root.get("RE")
    except ValueError as error:
        raise refuse(str(error)) from error
    if offered.game.board.names[0] == "white" or offered.game.family == "hex":
        players = players if offered.game.family == "hex" else players[::-1]
    return _loaded(offered, setup, tree, players=players, result=result)


def _read_sgf_tree(offered: OfferedGame, record: conversion.SgfGame, nodes: game_tree.Tree) -> tuple[str | None, Tree]:
    """The first position and the moves of all variations. Stones may be set up before the first move only."""
    written = conversion.sgf_type(offered.game)
    assert written is not None
    size, setup = offered.game.board.width, None
    points, to_play = dict[int, int](), None
    tree, place = Tree(), dict[int, int]()  # {node of the file: node of the tree}
    for i, node in enumerate(nodes):
        here = place.get(node.parent, 0)
        if not tree:
            tree.append(TreeNode(-1, "", node.get("C")))
        stones = conversion.parse_setup(node, written, size)
        if (stones or node.get("PL")) and len(tree) > 1:
            raise refuse("the file sets up stones after the first move, which this page cannot show")
        points |= stones
        if node.get("PL"):
            to_play = read_colour(node.get("PL"), "PL")
        for key in ("B", "W"):
            for value in node.properties.get(key, []):
                if value.strip().lower() in conversion.NO_MOVES:
                    continue
                tree.append(TreeNode(here, conversion.move_from_sgf(written, value.strip(), size), node.get("C")))
                here = len(tree) - 1
        place[i] = here
    if points or to_play is not None:
        first = record.next_seat if record.next_seat is not None else _first_seat(nodes)
        setup = _set_up(offered, points, to_play if to_play is not None else first)
    return setup, tree


def _first_seat(nodes: game_tree.Tree) -> int:
    """The seat of the first move of the file."""
    return next((seat for node in nodes for key, seat in (("B", 0), ("W", 1)) if key in node.properties), 0)


def _set_up(offered: OfferedGame, points: dict[int, int], to_play: int) -> str:
    """The drawing of the first position with these stones."""
    cells = conversion.owners(offered.first).ravel().copy()
    for point, owner in points.items():
        cells[point] = owner
    board = offered.game.board
    states = offered.game.set_up(np.asarray(cells.reshape(board.height, board.width), np.int8), to_play)
    drawn = offered.game.render(states[0])
    if first_position(offered, drawn).to_play != to_play:
        raise refuse("the file sets up stones with the wrong player to move, which this page cannot show")
    return drawn


def save(offered: OfferedGame, setup: str | None, tree: Tree, form: str, players: tuple[str, str]) -> dict[str, Any]:
    """The game as the text of a file. A Problem where the game has no such format or a move is not legal."""
    positions = replay(offered, setup, tree)
    line = main_line(tree)
    end = positions[line[-1]] if line else positions[0]
    name = "honte-" + "".join(c if c.isalnum() else "-" for c in offered.id)
    if form == "sgf":
        try:
            text = _save_sgf(offered, positions, tree, line, players)
        except ValueError as error:
            raise refuse(str(error)) from error
        return {"text": text, "file_name": f"{name}.sgf", "media_type": "application/x-go-sgf"}
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "game": offered.text,
        "players": list(players),
        "moves": list(end.line),
        "actions": list(end.moves),
        "outcome": end.outcome,
    }
    if setup:
        content["setup"] = setup
    if has_variations(tree) or any(node.comment for node in tree):
        content["nodes"] = as_flat(tree)
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return {"text": text, "file_name": f"{name}.json", "media_type": "application/json"}


def _save_sgf(
    offered: OfferedGame, positions: list[Position], tree: Tree, line: list[int], players: tuple[str, str]
) -> str:
    written = conversion.sgf_type(offered.game)
    if written is None:
        raise refuse(f"{offered.text} has no SGF format; save it as JSON")
    end = positions[line[-1]] if line else positions[0]
    first = positions[0] if positions[0] != offered.first else None
    seats = [positions[tree[i].parent].to_play for i in line]
    result = "" if end.outcome is None else {1: "B+", 0: "0", -1: "W+"}[end.outcome]
    root = game_tree.parse(conversion.to_sgf(end, players=players, seats=seats, start=first, result=result))[0][0]
    black_first = colour_names(offered.game)[0] == "black"
    nodes = [game_tree.Node(-1, root.properties)]
    for node in tree[1:]:
        mover = positions[node.parent].to_play
        properties = {
            "BW"[mover if black_first else 1 - mover]: [conversion.move_to_sgf(offered.game, written, node.move)]
        }
        if node.comment:
            properties["C"] = [node.comment]
        nodes.append(game_tree.Node(node.parent, properties))
    return game_tree.write([nodes])

"""A tree of variations as a flat list of nodes, which may be as deep as a game is long.

Knows nodes and legal moves. Does not know files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from games import Position
from honte.web.games.offered_games import OfferedGame
from honte.web.games.positions import LONGEST_MOVE, first_position, play
from honte.web.requests.problems import refuse

MOST_NODES = 5000
DEEPEST_TREE = 300
"""A deeper tree is written as a flat list only, because nested JSON has a limit of depth."""


class TreeNode(NamedTuple):
    """A move and the index of the node before it; the root has the parent -1 and no move."""

    parent: int
    move: str
    comment: str = ""


Tree = list[TreeNode]
"""The root first, and every node behind its parent."""


def from_moves(moves: Sequence[str]) -> Tree:
    """The tree of one line."""
    return [TreeNode(-1, ""), *(TreeNode(i, move) for i, move in enumerate(moves))]


def from_nested(top: Any) -> Tree:
    """The tree of {move, children: [...], comment?}. A Problem for anything else."""
    nodes, stack = Tree(), [(-1, top)]
    while stack:
        parent, node = stack.pop()
        children = node.get("children", []) if isinstance(node, dict) else None
        if not isinstance(children, list):
            raise refuse("tree must be an object with move and children, a list of such objects")
        nodes.append(_node(parent, node.get("move"), node.get("comment")))
        if len(nodes) + len(children) > MOST_NODES:
            raise refuse(f"the tree has more than {MOST_NODES} moves")
        stack += [(len(nodes) - 1, child) for child in reversed(children)]
    return nodes


def from_flat(items: Any) -> Tree:
    """The tree of a list of {parent, move, comment?}. A Problem for anything else."""
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_NODES:
        raise refuse(f"nodes must be a list of 1 to {MOST_NODES} objects with parent and move")
    nodes = Tree()
    for i, item in enumerate(items):
        parent = item.get("parent") if isinstance(item, dict) else None
        fits = (
            isinstance(parent, int) and not isinstance(parent, bool) and (parent == -1 if i == 0 else 0 <= parent < i)
        )
        if not fits:
            raise refuse(f"nodes: entry {i} must have the index of an earlier entry as its parent (-1 for the first)")
        nodes.append(_node(int(parent), item.get("move"), item.get("comment")))  # type: ignore[arg-type]
    return nodes


def _node(parent: int, move: Any, comment: Any) -> TreeNode:
    if parent >= 0 and not (isinstance(move, str) and 0 < len(move) <= LONGEST_MOVE):
        raise refuse("every move of a tree but its root is a text")
    return TreeNode(parent, move if parent >= 0 else "", comment[:2000] if isinstance(comment, str) else "")


def replay(offered: OfferedGame, setup: str | None, tree: Tree) -> list[Position]:
    """The position of every node. A Problem for a move that is not legal."""
    positions = list[Position]()
    for node in tree:
        if node.parent < 0:
            positions.append(first_position(offered, setup))
        else:
            before = positions[node.parent]
            positions.append(play(offered, before, node.move, len(before.moves)))
    return positions


def main_line(tree: Tree) -> list[int]:
    """The nodes along the first variations, without the root."""
    first = dict[int, int]()
    for i, node in enumerate(tree):
        first.setdefault(node.parent, i)
    line, here = list[int](), first.get(0)
    while here is not None:
        line.append(here)
        here = first.get(here)
    return line


def has_variations(tree: Tree) -> bool:
    """Whether any node has two children."""
    parents = [node.parent for node in tree]
    return len(set(parents)) < len(parents)


def as_nested(tree: Tree) -> dict[str, Any] | None:
    """The tree as {move, children}; None where it is too deep."""
    depth, out = list[int](), list[dict[str, Any]]()
    for node in tree:
        depth.append(depth[node.parent] + 1 if node.parent >= 0 else 0)
        entry: dict[str, Any] = {"move": node.move or None, "children": []}
        if node.comment:
            entry["comment"] = node.comment
        out.append(entry)
        if node.parent >= 0:
            out[node.parent]["children"].append(entry)
    return out[0] if max(depth) <= DEEPEST_TREE else None


def as_flat(tree: Tree) -> list[dict[str, Any]]:
    """The tree as a list of {parent, move, comment?}."""
    return [
        {"parent": node.parent, "move": node.move or None, **({"comment": node.comment} if node.comment else {})}
        for node in tree
    ]

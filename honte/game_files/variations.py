"""A tree of variations as a flat list of nodes, which may be as deep as a game is long.

Knows nodes and legal moves. Does not know files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from games import Position
from honte.sgf import game_tree

MOST_NODES = 5000
"""The most moves of a tree in JSON."""

LONGEST_MOVE = 64
DEEPEST_TREE = 300
"""A deeper tree is written as a flat list only, because nested JSON has a limit of depth."""


class TreeNode(NamedTuple):
    """A move and the index of the node before it; the root has the parent -1 and no move."""

    parent: int
    move: str
    comment: str = ""
    seat: int | None = None  # the player of the move, where the file says it


Tree = list[TreeNode]
"""The root first, and every node behind its parent."""


def from_fields(fields: Mapping[str, Any]) -> Tree:
    """The tree in JSON: ``nodes``, or ``tree``, or only ``moves``. ValueError where it has none of them."""
    if fields.get("nodes") is not None:
        return from_flat(fields["nodes"])
    if fields.get("tree") is not None:
        return from_nested(fields["tree"])
    if isinstance(fields.get("moves"), list):
        return from_moves(fields["moves"])
    raise ValueError("it is not a saved game, which is a JSON object with a list of moves")


def from_moves(moves: Sequence[Any]) -> Tree:
    """The tree of one line. ValueError for a move that is not text."""
    for number, move in enumerate(moves, 1):
        if not isinstance(move, str):
            raise ValueError(f"move {number} is {str(move)[:40]!r}, and a move must be text")
    return [TreeNode(-1, ""), *(TreeNode(i, move) for i, move in enumerate(moves))]


def from_nested(top: Any) -> Tree:
    """The tree of {move, children: [...], comment?}. ValueError for anything else."""
    nodes, stack = Tree(), [(-1, top)]
    while stack:
        parent, node = stack.pop()
        children = node.get("children", []) if isinstance(node, dict) else None
        if not isinstance(children, list):
            raise ValueError("tree must be an object with move and children, a list of such objects")
        nodes.append(_node(parent, node.get("move"), node.get("comment")))
        if len(nodes) + len(children) > MOST_NODES:
            raise ValueError(f"the tree has more than {MOST_NODES} moves")
        stack += [(len(nodes) - 1, child) for child in reversed(children)]
    return nodes


def from_flat(items: Any) -> Tree:
    """The tree of a list of {parent, move, comment?}. ValueError for anything else."""
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_NODES:
        raise ValueError(f"nodes must be a list of 1 to {MOST_NODES} objects with parent and move")
    nodes = Tree()
    for i, item in enumerate(items):
        parent = item.get("parent") if isinstance(item, dict) else None
        fits = (
            isinstance(parent, int) and not isinstance(parent, bool) and (parent == -1 if i == 0 else 0 <= parent < i)
        )
        if not fits:
            raise ValueError(
                f"nodes: entry {i} must have the index of an earlier entry as its parent (-1 for the first)"
            )
        nodes.append(_node(int(parent), item.get("move"), item.get("comment")))  # type: ignore[arg-type]
    return nodes


def _node(parent: int, move: Any, comment: Any) -> TreeNode:
    if parent >= 0 and not (isinstance(move, str) and 0 < len(move) <= LONGEST_MOVE):
        raise ValueError("every move of a tree but its root is a text")
    return TreeNode(parent, move if parent >= 0 else "", comment[:2000] if isinstance(comment, str) else "")


def replay(first: Position, tree: Tree, play: Callable[[Position, str, int], Position]) -> list[Position]:
    """The position of every node; ``play`` makes a move, which is the third argument's, counted from 0, of its line.

    ValueError where the file says that another player makes a move than the one whose turn it is.
    """
    positions = [first]
    for node in tree[1:]:
        before = positions[node.parent]
        ply = len(before.moves)
        if node.seat is not None and not before.is_over and node.seat != before.to_play:
            raise ValueError(f"move {ply + 1} is made by {'BW'[node.seat]}, and it is the other player's turn")
        positions.append(play(before, node.move, ply))
    return positions


def main_nodes(tree: Tree) -> list[int]:
    """The nodes along the first variations, without the root."""
    return game_tree.main_line(node.parent for node in tree)[1:]


def main_line(tree: Tree) -> Tree:
    """The tree without its other variations."""
    return [tree[0], *(tree[i]._replace(parent=ply) for ply, i in enumerate(main_nodes(tree)))]


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

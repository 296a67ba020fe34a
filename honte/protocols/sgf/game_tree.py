"""SGF, the file format of game records: text into trees of properties and back (FF[4], Arno Hollosi's specification).

Knows brackets, escapes and encodings. Does not know what a property means, nor any game: ``conversion`` does.

A tree is a list of nodes in which every node knows its parent, so that depth costs nothing: files nested 100,000 deep
are read and written like any other.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

from agent.storage.text_files import decode as decode_text
from agent.storage.text_files import marked_encoding

LARGEST = 1 << 24
"""Bytes of a file that is read."""

LONGEST_NAME = 64

WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift-jis": "cp932", "big5": "big5hkscs", "euc-kr": "cp949"}
"""Encodings that hold what programs write who name the one on the left."""

START = re.compile(r"\(\s*;")
CHARSET = re.compile(rb"\bCA\s*\[\s*([A-Za-z0-9_.:-]{1,40})\s*\]")
NAME = re.compile(r"[A-Za-z]+")
SPACE = re.compile(r"[\s\x00]*")
VALUE = re.compile(r"(?:[^\]\\]|\\.)*", re.DOTALL)

Properties = dict[str, list[str]]


@dataclass
class Node:
    """One node: its properties, and the index of its parent in the tree; -1 for the root."""

    parent: int
    properties: Properties = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a property."""
        return self.properties.get(name, [default])[0]


Tree = list[Node]
"""Parents come before their children; the root is first."""


def parse(content: str | bytes) -> list[Tree]:
    """The game trees of a file. ValueError with a sentence that says where it is no SGF."""
    text = decode(content) if isinstance(content, bytes) else content
    if len(text) > LARGEST:
        raise ValueError(f"SGF: {len(text)} characters; {LARGEST} at most are read")
    start = START.search(text)
    if start is None:
        raise ValueError("SGF: there is no game; a file begins with (;")
    trees: list[Tree] = []
    at, stack, here = start.start(), list[int](), -1
    fresh = False  # a parenthesis was opened and no node has come yet
    while at < len(text):
        mark = text[at]
        if mark == "(":
            if fresh or (stack and here < 0):
                raise ValueError(f"SGF: a variation without a node at character {at}")
            if not stack:
                trees.append([])
                here = -1
            stack.append(here)
            fresh, at = True, at + 1
        elif mark == ")":
            if not stack or fresh:
                raise ValueError(f"SGF: an unexpected ) at character {at}")
            here, at = stack.pop(), at + 1
        elif mark == ";":
            if not stack:
                break  # what follows the last tree is of no concern
            trees[-1].append(Node(here))
            here, fresh, at = len(trees[-1]) - 1, False, at + 1
        elif not stack:
            following = text.find("(", at)
            at = following if following >= 0 and SPACE.fullmatch(text[at:following]) else len(text)
        elif name := NAME.match(text, at):
            if fresh or here < 0:
                raise ValueError(f"SGF: property {name[0][:20]} stands outside of a node at character {at}")
            at = _property(text, name, trees[-1][here].properties)
        else:
            space = SPACE.match(text, at)
            if space is None or space.end() == at:
                raise ValueError(f"SGF: an unexpected {mark!r} at character {at}")
            at = space.end()
    if stack:
        raise ValueError("SGF: the file ends inside of a game; a ) is missing")
    return trees


def _property(text: str, name: re.Match[str], into: Properties) -> int:
    """Read the values behind ``name``; where the next thing begins. FF[3] wrote names with small letters between."""
    key = "".join(c for c in name[0] if c.isupper()) or name[0].upper()
    if len(key) > LONGEST_NAME:
        raise ValueError(f"SGF: a property's name of {len(key)} letters at character {name.start()}")
    at, values = name.end(), into.setdefault(key, [])
    count = len(values)
    while True:
        space = SPACE.match(text, at)
        opening = at if space is None else space.end()
        if text[opening : opening + 1] != "[":
            break
        value = VALUE.match(text, opening + 1)
        if value is None or text[value.end() : value.end() + 1] != "]":
            raise ValueError(f"SGF: the value of {key} at character {opening} has no end")
        values.append(_unescaped(value[0]))
        at = value.end() + 1
    if len(values) == count:
        raise ValueError(f"SGF: property {key} at character {name.start()} has no value")
    return at


def _unescaped(text: str) -> str:
    """A value as it is meant: escapes resolved, soft line breaks gone, every other white space but breaks a blank."""
    text = text.replace("\r\n", "\n").replace("\n\r", "\n").replace("\r", "\n")
    if "\\" in text:
        text = re.sub(r"\\(\n|.)", lambda m: "" if m[1] == "\n" else m[1], text)
    return text.replace("\t", " ").replace("\v", " ")


def decode(content: bytes) -> str:
    """A file's text: by its byte order mark or its CA property, else UTF-8, else Latin-1, which accepts every byte."""
    if len(content) > LARGEST:
        raise ValueError(f"SGF: {len(content)} bytes; {LARGEST} at most are read")
    named = CHARSET.search(content[:4096])
    if named and marked_encoding(content) is None:
        name = named[1].decode("ascii").lower().replace("_", "-")
        for encoding in (name, WIDER.get(name, name)):
            with contextlib.suppress(UnicodeError, LookupError):
                found = content.decode(encoding)
                if START.search(found):  # CA[UTF-16] in a file of single bytes makes no sense of them
                    return found
    return decode_text(content, "SGF: the file", ("utf-8", "latin-1"))


def main_line(tree: Tree) -> list[Node]:
    """The nodes from the root on, always by the first variation."""
    first = dict[int, int]()
    for index, node in enumerate(tree):
        first.setdefault(node.parent, index)
    line, here = list[Node](), first.get(-1)
    while here is not None:
        line.append(tree[here])
        here = first.get(here)
    return line


def write(trees: list[Tree]) -> str:
    """The text of a file. ValueError for a property whose name is not of capital letters."""
    return "".join(_written(tree) for tree in trees)


def _written(tree: Tree) -> str:
    children: list[list[int]] = [[] for _ in tree]
    for child, node in enumerate(tree):
        if node.parent >= 0:
            children[node.parent].append(child)
    parts: list[str] = []
    todo: list[int | None] = [None, 0]  # None closes a variation
    parts.append("(")
    while todo:
        top = todo.pop()
        if top is None:
            parts.append(")\n")
            continue
        index = top
        node = tree[index]
        if node.parent >= 0 and len(children[node.parent]) > 1:
            parts.append("(")
        parts.append(_node(node))
        if len(children[index]) > 1:
            for variation in reversed(children[index]):
                todo += [None, variation]
        else:
            todo += children[index]
    return "".join(parts)


def _node(node: Node) -> str:
    text = ";"
    for name, values in node.properties.items():
        if not re.fullmatch(r"[A-Z]+", name):
            raise ValueError(f"SGF: {name!r} is no name of a property; they are capital letters")
        text += name + "".join(f"[{escaped(value)}]" for value in values)
    return text + "\n"


def escaped(value: str) -> str:
    """A value as it stands between brackets. A colon needs no escape outside of composed values."""
    return value.replace("\\", "\\\\").replace("]", "\\]")

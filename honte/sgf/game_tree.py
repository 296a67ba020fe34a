"""The syntax of SGF, the file format of game records: parses text into trees of properties and writes it (FF[4]).

Knows brackets, escapes and encodings. Does not know games or the meaning of properties: ``conversion`` does.

A tree is a list of nodes that refer to their parents, without recursion: files nested 100,000 deep are read and written
like any other.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.storage.text_files import decode as decode_text
from agent.storage.text_files import marked_encoding

MAX_BYTES = 1 << 24
"""A larger file is refused."""

MAX_NAME = 64

SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "shift-jis": "cp932", "big5": "big5hkscs", "euc-kr": "cp949"}
"""Programs that declare the encoding on the left often write characters of the larger one on the right."""

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
    """The game trees of a file. ValueError that names the place of the error."""
    text = decode(content) if isinstance(content, bytes) else content
    if len(text) > MAX_BYTES:
        raise ValueError(f"SGF: {len(text)} characters; {MAX_BYTES} is the limit")
    start = START.search(text)
    if start is None:
        raise ValueError("SGF: the file has no game; a game begins with (;")
    trees: list[Tree] = []
    at, stack, current = start.start(), list[int](), -1
    opened = False  # the last token was an opening parenthesis
    while at < len(text):
        mark = text[at]
        if mark == "(":
            if opened or (stack and current < 0):
                raise ValueError(f"SGF: a variation without a node at character {at}")
            if not stack:
                trees.append([])
                current = -1
            stack.append(current)
            opened, at = True, at + 1
        elif mark == ")":
            if not stack or opened:
                raise ValueError(f"SGF: an unexpected ) at character {at}")
            current, at = stack.pop(), at + 1
        elif mark == ";":
            if not stack:
                break  # text after the last tree is ignored
            trees[-1].append(Node(current))
            current, opened, at = len(trees[-1]) - 1, False, at + 1
        elif not stack:
            following = text.find("(", at)
            at = following if following >= 0 and SPACE.fullmatch(text[at:following]) else len(text)
        elif name := NAME.match(text, at):
            if opened or current < 0:
                raise ValueError(f"SGF: property {name[0][:20]} stands outside of a node at character {at}")
            at = _property(text, name, trees[-1][current].properties)
        else:
            space = SPACE.match(text, at)
            if space is None or space.end() == at:
                raise ValueError(f"SGF: an unexpected {mark!r} at character {at}")
            at = space.end()
    if stack:
        raise ValueError("SGF: the file ends inside of a game; a ) is missing")
    return trees


def _property(text: str, name: re.Match[str], into: Properties) -> int:
    """Read the values of a property and return the index after them. Small letters, as in FF[3] names, are dropped."""
    key = "".join(c for c in name[0] if c.isupper()) or name[0].upper()
    if len(key) > MAX_NAME:
        raise ValueError(f"SGF: a property name of {len(key)} letters at character {name.start()}")
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
        values.append(_unescape(value[0]))
        at = value.end() + 1
    if len(values) == count:
        raise ValueError(f"SGF: property {key} at character {name.start()} has no value")
    return at


def _unescape(text: str) -> str:
    """A value without escapes and soft line breaks, with tabs as blanks."""
    text = text.replace("\r\n", "\n").replace("\n\r", "\n").replace("\r", "\n")
    if "\\" in text:
        text = re.sub(r"\\(\n|.)", lambda m: "" if m[1] == "\n" else m[1], text)
    return text.replace("\t", " ").replace("\v", " ")


def decode(content: bytes) -> str:
    """The text of a file, by its byte order mark or CA property; else UTF-8, else Latin-1, which never fails."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"SGF: {len(content)} bytes; {MAX_BYTES} is the limit")
    declared = CHARSET.search(content[:4096])
    if declared and marked_encoding(content) is None:
        name = declared[1].decode("ascii").lower().replace("_", "-")
        for encoding in (name, SUPERSETS.get(name, name)):
            with contextlib.suppress(UnicodeError, LookupError):
                text = content.decode(encoding)
                if START.search(text):  # it fails for CA[UTF-16] in a file of single bytes
                    return text
    return decode_text(content, "SGF: the file", ("utf-8", "latin-1"))


def main_line(parents: Iterable[int]) -> list[int]:
    """The nodes from the root along the first variations, in a tree given by the parent of each node."""
    first_child = dict[int, int]()
    for index, parent in enumerate(parents):
        first_child.setdefault(parent, index)
    line, current = list[int](), first_child.get(-1)
    while current is not None:
        line.append(current)
        current = first_child.get(current)
    return line


def write(trees: list[Tree]) -> str:
    """The text of a file with these trees. ValueError for a property name that is not in capital letters."""
    return "".join(_write_tree(tree) for tree in trees)


def _write_tree(tree: Tree) -> str:
    children: list[list[int]] = [[] for _ in tree]
    for child, node in enumerate(tree):
        if node.parent >= 0:
            children[node.parent].append(child)
    parts: list[str] = []
    stack: list[int | None] = [None, 0]  # None closes a variation
    parts.append("(")
    while stack:
        top = stack.pop()
        if top is None:
            parts.append(")\n")
            continue
        index = top
        node = tree[index]
        if node.parent >= 0 and len(children[node.parent]) > 1:
            parts.append("(")
        parts.append(_write_node(node))
        if len(children[index]) > 1:
            for variation in reversed(children[index]):
                stack += [None, variation]
        else:
            stack += children[index]
    return "".join(parts)


def _write_node(node: Node) -> str:
    text = ";"
    for name, values in node.properties.items():
        if not re.fullmatch(r"[A-Z]+", name):
            raise ValueError(f"SGF: {name!r} is not a property name; names are capital letters")
        text += name + "".join(f"[{escape(value)}]" for value in values)
    return text + "\n"


def escape(value: str) -> str:
    """A value with escapes. A colon needs none, since no value here is composed."""
    return value.replace("\\", "\\\\").replace("]", "\\]")

"""Bundles ES modules into one script, so that a page on disk needs no other file.

A browser loads no module from ``file:``, but the report shares its modules with the web page. Each module becomes a
function scope of one script. Two forms are understood: ``import { a, b } from "PATH";`` at the start of a line, and
``export`` before a ``function``, ``async function``, ``const`` or ``class``. Any other form is a ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

IMPORT = re.compile(r'^import \{([\w\s,]+)\} from "(\.[^"\n]+)";$', re.M)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+))", re.M)
LEFTOVER = re.compile(r"^(?:import|export)\b.*$", re.M)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """One script that runs the module ``entry`` and all modules that it imports, each once.

    ``read`` returns the text of the module at a path; paths of imports are relative to the module that imports.
    """
    scopes: dict[str, str] = {}
    _add_scope(entry, read, scopes, ())
    return "\n".join(['"use strict";', "const modules = {};", *scopes.values()])


def _add_scope(path: str, read: Callable[[str], str], scopes: dict[str, str], importers: tuple[str, ...]) -> None:
    """Put the modules that ``path`` imports into ``scopes``, then ``path`` itself."""
    if path in importers:
        raise ValueError(f"the module {path} imports itself by way of {importers[-1]}")
    if path in scopes:
        return
    source = read(path)
    for match in IMPORT.finditer(source):
        _add_scope(_resolve(path, match[2]), read, scopes, (*importers, path))
    names = EXPORT.findall(source)
    body = IMPORT.sub(lambda match: f'const {{{match[1]}}} = modules["{_resolve(path, match[2])}"];', source)
    body = EXPORT.sub("", body)
    leftover = LEFTOVER.search(body)
    if leftover:
        raise ValueError(f"{path} has a form of import or export that cannot be bundled: {leftover[0]}")
    scopes[path] = f'modules["{path}"] = (() => {{\n{body}\nreturn {{ {", ".join(names)} }};\n}})();'


def _resolve(importer: str, target: str) -> str:
    """The path of ``target``, which is relative to ``importer``."""
    parts: list[str] = []
    for part in PurePosixPath(importer).parent.joinpath(target).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

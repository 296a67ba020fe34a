"""Settings in YAML files: they are read strictly, and written so that they read back the same.

Knows YAML. Does not know what the settings mean. Every error is a ValueError that names the file, and the line where
possible. Numbers are those of YAML 1.2: 2e-4 is a number, 1:30 and 010 are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agent.storage.text_files import decode

MAX_BYTES = 1 << 20
"""The largest size of a file."""

MAX_VALUES = 20_000
"""The largest number of values in a file; a value counts as often as anchors and aliases (& and *) repeat it."""


class _Loader(yaml.SafeLoader):
    """YAML's safe loader with the numbers of YAML 1.2."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's own name and shape
        first: [(tag, pattern) for tag, pattern in choices if tag.rpartition(":")[2] not in ("int", "float")]
        for first, choices in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    """Quotes what ``_Loader`` would read as a number."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


for _tag, _pattern in (
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+"),
    (
        "float",
        r"[-+]?(?:[0-9][0-9_]*\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list("-+0123456789."))


def read_yaml(path: Path) -> dict[str, Any]:
    """The settings in a file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is larger than {MAX_BYTES:,} bytes: no file of settings is")
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return parse(data, str(path))


def parse(data: bytes, name: str) -> dict[str, Any]:
    """The settings in the bytes of a file of that name."""
    text = decode(data, name)
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise ValueError(f"{name} is empty: it must hold settings such as 'game: connect_four'")
        _refuse_repetition(node, name)
        values = _construct(loader, node, name)
    except RecursionError as error:
        raise ValueError(f"{name} is not YAML that can be read: it is nested too deeply") from error
    except yaml.YAMLError as error:
        raise ValueError(_describe_error(error, name)) from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else f"the value {str(values)[:40]!r}"
        raise ValueError(f"{name} holds {kind}: it must hold settings and their values, as in 'game: connect_four'")
    return values


def _construct(loader: _Loader, node: yaml.Node, name: str) -> Any:
    try:
        return loader.construct_document(node)
    except (OverflowError, TypeError, ValueError) as error:  # for impossible dates, for numbers with too many digits
        raise ValueError(f"{name} holds a value that cannot be read: {error}") from error


def dump(values: Mapping[str, Any]) -> str:
    """Settings as the text of a file."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _refuse_repetition(root: yaml.Node, name: str) -> None:
    """ValueError when a setting is given twice in one group, or when aliases repeat too many values."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, parents: tuple[int, ...]) -> int:
        if id(node) in parents:
            raise ValueError(f"{name}, line {node.start_mark.line + 1}: this value is a part of itself")
        if id(node) not in sizes:
            if isinstance(node, yaml.MappingNode):
                _refuse_duplicates(node, name)
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            children = [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
            sizes[id(node)] = 1 + sum(size(child, (*parents, id(node))) for child in children)
        return sizes[id(node)]

    if (num_values := size(root, ())) > MAX_VALUES:
        raise ValueError(
            f"{name} holds {min(num_values, 10**12):,} values or more: a file of settings has at most {MAX_VALUES:,}"
        )


def _refuse_duplicates(group: yaml.MappingNode, name: str) -> None:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in group.value:
        if isinstance(key, yaml.ScalarNode):
            line, first = key.start_mark.line + 1, lines.get((key.tag, key.value))
            lines[key.tag, key.value] = line
            if first is not None:
                where = f"lines {first} and {line}" if first != line else f"line {line}"
                raise ValueError(f"{name}: the setting {key.value!r} is given twice, in {where}; keep one of the two")


def _describe_error(error: yaml.YAMLError, name: str) -> str:
    """One sentence that says what is wrong, and in which line."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"{name} is not YAML: it holds a character that no text file has ({' '.join(str(error).split())})"
    problem, mark = error.problem or error.context or "it cannot be read", error.problem_mark or error.context_mark
    if "\\t" in problem:
        problem = "a tab cannot indent a setting, so use spaces"
    return f"{name} is not YAML{f', line {mark.line + 1}' if mark else ''}: {problem}"

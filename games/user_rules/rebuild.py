"""A user's rules made ready: the helpers that they call are compiled along, or all of them are plain Python.

Knows functions and what they refer to. Does not know games, nor what the rules do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CellType, FunctionType
from typing import Any

Rule = Callable[..., Any]

HOUSE = Path(__file__).parent.parent
UNCHECKED = "HONTE_UNCHECKED"
"""The variable that ``--unchecked`` sets: users' rules are then compiled without bounds checks, and not tried first."""


def plain(function: Any) -> Any:
    """The Python function behind a compiled one."""
    return getattr(function, "py_func", function)


def is_own(function: Rule) -> bool:
    """Whether a user wrote ``function``: it does not lie among honte's games."""
    code = getattr(plain(function), "__code__", None)
    return code is not None and not in_house(code.co_filename)


def in_house(path: str) -> bool:
    """Whether the file at ``path`` is one of honte's games."""
    return HOUSE in Path(path).parents


def unchecked() -> bool:
    """Whether the user asked for rules without checks."""
    return os.environ.get(UNCHECKED, "") not in ("", "0")


def rebuilt(rules: Mapping[str, Rule], make: Callable[[Rule], Rule]) -> dict[str, Rule]:
    """Copies of ``rules`` in which every function of the user's that they call is one that ``make`` made of it.

    The functions that users wrote are those of the files in the folders of ``rules``, compiled by them or not.
    """
    folders = {Path(plain(rule).__code__.co_filename).parent for rule in rules.values()}
    made: dict[int, Rule] = {}

    def copy(function: Any) -> Rule:
        function = plain(function)
        copied = FunctionType(
            function.__code__,
            dict(function.__globals__),
            function.__name__,
            function.__defaults__,
            tuple(CellType() for _ in function.__closure__ or ()),
        )
        copied.__module__, copied.__kwdefaults__ = function.__module__, function.__kwdefaults__
        for cell, old in zip(copied.__closure__ or (), function.__closure__ or ()):
            if _is_set(old):
                cell.cell_contents = old.cell_contents
        return copied

    def call(function: Any) -> Rule:
        key = id(plain(function))
        if key not in made:
            copied = copy(function)
            made[key] = make(copied)  # before what it calls: a function may call itself
            complete(copied)
        return made[key]

    def complete(function: Any) -> None:
        names = called(function.__code__)
        for name in names & function.__globals__.keys():
            if helps(function.__globals__[name]):
                function.__globals__[name] = call(function.__globals__[name])
        for cell in function.__closure__ or ():
            if _is_set(cell) and helps(cell.cell_contents):
                cell.cell_contents = call(cell.cell_contents)

    def helps(value: Any) -> bool:
        value = plain(value)
        return isinstance(value, FunctionType) and Path(value.__code__.co_filename).parent in folders

    return {name: call(rule) for name, rule in rules.items()}


def functions(rules: Mapping[str, Rule]) -> Iterator[FunctionType]:
    """``rules`` and all functions of the user's that they call, each once, as plain Python."""
    found: list[Any] = []
    rebuilt(rules, lambda function: found.append(function) or function)  # type: ignore[func-returns-value]
    yield from found


def called(code: Any) -> set[str]:
    """All names of globals in ``code`` and in what is defined inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= called(constant)
    return names


def _is_set(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False

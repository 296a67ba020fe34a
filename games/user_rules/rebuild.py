"""Copies of a user's rules in which the helpers that they call are compiled, too, or are plain Python.

Knows functions and what they refer to. Does not know games, nor what the rules do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CellType, FunctionType
from typing import Any

Rule = Callable[..., Any]

GAMES_FOLDER = Path(__file__).parent.parent
UNCHECKED = "HONTE_UNCHECKED"
"""The variable that ``--unchecked`` sets: users' rules are then compiled without bounds checks, and not tried first."""


def python_function(function: Any) -> Any:
    """The Python function behind a compiled one."""
    return getattr(function, "py_func", function)


def is_user_rule(function: Rule) -> bool:
    """Whether a user wrote ``function``: its file is not one of honte's games."""
    code = getattr(python_function(function), "__code__", None)
    return code is not None and not is_shipped(code.co_filename)


def is_shipped(path: str) -> bool:
    """Whether the file at ``path`` is one of honte's games."""
    return GAMES_FOLDER in Path(path).parents


def is_unchecked() -> bool:
    """Whether the user asked for rules without checks."""
    return os.environ.get(UNCHECKED, "") not in ("", "0")


def rebuild_rules(rules: Mapping[str, Rule], make: Callable[[Rule], Rule]) -> dict[str, Rule]:
    """Copies of ``rules`` in which every user's function that they call is replaced by the result of ``make``.

    A user's functions are those in files of the folders of ``rules``, whether the user compiled them or not.
    """
    folders = {Path(python_function(rule).__code__.co_filename).parent for rule in rules.values()}
    made: dict[int, Rule] = {}

    def copy(function: Any) -> Rule:
        function = python_function(function)
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
        key = id(python_function(function))
        if key not in made:
            copied = copy(function)
            made[key] = make(copied)  # before what it calls: a function may call itself
            complete(copied)
        return made[key]

    def complete(function: Any) -> None:
        names = global_names(function.__code__)
        for name in names & function.__globals__.keys():
            if helps(function.__globals__[name]):
                function.__globals__[name] = call(function.__globals__[name])
        for cell in function.__closure__ or ():
            if _is_set(cell) and helps(cell.cell_contents):
                cell.cell_contents = call(cell.cell_contents)

    def helps(value: Any) -> bool:
        value = python_function(value)
        return isinstance(value, FunctionType) and Path(value.__code__.co_filename).parent in folders

    return {name: call(rule) for name, rule in rules.items()}


def list_functions(rules: Mapping[str, Rule]) -> Iterator[FunctionType]:
    """``rules`` and all user's functions that they call, each once, as plain Python."""
    found: list[Any] = []
    rebuild_rules(rules, lambda function: found.append(function) or function)  # type: ignore[func-returns-value]
    yield from found


def global_names(code: Any) -> set[str]:
    """The names of globals in ``code`` and in the functions that are defined inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= global_names(constant)
    return names


def _is_set(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False

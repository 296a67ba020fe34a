"""Compiled code that outlives the process: rules, and the loops that close over them.

Knows Numba and its cache on disk. Does not know any rule or loop: what it compiles is handed in.

Numba's own cache has a function that closes over a compiled one never hit (its key holds the identity of what is closed
over), and one that calls a function of another file go stale. Here the key is what the rules are made of: the source
files of all that they call, constants and parameters.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import njit
from numba.core.caching import FunctionCache

Rule = Callable[..., Any]
Rules = Mapping[str, Rule]


class _RulesCache(FunctionCache):
    """Numba's cache of a function, its key completed by what the rules in it are made of."""

    def __init__(self, function: Rule, key: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self.key, self.code = key, hashlib.sha256(function.__code__.co_code).hexdigest()

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (sig, codegen.magic_tuple(), (self.code, self.key))


def kept(function: Rule, key: str | None) -> Rule:
    """``function`` compiled by Numba, the GIL released, and kept on disk where there is a place for it.

    ``key`` says what it and all that it closes over are made of; None: not to be kept.
    """
    made: Any = njit(nogil=True)(function)
    if key is not None and hasattr(made, "py_func"):  # without the JIT it is the function itself
        with contextlib.suppress(RuntimeError, AttributeError):  # no place for it, or another Numba: only slower
            made._cache = _RulesCache(function, key)
    rule: Rule = made
    return rule


def fingerprint(rules: Rules) -> str | None:
    """A hash of everything the rules are made of; None where something in them cannot be told apart."""
    parts: list[bytes] = []
    seen: set[int] = set()
    try:
        for name in sorted(rules):
            parts.append(name.encode())
            _describe(rules[name], parts, seen)
    except (TypeError, OSError):
        return None
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _describe(value: Any, parts: list[bytes], seen: set[int]) -> None:
    """Append what ``value`` is made of; TypeError for what cannot be described."""
    value = getattr(value, "py_func", value)
    if value is None or isinstance(value, bool | int | float | str | bytes | type | np.generic | np.dtype):
        parts.append(repr(value).encode())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        parts.append(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    elif isinstance(value, tuple):
        parts.append(f"tuple {len(value)}".encode())
        for each in value:
            _describe(each, parts, seen)
    elif isinstance(value, ModuleType | BuiltinFunctionType | np.ufunc):
        parts.append(value.__name__.encode())
    elif isinstance(value, FunctionType):
        if id(value) in seen:
            return
        seen.add(id(value))
        parts.append(f"{value.__qualname__} {_source(inspect.getfile(value))}".encode())
        closed = inspect.getclosurevars(value)
        for name, each in sorted({**closed.globals, **closed.nonlocals}.items()):
            parts.append(name.encode())
            _describe(each, parts, seen)
    else:
        raise TypeError(f"{type(value).__name__} cannot be told apart")


def _source(path: str) -> str:
    """The hash of a file's text, which may be edited while this process lives."""
    about = Path(path).stat()
    return _digest(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=256)
def _digest(path: str, changed: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

"""A cache of compiled code on disk, for rules and for the loops and kernels that call them.

Knows Numba and how it asks for code on disk. Does not know any rule or loop, nor where and how the code is stored.

Numba's own cache has three faults: it never finds a function that closes over a compiled one; it returns old code for
a function that calls a changed function of another file; and it gives two processes that compile at once one file for
two entries. Here the key of an entry holds everything that the machine code depends on: the bytecode of the function
and of all that it calls in any file, constants, parameters, types, options, processor and versions.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import pickle
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from importlib.metadata import version
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, TypeVar, overload

import numba
import numpy as np
from numba import config, njit
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.targetconfig import ConfigStack
from numba.core.types import NamedTuple, NamedUniTuple

from games.compilation import code_files

Rule = Callable[..., Any]
Rules = Mapping[str, Rule]
Kernel = TypeVar("Kernel", bound=Rule)

VERSIONS = (numba.__version__, version("llvmlite"), np.__version__, sys.version)
INHERITED_OPTIONS = ("error_model", "fastmath", "forceinline", "nrt")
"""Options that a function inherits from its caller unless it has its own."""

SWITCHES = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")
"""Settings of Numba that change the machine code."""

PRINTED_TYPES = (bool, int, float, complex, str, bytes, Enum, np.generic, np.dtype)
"""Types whose values differ if and only if their texts differ."""


class DiskCache:
    """The machine code of one function on disk, one file for every signature, as the cache of a Numba dispatcher.

    Code is stored as a pickle, as Numba does, so entries are read only from folders that no other user can write to.
    """

    def __init__(self, function: FunctionType, options: Mapping[str, Any], key: str = "") -> None:
        """``key``: what else the code depends on, besides the function and its ``options``."""
        self.function, self.options, self.key = function, options, key
        self.cache_path = None
        self.enable()

    def enable(self) -> None:
        self.enabled = True

    def disable(self) -> None:
        self.enabled = False

    def flush(self) -> None:
        """Read nothing more from disk, because the caller wants the function to be compiled again."""
        self.disable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for the signature; None if it cannot be loaded for any reason."""
        target_context.refresh()
        if self.enabled and self.source_hash is not None:
            entry = self._entry(sig, target_context.codegen())
            for data in code_files.read(self.function, entry):
                with contextlib.suppress(Exception):  # damaged or from other versions: it is compiled again
                    return CompileResult._rebuild(target_context, *pickle.loads(data))  # type: ignore[no-untyped-call]
        return None

    def save_overload(self, sig: Any, result: Any) -> None:
        """Store the compiled function if it can be pickled and a folder can be written."""
        if not self.enabled or self.source_hash is None:
            return
        if result.library.has_dynamic_globals or any(not each.can_cache for each in result.lifted):
            return
        with contextlib.suppress(Exception):  # what cannot be pickled
            data = dumps(result._reduce())  # type: ignore[no-untyped-call]
            code_files.write(self.function, self._entry(sig, result.codegen), data)

    @cached_property
    def source_hash(self) -> str | None:
        return fingerprint({"": self.function})

    def _entry(self, sig: Any, codegen: Any) -> str:
        """Everything that the machine code depends on, as text."""
        flags = ConfigStack.top_or_none()  # type: ignore[no-untyped-call]
        inherited = [str(getattr(flags, name)) for name in INHERITED_OPTIONS] if flags else []
        named = (self.function.__module__, self.function.__qualname__, self.key, self.source_hash)
        switches = (sorted(self.options.items()), inherited, *(getattr(config, name) for name in SWITCHES))
        types = (str(sig), _field_names(getattr(sig, "args", sig)))
        return repr((VERSIONS, named, types, codegen.magic_tuple(), switches))


def _field_names(types: Any) -> list[Any]:
    """The fields of the named tuples among ``types``, in their order, which the text of a type leaves out."""
    named = [each for each in types if isinstance(each, NamedTuple | NamedUniTuple)]
    return [(each.instance_class.__qualname__, each.fields, _field_names(each.types)) for each in named]


def compile_cached(function: Rule, key: str | None, checked: bool = False, **options: Any) -> Rule:
    """``function`` compiled by Numba so that it releases the GIL, and stored on disk.

    ``key``: what else the code depends on; None: it is not stored. ``checked``: an index out of bounds raises
    IndexError. ``options`` are Numba's.
    """
    # boundscheck None: as NUMBA_BOUNDSCHECK says; no_cfunc_wrapper: C code calls none of these functions
    options = {"boundscheck": checked or None, "no_cfunc_wrapper": True} | options
    made: Any = njit(nogil=True, **options)(function)
    if key is not None and hasattr(made, "py_func"):  # without the JIT it is the function itself
        made._cache = DiskCache(made.py_func, made.targetoptions, key)
    rule: Rule = made
    return rule


@overload
def cached_njit(function: Kernel) -> Kernel: ...
@overload
def cached_njit(**options: Any) -> Callable[[Kernel], Kernel]: ...
def cached_njit(function: Any = None, **options: Any) -> Any:
    """A decorator like ``numba.njit(cache=True, nogil=True, **options)`` that uses ``compile_cached``."""

    def decorate(function: Any) -> Any:
        return compile_cached(function, "", **options)

    return decorate if function is None else decorate(function)


def fingerprint(rules: Rules) -> str | None:
    """A hash of everything that the rules depend on; None if a value in them cannot be described as text."""
    parts: list[bytes] = []
    seen: set[int] = set()
    try:
        for name in sorted(rules):
            parts.append(name.encode())
            _describe(rules[name], parts, seen)
    except TypeError:
        return None
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _describe(value: Any, parts: list[bytes], seen: set[int]) -> None:
    """Append a description of ``value`` to ``parts``; TypeError for a value that has none."""
    if hasattr(value, "py_func"):
        parts.append(repr(sorted(value.targetoptions.items())).encode())
        value = value.py_func
    elif hasattr(value, "cache_info"):  # made by functools.cache; a field may have its name
        value = value.__wrapped__
    if value is None or value is ... or isinstance(value, PRINTED_TYPES):
        parts.append(repr(value).encode())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        parts.append(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    elif isinstance(value, tuple):
        parts.append(f"{type(value).__name__} {len(value)}".encode())
        for each in value:
            _describe(each, parts, seen)
    elif isinstance(value, frozenset):
        parts.append(repr(sorted(map(repr, value))).encode())
    elif isinstance(value, type):
        inside = list(value) if issubclass(value, Enum) else getattr(value, "_fields", ())
        parts.append(repr((value, inside)).encode())
    elif isinstance(value, ModuleType | BuiltinFunctionType | np.ufunc):
        parts.append(value.__name__.encode())
    elif isinstance(value, CodeType):
        shape = (value.co_name, value.co_flags, value.co_firstlineno, value.co_argcount, value.co_kwonlyargcount)
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        parts += [repr((*shape, *names)).encode(), value.co_code, value.co_linetable]
        _describe(value.co_consts, parts, seen)
    elif isinstance(value, FunctionType):
        if id(value) in seen:
            return
        seen.add(id(value))
        parts.append(f"{value.__module__}.{value.__qualname__}".encode())
        _describe(
            (value.__code__, value.__defaults__, tuple(sorted((value.__kwdefaults__ or {}).items()))), parts, seen
        )
        for name, each in _references(value):
            parts.append(name.encode())
            _describe(each, parts, seen)
    else:
        raise TypeError(f"{type(value).__name__} cannot be told apart")


def _references(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The values from outside that ``function`` uses, by name."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        with contextlib.suppress(ValueError):  # an empty cell
            yield name, cell.cell_contents
    names = sorted(_names(function.__code__))
    for name in names:
        if name in function.__globals__:
            value = function.__globals__[name]
            yield name, value
            if isinstance(value, ModuleType):
                yield from _references_of_module(value, names, {id(value)})


def _references_of_module(module: ModuleType, names: list[str], seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The compiled functions and constants of a module that code with these ``names`` may use."""
    for name in names:
        value = vars(module).get(name)
        if isinstance(value, ModuleType) and id(value) not in seen:
            yield from _references_of_module(value, names, seen | {id(value)})
        elif hasattr(value, "py_func") or isinstance(value, int | float | tuple | np.ndarray | type):
            yield name, value


def _names(code: CodeType) -> set[str]:
    """The names of globals and attributes in ``code`` and in the functions that are defined inside it."""
    found = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found |= _names(each)
    return found


def _number_functions_apart() -> None:
    """Let the numbers in the names of Numba's symbols begin at another value in every process.

    Numba begins at 1. Two functions of equal name and type from two processes, such as the same rule of two variants
    of a game, would then have the same symbol, and a process that loads both would run the first for the second.
    """
    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(64) << 20)


_number_functions_apart()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_number_functions_apart)

"""Flags from dataclasses.

A field is a flag. Its type says which values fit (``agent.settings``), its default is the flag's default, and the text
beside it in the source is its help. A field with ``Argument`` in its type is written without a flag. A nested dataclass
gives flags with dots: ``--learn.batch-size``. Does not know how words are parsed (``honte.cli.flag_parser``).
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from agent.settings import Pattern, hints, refusal
from honte.cli.field_texts import field_texts


@dataclass(frozen=True)
class Argument:
    """In a field's type: the value stands without a flag; ``name`` stands for it in the usage."""

    name: str


@dataclass(frozen=True)
class Placeholder:
    """In a field's type: what stands for the value in the help."""

    text: str


@dataclass(frozen=True)
class OneEach(Placeholder):
    """In the type of a tuple: each value has a flag of its own, as in ``--game A --game B``."""


GameArgument = Annotated[str, Argument("GAME")]
PlayerArgument = Annotated[str, Argument("PLAYER")]
GameFlag = Annotated[str | None, Placeholder("GAME")]

FieldPath = tuple[str, ...]
"""Names of fields, from the outermost dataclass to the innermost."""


@dataclass(frozen=True)
class Flag:
    """One flag or argument."""

    path: FieldPath
    hint: Any
    default: Any  # dataclasses.MISSING where a value must be given
    text: str
    group: str = ""  # what the innermost dataclass is for

    @property
    def name(self) -> str:
        """As people write it, and as messages call it."""
        return self.argument or "--" + ".".join(self.path).replace("_", "-")

    @property
    def argument(self) -> str:
        """The name of an argument without a flag; empty for a flag."""
        return next((mark.name for mark in _marks(self.hint) if isinstance(mark, Argument)), "")

    @property
    def is_switch(self) -> bool:
        return _plain(self.hint) is bool

    @property
    def repeats(self) -> bool:
        """Whether it takes any number of values."""
        kind = _plain(self.hint)
        return get_origin(kind) is dict or (get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis)

    @property
    def takes_all(self) -> bool:
        """Whether it takes all words up to the next flag."""
        return self.repeats and not any(isinstance(mark, OneEach) for mark in _marks(self.hint))

    @property
    def parts(self) -> list[Any]:
        """The types of the words that make one value, or one element of it where it repeats."""
        kind = _plain(self.hint)
        if get_origin(kind) is dict:
            return list(get_args(kind))
        if get_origin(kind) is not tuple:
            return [self.hint]
        inner = get_args(kind)
        if inner[-1] is not Ellipsis:
            return list(inner)
        return list(get_args(inner[0])) if get_origin(inner[0]) is tuple else [inner[0]]

    def read(self, words: Sequence[str]) -> Any:
        """The value that ``words`` give. ValueError when one does not fit or some are missing."""
        parts = self.parts
        whole = len(words) % len(parts) == 0 if self.repeats else len(words) == len(parts)
        if not whole:
            many = "a value" if len(parts) == 1 else f"{len(parts)} values" + " each time" * self.repeats
            raise ValueError(f"{self.name} needs {many}: {self.text or 'see --help'}")
        values = [_value(parts[i % len(parts)], word) for i, word in enumerate(words)]
        for i, value in enumerate(values):
            if (problem := refusal(parts[i % len(parts)], value)) is not None:
                raise ValueError(f"{self.name} {problem}")
        kind = _plain(self.hint)
        if get_origin(kind) is dict:
            return dict(zip(values[::2], values[1::2], strict=True))
        if get_origin(kind) is not tuple:
            return values[0]
        if not self.repeats or len(parts) == 1:
            return tuple(values)
        return tuple(tuple(values[i : i + len(parts)]) for i in range(0, len(values), len(parts)))


def flags_of(kind: type, default: Any = None, path: FieldPath = (), group: str = "") -> list[Flag]:
    """The flags of a dataclass and of the dataclasses inside it; ``default`` is an instance with the default values."""
    found: list[Flag] = []
    texts = field_texts(kind)
    for field in dataclasses.fields(kind):
        hint, here = hints(kind)[field.name], (*path, field.name)
        if default is not None:
            value = getattr(default, field.name)
        else:
            value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            about = texts.get(field.name) or inspect.cleandoc(hint.__doc__ or "").split("\n\n")[0].rstrip(".")
            found += flags_of(hint, None if value is dataclasses.MISSING else value, here, " ".join(about.split()))
        else:
            found.append(Flag(here, hint, value, texts.get(field.name, ""), group))
    return found


def usage(command: str, flags: Sequence[Flag]) -> str:
    """``honte match A B [flags]``."""
    words = ["honte", command]
    for flag in flags:
        if flag.argument:
            words.append(flag.name if flag.default is dataclasses.MISSING else f"[{flag.name}]")
    return " ".join([*words, "[flags]"])


def _value(hint: Any, word: str) -> Any:
    """``word`` as the type of ``hint``; unchanged where it is none, so that the check that follows names it."""
    kind = _plain(hint)
    if kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
        try:
            number = float(word)
        except ValueError:
            return word
        return int(number) if number.is_integer() else number  # 1e6 is a whole number
    return Path(word) if kind is Path else word


def _plain(hint: Any) -> Any:
    """A type without its marks and without None."""
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif get_origin(hint) in (Union, types.UnionType):
            (hint,) = (each for each in get_args(hint) if each is not type(None))
        else:
            return hint


def _marks(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def choices(hint: Any) -> tuple[str, ...]:
    """The values of an enumeration; empty for any other type."""
    kind = _plain(hint)
    if get_origin(kind) is tuple:
        kind = _plain(get_args(kind)[0])
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def placeholder(flag: Flag) -> str:
    """What stands for the value in the help."""
    for mark in _marks(flag.hint):
        if isinstance(mark, Placeholder):
            return mark.text
    words = [_word(part) for part in flag.parts]
    return " ".join([f"{word} ..." if flag.repeats and len(words) == 1 else word for word in words])


def _word(hint: Any) -> str:
    if listed := choices(hint):
        return "|".join(listed) if len("|".join(listed)) <= 24 else "NAME"
    if matched_texts(hint):
        return "NAME"
    named: dict[Any, str] = {int: "N", float: "X", Path: "FILE"}
    return named.get(_plain(hint), "TEXT")


def matched_texts(hint: Any) -> str:
    """The texts that fit a pattern, in words; empty for a type without one."""
    return next((mark.meaning for mark in _marks(hint) if isinstance(mark, Pattern)), "")

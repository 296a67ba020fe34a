"""The types of settings: which values a number, a text or a flag may have, and how a configuration checks them.

Knows ranges and dataclasses. Does not know any setting, or where its value came from. It imports nothing of the
project and no package that must be installed. The type of a field is its range: ``leaves: Positive = 1``. A number
without a range is refused, so that no new field can omit it.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import reprlib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

LARGEST = 2**31 - 1

BOOL_HINT = "; true is not a number (YAML reads yes and on as true, no and off as false)"


@dataclass(frozen=True)
class Range:
    """The finite numbers from ``low`` to ``high``. Both ends are included unless ``above`` or ``below`` is set."""

    low: float
    high: float
    above: bool = False  # low itself is not included
    below: bool = False  # high itself is not included
    even: bool = False

    def fits(self, value: Any, base: Any) -> bool:
        """Whether ``value`` is such a number, and a whole one where ``base`` is int. True and False are not numbers."""
        number: Any = value
        if isinstance(value, bool) or not isinstance(value, Integral if base is int else Real):
            return False
        over = number > self.low if self.above else number >= self.low  # NaN is neither
        under = number < self.high if self.below else number <= self.high
        return bool(over and under and not (self.even and number % 2))

    def words(self, base: Any) -> str:
        """The valid values in words, to complete "it must be ..."."""
        kind = "an even number" if self.even else "a whole number" if base is int else "a number"
        low, high = _number(self.low), _number(self.high)
        if self.above:
            return f"{kind} above {low} and {'below' if self.below else 'at most'} {high}"
        return f"{kind} from {low} to {'below ' * self.below}{high}"


@dataclass(frozen=True)
class Pattern:
    """The texts that a regular expression matches as a whole, and their description in words."""

    expression: str
    meaning: str

    def fits(self, value: Any, base: Any) -> bool:
        """Whether ``value`` is a matching text."""
        return isinstance(value, str) and re.fullmatch(self.expression, value) is not None

    def words(self, base: Any) -> str:
        """The valid values in words, to complete "it must be ..."."""
        return self.meaning


Count = Annotated[int, Range(0, LARGEST)]
Positive = Annotated[int, Range(1, LARGEST)]
Integer = Annotated[int, Range(-LARGEST, LARGEST)]
EvenCount = Annotated[int, Range(2, LARGEST, even=True)]  # of games: each opening is played from both seats
Seed = Annotated[int, Range(0, 2**63 - 1)]
Slots = Annotated[int, Range(1, 1 << 20)]  # games or positions at once
Threads = Annotated[int, Range(0, 4096)]
Width = Annotated[int, Range(1, 1 << 16)]  # channels or neurons of a layer

Number = Annotated[float, Range(0, 1e9)]
PositiveNumber = Annotated[float, Range(0, 1e9, above=True)]
Finite = Annotated[float, Range(-1e9, 1e9)]
Fraction = Annotated[float, Range(0, 1)]
PositiveFraction = Annotated[float, Range(0, 1, above=True)]
BelowOne = Annotated[float, Range(0, 1, below=True)]
Temperature = Annotated[float, Range(0, 1000)]

Device = Annotated[str, Pattern(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?", "auto, cpu, cuda, cuda:N, xpu or mps")]


class Settings:
    """The base class of configurations: frozen dataclasses whose fields are checked when they are constructed.

    ``called`` is the prefix of the fields in error messages: ``class SearchConfig(Settings, called="search")``.
    """

    called: ClassVar[str] = ""
    number_field: ClassVar[str] = ""
    """In a file one number may stand for the whole group: it is the value of this field."""

    def __init_subclass__(cls, called: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.called = called

    def __post_init__(self) -> None:
        check(self, f"{self.called}." if self.called else "")
        self.agree()

    def agree(self) -> None:
        """Check conditions on several fields. ValueError for values that do not fit together."""


def check(config: Any, prefix: str = "") -> None:
    """ValueError that names the first field of a dataclass whose value is not valid."""
    for name, hint in hints(type(config)).items():
        if (problem := refusal(hint, getattr(config, name))) is not None:
            raise ValueError(f"{prefix}{name} {problem}")


def check_values(values: Any, kind: type, path: str = "", *, whole: bool = True) -> None:
    """ValueError for the first setting that ``kind`` does not have, or whose value is out of its range.

    With ``whole`` all settings without a default value must be there.
    """
    if not isinstance(values, Mapping):
        group = f"the setting {path[:-1]} is {reprlib.repr(values)}: it" if path else "a configuration"
        raise ValueError(f"{group} must be a group of settings, each with its name and value")
    known = hints(kind)
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"the setting {path}{key} is unknown; {hint}")
        if not dataclasses.is_dataclass(known[key]):
            if (problem := refusal(known[key], value, read=True)) is not None:
                raise ValueError(f"the setting {path}{key} {problem}")
        elif isinstance(value, known[key]):
            continue
        elif known[key].number_field and not isinstance(value, Mapping):
            if (problem := refusal(hints(known[key])[known[key].number_field], value)) is not None:
                raise ValueError(f"the setting {path}{key} {problem}, or a group of settings with a value")
        else:
            check_values(value, known[key], f"{path}{key}.", whole=whole)
    for each in dataclasses.fields(kind):
        if whole and each.default is each.default_factory and each.name not in values:  # both are MISSING
            raise ValueError(f"the setting {path}{each.name} is missing: it has no default value")


def hints(kind: type[Any]) -> dict[str, Any]:
    """The fields of a dataclass and their types, with ranges."""
    if kind not in _known_hints:
        types_by_name = get_type_hints(kind, include_extras=True)
        _known_hints[kind] = {field.name: types_by_name[field.name] for field in dataclasses.fields(kind)}
    return _known_hints[kind]


_known_hints: dict[type[Any], dict[str, Any]] = {}


def refusal(hint: Any, value: Any, *, read: bool = False) -> str | None:
    """What is wrong with ``value`` in a field of type ``hint``, to be written after the field's name. None if valid."""
    if fits(hint, value, read=read):
        return None
    extra = BOOL_HINT if isinstance(value, bool) and "number" in words(hint) else ""
    return f"is {reprlib.repr(value)}: it must be {words(hint)}{extra}"


def fits(hint: Any, value: Any, *, read: bool = False) -> bool:
    """Whether ``value`` is valid in a field of type ``hint``.

    ``read``: the value comes from a file, where a tuple is written as a list and a million may be written as 1e6.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, constraints = inner[0], [each for each in inner[1:] if isinstance(each, Range | Pattern)]
        if read and base is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        return all(each.fits(value, base) for each in constraints) if constraints else fits(base, value, read=read)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in inner)
    if origin in (Union, types.UnionType):
        return any(fits(choice, value, read=read) for choice in inner)
    if origin is tuple:
        if not isinstance(value, (tuple, list) if read else tuple):
            return False
        each = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        return len(each) == len(value) and all(fits(h, v, read=read) for h, v in zip(each, value, strict=True))
    if origin is dict:
        pairs = value.items() if isinstance(value, Mapping) else [(None, None)]
        return all(fits(inner[0], k) and fits(inner[1], v, read=read) for k, v in pairs)
    if hint in (int, float):
        raise TypeError(f"a field of type {hint.__name__} has no range: give it one of the types in agent/settings.py")
    return isinstance(value, hint)


def words(hint: Any) -> str:
    """The valid values of a field of type ``hint`` in words, to complete "it must be ..."."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        constraints = [each for each in inner[1:] if isinstance(each, Range | Pattern)]
        return constraints[0].words(inner[0]) if constraints else words(inner[0])
    if origin is Literal:
        *most, last = map(str, inner)
        return f"{', '.join(most)} or {last}" if most else last
    if origin in (Union, types.UnionType):
        return " or ".join(words(choice) for choice in inner if choice is not type(None))
    if origin is tuple:
        if inner[-1] is not Ellipsis and len(set(map(words, inner))) > 1:
            return f"a list of {len(inner)}: {', then '.join(map(words, inner))}"
        each = f"each {words(inner[0])}"
        return f"a list, {each}" if inner[-1] is Ellipsis else f"a list of {len(inner)}, {each}"
    if origin is dict:
        return f"names and values, each value {words(inner[1])}"
    names = {bool: "true or false", str: "text", Path: "the path of a file"}
    return names.get(hint, f"{getattr(hint, '__name__', hint)}, a group of settings")


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"

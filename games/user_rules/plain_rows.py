"""Rows for rules that run as plain Python: they behave as in compiled rules, and report mistakes that those do not.

Knows NumPy's rows and arrays. Does not know any rule.

Numbers are read as Python's own, so that small types do not overflow where compiled code computes with 64 bits. A
number that does not fit into a signed field raises OverflowError. Negative indexes, which count from the end, are
recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

Places = set[tuple[str, int, int]]
"""(file, line, index) of negative indexes."""


class PlainArray(np.ndarray[Any, Any]):
    """An array in a row, or one that a rule writes to."""

    places: Places | None = None
    whole: tuple[int, int] | None = None  # the smallest and largest whole number that may be written; None: anything

    def __array_finalize__(self, source: Any) -> None:
        self.places = getattr(source, "places", None)
        self.whole = getattr(source, "whole", None)

    def __getitem__(self, index: Any) -> Any:
        self._note(index)
        return to_python_number(super().__getitem__(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._note(index)
        if self.whole is not None:
            self._fill(value, *self.whole)
        super().__setitem__(index, fit_value(value, self.dtype, "the array"))

    def __iter__(self) -> Iterator[Any]:
        return (to_python_number(super(PlainArray, self).__getitem__(i)) for i in range(len(self)))

    def _fill(self, value: Any, least: int, most: int) -> None:
        values = np.asarray(value)
        if values.dtype.kind not in "iuf":
            return
        wrong = values[(values < least) | (values > most) | (values != np.floor(values))]
        if wrong.size:
            raise ValueError(f"{wrong.flat[0]} is written to planes, which hold whole numbers from {least} to {most}")

    def _note(self, index: Any) -> None:
        if self.places is None:
            return
        for each in index if isinstance(index, tuple) else (index,):
            if isinstance(each, int | np.integer) and not isinstance(each, bool) and each < 0:
                frame = sys._getframe(2)
                self.places.add((frame.f_code.co_filename, frame.f_lineno, int(each)))


class PlainRow:
    """One state: an element of an array of rows. Assignments write to that array."""

    __slots__ = ("_places", "_row")

    def __init__(self, row: Any, places: Places | None = None) -> None:
        object.__setattr__(self, "_row", row)
        object.__setattr__(self, "_places", places)

    def __getitem__(self, name: str) -> Any:
        self._known(name)
        value = self._row[name]
        if isinstance(value, np.void):
            return PlainRow(value, self._places)
        return plain_array(value, self._places) if isinstance(value, np.ndarray) else to_python_number(value)

    def __setitem__(self, name: str, value: Any) -> None:
        self._known(name)
        kind = self._row.dtype[name]
        self._row[name] = fit_value(value, kind.base, f"s[{name!r}]")

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def _known(self, name: Any) -> None:
        fields = self._row.dtype.names or ()
        if name not in fields:
            raise KeyError(f"s has no field {name!r}; its fields are {', '.join(fields)}")


def plain_array(array: np.ndarray[Any, Any], places: Places | None) -> PlainArray:
    """``array`` as rules in plain Python receive it; negative indexes are added to ``places``."""
    view = array.view(PlainArray)
    view.places = places
    return view


def to_python_number(value: Any) -> Any:
    """An integer as Python's own, which does not overflow; a uint64 stays NumPy's and wraps around."""
    if isinstance(value, np.integer) and value.dtype != np.uint64:
        return int(value)
    return value


def fit_value(value: Any, kind: np.dtype[Any], place: str) -> Any:
    """``value`` as ``place``, of type ``kind``, stores it. OverflowError if a signed type cannot."""
    if kind.kind not in "iu" or isinstance(value, bool) or not isinstance(value, int | np.integer):
        return value
    limits, whole = np.iinfo(kind), int(value)
    if limits.min <= whole <= limits.max:
        return value
    if kind.kind == "i" and kind.itemsize < 8:
        raise OverflowError(f"{place} is {kind.name}, which holds {limits.min} to {limits.max}, and not {whole}")
    wrapped = whole & ((1 << 8 * kind.itemsize) - 1)
    return wrapped - (1 << 64) if kind.kind == "i" and wrapped >= 1 << 63 else wrapped

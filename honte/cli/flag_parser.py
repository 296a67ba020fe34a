"""Words of the command line into values: the one parser of flags. Every mistake is a ValueError of one sentence."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from honte.cli.flag_help import command_help
from honte.cli.flags import FieldPath, Flag, flags_of, usage

HELP, HELP_ALL = ("-h", "--help"), "--help-all"
NUMBER = re.compile(r"-\.?\d.*")
"""A negative number, which begins as a flag does."""

Flags = TypeVar("Flags")


def parse_flags(kind: type[Flags], arguments: Sequence[str], command: str) -> Flags:
    """``arguments`` as the dataclass ``kind``. A request for help prints it and ends the command by SystemExit."""
    flags = flags_of(kind)
    if asks_for_help(arguments):
        print(command_help(command, flags, kind.__doc__ or ""))
        raise SystemExit(0)
    return kind(**{path[0]: value for path, value in parse_words(flags, arguments, command).items()})


def asks_for_help(arguments: Iterable[str]) -> bool:
    """Whether one of the words asks for help."""
    return any(word in (*HELP, HELP_ALL) for word in arguments)


def parse_words(flags: Sequence[Flag], arguments: Iterable[str], command: str) -> dict[FieldPath, Any]:
    """{path of a flag: its value} for all flags that are given. ValueError for the first mistake."""
    named = {flag.name: flag for flag in flags if not flag.argument}
    found: dict[FieldPath, Any] = {}
    loose: list[str] = []  # words that belong to no flag
    words = deque(arguments)
    while words:
        word = words.popleft()
        if word == "--":
            loose += words
            break
        if not _is_flag(word):
            loose.append(word)
            continue
        name, equals, text = word.partition("=")
        flag, on = _find(name.replace("_", "-"), named, command)
        if flag.is_switch:
            if equals or (words and words[0].lower() in ("true", "false")):
                raise _value_refused(flag, equals + (text if equals else words[0]))
            found[flag.path] = on
            continue
        given = [text] if equals else []
        while not equals and words and not _is_flag(words[0]) and (flag.takes_all or len(given) < len(flag.parts)):
            given.append(words.popleft())
        value = flag.read(given)
        found[flag.path] = found.get(flag.path, ()) + value if flag.repeats and not flag.takes_all else value
    return found | _arguments([flag for flag in flags if flag.argument], loose, usage(command, flags))


def _arguments(flags: Sequence[Flag], words: Sequence[str], how: str) -> dict[FieldPath, Any]:
    """The values of the arguments that stand without a flag; ``how`` is the usage, for messages."""
    left, found = list(words), dict[FieldPath, Any]()
    for flag in flags:
        if flag.repeats:
            given, left = left, []
        else:
            given, left = left[:1], left[1:]
        if given:
            found[flag.path] = flag.read(given)
        elif flag.default is dataclasses.MISSING:
            raise ValueError(f"{flag.name} is missing; the usage is: {how}")
    if left:
        raise ValueError(f"the argument {left[0]!r} is one too many; the usage is: {how}")
    return found


def _find(name: str, named: Mapping[str, Flag], command: str) -> tuple[Flag, bool]:
    """The flag called ``name``, and whether a switch is turned on by it. ValueError names the nearest one."""
    if name in named:
        return named[name], True
    head, _, last = name.removeprefix("--").rpartition(".")
    for positive in (f"--{name.removeprefix('--no-')}", "--" + f"{head}.{last.removeprefix('no-')}".lstrip(".")):
        flag = named.get(positive)
        if flag is not None and flag.is_switch:
            return flag, False
    near = [known for known in named if known.rpartition(".")[2] == last] if last else []
    near = near or difflib.get_close_matches(name, named, n=1)
    hint = f"did you mean {' or '.join(near[:3])}?" if near else f"honte {command} --help lists the flags"
    raise ValueError(f"there is no flag {name}; {hint}")


def _value_refused(switch: Flag, value: str) -> ValueError:
    """The error for a switch that is followed by ``value``, such as ``false`` or ``=false``."""
    head, dot, last = switch.name.removeprefix("--").rpartition(".")
    off = value.removeprefix("=").lower() in ("false", "no", "off", "0")
    instead = f"write --{head}{dot}no-{last} to turn it off" if off else f"leave out {value}"
    return ValueError(f"{switch.name} is a switch and takes no value; {instead}")


def _is_flag(word: str) -> bool:
    return word.startswith("-") and word != "-" and NUMBER.fullmatch(word) is None

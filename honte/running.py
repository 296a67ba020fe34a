"""What every command that trains shares: flags of a run, settings from recipe and flags, the folder's life, signals.

Knows run folders and how a command begins and ends. Does not know what is trained.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def run_flags(command: str, usage: str, description: str, init: str) -> argparse.ArgumentParser:
    """The flags of every run; ``init`` says what --init takes."""
    parser = argparse.ArgumentParser(
        prog=f"honte {command}",
        usage=f"honte {command} {usage}",
        description=description,
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--run", default="", help="the run's folder; below runs/ unless given")
    parser.add_argument("--fresh", action="store_true", help="move a run that is there aside and start again")
    parser.add_argument("--init", default="", help=init)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of stdout")
    parser.add_argument("--print-config", action="store_true", help="print the resolved configuration and stop")
    return parser


def taken(own: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[str, argparse.Namespace, list[str]]:
    """The word before all flags, or none; our own flags; the words that are left. Help is printed where it is asked."""
    words = list(arguments)
    name = words.pop(0) if words and not words[0].startswith("-") else ""  # later words may be values of flags
    flags, rest = own.parse_known_args(words)
    flags.helping = any(word in ("-h", "--help") for word in arguments)
    if flags.helping:
        own.print_help()
        print("\nEvery setting of the recipe is a flag, too:\n")
    return name, flags, rest


def settings(kind: type, values: Mapping[str, Any], words: Sequence[str], command: str) -> Any:
    """The configuration ``kind``: a recipe's values with those of the flags ``words`` over them."""
    import tyro

    from training.config import parse, to_dict

    default = parse(values, kind)
    return parse(to_dict(tyro.cli(kind, default=default, args=list(words), prog=f"honte {command}")), kind)


def printed(config: Any) -> int:
    """Print a configuration; the exit code."""
    import yaml

    from training.config import to_dict

    print(yaml.safe_dump(to_dict(config), sort_keys=False), end="")
    return 0


@contextlib.contextmanager
def opened(
    folder: Path, values: Mapping[str, Any], defaults: Mapping[str, Any], may_change: Collection[str], fresh: bool
) -> Iterator[set[str]]:
    """A run's folder, locked: a new one gets ``values`` as its config, an old one must agree with them but for
    ``may_change``; what it does not name had its value in ``defaults``. Yields the names of settings that are others
    now. ``fresh``: what is there moves aside first.
    """
    from selfplay.fsio import FolderLock
    from training import run_folder

    if fresh and (aside := run_folder.fresh(folder)) is not None:
        print(f"the run that was there is now {aside}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder):
        old = run_folder.read_config(folder)
        if old is None:
            run_folder.write_config(folder, values)
        yield set(run_folder.changed(old, values, may_change, defaults)) if old is not None else set()


@contextlib.contextmanager
def signals() -> Iterator[Callable[[], bool]]:
    """The first SIGINT or SIGTERM asks to stop and save; the second ends at once."""
    asked: list[int] = []

    def on_signal(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        print("stopping: saving first; once more to leave at once", file=sys.stderr)

    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread alone
        yield lambda: False
        return
    known = [getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]
    before = {number: signal.signal(number, on_signal) for number in known}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def told(before: bool, reason: str, minutes: float, folder: Path) -> str:
    """How a run ended."""
    if before:
        return f"this run was finished already ({folder})"
    return f"{reason} after {minutes:.1f} minutes ({folder})"

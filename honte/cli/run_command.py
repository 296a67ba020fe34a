"""What every command that trains shares: flags of a run, settings from recipe and flags, the folder's life, signals.

Knows run folders and how a command begins and ends. Does not know what is trained.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_THREADS = 8
"""As many threads as are taken unasked: batches of small pictures cannot keep more of them busy."""


def make_run_flags(command: str, usage: str, description: str, init: str) -> argparse.ArgumentParser:
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


def parse_own_flags(
    own: argparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[str, argparse.Namespace, list[str]]:
    """The word before all flags, or none; our own flags; the words that are left. Help is printed where it is asked."""
    words = list(arguments)
    name = words.pop(0) if words and not words[0].startswith("-") else ""  # later words may be values of flags
    flags, rest = own.parse_known_args(words)
    flags.helping = any(word in ("-h", "--help") for word in arguments)
    if flags.helping:
        own.print_help()
        print("\nEvery setting of the recipe is a flag, too:\n")
    return name, flags, rest


def parse_settings(kind: type, values: Mapping[str, Any], words: Sequence[str], command: str, source: str = "") -> Any:
    """The configuration ``kind``: a recipe's values with those of the flags ``words`` over them.

    ``source``: the recipe's file, to be named where something is wrong in it.
    """
    import tyro

    from agent.settings import deferred
    from training.config import parse_config, to_dict

    try:
        default = parse_config(values, kind)
    except ValueError as error:
        raise ValueError(f"{source}: {error}" if source else str(error)) from error
    with deferred():  # what is wrong is said below
        told = tyro.cli(kind, default=default, args=list(words), prog=f"honte {command}")
    return parse_config(to_dict(told), kind)


def print_config(config: Any) -> int:
    """Print a configuration; the exit code."""
    from training.config import to_dict
    from training.yaml_files import dump

    print(dump(to_dict(config)), end="")
    return 0


class Opened:
    """A run's folder while a command starts in it. Before ``begin``, an error puts everything back as it was."""

    def __init__(self) -> None:
        self.changed: set[str] = set()  # names of settings that are others now than when the run began
        self.aside: Path | None = None  # where --fresh moved the run that was there
        self.begun = False

    def begin(self) -> None:
        """Everything is ready: from here on the run stays, whatever happens to it."""
        self.begun = True
        if self.aside is not None:
            print(f"the run that was there is now {self.aside}", file=sys.stderr)


@contextlib.contextmanager
def open_run(
    folder: Path, values: Mapping[str, Any], defaults: Mapping[str, Any], may_change: Collection[str], fresh: bool
) -> Iterator[Opened]:
    """A run's folder, locked: a new one gets ``values`` as its config, an old one must agree with them but for
    ``may_change``; what it does not name had its value in ``defaults``. ``fresh``: what is there moves aside first.

    A start that is refused, here or in the body before ``Opened.begin``, leaves no folder and changes none.
    """
    from agent.storage.durable_files import LOCK, FolderLock
    from training.run import run_folder

    here = Opened()
    here.aside = run_folder.move_run_aside(folder) if fresh else None
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    config, kept = folder / run_folder.CONFIG, None
    there = {folder / LOCK} if (folder / LOCK).exists() else set[Path]()
    ours = False  # whether what is new in the folder is ours to remove
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(folder):
            old = run_folder.read_config(folder) if run_folder.has_started(folder) else None
            if old is None:
                there |= {path for path in folder.iterdir() if path.name != LOCK}
                ours = not run_folder.has_started(folder)
                if ours and config.is_file():  # left behind by a start that was refused
                    kept = config.read_bytes()
                    config.unlink()
                run_folder.write_config(folder, values)
            else:
                here.changed = set(run_folder.changed_settings(old, values, may_change, defaults))
            yield here
    except BaseException:
        if not here.begun:
            if ours:
                _clear(folder, there)
            if kept is not None:
                config.write_bytes(kept)
            for path in made:
                with contextlib.suppress(OSError):  # somebody else has put something there: it stays
                    path.rmdir()
            if here.aside is not None and not folder.exists():
                here.aside.rename(folder)
        raise


def _clear(folder: Path, there: Collection[Path]) -> None:
    """Remove what is in ``folder`` but for ``there``."""
    for path in set(folder.iterdir()) - set(there):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def num_threads(asked: int, folder: Path) -> tuple[int, str]:
    """How many threads torch shares its operations among, and a note where a run goes on with another number.

    ``asked`` (0: nothing), then OMP_NUM_THREADS, then what the run in ``folder`` began with, then the cores there are.
    """
    import torch

    from selfplay.cores import num_cores
    from training.run import run_folder

    old = run_folder.read_config(folder)
    began = (int(old.get("threads") or 0) or 1) if old else 0  # runs of earlier versions had one
    named = asked or (torch.get_num_threads() if os.environ.get("OMP_NUM_THREADS") else 0)
    threads = named or began or min(num_cores(), MOST_THREADS)
    if began in (0, threads):
        return threads, ""
    return (
        threads,
        f"this run began with --threads {began} and goes on with {threads}: its bits are others from here on",
    )


@contextlib.contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
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


def end_message(before: bool, reason: str, minutes: float, folder: Path) -> str:
    """How a run ended."""
    if before:
        return f"this run was finished already ({folder})"
    return f"{reason} after {minutes:.1f} minutes ({folder})"

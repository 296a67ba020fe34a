"""What every command that trains shares: its flags and help, the configuration, opening the folder, signals.

Knows run folders and how a command begins and ends. Does not know what is trained.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from honte.cli.flag_help import flag_lines, wrap
from honte.cli.flag_parser import HELP_ALL, asks_for_help, parse_words
from honte.cli.flags import FieldPath, Flag, Placeholder, flags_of, usage
from honte.command_line import format_duration

MOST_THREADS = 8
"""The most threads that a run uses unless it is told otherwise: small batches cannot keep more of them busy."""

SHORT_COLUMN = 28
"""Where the texts begin in the short help, whose flags are longer than most."""


@dataclass(frozen=True)
class RunFlags:
    """The flags of every command that trains."""

    run: Annotated[str, Placeholder("FOLDER")] = ""
    """the folder of the run (default: runs/ and a name that follows from what is learned)"""
    fresh: bool = False
    """begin again: a run that is in the folder is renamed first"""
    init: Annotated[str, Placeholder("RUN")] = ""
    """a run or a model folder whose weights a new run starts from (default: random weights)"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""
    print_config: bool = False
    """print the complete configuration as YAML and stop"""


Own = TypeVar("Own", bound=RunFlags)


def parse_run_words(
    kind: type[Own], settings: type, arguments: Iterable[str], command: str, leave_out: Collection[str] = ()
) -> tuple[Own, dict[FieldPath, Any]]:
    """A command's own flags as ``kind``, and the values of the flags that are settings of the run, by their paths.

    ``leave_out``: settings of the run that are no flags.
    """
    own = flags_of(kind)
    known = {flag.path for flag in own} | {(name,) for name in leave_out}
    more = [flag for flag in flags_of(settings) if flag.path not in known]
    values = parse_words([*own, *more], [word for word in arguments if not asks_for_help([word])], command)
    mine = {path[0]: values.pop(path) for path in known & values.keys()}
    return kind(**mine), values


def parse_settings(kind: type, values: Mapping[str, Any], flags: Mapping[FieldPath, Any], source: str = "") -> Any:
    """The configuration ``kind``: a recipe's values with those of the flags over them.

    ``source``: the recipe's file, which is named where something is wrong in it.
    """
    from training.config import parse_config, to_dict

    try:
        config = parse_config(values, kind)
    except ValueError as error:
        raise ValueError(f"{source}: {error}" if source else str(error)) from error
    plain = to_dict(config)
    for path, value in flags.items():
        group = plain
        for name in path[:-1]:
            group = group[name]
        group[path[-1]] = value
    return parse_config(plain, kind) if flags else config


def print_help_if_asked(
    arguments: Sequence[str], command: str, kind: type[RunFlags], config: Any, *, footer: str, **shown: Any
) -> None:
    """Where ``arguments`` ask for help, print it and end the command; ``_run_help`` explains the rest."""
    if asks_for_help(arguments):
        print(_run_help(command, kind, config, everything=HELP_ALL in arguments, footer=footer, **shown))
        raise SystemExit(0)


def _run_help(
    command: str,
    kind: type[RunFlags],
    config: Any,
    *,
    common: Mapping[str, str],
    everything: bool,
    footer: str,
    leave_out: Collection[str] = (),
) -> str:
    """The help of a command that trains: the ``common`` flags {name: text, or "" for the flag's own}, or all of them.

    ``config`` holds the defaults of the settings. ``leave_out``: settings that are no flags.
    """
    own = flags_of(kind)
    known = {flag.path for flag in own} | {(name,) for name in leave_out}
    settings = [flag for flag in flags_of(type(config), config) if flag.path not in known]
    lines = [f"usage: {usage(command, own)}", ""]
    for paragraph in inspect.cleandoc(kind.__doc__ or "").split("\n\n"):
        lines += wrap(" ".join(paragraph.split()))
    lines.append("")
    if not everything:
        named = {flag.name: flag for flag in (*own, *settings)}
        for name, text in common.items():
            lines += flag_lines(named[name], text, column=SHORT_COLUMN)
        more = len(own) + len(settings) - len(common)
        return "\n".join([*lines, "", *wrap(f"honte {command} --help-all lists {more} more flags. {footer}")])
    for flag in sorted(own, key=lambda flag: not flag.argument):
        lines += flag_lines(flag)
    groups: dict[FieldPath, list[Flag]] = {(): []}  # the settings without a group come first
    for flag in settings:
        groups.setdefault(flag.path[:-1], []).append(flag)
    for path, members in groups.items():
        lines += ["", *wrap(f"{'.'.join(path).replace('_', '-') or 'the run'}: {members[0].group}".rstrip())]
        for flag in members:
            lines += flag_lines(flag, common.get(flag.name, ""), settings=True)
    return "\n".join([*lines, "", *wrap(footer)])


def print_config(config: Any) -> int:
    """Print a configuration; the exit code."""
    from training.config import to_dict
    from training.yaml_files import dump

    print(dump(to_dict(config)), end="")
    return 0


class OpenRun:
    """The folder of a run while a command starts in it. Until ``begin``, an error restores the folder as it was."""

    def __init__(self) -> None:
        self.changed: set[str] = set()  # names of the settings that differ from those that the run began with
        self.aside: Path | None = None  # the new folder of a run that --fresh renamed
        self.begun = False

    def begin(self) -> None:
        """Everything is ready: from now on the folder stays, whatever happens."""
        self.begun = True
        if self.aside is not None:
            print(f"the earlier run was renamed to {self.aside}", file=sys.stderr)


@contextlib.contextmanager
def open_run(
    folder: Path, values: Mapping[str, Any], defaults: Mapping[str, Any], may_change: Collection[str], fresh: bool
) -> Iterator[OpenRun]:
    """Lock the folder of a run.

    A new run stores ``values`` as its configuration. The configuration of an older run must agree with them except for
    ``may_change``; settings that it does not name have their value in ``defaults``. ``fresh``: an older run is renamed
    first.

    A start that is refused, here or in the body before ``OpenRun.begin``, creates no folder and changes none.
    """
    from agent.storage.durable_files import LOCK, FolderLock
    from training.run import run_folder

    here = OpenRun()
    here.aside = run_folder.move_run_aside(folder) if fresh else None
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    config, old_config = folder / run_folder.CONFIG, None
    there = {folder / LOCK} if (folder / LOCK).exists() else set[Path]()
    ours = False  # whether this start may remove what is new in the folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(folder):
            old = run_folder.read_config(folder) if run_folder.has_started(folder) else None
            if old is None:
                there |= {path for path in folder.iterdir() if path.name != LOCK}
                ours = not run_folder.has_started(folder)
                if ours and config.is_file():  # an earlier start that was refused left it behind
                    old_config = config.read_bytes()
                    config.unlink()
                run_folder.write_config(folder, values)
            else:
                here.changed = set(run_folder.changed_settings(old, values, may_change, defaults))
            yield here
    except BaseException:
        if not here.begun:
            if ours:
                _clear(folder, there)
            if old_config is not None:
                config.write_bytes(old_config)
            for path in made:
                with contextlib.suppress(OSError):  # another program has written into it: it stays
                    path.rmdir()
            if here.aside is not None and not folder.exists():
                here.aside.rename(folder)
        raise


def _clear(folder: Path, there: Collection[Path]) -> None:
    """Remove everything in ``folder`` except ``there``."""
    for path in set(folder.iterdir()) - set(there):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def num_threads(asked: int, folder: Path) -> tuple[int, str]:
    """The number of threads of torch, and a note if a run is resumed with another number.

    The first of: ``asked`` unless 0, OMP_NUM_THREADS, the number that the run in ``folder`` began with, the cores.
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
        f"this run began with --threads {began} and goes on with {threads}; numbers round differently from now on",
    )


@contextlib.contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Whether a SIGINT or SIGTERM has asked the run to save and stop; a second signal ends it at once."""
    asked: list[int] = []

    def on_signal(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        print("saving the run before it stops; press Ctrl-C again to stop at once without saving", file=sys.stderr)

    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
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
    """How a run ended; ``before``: it was finished when the command started."""
    if before:
        return f"this run was finished already ({folder})"
    return f"{reason} after {format_duration(60 * minutes)} of training ({folder})"

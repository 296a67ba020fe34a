"""``honte COMMAND ...``: finds the command and says what went wrong in a sentence.

Knows the commands' names and one-line summaries. Loads the module of the one that runs, no other: help is quick.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from honte import __version__
from honte.error_sentences import sentence
from honte.package_check import check_packages
from honte.standard_streams import flush_output, open_closed_streams, silence

COMMANDS = {
    "train": ("honte.cli.commands.train", "learn a game by self-play: start a run or resume it"),
    "play": ("honte.cli.commands.play", "play against a player in the terminal"),
    "gtp": ("honte.cli.commands.gtp", "play as an engine for Sabaki, GoGui and others (Go Text Protocol)"),
    "ugi": ("honte.cli.commands.ugi", "a player as an engine for cutegames (Universal Game Interface)"),
    "analyze": ("honte.cli.commands.analyze", "analyse many positions at once: JSON lines in, JSON lines out"),
    "match": ("honte.cli.commands.match", "let two players play each other; Elo difference with its interval"),
    "tournament": ("honte.cli.commands.tournament", "rate many players by games against each other"),
    "rate": ("honte.cli.commands.rate", "rate a run's checkpoints; promote the best by a test"),
    "grade": ("honte.cli.commands.grade", "count a player's mistakes on solved positions"),
    "report": ("honte.cli.commands.report", "write one HTML page that tells a run, or compares several"),
    "describe": ("honte.cli.commands.describe", "say what a game or a player is"),
    "classify": ("honte.cli.commands.classify", "learn to tell pictures apart with the same trainer"),
    "predict": ("honte.cli.commands.predict", "say what is on pictures"),
    "export": ("honte.cli.commands.export", "copy a network to a folder or URL that fsspec reaches"),
    "runs": ("honte.cli.commands.runs", "list training runs"),
    "check-game": ("honte.cli.commands.check_game", "hold a game, also your own, against the laws of games"),
    "perft": ("honte.cli.commands.perft", "count a game's action sequences, to prove its rules"),
    "bench": ("honte.cli.commands.bench", "measure this machine; --signature: one number for all that is decided"),
}

USAGE = "usage: honte COMMAND [ARGUMENTS]      honte COMMAND --help      honte --version"

PLAYERS = """\
A player is written as
  random          any legal action           mcts:800     search by random games, 800 a move
  minimax:5       looks 5 plies ahead        perfect      never errs, where a solver is
  gtp:COMMAND     an engine from outside, such as gtp:gnugo --mode gtp; ugi:COMMAND for one that speaks UGI
  RUN             a run's newest network     RUN@1200     its checkpoint 1200
  RUN?simulations=400                        with settings of its own, joined by &

A game is written as connect_four, connect_four:rows=5,columns=5 or FILE.py:game."""

UNCHECKED = """\
--unchecked, with any command: a game of your own (FILE.py:game) is not tried in plain Python first, and it runs without
bounds checks, which is faster and ends in a crash where its rules leave an array."""

ILL_USED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141

FULL = [getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)]
"""What a write meets where there is no room, or no leave to write."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. 2: the user can mend it; 130: interrupted; 141: nobody reads the output."""
    # Games: torch gets one thread, because the threads that play games already use every core.
    # Pictures: one loop trains, and its operations share the cores (``run_command.num_threads``). Idle threads sleep,
    # because spinning ones use up processor time and slow down other busy processes.
    open_closed_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    name, value = ("OMP_WAIT_POLICY", "PASSIVE") if words[:1] == ["classify"] else ("OMP_NUM_THREADS", "1")
    os.environ.setdefault(name, value)
    if "--unchecked" in words:  # for every command that takes a game; processes that it starts see it, too
        words.remove("--unchecked")
        os.environ["HONTE_UNCHECKED"] = "1"
    try:
        code = _run(words)
        flush_output()
        return code
    except BrokenPipeError:
        silence()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        if os.environ.get("HONTE_TRACEBACK"):
            raise
        said = sentence(error)
        if isinstance(error, OSError) and not error.filename and error.errno in FULL:
            said = f"standard output: {said}"  # every write to a file names it
        print(f"honte{' ' + words[0] if words else ''}: {said}", file=sys.stderr)
        with contextlib.suppress(OSError):  # said above: the output is full
            flush_output()
        return ILL_USED


def _run(words: list[str]) -> int:
    if not words:
        print(help_text(), file=sys.stderr)
        return ILL_USED
    name, *rest = words
    if name in ("-h", "--help", "help"):
        print(help_text())
        return 0
    if name in ("-V", "--version", "version"):
        print(f"honte {__version__}")
        return 0
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, n=1)
        raise ValueError(
            f"there is no such command; {f'did you mean {near[0]}? ' if near else ''}honte --help lists them"
        )
    check_packages()
    module = importlib.import_module(COMMANDS[name][0])
    try:
        return int(module.main(rest))
    except SystemExit as stop:  # the parser of flags ends this way
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def help_text() -> str:
    """What ``honte --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [USAGE, "", *lines, "", PLAYERS, "", UNCHECKED, "HONTE_TRACEBACK=1 shows where an error came from."]
    )


if __name__ == "__main__":
    sys.exit(main())

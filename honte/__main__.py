"""``honte COMMAND ...``: finds the command, and prints an error as one sentence.

Knows the names of the commands and their summaries. It loads only the module of the command that runs, so the help is
fast.
"""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any

from honte import __version__
from honte.error_sentences import USAGE_ERROR, exit_code
from honte.package_check import check_packages
from honte.standard_streams import open_closed_streams, stop_colorama

GROUPS = {
    "learn": {
        "train": ("honte.cli.commands.train", "learn a game by self-play: start a run or resume it"),
        "runs": ("honte.cli.commands.runs", "list training runs"),
        "report": ("honte.cli.commands.report", "write an HTML page about a run, or compare several runs"),
    },
    "play": {
        "play": ("honte.cli.commands.play", "play against a player in the terminal"),
        "web": ("honte.cli.commands.web", "play, analyse and watch a run learn in a browser"),
        "gtp": ("honte.cli.commands.gtp", "run a player as an engine for Sabaki or GoGui (Go Text Protocol)"),
        "ugi": ("honte.cli.commands.ugi", "run a player as an engine (Universal Game Interface)"),
        "analyze": ("honte.cli.commands.analyze", "analyse many positions: JSON lines in, JSON lines out"),
    },
    "evaluate": {
        "match": ("honte.cli.commands.match", "let two players play; Elo difference with its interval"),
        "tournament": ("honte.cli.commands.tournament", "rate many players by games against each other"),
        "rate": ("honte.cli.commands.rate", "rate the checkpoints of a run; promote the best by a test"),
        "grade": ("honte.cli.commands.grade", "count a player's mistakes on solved positions"),
    },
    "pictures": {
        "classify": ("honte.cli.commands.classify", "learn to classify pictures with the same trainer"),
        "predict": ("honte.cli.commands.predict", "predict the classes of pictures"),
    },
    "tools": {
        "models": ("honte.cli.commands.tools.models", "list the networks that ship with honte"),
        "describe": ("honte.cli.commands.tools.describe", "describe a game, a network or a recipe"),
        "export": ("honte.cli.commands.tools.export", "copy a network to a folder or URL that fsspec reaches"),
        "check-game": ("honte.cli.commands.tools.check_game", "check a game, also your own, on random games"),
        "perft": ("honte.cli.commands.tools.perft", "count a game's action sequences to verify its rules"),
        "bench": ("honte.cli.commands.tools.bench", "measure how fast this machine is"),
    },
}
"""The commands {group: {command: (module, summary)}}."""

COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}

USAGE = """\
usage: honte COMMAND [ARGUMENTS]
       honte COMMAND --help
       honte --version"""

PLAYERS = """\
A player is written as
  random              any legal action
  minimax:5           a search of 5 plies without a network
  mcts:800            Monte Carlo tree search with random games, 800 simulations
  perfect             a player that makes no mistakes, where there is a solver
  NETWORK             a network that ships with honte:{networks}
  RUN or RUN@1200     the newest network of a run, or its checkpoint 1200
  RUN?simulations=400 the same with another setting; & joins several
  gtp:COMMAND         an external engine, such as gtp:gnugo --mode gtp
  ugi:COMMAND         an external engine that speaks UGI
  uci:COMMAND         an external engine that speaks UCI, as Fairy-Stockfish does

A game is written as connect_four, connect_four:rows=5,columns=5 or FILE.py:game.
"""

UNCHECKED = """\
--unchecked, with any command, skips the trial of your own game (FILE.py:game)
in plain Python and the bounds checks of its arrays. It is faster, and an error
in the rules can crash the program.
HONTE_TRACEBACK=1 in the environment shows where an error came from."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, as ``exit_code`` says."""
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
    shown_before, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        return exit_code(" ".join(["honte", *words[:1]]), lambda: _run(words))
    finally:
        warnings.showwarning = shown_before
        stop_colorama()


def _run(words: list[str]) -> int:
    if not words:
        print(help_text(), file=sys.stderr)
        return USAGE_ERROR
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
            f"there is no such command; {f'did you mean {near[0]}? ' if near else ''}honte --help lists the commands"
        )
    check_packages()
    module = importlib.import_module(COMMANDS[name][0])
    try:
        return int(module.main(rest))
    except SystemExit as stop:  # a request for help ends this way
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def help_text() -> str:
    """What ``honte --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = [USAGE]
    for group, commands in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:<{width}}  {summary}" for name, (_, summary) in commands.items())]
    from agent import weights

    names = ", ".join(dict.fromkeys(game.partition(":")[0] for game in weights.games())) or "none"
    lines_of_names = textwrap.wrap(names, 57)
    networks = f" {names}" if len(names) <= 20 else "".join(f"\n{'':22}{line}" for line in lines_of_names)
    return "\n".join([*lines, "", PLAYERS.format(networks=networks), UNCHECKED])


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Print a warning to the user as one sentence; any other warning as Python does."""
    if category is UserWarning:
        print(f"honte: {message}", file=sys.stderr)
    else:
        _show_any_warning(message, category, *place, **more)


_show_any_warning = warnings.showwarning


if __name__ == "__main__":
    sys.exit(main())

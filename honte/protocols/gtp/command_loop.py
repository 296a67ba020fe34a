"""``honte gtp``: reads command lines, runs the commands and writes the replies.

Knows all commands by name and implements those about the engine itself. ``framing`` has the syntax, ``move_commands``
the commands about the game, ``analysis_commands`` those that search, ``gogui_commands`` those for GoGui.
"""

from __future__ import annotations

import sys
import time
import traceback

import honte
from honte.error_sentences import sentence
from honte.protocols.gtp import framing
from honte.protocols.gtp.analysis_commands import AnalysisCommands
from honte.protocols.gtp.gogui_commands import GoGuiCommands
from honte.protocols.gtp.move_commands import MoveCommands
from honte.protocols.gtp.session import ALREADY_WRITTEN, Command, GtpSession


class GtpCommandLoop:
    """Replies to the lines of a session until ``quit``."""

    def __init__(self, session: GtpSession) -> None:
        self.session = session
        self.running = True
        moves = MoveCommands(session)
        analysis = AnalysisCommands(session, moves)
        self.commands: dict[str, Command] = {
            "protocol_version": lambda words: "2",
            "name": lambda words: "honte",
            "version": lambda words: f"{honte.__version__} {session.name}",
            "known_command": lambda words: "true" if words and words[0] in self.commands else "false",
            "list_commands": lambda words: "\n".join(self.commands),
            "quit": self.quit,
            "cputime": lambda words: f"{time.process_time():.3f}",
        }
        self.commands |= moves.commands() | analysis.commands() | GoGuiCommands(session, analysis).commands()

    def quit(self, words: list[str]) -> str:
        self.running = False
        return ""

    def run(self) -> None:
        """Reply until ``quit`` or the end of the input."""
        while self.running and (content := self.session.source.get()) is not None:
            self.run_line(content)

    def run_line(self, content: bytes) -> None:
        """Reply to one line. No error ends the loop; only the command ``quit`` does."""
        line = self.session.command = framing.parse_command(content)
        if line.too_long:
            self.session.write(
                framing.format_reply(line, f"line too long: {framing.MAX_BYTES} bytes at most", success=False)
            )
        elif line.command not in self.commands:
            if line.command or line.id:
                self.session.write(framing.format_reply(line, "unknown command", success=False))
        else:
            try:
                text = self.commands[line.command](line.arguments)
            except (ValueError, OSError, RuntimeError) as error:
                self.session.write(framing.format_reply(line, sentence(error) or type(error).__name__, success=False))
            except Exception as error:  # if the engine ended, its user would lose the game
                traceback.print_exc(file=sys.stderr)
                self.session.write(framing.format_reply(line, f"internal error: {type(error).__name__}", success=False))
            else:
                if text is not ALREADY_WRITTEN:
                    self.session.write(framing.format_reply(line, text))

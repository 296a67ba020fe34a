"""``honte gtp``: one conversation, from each line to its reply, with what an engine says about itself.

Knows which groups of commands there are. Does not know syntax (``framing``), nor what the other commands do:
``move_commands`` keeps the game, ``analysis_commands`` thinks about it, ``gogui_commands`` shows it.
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
from honte.protocols.gtp.session import ENDED, Command, GtpSession


class Conversation:
    """Answers a session's lines until ``quit``."""

    def __init__(self, session: GtpSession) -> None:
        self.session = session
        self.going = True
        moves = MoveCommands(session)
        thinking = AnalysisCommands(session, moves)
        self.commands: dict[str, Command] = {
            "protocol_version": lambda words: "2",
            "name": lambda words: "honte",
            "version": lambda words: f"{honte.__version__} {session.name}",
            "known_command": lambda words: "true" if words and words[0] in self.commands else "false",
            "list_commands": lambda words: "\n".join(self.commands),
            "quit": self.quit,
            "cputime": lambda words: f"{time.process_time():.3f}",
        }
        self.commands |= moves.commands() | thinking.commands() | GoGuiCommands(session, thinking).commands()

    def quit(self, words: list[str]) -> str:
        self.going = False
        return ""

    def run(self) -> None:
        """Answer until ``quit`` or the end of the input."""
        while self.going and (content := self.session.source.get()) is not None:
            self.obey(content)

    def obey(self, content: bytes) -> None:
        """Answer one line; nothing that a line says ends the conversation, but ``quit``."""
        line = self.session.line = framing.read(content)
        if line.too_long:
            self.session.write(framing.reply(line, f"line too long: {framing.LONGEST} bytes at most", good=False))
        elif line.command not in self.commands:
            if line.command or line.id:
                self.session.write(framing.reply(line, "unknown command", good=False))
        else:
            try:
                answer = self.commands[line.command](line.arguments)
            except (ValueError, OSError, RuntimeError) as error:
                self.session.write(framing.reply(line, sentence(error) or type(error).__name__, good=False))
            except Exception as error:  # an engine that dies takes its user's game along
                traceback.print_exc(file=sys.stderr)
                self.session.write(framing.reply(line, f"internal error: {type(error).__name__}", good=False))
            else:
                if answer is not ENDED:
                    self.session.write(framing.reply(line, answer))

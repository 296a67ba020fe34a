"""GTP's commands of GoGui: rules of any game, and what a player thinks as pictures.

Knows when a session speaks in points. Does not know how a board becomes points (``honte/protocols/gogui.py``).
"""

from __future__ import annotations

from honte.protocols import gogui
from honte.protocols.gtp.analysis_commands import AnalysisCommands, variation_text
from honte.protocols.gtp.session import Command, GtpSession


class GoGuiCommands:
    """The commands, each taking its words and giving its reply; ValueError in words for a ``?``."""

    def __init__(self, session: GtpSession, thinking: AnalysisCommands) -> None:
        self.session, self.thinking = session, thinking

    def commands(self) -> dict[str, Command]:
        found: dict[str, Command] = {
            "gogui-analyze_commands": lambda words: gogui.ANALYZE_COMMANDS,
            "gogui-interrupt": lambda words: "",
            "honte-policy": self.policy,
            "honte-visits": self.visits,
            "honte-search": self.search,
            "honte-variation": self.variation,
            "honte-winrate": self.winrate,
        }
        rules: dict[str, Command] = {
            "game_id": lambda words: gogui.game_id(self.session.board.game),
            "board": lambda words: "\n" + gogui.board(self.session.board.here),
            "board_gfx": lambda words: gogui.board_graphics(self.session.board.here),
            "board_size": lambda words: str(gogui.side(self.session.board.game)),
            "legal_moves": self.legal_moves,
            "side_to_move": lambda words: self.session.board.names[self.session.board.here.to_play],
            "final_result": lambda words: self.session.board.result() or "unknown",
        }
        if gogui.fits(self.session.board.game):
            found |= {f"gogui-rules_{name}": self._spoken(command) for name, command in rules.items()}
        return found

    def _spoken(self, command: Command) -> Command:
        """Who asks for rules speaks in points from now on; in Go they are what everybody writes."""

        def answer(words: list[str]) -> str:
            self.session.points = self.session.board.game.komi is None
            return command(words)

        return answer

    def legal_moves(self, words: list[str]) -> str:
        """Nothing once the game is over; after the first point of a move, those that may follow."""
        here = self.session.board.here
        return "" if here.is_over else " ".join(gogui.legal_points(gogui.moves(here), self.session.chosen))

    def policy(self, words: list[str]) -> str:
        here, analysis = self.thinking.current()
        return "\n" + gogui.heat(here, gogui.moves(here), {c.action: c.prior for c in analysis.candidates})

    def visits(self, words: list[str]) -> str:
        here, analysis = self.thinking.current()
        total = max(1, sum(c.visits for c in analysis.candidates))
        return "\n" + gogui.heat(here, gogui.moves(here), {c.action: c.visits / total for c in analysis.candidates})

    def search(self, words: list[str]) -> str:
        here, analysis = self.thinking.current()
        return gogui.graphics(here, gogui.moves(here), analysis)

    def variation(self, words: list[str]) -> str:
        here, analysis = self.thinking.current()
        actions = analysis.candidates[0].variation
        if not self.session.points:
            return " ".join(variation_text(here, actions))
        points: list[str] = []
        for action in actions:
            points += gogui.moves(here)[action]
            here = here.play(action)
        return " ".join(points)

    def winrate(self, words: list[str]) -> str:
        here, analysis = self.thinking.current()
        return f"{self.session.board.names[here.to_play]} {analysis.winrate:.1%} after {analysis.visits} visits"

"""GTP commands for GoGui: the rules of any game, and the player's analysis as graphics.

Knows when a session writes moves as points. ``honte/protocols/gogui.py`` converts moves to points.
"""

from __future__ import annotations

from honte.analysis.position_analysis import variation_text
from honte.protocols import gogui
from honte.protocols.gtp.analysis_commands import AnalysisCommands
from honte.protocols.gtp.session import Command, GtpSession


class GoGuiCommands:
    """Each command takes its arguments and returns its reply. A ValueError becomes an error reply."""

    def __init__(self, session: GtpSession, analysis_commands: AnalysisCommands) -> None:
        self.session, self.analysis_commands = session, analysis_commands

    def commands(self) -> dict[str, Command]:
        commands: dict[str, Command] = {
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
            "board": lambda words: "\n" + gogui.format_board(self.session.board.position),
            "board_gfx": lambda words: gogui.board_graphics(self.session.board.position),
            "board_size": lambda words: str(gogui.board_size(self.session.board.game)),
            "legal_moves": self.legal_moves,
            "side_to_move": lambda words: self.session.board.names[self.session.board.position.to_play],
            "final_result": lambda words: self.session.board.result() or "unknown",
        }
        if gogui.can_show(self.session.board.game):
            commands |= {f"gogui-rules_{name}": self._use_points(command) for name, command in rules.items()}
        return commands

    def _use_points(self, command: Command) -> Command:
        """A client that asks for the rules writes moves as points from now on. In Go, moves are points anyway."""

        def with_points(words: list[str]) -> str:
            self.session.uses_points = self.session.board.game.komi is None
            return command(words)

        return with_points

    def legal_moves(self, words: list[str]) -> str:
        """The legal points: none once the game is over; after the first point of a move, the points that may follow."""
        position = self.session.board.position
        return (
            ""
            if position.is_over
            else " ".join(gogui.legal_points(gogui.move_points(position), self.session.partial_move))
        )

    def policy(self, words: list[str]) -> str:
        position, analysis = self.analysis_commands.current()
        return "\n" + gogui.format_dboard(
            position, gogui.move_points(position), {c.action: c.prior for c in analysis.candidates}
        )

    def visits(self, words: list[str]) -> str:
        position, analysis = self.analysis_commands.current()
        total = max(1, sum(c.visits for c in analysis.candidates))
        return "\n" + gogui.format_dboard(
            position, gogui.move_points(position), {c.action: c.visits / total for c in analysis.candidates}
        )

    def search(self, words: list[str]) -> str:
        position, analysis = self.analysis_commands.current()
        return gogui.analysis_graphics(position, gogui.move_points(position), analysis)

    def variation(self, words: list[str]) -> str:
        position, analysis = self.analysis_commands.current()
        actions = analysis.candidates[0].variation
        if not self.session.uses_points:
            return " ".join(variation_text(position, actions))
        points: list[str] = []
        for action in actions:
            points += gogui.move_points(position)[action]
            position = position.play(action)
        return " ".join(points)

    def winrate(self, words: list[str]) -> str:
        position, analysis = self.analysis_commands.current()
        return f"{self.session.board.names[position.to_play]} {analysis.winrate:.1%} after {analysis.visits} visits"

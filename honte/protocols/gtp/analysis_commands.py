"""GTP commands that search: ``genmove``, ``genmove_analyze`` and ``analyze``, which runs until the next line arrives.

Knows clocks, interruptions and the analysis lines of Leela Zero and KataGo, which Sabaki reads. Does not know how a
player searches, or how the board keeps moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from agent import random_numbers
from agent.decision import Terms
from agent.player import MoveFollower
from games import Position
from honte.analysis.position_analysis import Analysis, CandidateMove, PositionSearch, endless_budget, variation_text
from honte.protocols import gogui
from honte.protocols.gtp import framing
from honte.protocols.gtp.framing import parse_whole_number
from honte.protocols.gtp.move_commands import MoveCommands
from honte.protocols.gtp.session import ALREADY_WRITTEN, Command, GtpSession, argument

SLOT = 0
REPORT_INTERVAL = 1.0
"""Seconds between analysis lines, unless a command gives another interval."""


class AnalysisRequest(NamedTuple):
    """The arguments of an analysis command."""

    seat: int
    interval: float  # seconds between lines
    min_moves: int  # list at least so many moves, even without visits
    max_moves: int


class AnalyzedPosition(NamedTuple):
    position: Position
    analysis: Analysis


class PlannedMove(NamedTuple):
    """A move of several points of which ``genmove`` has returned the first."""

    ply: int
    points: gogui.Points


class AnalysisCommands:
    """Each command takes its arguments and returns its reply. A ValueError becomes an error reply."""

    def __init__(self, session: GtpSession, moves: MoveCommands) -> None:
        self.session, self.moves = session, moves
        self.last: AnalyzedPosition | None = None
        self.planned = PlannedMove(-1, ())

    def commands(self) -> dict[str, Command]:
        commands: dict[str, Command] = {
            "genmove": lambda words: self.genmove(self._seat(words, "genmove COLOR")),
            "reg_genmove": lambda words: self.genmove(self._seat(words, "reg_genmove COLOR"), play=False),
        }
        for prefix, style in (("", format_kata_move), ("kata-", format_kata_move), ("lz-", format_leela_move)):
            commands[f"{prefix}analyze"] = partial(self.analyze, format_move=style)
            commands[f"{prefix}genmove_analyze"] = partial(self.genmove_analyze, format_move=style)
        return commands

    def _seat(self, words: list[str], usage: str) -> int:
        return self.session.board.seat(argument(words, 0, usage))

    def start_search(self, position: Position, budget: int) -> PositionSearch:
        """A new search from ``position``, where the game is not over."""
        session, player = self.session, self.session.player(position.game)
        if isinstance(player, MoveFollower) and session.board.start is not None:
            raise ValueError(
                f"{session.name} needs the moves of the game, so it cannot play from stones that were set up"
            )
        search = PositionSearch(player, SLOT, position)
        search.begin(
            Terms.of(
                1, budget=budget, keys=random_numbers.make_keys(session.seed, session.num_games, len(position.moves))
            )
        )
        return search

    def genmove(self, seat: int, *, play: bool = True, report: Callable[[PositionSearch], None] | None = None) -> str:
        """Choose a move, and play it on the board unless ``play`` is False."""
        session = self.session
        if session.partial_move and session.uses_points:
            return self._next_point(seat)
        start = time.monotonic()
        session.prepare_player()
        board = session.board
        if board.position.is_over:
            if board.game.komi is not None:
                if play:
                    board.pass_after_end(seat)
                return "pass"
            raise ValueError("the game is over")
        position = board.turn(seat)
        action = self._choose_action(position, seat, start, report)
        session.clock.spend(seat, time.monotonic() - start)
        if not session.uses_points:
            if play:
                board.make_move(position, action)
            return position.game.action_text(action, seat)
        points = gogui.move_points(position)[action]
        if play:
            self.planned = PlannedMove(len(board.seats), points)
            if len(points) == 1:
                board.make_move(position, action)
            else:
                session.partial_move = points[:1]
        return points[0]

    def _next_point(self, seat: int) -> str:
        """Play and return the next point of the partial move: the planned one, if ``genmove`` began this move."""
        session = self.session
        position = session.board.turn(seat)
        points_by_action = gogui.move_points(position)
        following = gogui.legal_points(points_by_action, session.partial_move)
        if not following:
            raise ValueError("illegal move: no legal move begins with the points played so far")
        ply, points = self.planned
        count = len(session.partial_move)
        is_planned = ply == len(session.board.seats) and points[:count] == session.partial_move and len(points) > count
        point = points[count] if is_planned else following[0]
        self.moves.play([session.board.names[seat], point])
        return point

    def _choose_action(
        self, position: Position, seat: int, start: float, report: Callable[[PositionSearch], None] | None
    ) -> int:
        session = self.session
        plies = max(1, position.game.max_plies - len(position.moves))
        seconds = session.clock.seconds_for_move(seat, plies / 3)
        deadline = None if seconds is None else start + seconds
        search = self.start_search(position, -1)
        while search.grow():
            if session.source.interrupted.is_set() or (deadline is not None and time.monotonic() >= deadline):
                break
            if report is not None:
                report(search)
        decisions = search.decide()
        self.last = AnalyzedPosition(position, search.analysis())
        return int(decisions.action[0])

    def genmove_analyze(self, words: list[str], format_move: MoveFormat) -> str:
        """Like ``genmove``, with analysis lines during the search. The reply ends with ``play MOVE``."""
        request = self._parse_request(words)
        self.session.write(framing.reply_start(self.session.command) + "\n")
        self.last = None
        due = time.monotonic() + request.interval

        def report(search: PositionSearch) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + request.interval
                self._write(search, request, format_move)

        try:
            move = self.genmove(request.seat, report=report)
        except (ValueError, RuntimeError) as error:
            self.session.write(f"error {error}\n\n")  # the reply has begun with "=", so the error is part of its text
            return ALREADY_WRITTEN
        if self.last is not None:
            self.session.write(info_line(*self.last, request, format_move))
        self.session.write(f"play {move}\n\n")
        return ALREADY_WRITTEN

    def analyze(self, words: list[str], format_move: MoveFormat) -> str:
        """Search the position and write analysis lines until the next line arrives."""
        session = self.session
        request = self._parse_request(words)
        session.prepare_player()
        position = session.board.turn(request.seat)
        if position.is_over:
            raise ValueError("the game is over")
        search = self.start_search(position, endless_budget(session.player(position.game)))
        session.write(framing.reply_start(session.command) + "\n")
        due = time.monotonic() + request.interval
        while search.grow() and not session.source.pending:
            if time.monotonic() >= due:
                due += request.interval
                self._write(search, request, format_move)
        search.decide()
        self.last = AnalyzedPosition(position, search.analysis())
        session.write(info_line(*self.last, request, format_move))
        session.source.wait()
        session.write("\n")
        return ALREADY_WRITTEN

    def _write(self, search: PositionSearch, request: AnalysisRequest, format_move: MoveFormat) -> None:
        analysis = search.analysis()
        if analysis.candidates:
            self.session.write(info_line(search.position, analysis, request, format_move))

    def _parse_request(self, words: list[str]) -> AnalysisRequest:
        """``[COLOR] [CENTISECONDS] [interval CS] [minmoves N] [maxmoves N]``; other pairs of KataGo's are ignored."""
        rest = list(words)
        seat = self.session.board.position.to_play
        if rest and not rest[0].isdecimal() and rest[0] not in REQUEST_KEYS:
            seat = self.session.board.seat(rest.pop(0))
        numbers = {"interval": round(100 * REPORT_INTERVAL), "minmoves": 0, "maxmoves": 10**6}
        if rest and rest[0].isdecimal():
            rest = ["interval", *rest]
        for key, value in zip(rest[::2], [*rest[1::2], ""], strict=False):
            if key not in REQUEST_KEYS:
                raise ValueError(f"syntax error: {key!r} is not known; write one of {', '.join(REQUEST_KEYS)}")
            if key in numbers:
                numbers[key] = parse_whole_number(value, key, high=10**6)
        return AnalysisRequest(seat, max(0.01, numbers["interval"] / 100), numbers["minmoves"], numbers["maxmoves"])

    def current(self) -> AnalyzedPosition:
        """The analysis of the board as it is: the last one if it is of this position, else a new one."""
        self.session.prepare_player()
        position = self.session.board.position
        if position.is_over:
            raise ValueError("the game is over")
        if self.last is None or self.last[0] is not position:
            search = self.start_search(position, -1)
            while search.grow():
                pass
            search.decide()
            self.last = AnalyzedPosition(position, search.analysis())
        return self.last


REQUEST_KEYS = ("interval", "minmoves", "maxmoves", "ownership", "movesOwnership", "pvVisits", "rootInfo")

MoveFormat = Callable[[CandidateMove, int], str]
"""Formats one move, given its rank."""


def format_kata_move(candidate: CandidateMove, order: int) -> str:
    """One move in KataGo's format, with rates from 0 to 1."""
    rate, prior, lcb = candidate.winrate, candidate.prior, candidate.lcb
    rates = f"utility {2 * rate - 1:.6f} winrate {rate:.6f} prior {prior:.6f} lcb {lcb:.6f}"
    return f"visits {candidate.visits} {rates} order {order}"


def format_leela_move(candidate: CandidateMove, order: int) -> str:
    """One move in Leela Zero's format, with rates from 0 to 10000."""
    rate, prior, lcb = (round(10_000 * share) for share in (candidate.winrate, candidate.prior, candidate.lcb))
    return f"visits {candidate.visits} winrate {rate} prior {prior} lcb {lcb} order {order}"


def info_line(position: Position, analysis: Analysis, request: AnalysisRequest, format_move: MoveFormat) -> str:
    """The analysis line: all moves with visits, within the numbers of moves that the request sets."""
    visited = [c for c in analysis.candidates if c.visits]
    min_moves = max(1, request.min_moves)
    shown = visited if len(visited) >= min_moves else analysis.candidates[:min_moves]
    words = []
    for order, candidate in enumerate(shown[: request.max_moves]):
        line = variation_text(position, candidate.variation)
        words.append(f"info move {line[0]} {format_move(candidate, order)} pv {' '.join(line)}")
    return " ".join(words) + "\n" if words else ""

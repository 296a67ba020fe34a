"""GTP's commands that make the player think: moves, moves with what was thought, and analysis until somebody types.

Knows clocks, interruptions and the lines in which thoughts are told (as Leela Zero and KataGo do, which Sabaki reads).
Does not know how a player thinks, nor how a move gets onto the board.
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
from honte.analysis.position_analysis import Analysis, CandidateMove, PositionThinking, endless
from honte.protocols import gogui
from honte.protocols.gtp import framing
from honte.protocols.gtp.framing import parse_whole_number
from honte.protocols.gtp.move_commands import MoveCommands
from honte.protocols.gtp.session import ENDED, Command, GtpSession, word

SLOT = 0
EVERY = 1.0
"""Seconds between reports unless a command says otherwise."""


class AnalysisRequest(NamedTuple):
    """What an analysis was asked for."""

    seat: int
    every: float  # seconds
    least: int  # moves told, even without visits
    most: int


class AnalysisCommands:
    """The commands, each taking its words and giving its reply; ValueError in words for a ``?``."""

    def __init__(self, session: GtpSession, moves: MoveCommands) -> None:
        self.session, self.moves = session, moves
        self.last: tuple[Position, Analysis] | None = None

    def commands(self) -> dict[str, Command]:
        found: dict[str, Command] = {
            "genmove": lambda words: self.genmove(self._seat(words, "genmove COLOR")),
            "reg_genmove": lambda words: self.genmove(self._seat(words, "reg_genmove COLOR"), keep=False),
        }
        for prefix, tell in (("", kata_line), ("kata-", kata_line), ("lz-", leela_line)):
            found[f"{prefix}analyze"] = partial(self.analyze, tell=tell)
            found[f"{prefix}genmove_analyze"] = partial(self.genmove_analyze, tell=tell)
        return found

    def _seat(self, words: list[str], usage: str) -> int:
        return self.session.board.seat(word(words, 0, usage))

    def thought(self, here: Position, budget: int) -> PositionThinking:
        """A search begun at ``here``, which is not over."""
        session, player = self.session, self.session.player(here.game)
        if isinstance(player, MoveFollower) and session.board.start is not None:
            raise ValueError(f"{session.name} is told moves only: it cannot think about stones that were set up")
        thought = PositionThinking(player, SLOT, here)
        thought.begin(
            Terms.of(1, budget=budget, keys=random_numbers.make_keys(session.seed, session.count, len(here.moves)))
        )
        return thought

    def genmove(self, seat: int, *, keep: bool = True, report: Callable[[PositionThinking], None] | None = None) -> str:
        """The move, played on the board unless it is only asked for (``keep``)."""
        session = self.session
        if session.chosen and session.points:
            return self._rest(seat)
        began = time.monotonic()
        session.ready()
        board = session.board
        if board.here.is_over:
            if board.game.komi is not None:
                if keep:
                    board.pass_after_end(seat)
                return "pass"
            raise ValueError("the game is over")
        here = board.turn(seat)
        action = self._decided(here, seat, began, report)
        session.clock.spend(seat, time.monotonic() - began)
        if not session.points:
            if keep:
                board.make(here, action)
            return here.game.action_text(action, seat)
        points = gogui.moves(here)[action]
        if keep:
            self.planned = (len(board.seats), points)
            if len(points) == 1:
                board.make(here, action)
            else:
                session.chosen = points[:1]
        return points[0]

    planned: tuple[int, gogui.Points] = (-1, ())  # the ply and the points of the move that genmove has begun to say

    def _rest(self, seat: int) -> str:
        """The next point of a move of several that is under way: the planned one, where there is a plan."""
        session = self.session
        here = session.board.turn(seat)
        known = gogui.moves(here)
        following = gogui.legal_points(known, session.chosen)
        if not following:
            raise ValueError("illegal move: the move under way cannot be ended")
        ply, points = self.planned
        count = len(session.chosen)
        planned = ply == len(session.board.seats) and points[:count] == session.chosen and len(points) > count
        chosen = points[count] if planned else following[0]
        self.moves.play([session.board.names[seat], chosen])
        return chosen

    def _decided(
        self, here: Position, seat: int, began: float, report: Callable[[PositionThinking], None] | None
    ) -> int:
        session = self.session
        plies = max(1, here.game.max_plies - len(here.moves))
        seconds = session.clock.seconds(seat, plies / 3)
        deadline = None if seconds is None else began + seconds
        thought = self.thought(here, -1)
        while thought.grow():
            if session.source.interrupted.is_set() or (deadline is not None and time.monotonic() >= deadline):
                break
            if report is not None:
                report(thought)
        decisions = thought.decide()
        self.last = here, thought.analysis()
        return int(decisions.action[0])

    def genmove_analyze(self, words: list[str], tell: Tell) -> str:
        """Like genmove, with lines about it while it is sought; the reply ends with ``play MOVE``."""
        wish = self._wish(words)
        self.session.write(framing.head(self.session.line) + "\n")
        self.last = None
        due = time.monotonic() + wish.every

        def report(thought: PositionThinking) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + wish.every
                self._write(thought, wish, tell)

        try:
            move = self.genmove(wish.seat, report=report)
        except (ValueError, RuntimeError) as error:
            self.session.write(f"error {error}\n\n")  # the reply has begun; it can fail in words only
            return ENDED
        if self.last is not None:
            self.session.write(info_line(*self.last, wish, tell))
        self.session.write(f"play {move}\n\n")
        return ENDED

    def analyze(self, words: list[str], tell: Tell) -> str:
        """Think on and on about the position and tell, until anything arrives."""
        session = self.session
        wish = self._wish(words)
        session.ready()
        here = session.board.turn(wish.seat)
        if here.is_over:
            raise ValueError("the game is over")
        thought = self.thought(here, endless(session.player(here.game)))
        session.write(framing.head(session.line) + "\n")
        due = time.monotonic() + wish.every
        while thought.grow() and not session.source.pending:
            if time.monotonic() >= due:
                due += wish.every
                self._write(thought, wish, tell)
        thought.decide()
        self.last = here, thought.analysis()
        session.write(info_line(*self.last, wish, tell))
        session.source.wait()
        session.write("\n")
        return ENDED

    def _write(self, thought: PositionThinking, wish: AnalysisRequest, tell: Tell) -> None:
        analysis = thought.analysis()
        if analysis.candidates:
            self.session.write(info_line(thought.here, analysis, wish, tell))

    def _wish(self, words: list[str]) -> AnalysisRequest:
        """``[COLOR] [CENTISECONDS] [interval CS] [minmoves N] [maxmoves N]``; KataGo's other pairs are passed over."""
        rest = list(words)
        seat = self.session.board.here.to_play
        if rest and not rest[0].isdecimal() and rest[0] not in KEYS:
            seat = self.session.board.seat(rest.pop(0))
        found = {"interval": round(100 * EVERY), "minmoves": 0, "maxmoves": 10**6}
        if rest and rest[0].isdecimal():
            rest = ["interval", *rest]
        for key, value in zip(rest[::2], [*rest[1::2], ""], strict=False):
            if key not in KEYS:
                raise ValueError(f"syntax error: {key!r} is not known; there are {', '.join(KEYS)}")
            if key in found:
                found[key] = parse_whole_number(value, key, high=10**6)
        return AnalysisRequest(seat, max(0.01, found["interval"] / 100), found["minmoves"], found["maxmoves"])

    def current(self) -> tuple[Position, Analysis]:
        """What is thought of the board as it stands: the last thoughts where they are about it, else new ones."""
        self.session.ready()
        here = self.session.board.here
        if here.is_over:
            raise ValueError("the game is over")
        if self.last is None or self.last[0] is not here:
            thought = self.thought(here, -1)
            while thought.grow():
                pass
            thought.decide()
            self.last = here, thought.analysis()
        return self.last


KEYS = ("interval", "minmoves", "maxmoves", "ownership", "movesOwnership", "pvVisits", "rootInfo")

Tell = Callable[[CandidateMove, int], str]


def kata_line(candidate: CandidateMove, order: int) -> str:
    """One move as KataGo tells it: shares from 0 to 1."""
    rate, prior, lcb = candidate.winrate, candidate.prior, candidate.lcb
    shares = f"utility {2 * rate - 1:.6f} winrate {rate:.6f} prior {prior:.6f} lcb {lcb:.6f}"
    return f"visits {candidate.visits} {shares} order {order}"


def leela_line(candidate: CandidateMove, order: int) -> str:
    """One move as Leela Zero tells it: shares from 0 to 10000."""
    rate, prior, lcb = (round(10_000 * share) for share in (candidate.winrate, candidate.prior, candidate.lcb))
    return f"visits {candidate.visits} winrate {rate} prior {prior} lcb {lcb} order {order}"


def info_line(here: Position, analysis: Analysis, wish: AnalysisRequest, tell: Tell) -> str:
    """One line about all moves that were looked at."""
    visited = [c for c in analysis.candidates if c.visits]
    least = max(1, wish.least)
    shown = visited if len(visited) >= least else analysis.candidates[:least]
    words = []
    for order, candidate in enumerate(shown[: wish.most]):
        line = variation_text(here, candidate.variation)
        words.append(f"info move {line[0]} {tell(candidate, order)} pv {' '.join(line)}")
    return " ".join(words) + "\n" if words else ""


def variation_text(here: Position, actions: tuple[int, ...]) -> list[str]:
    """A variation as people write it."""
    for action in actions:
        here = here.play(action)
    return list(here.line[-len(actions) :])

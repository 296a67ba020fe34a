"""UGI, the Universal Game Interface, for tournament managers such as cutegames.

Knows the commands and clocks of the protocol. Does not know how a player searches. UGI is UCI for any game of two
players (ugi.md of cutegames): a position is a list of moves from the initial one, and the manager asks the engine whose
turn it is, whether the game is over and who has won, so that it needs no rules.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import honte
from agent import random_numbers
from agent.decision import Terms
from agent.player import Player
from games import Game, Position
from games import position as initial_position
from honte.analysis.position_analysis import Analysis, PositionSearch, endless_budget, variation_text
from honte.number_text import parse_digits
from honte.protocols.gtp.framing import LineReader, Write

SLOT = 0
NO_MOVE = "0000"
LIMITS = ("movetime", "nodes", "depth", "p1time", "p2time", "p1inc", "p2inc")
REPORT_INTERVAL = 1.0
"""Seconds between ``info`` lines during a search."""
MAX_LIMIT = 10**9
"""Larger numbers after ``go`` count as this one."""
LAG = 0.02
"""Seconds of each move that are reserved for pipes and for the last round of a search."""


class UgiCommandLoop:
    """Answers commands until ``quit``. The answer to a wrong command is an ``info string`` line."""

    def __init__(
        self, game: Game, player: Player, name: str, source: LineReader, write: Write, *, seed: int = 0
    ) -> None:
        self.game, self.player, self.name, self.source, self.write, self.seed = game, player, name, source, write, seed
        self.position = initial_position(game)
        self.num_games = 0  # games started so far
        self.running = True
        self.queued: deque[bytes] = deque()  # lines that arrived during a search; they are answered after it
        self.unseen: deque[bytes] = deque()  # those of them that the running search has not checked for ``stop``
        self.commands: dict[str, Callable[[list[str]], None]] = {
            "ugi": self.greet,
            "isready": lambda words: self.say("readyok"),
            "uginewgame": self.new_game,
            "setoption": lambda words: None,  # there are no options
            "position": self.set_position,
            "go": self.go,
            "stop": lambda words: None,  # no search is running
            "query": self.query,
            "quit": self.quit,
        }

    def say(self, text: str) -> None:
        self.write(text + "\n")

    def run(self) -> None:
        """Answer until ``quit`` or the end of the input."""
        while self.running and (content := self._next_line()) is not None:
            self.run_line(content)

    def _next_line(self) -> bytes | None:
        return self.queued.popleft() if self.queued else self.source.get()

    def run_line(self, content: bytes) -> None:
        """Answer one line. No error ends the loop; only the command ``quit`` does."""
        words = content[: self.source.max_bytes].decode("utf-8", "replace").split()
        if not words:
            return
        if words[0] not in self.commands:
            self.say(f"info string unknown command {words[0][:40]!r}")
            return
        try:
            self.commands[words[0]](words[1:])
        except (ValueError, RuntimeError) as error:
            self.say(f"info string {' '.join(str(error).split())}")

    def greet(self, words: list[str]) -> None:
        self.say(f"id name honte {honte.__version__} {self.name}\nid author the honte authors\nugiok")

    def new_game(self, words: list[str]) -> None:
        self.num_games += 1
        self.position = initial_position(self.game)

    def quit(self, words: list[str]) -> None:
        self.running = False

    def set_position(self, words: list[str]) -> None:
        """``startpos [moves MOVE ...]``. ValueError for another start or an illegal move."""
        if words[:1] != ["startpos"] or words[1:2] not in ([], ["moves"]):
            raise ValueError("write a position as: position startpos moves MOVE ...")
        moves, old_moves = words[2:], list(self.position.line)
        continues = moves[: len(old_moves)] == old_moves  # usually: then only the new moves are played
        position, rest = (self.position, moves[len(old_moves) :]) if continues else (initial_position(self.game), moves)
        self.position = position.play(" ".join(rest)) if rest else position

    def query(self, words: list[str]) -> None:
        """``query p1turn | gameover | result``. ValueError for another query."""
        position = self.position
        answers: dict[str, Callable[[], str]] = {
            "p1turn": lambda: str(position.to_play == 0).lower(),
            "gameover": lambda: str(position.is_over).lower(),
            "result": lambda: "none" if not position.is_over else ("p1win", "p2win", "draw")[_winner(position)],
        }
        if words[:1] == [] or words[0] not in answers:
            raise ValueError(f"write query and one of {', '.join(answers)}")
        self.say(f"response {answers[words[0]]()}")

    def go(self, words: list[str]) -> None:
        """Search within the given limits or until ``stop``, and write the best move.

        With ``infinite`` the search ends only at ``stop``, ``quit`` or the end of the input.
        """
        self.unseen, self.queued = self.queued, deque()
        try:
            self._search(words)
        finally:
            self.queued += self.unseen
            self.unseen.clear()

    def _search(self, words: list[str]) -> None:
        start = time.monotonic()
        limits = self._parse_limits(words)
        infinite = "infinite" in words
        if self.position.is_over:
            self._wait_for_stop(infinite)
            self.say(f"bestmove {NO_MOVE}")
            return
        seconds = None if infinite else self._seconds_for_move(limits)
        keys = random_numbers.make_keys(self.seed, self.num_games, len(self.position.moves))
        search = PositionSearch(self.player, SLOT, self.position)
        budget = limits.get("nodes", endless_budget(self.player) if infinite else -1)
        search.begin(Terms.of(1, budget=budget, keys=keys))
        stopped, next_report = False, start + REPORT_INTERVAL
        while not stopped and search.grow():
            stopped, now = self._stopped(infinite), time.monotonic()
            if seconds is not None and now - start >= seconds:
                break
            if now >= next_report:
                next_report = now + REPORT_INTERVAL
                self._write_info(search.analysis(), now - start)
        action = int(search.decide().action[0])
        self._wait_for_stop(infinite and not stopped)
        self._write_info(search.analysis(), time.monotonic() - start)
        self.say(f"bestmove {self.game.action_text(action, self.position.to_play)}")

    def _wait_for_stop(self, infinite: bool) -> None:
        """With ``infinite``, wait for ``stop``: the search has ended before it came."""
        while infinite and not self._stopped(infinite):
            self.source.wait()

    def _parse_limits(self, words: list[str]) -> dict[str, int]:
        """The numbers after ``go``. An unknown word is ignored; ValueError where a number is missing."""
        limits: dict[str, int] = {}
        rest = deque(words)
        while rest:
            name = rest.popleft()
            if name in LIMITS:
                limits[name] = _parse_limit(name, rest.popleft() if rest else "")
            elif name != "infinite":
                self.say(f"info string go {name[:40]} is not known and was ignored")
        return limits

    def _seconds_for_move(self, limits: dict[str, int]) -> float | None:
        """Seconds for this move; None without a time limit."""
        if "movetime" in limits:
            return max(0.001, limits["movetime"] / 1000 - LAG)
        seat = f"p{self.position.to_play + 1}"
        if f"{seat}time" not in limits:
            return None
        left, more = limits[f"{seat}time"] / 1000, limits.get(f"{seat}inc", 0) / 1000
        moves = max(10.0, (self.game.max_plies - len(self.position.moves)) / 3)
        return max(0.001, min(left / 2, left / moves + more) - LAG)

    def _stopped(self, infinite: bool) -> bool:
        """Whether a line that arrived during the search ends it.

        ``isready`` is answered at once, ``stop`` and ``quit`` end the search, all other lines are queued. The end of
        the input ends only an infinite search. A ``stop`` after a queued ``go`` belongs to that
        ``go``, unless the running search is infinite: nothing else could end it.
        """
        while (content := self._next_unseen()) is not None:
            word = content.split()[:1]
            if word == [b"isready"]:
                self.say("readyok")
            elif word == [b"quit"]:
                self.running = False
                return True
            elif word == [b"stop"] and (infinite or not any(line.split()[:1] == [b"go"] for line in self.queued)):
                return True
            elif word:
                self.queued.append(content)
        return infinite and self.source.ended

    def _next_unseen(self) -> bytes | None:
        """The next line that the running search has not checked; None if there is none."""
        if self.unseen:
            return self.unseen.popleft()
        return self.source.get() if self.source.pending and not self.source.ended else None

    def _write_info(self, analysis: Analysis, seconds: float) -> None:
        """Write the best move so far. A score of 100 centipawns is a won game."""
        best = analysis.candidates[0] if analysis.candidates else None
        if best is not None:
            line = variation_text(self.position, best.variation)
            score = round(100 * (2 * best.winrate - 1))
            self.say(f"info nodes {analysis.visits} time {1000 * seconds:.0f} score cp {score} pv {' '.join(line)}")


def _winner(position: Position) -> int:
    """0 or 1, the player who has won; 2 for a draw."""
    outcome = position.outcome
    return 2 if not outcome else 0 if outcome > 0 else 1


def _parse_limit(name: str, text: str) -> int:
    """A whole number. A negative one, such as the time of a clock that has run out, counts as 0."""
    value = parse_digits(text.removeprefix("-"), 20)
    if value is None:
        raise ValueError(f"go {name} {text[:40]}: a whole number must follow {name}")
    return 0 if text.startswith("-") else min(value, MAX_LIMIT)

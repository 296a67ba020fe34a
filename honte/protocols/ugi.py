"""UGI, the Universal Game Interface: a conversation about one game with a tournament manager such as cutegames.

Knows the protocol's commands and clocks. Does not know how a player thinks. The protocol is UCI made general for any
game of two players (ugi.md of cutegames): positions come as moves from the first one, and the engine is asked whose
turn it is, whether the game is over and who has won, so that a manager needs no rules.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import honte
from agent import random_numbers
from agent.decision import Terms
from agent.player import Player
from games import Game, Position, position
from honte.analysis.position_analysis import Analysis, PositionThinking, endless
from honte.protocols.gtp.framing import LineReader, Write

SLOT = 0
NO_MOVE = "0000"
LIMITS = ("movetime", "nodes", "depth", "p1time", "p2time", "p1inc", "p2inc")
EVERY = 1.0
"""Seconds between lines about a search under way."""
MOST = 10**9
"""The largest number behind ``go`` that makes a difference."""
LAG = 0.02
"""Seconds of a move's time kept back for what is not thinking."""


class UgiConversation:
    """One conversation. What a line asks for and cannot have is said in an ``info string``; the next one is read."""

    def __init__(
        self, game: Game, player: Player, name: str, source: LineReader, write: Write, *, seed: int = 0
    ) -> None:
        self.game, self.player, self.name, self.source, self.write, self.seed = game, player, name, source, write, seed
        self.here = position(game)
        self.count = 0  # games begun
        self.going = True
        self.queued: deque[bytes] = deque()  # lines that came during a search and are answered after it
        self.unseen: deque[bytes] = deque()  # those of them that the next search has still to look at
        self.commands: dict[str, Callable[[list[str]], None]] = {
            "ugi": self.greet,
            "isready": lambda words: self.say("readyok"),
            "uginewgame": self.begin,
            "setoption": lambda words: None,  # there is none
            "position": self.place,
            "go": self.go,
            "stop": lambda words: None,  # nothing is being thought about
            "query": self.answer,
            "quit": self.quit,
        }

    def say(self, text: str) -> None:
        self.write(text + "\n")

    def run(self) -> None:
        """Answer until ``quit`` or the end of the input."""
        while self.going and (content := self._next_line()) is not None:
            self.obey(content)

    def _next_line(self) -> bytes | None:
        return self.queued.popleft() if self.queued else self.source.get()

    def obey(self, content: bytes) -> None:
        """Answer one line; nothing that a line says ends the conversation, but ``quit``."""
        words = content[: self.source.longest].decode("utf-8", "replace").split()
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

    def begin(self, words: list[str]) -> None:
        self.count += 1
        self.here = position(self.game)

    def quit(self, words: list[str]) -> None:
        self.going = False

    def place(self, words: list[str]) -> None:
        """``startpos [moves MOVE ...]``. ValueError for another beginning, or a move that is not legal."""
        if words[:1] != ["startpos"] or words[1:2] not in ([], ["moves"]):
            raise ValueError("positions are given as: position startpos moves MOVE ...")
        moves, known = words[2:], list(self.here.line)
        follows = moves[: len(known)] == known  # as in every game that goes on
        here, rest = (self.here, moves[len(known) :]) if follows else (position(self.game), moves)
        self.here = here.play(" ".join(rest)) if rest else here

    def answer(self, words: list[str]) -> None:
        """``query p1turn | gameover | result``. ValueError for another question."""
        here = self.here
        known: dict[str, Callable[[], str]] = {
            "p1turn": lambda: str(here.to_play == 0).lower(),
            "gameover": lambda: str(here.is_over).lower(),
            "result": lambda: "none" if not here.is_over else ("p1win", "p2win", "draw")[_winner(here)],
        }
        if words[:1] == [] or words[0] not in known:
            raise ValueError(f"query one of {', '.join(known)}")
        self.say(f"response {known[words[0]]()}")

    def go(self, words: list[str]) -> None:
        """Think within the limits that are given, until ``stop`` at the latest, and tell the best move.

        With ``infinite`` only ``stop``, ``quit`` and the end of the input bring the answer.
        """
        self.unseen, self.queued = self.queued, deque()
        try:
            self._think(words)
        finally:
            self.queued += self.unseen
            self.unseen.clear()

    def _think(self, words: list[str]) -> None:
        began = time.monotonic()
        limits = self._limits(words)
        infinite = "infinite" in words
        if self.here.is_over:
            self._wait_for_stop(infinite)
            self.say(f"bestmove {NO_MOVE}")
            return
        seconds = None if infinite else self._seconds(limits)
        keys = random_numbers.make_keys(self.seed, self.count, len(self.here.moves))
        thought = PositionThinking(self.player, SLOT, self.here)
        budget = limits.get("nodes", endless(self.player) if infinite else -1)
        thought.begin(Terms.of(1, budget=budget, keys=keys))
        stopped, due = False, began + EVERY
        while not stopped and thought.grow():
            stopped, now = self._stopped(infinite), time.monotonic()
            if seconds is not None and now - began >= seconds:
                break
            if now >= due:
                due = now + EVERY
                self._tell(thought.analysis(), now - began)
        action = int(thought.decide().action[0])
        self._wait_for_stop(infinite and not stopped)
        self._tell(thought.analysis(), time.monotonic() - began)
        self.say(f"bestmove {self.game.action_text(action, self.here.to_play)}")

    def _wait_for_stop(self, infinite: bool) -> None:
        """With ``infinite``, wait for what ends the search: it has nothing left to think about."""
        while infinite and not self._stopped(infinite):
            self.source.wait()

    def _limits(self, words: list[str]) -> dict[str, int]:
        """The numbers behind ``go``; a word that is none of the protocol's is passed over. ValueError for no number."""
        found: dict[str, int] = {}
        rest = deque(words)
        while rest:
            name = rest.popleft()
            if name in LIMITS:
                found[name] = _whole(name, rest.popleft() if rest else "")
            elif name != "infinite":
                self.say(f"info string go {name[:40]} is not known and was passed over")
        return found

    def _seconds(self, limits: dict[str, int]) -> float | None:
        """How long this move may take; None without a limit of time."""
        if "movetime" in limits:
            return max(0.001, limits["movetime"] / 1000 - LAG)
        seat = f"p{self.here.to_play + 1}"
        if f"{seat}time" not in limits:
            return None
        left, more = limits[f"{seat}time"] / 1000, limits.get(f"{seat}inc", 0) / 1000
        moves = max(10.0, (self.game.max_plies - len(self.here.moves)) / 3)
        return max(0.001, min(left / 2, left / moves + more) - LAG)

    def _stopped(self, infinite: bool) -> bool:
        """Whether what arrived meanwhile ends the thinking.

        ``isready`` is answered at once, ``stop`` and ``quit`` end the search, all other lines wait until it is over.
        The end of the input ends an infinite search only. A ``stop`` that follows a ``go`` which waits is meant for
        that one, unless nothing else could end the search under way.
        """
        while (content := self._arrived()) is not None:
            word = content.split()[:1]
            if word == [b"isready"]:
                self.say("readyok")
            elif word == [b"quit"]:
                self.going = False
                return True
            elif word == [b"stop"] and (infinite or not any(line.split()[:1] == [b"go"] for line in self.queued)):
                return True
            elif word:
                self.queued.append(content)
        return infinite and self.source.ended

    def _arrived(self) -> bytes | None:
        """The next line that the search under way has not seen; None without one."""
        if self.unseen:
            return self.unseen.popleft()
        return self.source.get() if self.source.pending and not self.source.ended else None

    def _tell(self, analysis: Analysis, seconds: float) -> None:
        """What is known of the best move. A score of 100 centipawns is a whole won game."""
        best = analysis.candidates[0] if analysis.candidates else None
        if best is not None:
            line, here = list[str](), self.here
            for action in best.variation:
                line.append(self.game.action_text(action, here.to_play))
                here = here.play(action)
            score = round(100 * (2 * best.winrate - 1))
            self.say(f"info nodes {analysis.visits} time {1000 * seconds:.0f} score cp {score} pv {' '.join(line)}")


def _winner(here: Position) -> int:
    """0 and 1 the players, 2 a draw."""
    outcome = here.outcome
    return 2 if not outcome else 0 if outcome > 0 else 1


def _whole(name: str, text: str) -> int:
    """A whole number; one below 0, such as the time of a clock that has run out, counts as 0."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 20):
        raise ValueError(f"go {name} {text[:40]}: {name} is one of {', '.join(LIMITS)}, each with a whole number")
    return 0 if text.startswith("-") else min(int(text), MOST)

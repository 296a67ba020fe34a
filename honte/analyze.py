"""``honte analyze``: questions about positions as JSON lines, thought about many at once, answers as JSON lines.

Knows the fields of a question and of an answer, which are KataGo's (its docs/Analysis_Engine.md), and who comes next.
Does not know streams of the operating system, flags or how a player thinks. Winrates are those of who is to play.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import honte
from agent import chance
from agent.decision import Terms
from agent.gtp_player import colours, is_go, komi
from agent.player import Player
from agent.search import Search
from games import Game, Position, position
from honte.analysis import Analysis, Thought, of_decisions, of_search
from honte.gtp_board import GtpBoard
from honte.gtp_thinking import texts
from honte.questions import Answer, FieldError, flag, id_of, number, numbers, seconds, whole_object

KNOWN = (
    "id",
    "moves",
    "initialPlayer",
    "rules",
    "komi",
    "boardXSize",
    "boardYSize",
    "analyzeTurns",
    "maxVisits",
    "includePolicy",
    "includePVVisits",
    "reportDuringSearchEvery",
    "priority",
    "priorities",
    "action",
    "terminateId",
    "turnNumbers",
)
PASSED_OVER = (
    "overrideSettings",
    "includeOwnership",
    "includeMovesOwnership",
    "whiteHandicapBonus",
    "rootPolicyTemperature",
)
ACTIONS = ("query_version", "clear_cache", "terminate", "terminate_all")
RULES = ("tromp-taylor", "trompTaylor", "tromptaylor")


@dataclass
class Job:
    """One position of a question."""

    id: str
    turn: int
    here: Position
    budget: int  # simulations; below 0: the player's own number
    include_policy: bool
    include_visits: bool
    every: float | None  # seconds between reports
    priority: int
    due: float = 0.0
    thought: Thought | None = field(default=None, repr=False)


class Analyst:
    """Takes lines by ``ask`` and thinks by ``work``; ``write`` gets every answer."""

    def __init__(
        self, game: Game, player: Player, *, num_slots: int, write: Callable[[Answer], None], seed: int = 0
    ) -> None:
        """``player`` has ``num_slots`` slots: so many positions are thought about at once."""
        self.game, self.player, self.write, self.seed = game, player, write, seed
        self.waiting: list[Job] = []
        self.slots: list[Job | None] = [None] * num_slots
        self.most = player.trees.capacity - 2 if isinstance(player, Search) else 0

    @property
    def idle(self) -> bool:
        return not self.waiting and all(job is None for job in self.slots)

    def ask(self, line: str) -> None:
        """A question: it is queued, or an answer says at once what is wrong with it."""
        name: Any = None
        try:
            question = whole_object(line)
            name = question.get("id")
            if "action" in question:
                self.write(self._act(question))
                return
            jobs = self._jobs(question)
        except FieldError as error:
            named = {"id": name} if isinstance(name, str) else {}
            self.write({"error": str(error), "field": error.name, **named})
        except ValueError as error:
            self.write({"error": str(error)})
        else:
            for key in question:
                if key not in KNOWN:
                    why = (
                        "is not supported and was passed over"
                        if key in PASSED_OVER
                        else "is not known and was passed over"
                    )
                    self.write({"warning": f"{key[:64]!r} {why}", "field": key[:64], "id": jobs[0].id})
            self.waiting += jobs
            self.waiting.sort(key=lambda job: -job.priority)  # stable: earlier questions first

    def work(self) -> None:
        """Think a little: fill free slots, one round of simulations, answer what is ready."""
        self._fill()
        if all(job is None for job in self.slots):
            return
        if isinstance(self.player, Search):
            if self.player.grow():
                self._report()
                return
        slots, decisions = self.player.decide()
        for i, slot in enumerate(slots.tolist()):
            job = self.slots[slot]
            if job is None:
                continue
            one = decisions.rows(np.array([i]))
            found = of_search(self.player, slot, one) if isinstance(self.player, Search) else of_decisions(one)
            self.write(self._answer(job, found, during=False))
            self.slots[slot] = None

    def _fill(self) -> None:
        for slot, held in enumerate(self.slots):
            if held is not None or not self.waiting:
                continue
            job = self.waiting.pop(0)
            job.thought = Thought(self.player, slot, job.here)
            if job.every is not None:
                job.due = time.monotonic() + job.every
            if isinstance(self.player, Search):
                self.player.forget(slot)  # another question's tree is none of this one's
            job.thought.begin(Terms.of(1, budget=job.budget, keys=chance.keys(self.seed, 0, len(job.here.moves))))
            self.slots[slot] = job

    def _report(self) -> None:
        now = time.monotonic()
        for job in self.slots:
            if job is not None and job.every is not None and job.thought is not None and now >= job.due:
                job.due = now + job.every
                self.write(self._answer(job, job.thought.analysis(), during=True))

    def _act(self, question: Answer) -> Answer:
        action = question["action"]
        if action not in ACTIONS:
            raise FieldError("action", f"action is {str(action)[:64]!r}; there are {', '.join(ACTIONS)}")
        answer = {"id": id_of(question), "action": action}
        if action == "query_version":
            return answer | {"version": honte.__version__, "game": self.game.name}
        if action == "clear_cache":
            return answer
        turns = question.get("turnNumbers")
        if action == "terminate":
            wanted = question.get("terminateId")
            if not isinstance(wanted, str):
                raise FieldError("terminateId", "terminateId is missing; write the id of the question to end")
        else:
            wanted = None
        self._terminate(wanted, turns if isinstance(turns, list) else None)
        return answer | ({"terminateId": wanted} if wanted is not None else {})

    def _terminate(self, name: str | None, turns: list[Any] | None) -> None:
        """End what goes by ``name`` (all without one): positions under way are answered as far as they have come."""

        def meant(job: Job) -> bool:
            return (name is None or job.id == name) and (turns is None or job.turn in turns)

        for job in [job for job in self.waiting if meant(job)]:
            self.waiting.remove(job)
            self.write({"id": job.id, "turnNumber": job.turn, "isDuringSearch": False, "noResults": True})
        for slot, under_way in enumerate(self.slots):
            if under_way is not None and meant(under_way) and isinstance(self.player, Search):
                self.player.hurry(slot)

    def _jobs(self, question: Answer) -> list[Job]:
        """The positions that a question is about. FieldError for a field that is not right."""
        name = id_of(question)
        self._check_game(question)
        path = self._path(question)
        turns = numbers(question, "analyzeTurns", [len(path) - 1], high=len(path) - 1)
        priorities = [number(question, "priority", 0, low=-(2**31), high=2**31)] * len(turns)
        if "priorities" in question:
            priorities = numbers(question, "priorities", [], low=-(2**31), high=2**31)
            if len(priorities) != len(turns):
                raise FieldError(
                    "priorities", f"priorities has {len(priorities)} numbers; analyzeTurns has {len(turns)}"
                )
        visits = number(question, "maxVisits", 0, low=1, high=2**31) if "maxVisits" in question else None
        if visits is not None and self.most and visits - 1 > self.most:
            raise FieldError("maxVisits", f"maxVisits is {visits}; {self.most + 1} at most fit: see --max-visits")
        policy, pv_visits = (flag(question, key) for key in ("includePolicy", "includePVVisits"))
        every = seconds(question)
        budget = -1 if visits is None else visits - 1
        pairs = zip(turns, priorities, strict=True)
        return [Job(name, t, path[t], budget, policy, pv_visits, every, p) for t, p in pairs]

    def _check_game(self, question: Answer) -> None:
        """This process plays one game; a question may say so, but it may not say otherwise."""
        for key, side in (("boardXSize", self.game.board.width), ("boardYSize", self.game.board.height)):
            if number(question, key, side, low=1, high=10_000) != side:
                raise FieldError(key, f"{key} is {question[key]}; {self.game.name} is played on {side}: see --game")
        if is_go(self.game):
            value = question.get("komi", komi(self.game))
            if value != komi(self.game):
                raise FieldError("komi", f"komi is {str(value)[:32]}; this is {self.game.name}: see --game go:komi=...")
            if question.get("rules", RULES[0]) not in RULES:
                raise FieldError(
                    "rules", f"rules is {str(question['rules'])[:64]!r}; honte plays by tromp-taylor rules"
                )
        if question.get("initialStones"):
            raise FieldError("initialStones", "initialStones cannot be set up; give the moves")

    def _path(self, question: Answer) -> list[Position]:
        """Every position from the first to the one after all moves."""
        moves = question.get("moves")
        if not isinstance(moves, list):
            raise FieldError("moves", 'moves is missing; write a list of moves, such as [] or [["B", "C3"]]')
        board = GtpBoard(self.game)
        path = [position(self.game)]
        first = question.get("initialPlayer")
        if first is not None:
            try:
                seat = board.seat(str(first))
                path = [board.turn(seat)]
                board.positions = list(path)
            except ValueError as error:
                raise FieldError("initialPlayer", str(error)) from None
        for index, move in enumerate(moves):
            pair = [None, move] if isinstance(move, str) else move
            if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
                raise FieldError("moves", f'move {index} is {str(move)[:64]}; write ["B", "C3"] or "C3"')
            try:
                board.play(board.here.to_play if pair[0] is None else board.seat(str(pair[0])), pair[1])
            except ValueError as error:
                raise FieldError("moves", f"move {index}: {error}") from None
            path.append(board.here)
        return path

    def _answer(self, job: Job, found: Analysis, *, during: bool) -> Answer:
        infos = []
        for order, candidate in enumerate(c for c in found.candidates if c.visits):
            line = texts(job.here, candidate.variation)
            info: Answer = {
                "move": line[0],
                "order": order,
                "visits": candidate.visits,
                "winrate": _short(candidate.winrate),
                "utility": _short(2 * candidate.winrate - 1),
                "lcb": _short(candidate.lcb),
                "prior": _short(candidate.prior),
                "pv": line,
            }
            if job.include_visits:
                info["pvVisits"] = list(candidate.variation_visits)
            infos.append(info)
        root: Answer = {
            "currentPlayer": colours(self.game)[job.here.to_play][0].upper(),
            "visits": found.visits,
            "winrate": _short(found.winrate),
            "utility": _short(2 * found.winrate - 1),
        }
        answer: Answer = {
            "id": job.id,
            "turnNumber": job.turn,
            "isDuringSearch": during,
            "rootInfo": root,
            "moveInfos": infos,
        }
        if job.include_policy:  # by action, -1 where a move is not legal; in Go: row by row from the top, then the pass
            policy = np.full(self.game.num_actions, -1.0)
            policy[self.game.describe_new(job.here.states).legal[0]] = 0
            for candidate in found.candidates:
                policy[candidate.action] = candidate.prior
            answer["policy"] = [_short(p) for p in policy.tolist()]
        return answer


def _short(value: float) -> float:
    return round(float(value), 6)

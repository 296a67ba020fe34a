"""``honte analyze``: questions about positions as JSON lines, thought about many at once, answers as JSON lines.

Knows the fields of an answer, which are KataGo's (its docs/Analysis_Engine.md), and who comes next. Does not know the
fields of a question, streams of the operating system, flags or how a player thinks. Winrates are those of who is to
play.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import honte
from agent import random_numbers
from agent.decision import Terms
from agent.external.gtp import colour_names
from agent.player import MoveFollower, Player
from agent.search.search import Search
from games import Game
from honte.analysis.position_analysis import Analysis, PositionThinking, analysis_of_decisions, analysis_of_search
from honte.protocols.analysis_question import KNOWN, PASSED_OVER, AnalysisJob, read_question
from honte.protocols.gtp.analysis_commands import variation_text
from honte.protocols.json_fields import Answer, FieldError, id_of, whole_object

ACTIONS = ("query_version", "clear_cache", "terminate", "terminate_all")


class KataAnalysis:
    """Takes lines by ``ask`` and thinks by ``work``; ``write`` gets every answer."""

    def __init__(
        self, game: Game, player: Player, *, num_slots: int, write: Callable[[Answer], None], seed: int = 0
    ) -> None:
        """``player`` has ``num_slots`` slots: so many positions are thought about at once."""
        self.game, self.player, self.write, self.seed = game, player, write, seed
        self.waiting: list[AnalysisJob] = []
        self.slots: list[AnalysisJob | None] = [None] * num_slots
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
            self._check_follower(question)
            jobs, over = read_question(question, self.game, self.most)
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
                    self.write({"warning": f"{key[:64]!r} {why}", "field": key[:64], "id": name})
            for turn in over:
                what = f"the game is over after turn {turn}: there is nothing to analyze"
                self.write({"error": what, "field": "analyzeTurns", "id": name, "turnNumber": turn})
            self.waiting += jobs
            self.waiting.sort(key=lambda job: -job.priority)  # stable: earlier questions first

    def _check_follower(self, question: Answer) -> None:
        if question.get("initialStones") and isinstance(self.player, MoveFollower):
            raise FieldError("initialStones", "initialStones cannot be shown to this player, which is told moves only")

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
            found = (
                analysis_of_search(self.player, slot, one)
                if isinstance(self.player, Search)
                else analysis_of_decisions(one)
            )
            self.write(self._answer(job, found, during=False))
            self.slots[slot] = None

    def _fill(self) -> None:
        for slot, held in enumerate(self.slots):
            if held is not None or not self.waiting:
                continue
            job = self.waiting.pop(0)
            job.thought = PositionThinking(self.player, slot, job.here)
            if job.every is not None:
                job.due = time.monotonic() + job.every
            if isinstance(self.player, Search):
                self.player.forget(slot)  # another question's tree is none of this one's
            job.thought.begin(
                Terms.of(1, budget=job.budget, keys=random_numbers.make_keys(self.seed, 0, len(job.here.moves)))
            )
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

        def meant(job: AnalysisJob) -> bool:
            return (name is None or job.id == name) and (turns is None or job.turn in turns)

        for job in [job for job in self.waiting if meant(job)]:
            self.waiting.remove(job)
            self.write({"id": job.id, "turnNumber": job.turn, "isDuringSearch": False, "noResults": True})
        for slot, under_way in enumerate(self.slots):
            if under_way is not None and meant(under_way) and isinstance(self.player, Search):
                self.player.finish_early(slot)

    def _answer(self, job: AnalysisJob, found: Analysis, *, during: bool) -> Answer:
        infos = []
        for order, candidate in enumerate(c for c in found.candidates if c.visits):
            line = variation_text(job.here, candidate.variation)
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
            "currentPlayer": colour_names(self.game)[job.here.to_play][0].upper(),
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

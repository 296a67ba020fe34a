"""``honte analyze``: answers questions about positions, both as JSON lines, and searches many positions at once.

Knows the fields of an answer, which are KataGo's (its docs/Analysis_Engine.md), and the order of jobs. Does not know
the fields of a question, streams, flags or how a player searches. Win rates are those of the player to move.
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
from honte.analysis.position_analysis import (
    Analysis,
    PositionSearch,
    analysis_of_decisions,
    analysis_of_search,
    variation_text,
)
from honte.protocols.analysis_question import FIELDS, UNSUPPORTED_FIELDS, AnalysisJob, parse_question
from honte.protocols.json_fields import FieldError, JsonObject, parse_object, read_id

ACTIONS = ("query_version", "clear_cache", "terminate", "terminate_all")


class KataAnalysis:
    """``ask`` takes a question, ``work`` searches a little further, and ``write`` receives every answer."""

    def __init__(
        self, game: Game, player: Player, *, num_slots: int, write: Callable[[JsonObject], None], seed: int = 0
    ) -> None:
        """``player`` has ``num_slots`` slots and searches that many positions at once."""
        self.game, self.player, self.write, self.seed = game, player, write, seed
        self.waiting: list[AnalysisJob] = []
        self.slots: list[AnalysisJob | None] = [None] * num_slots
        self.max_simulations = player.trees.capacity - 2 if isinstance(player, Search) else 0

    @property
    def idle(self) -> bool:
        return not self.waiting and all(job is None for job in self.slots)

    def ask(self, line: str) -> None:
        """Queue a question, or write at once what is wrong with it."""
        name: Any = None
        try:
            question = parse_object(line)
            name = question.get("id")
            if "action" in question:
                self.write(self._run_action(question))
                return
            self._check_follower(question)
            jobs, final_turns = parse_question(question, self.game, self.max_simulations)
        except FieldError as error:
            named = {"id": name} if isinstance(name, str) else {}
            self.write({"error": str(error), "field": error.name, **named})
        except ValueError as error:
            self.write({"error": str(error)})
        else:
            for key in question:
                if key not in FIELDS:
                    why = "is not supported" if key in UNSUPPORTED_FIELDS else "is not known"
                    self.write({"warning": f"{key[:64]!r} {why}; it was ignored", "field": key[:64], "id": name})
            for turn in final_turns:
                text = f"the game is over after turn {turn}: there is nothing to analyze"
                self.write({"error": text, "field": "analyzeTurns", "id": name, "turnNumber": turn})
            self.waiting += jobs
            self.waiting.sort(key=lambda job: -job.priority)  # stable: earlier questions first

    def _check_follower(self, question: JsonObject) -> None:
        if question.get("initialStones") and isinstance(self.player, MoveFollower):
            raise FieldError(
                "initialStones", "this player needs the moves of the game, so it cannot analyze initialStones"
            )

    def work(self) -> None:
        """Fill free slots, search one round of simulations, and write the answers that are ready."""
        self._fill_slots()
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
            decision = decisions.rows(np.array([i]))
            analysis = (
                analysis_of_search(self.player, slot, decision)
                if isinstance(self.player, Search)
                else analysis_of_decisions(decision)
            )
            self.write(self._answer(job, analysis, during=False))
            self.slots[slot] = None

    def _fill_slots(self) -> None:
        for slot, current in enumerate(self.slots):
            if current is not None or not self.waiting:
                continue
            job = self.waiting.pop(0)
            job.search = PositionSearch(self.player, slot, job.position)
            if job.report_interval is not None:
                job.next_report = time.monotonic() + job.report_interval
            if isinstance(self.player, Search):
                self.player.forget(slot)  # do not reuse the tree of another question
            job.search.begin(
                Terms.of(1, budget=job.budget, keys=random_numbers.make_keys(self.seed, 0, len(job.position.moves)))
            )
            self.slots[slot] = job

    def _report(self) -> None:
        now = time.monotonic()
        for job in self.slots:
            if (
                job is not None
                and job.report_interval is not None
                and job.search is not None
                and now >= job.next_report
            ):
                job.next_report = now + job.report_interval
                self.write(self._answer(job, job.search.analysis(), during=True))

    def _run_action(self, question: JsonObject) -> JsonObject:
        action = question["action"]
        if action not in ACTIONS:
            raise FieldError("action", f"action is {str(action)[:64]!r}; write one of {', '.join(ACTIONS)}")
        answer = {"id": read_id(question), "action": action}
        if action == "query_version":
            return answer | {"version": honte.__version__, "game": self.game.name}
        if action == "clear_cache":
            return answer
        turns = question.get("turnNumbers")
        if action == "terminate":
            target = question.get("terminateId")
            if not isinstance(target, str):
                raise FieldError("terminateId", "terminateId is missing; write the id of the question to end")
        else:
            target = None
        self._terminate(target, turns if isinstance(turns, list) else None)
        return answer | ({"terminateId": target} if target is not None else {})

    def _terminate(self, name: str | None, turns: list[Any] | None) -> None:
        """End the jobs of the question ``name``, or all; a running search is answered with its result so far."""

        def matches(job: AnalysisJob) -> bool:
            return (name is None or job.id == name) and (turns is None or job.turn in turns)

        for job in [job for job in self.waiting if matches(job)]:
            self.waiting.remove(job)
            self.write({"id": job.id, "turnNumber": job.turn, "isDuringSearch": False, "noResults": True})
        for slot, running in enumerate(self.slots):
            if running is not None and matches(running) and isinstance(self.player, Search):
                self.player.finish_early(slot)

    def _answer(self, job: AnalysisJob, analysis: Analysis, *, during: bool) -> JsonObject:
        infos = []
        for order, candidate in enumerate(c for c in analysis.candidates if c.visits):
            line = variation_text(job.position, candidate.variation)
            info: JsonObject = {
                "move": line[0],
                "order": order,
                "visits": candidate.visits,
                "winrate": _rounded(candidate.winrate),
                "utility": _rounded(2 * candidate.winrate - 1),
                "lcb": _rounded(candidate.lcb),
                "prior": _rounded(candidate.prior),
                "pv": line,
            }
            if job.include_visits:
                info["pvVisits"] = list(candidate.variation_visits)
            infos.append(info)
        root: JsonObject = {
            "currentPlayer": colour_names(self.game)[job.position.to_play][0].upper(),
            "visits": analysis.visits,
            "winrate": _rounded(analysis.winrate),
            "utility": _rounded(2 * analysis.winrate - 1),
        }
        answer: JsonObject = {
            "id": job.id,
            "turnNumber": job.turn,
            "isDuringSearch": during,
            "rootInfo": root,
            "moveInfos": infos,
        }
        if job.include_policy:  # by action, -1 for an illegal move; in Go: rows from the top, then the pass
            policy = np.full(self.game.num_actions, -1.0)
            policy[self.game.describe_new(job.position.states).legal[0]] = 0
            for candidate in analysis.candidates:
                policy[candidate.action] = candidate.prior
            answer["policy"] = [_rounded(p) for p in policy.tolist()]
        return answer


def _rounded(value: float) -> float:
    return round(float(value), 6)

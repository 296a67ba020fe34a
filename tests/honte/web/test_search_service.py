"""One search for many requests: shares, ends, kept trees and errors."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import games
from agent.inference.rollouts import Rollouts
from agent.search.search import Search, SearchConfig
from honte.web.requests.problems import Problem
from honte.web.search.analysis import read_snapshot
from honte.web.search.search_service import MOST_KEPT, SearchRequest, SearchService

GAME = games.make("connect_four")
SLOTS = 16


def make(slots: int = SLOTS) -> Search:
    config = SearchConfig(rule="uct", num_simulations=50, leaves=4)
    return Search(GAME, Rollouts(GAME, seed=1), config, num_slots=slots, capacity=5000)


@pytest.fixture
def service() -> Iterator[SearchService]:
    made = SearchService(make, "rollouts")
    yield made
    made.close()


def request(budget: int, **more: Any) -> SearchRequest:
    return SearchRequest(games.position(GAME).states, budget, **more)


def visits_of(service: SearchService, search: SearchRequest) -> int:
    snapshot = service.ask(lambda trees: read_snapshot(trees, search)).result(60)
    return snapshot.visits if snapshot is not None else 0


def test_a_search_without_an_end_takes_no_more_than_its_share(service: SearchService):
    endless = service.submit(request(4000))
    endless.evaluated.result(60)
    before: list[int] = []
    seen: list[int] = []
    others = [request(200) for _ in range(5)]
    for other in others:
        other.read = lambda trees, _: seen.append(int(trees.trees.nodes[endless.slot, 0]["visits"]))

    def begin(trees: Search) -> None:  # between two rounds, so that all begin with the same round
        before.append(int(trees.trees.nodes[endless.slot, 0]["visits"]))
        service.waiting.extend(others)

    service.ask(begin).result(60)
    for other in others:
        other.decision.result(60)
    assert not endless.is_done
    assert max(seen) - before[0] <= 200 + 2 * 4  # each of the others made 200 simulations meanwhile
    assert all(int(other.decision.result()[3].sum()) == 200 for other in others)
    service.cancel(endless)
    assert endless.decision.result(60).action.shape == (1,)


def test_more_requests_than_slots(service: SearchService):
    searches = [service.submit(request(20)) for _ in range(3 * SLOTS)]
    assert all(int(search.decision.result(60).visits.sum()) == 20 for search in searches)


def test_a_tree_is_kept_until_its_slot_is_needed(service: SearchService):
    first = service.submit(request(30, keep_tree=True))
    first.decision.result(60)
    assert visits_of(service, first) == 31
    for _ in range(MOST_KEPT):
        service.submit(request(5, keep_tree=True)).decision.result(60)
    with pytest.raises(Problem, match="tree of this analysis is gone"):
        visits_of(service, first)


def test_a_request_that_is_cancelled_before_it_begins_needs_no_slot(service: SearchService):
    many = [service.submit(request(1500)) for _ in range(SLOTS)]
    late = service.submit(request(1500))
    service.cancel(late)
    for search in many:
        service.cancel(search)
    assert not concurrent.futures.wait([search.decision for search in many], timeout=60).not_done
    assert concurrent.futures.wait([late.decision], timeout=60).done
    assert int(service.submit(request(10)).decision.result(60).visits.sum()) == 10


def test_an_error_of_the_model_is_everybodys_answer():
    def fails() -> Search:
        raise Problem(422, "it cannot be read")

    service = SearchService(fails, "broken")
    for _ in range(2):
        with pytest.raises(Problem, match="it cannot be read"):
            service.submit(request(10)).decision.result(60)
    service.close()


def test_an_error_in_a_search_ends_that_search_only(service: SearchService, monkeypatch: pytest.MonkeyPatch):
    service.submit(request(5)).decision.result(60)
    assert service.search is not None
    whole: Callable[..., Any] = service.search._simulate

    def fails_once(*arguments: Any) -> None:
        monkeypatch.setattr(service.search, "_simulate", whole)
        raise ZeroDivisionError("a rule failed")

    monkeypatch.setattr(service.search, "_simulate", fails_once)
    with pytest.raises(Problem, match="a rule failed"):
        service.submit(request(10)).decision.result(60)
    assert int(service.submit(request(10)).decision.result(60).visits.sum()) == 10


def test_a_service_that_is_closed_takes_nothing_more(service: SearchService):
    service.submit(request(5)).decision.result(60)
    service.close()
    with pytest.raises(Problem, match="try again"):
        service.submit(request(5))

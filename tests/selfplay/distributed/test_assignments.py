"""Assignments: every id is accepted once, whatever dies, and only games that crash their actors are quarantined."""

from __future__ import annotations

import random

import pytest

from selfplay.distributed.assignments import MAX_ISOLATED_CRASHES, Assignments


def play(
    assignments: Assignments,
    *,
    until: int,
    poison: frozenset[int] = frozenset(),
    kill_rate: float = 0.0,
    seed: int = 0,
) -> list[int]:
    """Play with four actors until so many ids are accepted, and return these in their order.

    Actors are killed at random, and crashed by the ids in ``poison``; an isolated actor quarantines those instead.
    """
    rng = random.Random(seed)
    actors, num_started, accepted = [f"actor {i}" for i in range(4)], 4, list[int]()
    late: list[tuple[str, list[int]]] = []  # answers of actors that are gone
    while len(accepted) < until:
        i = rng.randrange(4)
        actor = actors[i]
        assignments.assign(actor, 20)
        ids = assignments.assigned[actor]
        if actor in assignments.isolated and ids & poison:
            assignments.quarantine(actor, ids & poison)
        if ids & poison or rng.random() < kill_rate:
            late.append((actor, sorted(ids)))
            if rng.random() < 0.2 and not ids & poison:
                assignments.release(actor)
            else:
                assignments.record_crash(actor)
            actors[i], num_started = f"actor {num_started}", num_started + 1
        else:
            finished = rng.sample(sorted(ids), rng.randrange(len(ids) + 1)) if ids else []
            fine = assignments.accept(actor, finished)
            accepted += [i for i, is_fine in zip(finished, fine, strict=True) if is_fine]
        if late and rng.random() < 0.3:
            assert not any(assignments.accept(*late.pop()))
    return accepted


@pytest.mark.parametrize("seed", range(20))
def test_every_id_once_under_random_kills(seed: int) -> None:
    assignments = Assignments(100, missing=[3, 7, 50])
    accepted = play(assignments, until=2000, kill_rate=0.1, seed=seed)
    assert len(accepted) == len(set(accepted))
    assert not assignments.quarantined
    assert sorted([*accepted, *assignments.unfinished]) == [3, 7, 50, *range(100, assignments.next_id)]


@pytest.mark.parametrize("seed", range(10))
def test_poisoned_games_are_found_and_no_others(seed: int) -> None:
    poison = frozenset({5, 6, 200})
    assignments = Assignments()
    accepted = play(assignments, until=1500, poison=poison, kill_rate=0.02, seed=seed)
    assert set(assignments.quarantined) == poison
    assert not poison & set(accepted)
    assert sorted([*accepted, *poison, *assignments.unfinished]) == list(range(assignments.next_id))


@pytest.mark.parametrize("seed", range(3))
def test_no_game_is_quarantined_for_kills_that_come_faster_than_games(seed: int) -> None:
    """Six of ten actors die before they return anything, again and again, and nearly all games are suspects."""
    assignments = Assignments()
    accepted = play(assignments, until=1000, kill_rate=0.6, seed=seed)
    assert assignments.suspect_groups or assignments.isolated
    assert not assignments.quarantined
    assert sorted([*accepted, *assignments.unfinished]) == list(range(assignments.next_id))


def test_a_game_that_crashes_isolated_actors_is_quarantined_in_the_end() -> None:
    """It crashes two actors among nine games, then actors with a group of three, then actors that play it alone."""
    assignments = Assignments()
    crashes, sizes = 0, []
    while not assignments.quarantined:
        actor = f"actor {crashes}"
        while 0 not in assignments.assigned.get(actor, ()):  # finish what comes before it
            ids = assignments.assign(actor, 9)
            if 0 not in ids:
                assignments.accept(actor, ids)
        sizes.append(len(assignments.assigned[actor]))
        is_last = crashes + 1 == 2 + 2 * MAX_ISOLATED_CRASHES
        assert assignments.record_crash(actor) == ([0] if is_last else [])
        crashes += 1
    assert sizes == [9] * 2 + [3] * MAX_ISOLATED_CRASHES + [1] * MAX_ISOLATED_CRASHES
    assert assignments.quarantined == [0]
    assert 0 not in assignments.unfinished


def test_a_game_is_accepted_only_from_the_actor_that_it_is_assigned_to() -> None:
    assignments = Assignments()
    assert assignments.assign("a", 3) == [0, 1, 2]
    assert assignments.assign("b", 2) == [3, 4]
    assert assignments.accept("b", [0, 3, 3]) == [False, True, False]
    assignments.release("a")
    assert assignments.accept("a", [1]) == [False]
    assert assignments.assign("b", 4) == [0, 1, 2]
    assert assignments.next_id == 5

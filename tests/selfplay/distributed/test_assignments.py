"""The ledger: every id once, whatever dies; only what its own worker gave up, or outlives nobody, is set aside."""

from __future__ import annotations

import random

import pytest

from selfplay.distributed.assignments import DEATHS, Assignments


def play(
    ledger: Assignments, *, until: int, poison: frozenset[int] = frozenset(), kills: float = 0.0, seed: int = 0
) -> list[int]:
    """Four workers, killed at random and crashed by ``poison``, but where they were told to beware of it; the ids
    accepted, in their order.
    """
    chance = random.Random(seed)
    workers, hired, done, crashes = [f"w{i}" for i in range(4)], 4, [], 0
    late: list[tuple[str, list[int]]] = []  # answers of workers that were given up
    while len(done) < until:
        i = chance.randrange(4)
        name = workers[i]
        ledger.lend(name, 20)
        held = ledger.held[name]
        if name in ledger.alone and held & poison:
            ledger.condemn(name, held & poison)
        if held & poison or chance.random() < kills:
            late.append((name, sorted(held)))
            ledger.release(name) if chance.random() < 0.2 and not held & poison else ledger.blame(name)
            workers[i], hired, crashes = f"w{hired}", hired + 1, crashes + 1
        else:
            mine = chance.sample(sorted(held), chance.randrange(len(held) + 1)) if held else []
            done += [i for i, fine in zip(mine, ledger.settle(name, mine), strict=True) if fine]
        if late and chance.random() < 0.3:
            assert not any(ledger.settle(*late.pop()))
    return done


@pytest.mark.parametrize("seed", range(20))
def test_every_id_once_under_random_kills(seed: int) -> None:
    ledger = Assignments(100, missing=[3, 7, 50])
    done = play(ledger, until=2000, kills=0.1, seed=seed)
    assert len(done) == len(set(done))
    assert not ledger.quarantined
    assert sorted([*done, *ledger.open]) == [3, 7, 50, *range(100, ledger.next_id)]


@pytest.mark.parametrize("seed", range(10))
def test_poisoned_games_are_found_and_no_others(seed: int) -> None:
    poison = frozenset({5, 6, 200})
    ledger = Assignments()
    done = play(ledger, until=1500, poison=poison, kills=0.02, seed=seed)
    assert set(ledger.quarantined) == poison
    assert not poison & set(done)
    assert sorted([*done, *poison, *ledger.open]) == list(range(ledger.next_id))


@pytest.mark.parametrize("seed", range(3))
def test_no_game_is_blamed_for_kills_that_come_faster_than_games(seed: int) -> None:
    """Six of ten workers die before they hand in anything, again and again, and nearly everybody is a suspect."""
    ledger = Assignments()
    done = play(ledger, until=1000, kills=0.6, seed=seed)
    assert ledger.lots or ledger.alone
    assert not ledger.quarantined
    assert sorted([*done, *ledger.open]) == list(range(ledger.next_id))


def test_a_game_that_brings_down_who_must_outlive_it_has_an_end() -> None:
    """Twice among nine, then in a lot of three, then alone."""
    ledger = Assignments()
    crashes, lots = 0, []
    while not ledger.quarantined:
        name = f"w{crashes}"
        while 0 not in ledger.held.get(name, ()):  # play what comes before it
            ids = ledger.lend(name, 9)
            if 0 not in ids:
                ledger.settle(name, ids)
        lots.append(len(ledger.held[name]))
        assert ledger.blame(name) == ([0] if crashes + 1 == 2 + 2 * DEATHS else [])
        crashes += 1
    assert lots == [9] * 2 + [3] * DEATHS + [1] * DEATHS
    assert ledger.quarantined == [0]
    assert 0 not in ledger.open


def test_only_the_holder_hands_in() -> None:
    ledger = Assignments()
    assert ledger.lend("a", 3) == [0, 1, 2]
    assert ledger.lend("b", 2) == [3, 4]
    assert ledger.settle("b", [0, 3, 3]) == [False, True, False]
    ledger.release("a")
    assert ledger.settle("a", [1]) == [False]
    assert ledger.lend("b", 4) == [0, 1, 2]
    assert ledger.next_id == 5

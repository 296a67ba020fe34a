"""The cache of evaluations: hits, twins, clearing in the middle, and places that are taken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from agent.inference import evaluation_cache as cache_module
from agent.inference.evaluate import Evaluation, hash_evaluate
from agent.inference.evaluation_cache import PROBES, EvaluationCache, hash_rows, look_up, store
from games.game import Positions
from tests.games.made import made

pytestmark = pytest.mark.nojit


def positions(count: int, seed: int = 0) -> Positions:
    """Positions whose observations all differ."""
    game = made("connect_four")
    out = game.positions(count)
    out.observation[:] = np.random.default_rng(seed).integers(0, 2, out.observation.shape)
    return out


class Asked:
    """An ``Evaluate`` that remembers how many it was asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.shift = 0

    def __call__(self, states: Any, positions: Positions) -> Evaluation:
        self.batches.append(len(states))
        answer = hash_evaluate(states, positions)
        return Evaluation(answer.logits + self.shift, answer.value)


def states(count: int) -> Any:
    return made("connect_four").new(count)


def test_a_position_met_again_costs_nothing() -> None:
    asked = Asked()
    cache = EvaluationCache(asked, 7, entries=1 << 10)
    some = positions(20)
    one, two = cache(states(20), some), cache(states(20), some)
    assert asked.batches == [20]
    for mine, other, true in zip(one, two, hash_evaluate(states(20), some), strict=True):
        np.testing.assert_array_equal(mine, true)
        np.testing.assert_array_equal(other, true)
    assert (cache.asked, cache.evaluated, cache.hit_rate) == (40, 20, 0.5)


def test_twins_are_judged_once_and_masks_do_not_matter() -> None:
    asked = Asked()
    cache = EvaluationCache(asked, 7, entries=1 << 10)
    some = positions(6)
    order = np.array([0, 3, 3, 1, 0, 5, 0])
    twins = Positions(*(array[order] for array in some))
    twins.legal[4] = False
    answer = cache(states(7), twins)
    assert asked.batches == [4]
    np.testing.assert_array_equal(answer.logits, hash_evaluate(states(7), twins).logits)
    mixed = Positions(*(array[[2, 3, 4]] for array in some))
    np.testing.assert_array_equal(cache(states(3), mixed).value, hash_evaluate(states(3), mixed).value)
    assert asked.batches == [4, 2]


def test_clear_forgets() -> None:
    asked = Asked()
    cache = EvaluationCache(asked, 7, entries=64)
    cache(states(5), positions(5))
    cache.clear()
    asked.shift = 1
    np.testing.assert_array_equal(
        cache(states(5), positions(5)).logits, hash_evaluate(states(5), positions(5)).logits + 1
    )
    assert asked.batches == [5, 5]


def test_what_is_evaluated_while_the_cache_is_cleared_is_not_stored() -> None:
    """The answer of the old network goes to its caller, not to those who come after the new one."""
    asked = Asked()

    def slow(rows: Any, some: Positions) -> Evaluation:
        answer = asked(rows, some)
        if asked.shift == 0:
            cache.clear()  # the weights change meanwhile
            asked.shift = 1
        return answer

    cache = EvaluationCache(slow, 7, entries=64)
    old = cache(states(5), positions(5))
    np.testing.assert_array_equal(old.logits, hash_evaluate(states(5), positions(5)).logits)
    new = cache(states(5), positions(5))
    assert asked.batches == [5, 5]
    np.testing.assert_array_equal(new.logits, old.logits + 1)
    cache(states(5), positions(5))
    assert asked.batches == [5, 5]


class Table:
    """The bare arrays of a cache of ``size`` entries of one logit and one value."""

    def __init__(self, size: int) -> None:
        self.keys, self.checksums = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        self.words, self.epochs = np.zeros((size, 2), np.uint32), np.zeros(size, np.uint32)

    def store(self, codes: Any, answers: Any, epoch: int = 1) -> None:
        words = np.stack([answers, answers], axis=1).astype(np.uint32)
        store(codes, np.uint32(epoch), self.keys, self.checksums, self.words, self.epochs, words)

    def look_up(self, codes: Any) -> list[int | None]:
        """The answer of each code; None where it is not known."""
        out, hit = np.zeros((len(codes), 2), np.uint32), np.zeros(len(codes), bool)
        look_up(codes, self.keys, self.checksums, self.words, out, hit)
        return [int(row[0]) if found and row[0] == row[1] else None for row, found in zip(out, hit, strict=True)]


CROWD = (np.arange(1, PROBES + 2, dtype=np.uint64) << np.uint64(20)) | np.uint64(1)
"""Codes that fall on one place: PROBES of them fit, then the first is overwritten."""


def test_full_places_give_way_and_never_answer_for_another() -> None:
    table = Table(8)
    table.store(CROWD, np.arange(PROBES + 1))
    assert table.look_up(CROWD) == [None, *range(1, PROBES + 1)]
    assert (table.keys != 0).sum() == PROBES


def test_answers_of_an_older_epoch_give_way_first() -> None:
    table = Table(8)
    table.store(CROWD[:PROBES], np.arange(PROBES))
    table.store(CROWD[1:3], np.array([11, 12]), epoch=2)
    table.store(CROWD[PROBES:], np.array([15]), epoch=2)
    assert table.look_up(CROWD)[PROBES] == 15
    assert table.look_up(CROWD)[1:3] == [11, 12]


def test_places_wrap_around_the_end() -> None:
    table = Table(4)
    codes = np.array([(3 << 7) | 1, (7 << 7) | 1, (11 << 7) | 1], np.uint64)
    table.store(codes, np.arange(3))
    assert table.look_up(codes) == [0, 1, 2]


def test_an_entry_that_is_half_of_another_answers_nobody() -> None:
    """What two threads that write the same place may leave there."""
    one, other = Table(8), Table(8)
    one.store(CROWD[:1], np.array([5]))
    other.store(CROWD[1:2], np.array([6]))
    place = int(np.flatnonzero(one.keys)[0])
    one.words[place] = other.words[place]
    assert one.look_up(CROWD[:2]) == [None, None]
    one.keys[place] = other.keys[place]
    assert one.look_up(CROWD[:2]) == [None, None]
    one.checksums[place] = other.checksums[place]
    assert one.look_up(CROWD[:2]) == [None, 6]


def test_threads_that_share_a_small_cache_get_right_answers() -> None:
    cache = EvaluationCache(hash_evaluate, 7, entries=32)

    def work(first: int) -> bool:
        for seed in range(first, first + 40):
            some = positions(30, seed % 11)
            answer, true = cache(states(30), some), hash_evaluate(states(30), some)
            if not (np.array_equal(answer.logits, true.logits) and np.array_equal(answer.value, true.value)):
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert cache.asked == 4 * 40 * 30


def test_a_small_cache_stays_right() -> None:
    cache = EvaluationCache(hash_evaluate, 7, entries=16)
    for seed in range(20):
        some = positions(30, seed % 7)
        np.testing.assert_array_equal(cache(states(30), some).logits, hash_evaluate(states(30), some).logits)


def test_codes_differ_where_one_cell_differs() -> None:
    rows = np.zeros((127, 126), np.uint8)
    rows[np.arange(126), np.arange(126)] = 1
    codes = np.empty(127, np.uint64)
    hash_rows(rows, codes)
    assert len(np.unique(codes)) == 127
    assert (codes != 0).all()
    counts = np.bincount(((codes >> np.uint64(7)) & np.uint64(31)).astype(int), minlength=32)
    assert counts.max() < 16


def test_float_observations_are_hashed_by_their_bytes() -> None:
    some = positions(4)
    floats = some._replace(observation=some.observation.astype(np.float32) / 3)
    asked = Asked()
    cache = EvaluationCache(lambda rows, these: asked(rows, some), 7, entries=64)
    cache(states(4), floats)
    cache(states(4), floats)
    assert asked.batches == [4]


def test_entries_are_rounded_up_to_a_power_of_two() -> None:
    assert [len(EvaluationCache(hash_evaluate, 7, entries=n).keys) for n in (1, 2, 3, 1000, 1024)] == [
        1,
        2,
        4,
        1024,
        1024,
    ]
    cache = EvaluationCache(hash_evaluate, 7, entries=1)
    for _ in range(3):
        np.testing.assert_array_equal(
            cache(states(9), positions(9)).logits, hash_evaluate(states(9), positions(9)).logits
        )
    assert cache_module.PROBES >= 1

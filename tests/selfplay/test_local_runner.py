"""Self-play in this process: seeds, playout caps, openings, and threads that lose no game."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import games
from agent import random_numbers
from agent.inference.evaluate import Evaluate, hash_evaluate
from agent.search.search import SearchConfig
from selfplay.local_runner import (
    LocalRunner,
    SelfPlayConfig,
    full_simulations,
    self_play_openings,
    self_play_terms,
)
from selfplay.records import GameRecord, num_samples, validate_records
from selfplay.restarts import find_candidates
from tests.agent.search.worlds import FunctionEvaluator


class HashEvaluator(Evaluate):
    """An ``Evaluator`` around the hash network, which has no weights."""

    def __init__(self) -> None:
        self.version = self.asked = self.evaluated = self.calls = 0

    def __call__(self, states: Any, positions: Any) -> Any:
        return hash_evaluate(states, positions)

    def load(self, weights: Any, version: int) -> None:
        self.version = version


def config(**over: Any) -> SelfPlayConfig:
    return SelfPlayConfig(**{"num_games": 8, "quantum": 60, "search": SearchConfig(num_simulations=8)} | over)


def runner(settings: SelfPlayConfig, *, seed: int = 1, deterministic: bool = True) -> LocalRunner:
    return LocalRunner(games.make("tic_tac_toe"), settings, HashEvaluator, seed=seed, deterministic=deterministic)


def by_id(records: list[GameRecord]) -> dict[int, GameRecord]:
    return {record.id: record for record in records}


def test_a_quantum_is_played_and_repeats() -> None:
    one, other = runner(config()).collect(), runner(config()).collect()
    assert num_samples(one) >= 60
    assert [r.actions.tolist() for r in one] == [r.actions.tolist() for r in other]
    assert [r.actions.tolist() for r in runner(config(), seed=2).collect()] != [r.actions.tolist() for r in one]


def test_games_in_threads_are_the_games_of_one_loop() -> None:
    wanted = by_id(runner(config(quantum=400)).collect())
    threads = runner(config(num_groups=2), deterministic=False)
    found: dict[int, GameRecord] = {}
    while len(found) < 30:
        found |= by_id(threads.collect(1.0))
    threads.close()
    common = set(wanted) & set(found)
    assert len(common) >= 10
    for i in common:
        assert wanted[i].actions.tolist() == found[i].actions.tolist()
    validate_records(games.make("tic_tac_toe"), list(found.values()))


def test_a_core_is_left_to_the_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    for num_cores, groups in ((1, 1), (2, 1), (5, 4)):
        monkeypatch.setattr("selfplay.local_runner.num_cores", lambda num_cores=num_cores: num_cores)
        assert len(runner(config(), deterministic=False).loops) == groups
    assert len(runner(config(num_groups=3), deterministic=False).loops) == 3


def test_an_error_in_a_thread_reaches_the_collector() -> None:
    threads = runner(config(num_groups=1), deterministic=False)

    def broken(*_: Any) -> Any:
        raise ValueError("the evaluator broke")

    threads.loops[0].players[0].evaluate = FunctionEvaluator(broken)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="the evaluator broke"):
        threads.collect(60.0)
    threads.close()


def test_the_share_of_full_searches_is_full_fraction() -> None:
    settings = config(full_fraction=0.25, fast_simulations=3)
    ids, plies = np.arange(4000), np.zeros(4000, np.int64)
    terms = self_play_terms(settings)(ids, plies, random_numbers.make_keys(0, ids, plies))
    assert set(terms.budgets.tolist()) == {3, 8}
    assert abs(terms.explore.mean() - 0.25) < 0.03
    assert (terms.budgets[terms.explore] == 8).all()


@pytest.mark.parametrize("fast", [8, 9])
def test_every_search_is_full_where_a_fast_one_would_not_be_shorter(fast: int) -> None:
    settings = config(full_fraction=0.25, fast_simulations=fast)
    ids, plies = np.arange(100), np.zeros(100, np.int64)
    terms = self_play_terms(settings)(ids, plies, random_numbers.make_keys(0, ids, plies))
    assert terms.explore.all()
    assert (terms.budgets == 8).all()


def test_the_temperature_falls_once_the_first_plies_are_played() -> None:
    settings = config(temperature=1.0, temperature_plies=3, late_temperature=0.5)
    ids, plies = np.zeros(5, np.int64), np.arange(5)
    terms = self_play_terms(settings)(ids, plies, random_numbers.make_keys(0, ids, plies))
    assert terms.temperature.tolist() == [1, 1, 1, 0.5, 0.5]


def test_the_id_determines_the_opening_and_no_opening_ends_a_game() -> None:
    game = games.make("connect_four")
    settings = config(opening_plies=2, deep_openings=0.5, max_opening_plies=40)
    ids = np.arange(400)
    found = self_play_openings(game, settings, 7, ids)
    assert found[100:132] == self_play_openings(game, settings, 7, ids[100:132])
    lengths = np.array([len(opening) for opening in found])
    assert lengths.max() > 30
    assert 0.4 < (lengths <= 2).mean() < 0.7
    for opening in found[:50]:
        position = games.position(game)
        for action in opening:
            position = position.play(action)
        assert not position.is_over


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.0, 4), (0.25, 8), (0.5, 16), (0.75, 16), (1.0, 16), (0.125, round(4 * 2**0.5))]
)
def test_simulations_rise_by_a_constant_factor(progress: float, expected: int) -> None:
    settings = config(search=SearchConfig(num_simulations=16), first_simulations=4, rise_share=0.5)
    assert full_simulations(settings, progress) == expected
    assert full_simulations(config(search=SearchConfig(num_simulations=16)), progress) == 16


def test_games_are_searched_as_far_as_the_run_is() -> None:
    play = runner(config(first_simulations=2))
    budgets = []
    for play.progress in (0.0, 0.5, 1.0):
        budgets.append({int(b) for record in play.collect() for b in record.budgets[-2:]})
    assert 2 in budgets[0]
    assert 4 in budgets[1]
    assert 8 in budgets[2]
    assert budgets[0] == {2}
    assert 8 not in budgets[1]


def test_simulations_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"it must be at most search\.num_simulations, 8"):
        config(first_simulations=9)
    with pytest.raises(ValueError, match="it must be more than fast_simulations, 4"):
        config(first_simulations=4, fast_simulations=4, full_fraction=0.5)


def test_surprising_fast_searches_are_repeated_in_full() -> None:
    settings = config(full_fraction=0.25, fast_simulations=4, measure_surprises=True)
    plain = runner(settings).collect()
    repeated = runner(replace(settings, repeat_surprise=0.5)).collect()
    surprises = np.concatenate([record.surprises for record in plain if record.surprises is not None])
    fast = np.concatenate([record.budgets for record in plain]) == 4
    assert 0 < (surprises[fast] >= 0.5).mean() < 1
    budgets = np.concatenate([record.budgets for record in repeated])
    left = np.concatenate([record.surprises for record in repeated if record.surprises is not None])
    assert set(budgets.tolist()) == {4, 8}
    assert (left[budgets == 4] < 0.5).all()  # every surprising fast search was repeated
    assert (budgets == 8).mean() > (~fast).mean() + 0.1
    validate_records(games.make("tic_tac_toe"), repeated)
    everything = runner(replace(settings, repeat_surprise=1e-9, full_fraction=0.01)).collect()
    assert np.mean([b == 8 for record in everything for b in record.budgets]) > 0.9


def test_games_restart_where_positions_were_misjudged() -> None:
    settings = config(restart_share=1.0, opening_plies=0)
    play = runner(settings)
    first = play.collect()
    assert play.archive is not None
    assert len(play.archive) > 0
    candidates = {candidate.opening for candidate in find_candidates(play.game, first)}
    second = play.collect()
    openings = [tuple(record.actions[: record.opening].tolist()) for record in second]
    restarted = [opening for opening in openings if opening]
    assert len(restarted) >= 3
    assert len(set(restarted) & candidates) >= 1
    validate_records(play.game, second)


def test_threads_restart_games_too() -> None:
    play = runner(config(restart_share=1.0, opening_plies=0, num_groups=2), deterministic=False)
    records: list[GameRecord] = []
    while len(records) < 60 and not any(record.opening for record in records):
        records += play.collect(1.0)
    play.close()
    assert any(record.opening for record in records)
    validate_records(play.game, records)

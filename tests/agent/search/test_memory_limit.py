"""What is left of the memory, and a sentence instead of a machine that swaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.inference.evaluate import uniform_evaluate
from agent.search import memory_limit
from agent.search.search import Search, SearchConfig, refuse_large
from tests.games.made import made


def test_something_is_known_of_this_machine() -> None:
    left = memory_limit.available_memory()
    assert left is None or 1 << 20 < left < 1 << 50


def test_a_container_counts_when_it_is_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "CONTAINER", tmp_path)
    free = memory_limit.available_memory()
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    assert (memory_limit.available_memory() is None) == (free is None)
    (tmp_path / "memory.max").write_text("1005\n")
    assert memory_limit.available_memory() == 1000
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 300\n")  # room that files take until it is wanted
    assert memory_limit.available_memory() == 1300


def test_trees_that_do_not_fit_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    game = made("connect_four")
    monkeypatch.setattr(memory_limit, "available_memory", lambda: 1 << 28)
    Search(game, uniform_evaluate, SearchConfig(num_simulations=100), num_slots=64)
    with pytest.raises(ValueError, match=r"64 games of connect_four at once, 100,002 .* would take 1\.\d GiB"):
        Search(game, uniform_evaluate, SearchConfig(num_simulations=100_000), num_slots=64)
    monkeypatch.setattr(memory_limit, "available_memory", lambda: None)
    memory_limit.check_memory(1 << 60, what="it", instead="less")


def test_nine_tenths_of_the_memory_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "available_memory", lambda: 1000 << 20)
    memory_limit.check_memory(900 << 20, what="it", instead="less")
    with pytest.raises(ValueError, match=r"^it would take 0\.9 GiB, 1\.0 are free; less$"):
        memory_limit.check_memory(901 << 20, what="it", instead="less")


def test_a_tree_has_room_for_the_simulations_and_for_as_many_reused_ones() -> None:
    game, config = made("tic_tac_toe"), SearchConfig(num_simulations=10)
    assert refuse_large(game, config, 2) == 12
    assert refuse_large(game, SearchConfig(num_simulations=10, reuse=True), 2) == 24
    assert refuse_large(game, config, 2, 50) == 50

"""Who a player is: names that last, digests that change when the player does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.player_identity import (
    expand_players,
    identify_player,
    is_repeatable,
    needs_whole_machine,
    settings_of,
    with_fastest_backend,
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for step in (10, 20, 30, 40, 50, 60, 70):
        folder = tmp_path / "run" / "checkpoints" / str(step)
        folder.mkdir(parents=True)
        config = {"schema": 1, "game": "nim", "network": {}, "search": {"num_simulations": 5}}
        (folder / "config.json").write_text(json.dumps(config))
        # The least that is a whole safetensors file: a header of two bytes, and nothing in it.
        (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}" if step else b"")
    return tmp_path / "run"


def test_a_run_is_named_by_its_checkpoint(run: Path) -> None:
    newest = identify_player(str(run))
    assert newest.name == f"{run}@70"
    assert newest == identify_player(f"{run}@70")
    assert identify_player(f"{run}?simulations=9").name == f"{run}@70?simulations=9"


def test_the_digest_is_of_weights_and_settings(run: Path) -> None:
    plain = identify_player(f"{run}@10").digest
    assert identify_player(f"{run}@10?simulations=9").digest != plain
    one, other = (f"{run}@10?{query}" for query in ("reuse=true&leaves=2", "leaves=2&reuse=true"))
    assert identify_player(one).digest == identify_player(other).digest
    file = run / "checkpoints" / "10" / "model.safetensors"
    file.write_bytes(file.read_bytes() + b"x")
    assert identify_player(f"{run}@10").digest != plain
    assert identify_player("mcts:5").digest != identify_player("mcts:6").digest


def test_every_so_many_checkpoints(run: Path) -> None:
    assert expand_players(f"{run}@every:3?leaves=2") == [f"{run}@{step}?leaves=2" for step in (10, 40, 70)]
    assert expand_players(f"{run}@every:5") == [f"{run}@{step}" for step in (10, 60, 70)]
    assert expand_players("mcts:5") == ["mcts:5"]
    for text, sentence in ((f"{run}@every:0", "whole number above 0"), ("nowhere@every:2", "no checkpoints")):
        with pytest.raises(ValueError, match=sentence):
            expand_players(text)


def test_who_repeats_and_who_may_hurry() -> None:
    assert all(map(is_repeatable, ("random", "mcts:5", "run", "run?simulations=5", "minimax:3")))
    assert not is_repeatable("minimax:3?seconds=1")
    assert not any(map(is_repeatable, ("gtp:gnugo --mode gtp", "run?seconds=1", "run?engine=auto")))
    assert with_fastest_backend("mcts:5") == "mcts:5"
    assert with_fastest_backend("run") == "run?engine=auto&precision=auto"
    assert with_fastest_backend("run?leaves=2") == "run?leaves=2&engine=auto&precision=auto"
    assert with_fastest_backend("run?precision=fp32") == "run?precision=fp32"


def test_a_folder_may_be_called_like_a_setting() -> None:
    """Settings stand behind the question mark; before it the same words are a part of a folder's name."""
    for run in ("runs/engine=x", "runs/precision=int8", "seconds=5/run", "perfect_run", "gtp_run"):
        assert with_fastest_backend(run) == f"{run}?engine=auto&precision=auto"
        assert with_fastest_backend(f"{run}?leaves=2") == f"{run}?leaves=2&engine=auto&precision=auto"
        assert is_repeatable(run)
        assert not needs_whole_machine(run)
    assert with_fastest_backend("runs/engine=x?engine=torch") == "runs/engine=x?engine=torch"
    assert with_fastest_backend("run?rule=puct&precision=") == "run?rule=puct&precision="
    assert all(
        map(needs_whole_machine, ("perfect", "perfect?quickest=true", "gtp:x", "ugi:x", "run?leaves=2&seconds=1"))
    )
    assert settings_of("gtp:engine 'a?seconds=5'") == {}

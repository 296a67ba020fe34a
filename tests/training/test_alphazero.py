"""The run as a whole: it goes on after a kill at any moment, and deterministic runs come out with the same bits."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import shutil
import time
from pathlib import Path

import pytest
import torch

import games
from selfplay.records import list_shards, read_shard
from training.alphazero import AlphaZeroRun
from training.config import TrainConfig, parse_config
from training.run import checkpoints


def config(**over: object) -> TrainConfig:
    values = {
        "game": "tic_tac_toe",
        "seed": 5,
        "deterministic": True,
        "max_samples": 1200,
        "network": {"blocks": 1, "channels": 8, "head_channels": 4, "hidden": 8},
        "engine": {"kind": "torch", "precision": "fp32", "cache_entries": 1024},
        "self_play": {
            "num_games": 16,
            "quantum": 64,
            "full_fraction": 0.5,
            "fast_simulations": 4,
            "opening_plies": 2,
            "search": {"num_simulations": 8},
        },
        "learn": {
            "batch_size": 32,
            "first_samples": 100,
            "reuse": 1.0,
            "window": {"start": 400},
            "publish_steps": 2,
            "trainer": {"learning_rate": 0.01, "average_decay": 0.9},
        },
        "checkpoint_minutes": 0.001,
        "grade_minutes": 0,
    }
    return parse_config(values | over)


def run(folder: Path, settings: TrainConfig) -> str:
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True)
    return AlphaZeroRun(games.make("tic_tac_toe"), settings, folder).go()


def final_weights(folder: Path) -> dict[str, torch.Tensor]:
    found, skipped = checkpoints.load_newest(folder / "checkpoints")
    assert found is not None
    assert not skipped
    return found.tensors["optimizer"] | found.tensors["model"]


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def killed_until_done(folder: Path, settings: TrainConfig, kills: int) -> int:
    """Run in a child that is killed (-9) at random instants, then once to the end; at how many checkpoints it was.

    A kill comes 0 to 2 checkpoints after the last one, and a random moment later, however fast the machine is.
    """
    chance = random.Random(3)
    context = multiprocessing.get_context("fork")
    seen: set[int] = set()
    for _ in range(kills):
        child = context.Process(target=run, args=(folder, settings))
        child.start()
        wanted = newest(folder) if chance.random() < 0.4 else newest(folder) + 1
        while child.is_alive() and newest(folder) < wanted:
            time.sleep(0.01)
        child.join(chance.uniform(0.0, 0.15))
        child.kill()
        child.join()
        seen.add(newest(folder))
    assert run(folder, settings) == "finished"
    return len(seen)


def newest(folder: Path) -> int:
    """The step of the newest checkpoint; -1 without one."""
    return max(checkpoints.list_steps(folder / "checkpoints"), default=-1)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert run(folder, config()) == "finished"
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kills", [14, 25])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_deterministic_run_killed_at_random_ends_with_the_same_bits(
    tmp_path: Path, uninterrupted: Path, kills: int
) -> None:
    places = killed_until_done(tmp_path / "run", config(), kills)
    assert places >= 5
    assert equal(final_weights(tmp_path / "run"), final_weights(uninterrupted))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_overlapping_run_killed_at_random_goes_on_and_keeps_every_game(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    places = killed_until_done(folder, config(deterministic=False, max_samples=4000), 25)
    assert places >= 5
    game = games.make("tic_tac_toe")
    ids = [record.id for path in list_shards(folder / "games").values() for record in read_shard(path, game)]
    assert len(ids) == len(set(ids))
    assert not list(folder.rglob("*.tmp"))


def test_stopping_and_resuming_is_the_same_as_not_stopping(tmp_path: Path, uninterrupted: Path) -> None:
    """run(10) == resume(run(5), 5)."""
    looks = iter([False] * 6 + [True])
    game = games.make("tic_tac_toe")
    folder = tmp_path / "run"
    folder.mkdir()
    assert AlphaZeroRun(game, config(), folder, stopping=lambda: next(looks)).go() == "stopped"
    assert run(folder, config()) == "finished"
    assert equal(final_weights(folder), final_weights(uninterrupted))


def test_a_deterministic_run_with_fewer_checkpoints_ends_with_the_same_bits(
    tmp_path: Path, uninterrupted: Path
) -> None:
    looks = iter([False] * 9 + [True])
    game, folder, settings = (
        games.make("tic_tac_toe"),
        tmp_path / "run",
        config(checkpoint_steps=8, keep_checkpoints=99),
    )
    folder.mkdir()
    stopped = AlphaZeroRun(game, settings, folder, stopping=lambda: next(looks))
    assert stopped.go() == "stopped"
    assert run(folder, settings) == "finished"
    assert equal(final_weights(folder), final_weights(uninterrupted))
    *steps, last = checkpoints.list_steps(folder / "checkpoints")
    steps = [step for step in steps if step != stopped.trainer.steps]
    assert len(steps) >= 2
    assert all(later - step >= 8 for step, later in itertools.pairwise(steps))
    assert last > steps[-1]


def test_what_was_done_before_is_not_the_speed_of_now(tmp_path: Path, uninterrupted: Path) -> None:
    shutil.copytree(uninterrupted, tmp_path / "again")
    again = AlphaZeroRun(games.make("tic_tac_toe"), config(), tmp_path / "again")
    assert again.go() == "finished"  # at once
    assert again.report.games > 0
    assert again.report.games_per_second == again.report.trained_per_second == 0


def test_another_seed_is_another_run(tmp_path: Path, uninterrupted: Path) -> None:
    run(tmp_path / "run", config(seed=6))
    assert not equal(final_weights(tmp_path / "run"), final_weights(uninterrupted))


def test_damaged_games_are_set_aside_and_the_run_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings = config(deterministic=False, max_samples=600)
    run(folder, settings)
    first = next(iter(list_shards(folder / "games").values()))
    first.write_bytes(first.read_bytes()[:-100])
    notes: list[str] = []
    again = AlphaZeroRun(games.make("tic_tac_toe"), config(deterministic=False, max_samples=1200), folder)
    notes += again.report.notes
    assert again.go() == "finished"
    assert any(first.name in note for note in notes)
    assert first.with_suffix(".damaged").exists()


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    learn = {"batch_size": 32, "first_samples": 100, "trainer": {"learning_rate": 1e9, "max_skipped": 2}}
    with pytest.raises(ValueError, match=r"training diverged: .* --init"):
        run(tmp_path / "run", config(learn=learn))

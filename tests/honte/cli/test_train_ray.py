"""``honte train --ray`` as people use it: stopped, killed and resumed, with no game lost and none stored twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import games
from selfplay.records import list_shards, read_shard

pytest.importorskip("ray")

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "8", "--grade-minutes", "0"),
    *("--self-play.search.num-simulations", "8", "--learn.batch-size", "32", "--learn.first-samples", "200"),
    *("--engine.kind", "torch", "--engine.precision", "fp32", "--ray.seconds", "0.2", "--ray.object-store-mb", "80"),
    *("--max-minutes", "0"),
]
ROOT = Path(__file__).parent.parent.parent.parent


def command(folder: Path, *more: str) -> list[str]:
    words = ["train", "tic_tac_toe", "--run", str(folder), *TINY, "--ray", "local", "--num-actors", "2", "--json"]
    return [sys.executable, "-m", "honte", *words, *more]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command(folder, *more), stdout=pipe, stderr=pipe, text=True, env=env, cwd=folder.parent)


def games_in(folder: Path) -> list[int]:
    game = games.make("tic_tac_toe")
    return [record.id for path in list_shards(folder / "games").values() for record in read_shard(path, game)]


def when_games_are_there(run: subprocess.Popen[str], folder: Path, count: int) -> None:
    deadline = time.monotonic() + 400
    while len(games_in(folder)) < count and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.5)
    assert run.poll() is None, run.communicate()[1]


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_stopped_killed_and_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = start(folder)
    when_games_are_there(run, folder, 50)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["reason"] == "stopped"
    stopped = games_in(folder)

    run = start(folder)
    when_games_are_there(run, folder, len(stopped) + 50)
    run.kill()  # the driver, which is the learner: -9
    run.communicate()
    killed = games_in(folder)

    run = start(folder, "--max-samples", str(10 * len(killed) + 1000))
    out, err = run.communicate(timeout=600)
    assert run.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["reason"] == "finished"
    ids = games_in(folder)
    assert len(ids) == len(set(ids))
    assert set(killed) <= set(ids)
    assert set(range(max(killed))) <= set(ids)  # what was under way when it died was played again


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--num-actors", "2"], "--num-actors goes with --ray"),
        (["--ray", "local", "--deterministic"], "--deterministic plays in this process"),
        (["--ray", "local", "--ray.groups", "0"], "ray.groups is 0"),
        (["--learner-processes", "3"], "must divide batch_size"),
    ],
)
def test_flags_that_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    from honte.__main__ import main

    assert main(["train", "tic_tac_toe", "--run", str(tmp_path / "run"), *words]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.slow
def test_nothing_of_ray_is_imported_without_it(tmp_path: Path) -> None:
    code = (
        "import sys; from honte.__main__ import main\n"
        f"words = ['train', 'tic_tac_toe', '--run', {str(tmp_path / 'run')!r}, '--max-samples', '100']\n"
        f"code = main([*words, *{TINY!r}, '--learn.first-samples', '50'])\n"
        "print(code, [name for name in sys.modules if name.split('.')[0] == 'ray'])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=400)
    assert shown.stdout.splitlines()[-1] == "0 []", shown.stderr


@pytest.mark.slow
def test_two_learner_processes_train_a_run(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    words = [
        "train",
        "tic_tac_toe",
        "--run",
        "run",
        *TINY,
        "--max-samples",
        "600",
        "--learner-processes",
        "2",
        "--json",
    ]
    shown = subprocess.run(
        [sys.executable, "-m", "honte", *words], capture_output=True, text=True, env=env, timeout=500, cwd=tmp_path
    )
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout.splitlines()[-1])
    assert found["reason"] == "finished"
    assert found["step"] > 0

"""``ray job submit`` of a clone to a real cluster with a job server: the run trains, and Ray exports its metrics."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
RAY = shutil.which("ray", path=str(Path(sys.executable).parent))

pytest.importorskip("ray")
pytest.importorskip("aiohttp", reason="jobs need ray[default]")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), pytest.mark.skipif(RAY is None, reason="no ray command")]

TINY = (
    "--max-samples 4000 --max-minutes 0 --grade-minutes 0 --network.blocks 1 --network.channels 8"
    " --self-play.num-games 8 --self-play.search.num-simulations 8 --learn.batch-size 32 --learn.first-samples 200"
    " --engine.kind torch --engine.precision fp32 --ray.seconds 0.2"
)


NO_AGENT = "No available agent"


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@pytest.fixture
def head(tmp_path: Path) -> Iterator[tuple[str, dict[str, str], int]]:
    """A head with the job server, in a process group of its own: address, environment, port of the metrics."""
    assert RAY is not None
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHONPATH"))}
    env |= {"RAY_TMPDIR": os.environ["RAY_TMPDIR"]}
    env |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "OMP_NUM_THREADS": "1"}
    env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # as docs/ray.md tells people to
    deadline = time.monotonic() + 600
    while True:
        gcs, dashboard, metrics = free_port(), free_port(), free_port()
        words = ["start", "--head", "--block", f"--port={gcs}", "--num-cpus=2", "--object-store-memory=100000000"]
        words += ["--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
        words += [f"--metrics-export-port={metrics}", f"--dashboard-agent-listen-port={free_port()}"]
        with (tmp_path / "head.log").open("w") as log:
            started = subprocess.Popen([RAY, *words], stdout=log, stderr=log, env=env, start_new_session=True)
        address = f"http://127.0.0.1:{dashboard}"
        if answers(f"{address}/api/jobs/", started, deadline):
            break
        assert time.monotonic() < deadline, (tmp_path / "head.log").read_text()  # on a busy machine Ray gives up early
    try:
        yield address, env | {"RAY_ADDRESS": address}, metrics
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(60)


def answers(page: str, server: subprocess.Popen[bytes], deadline: float) -> bool:
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(page, timeout=5).read()
            return True
        except urllib.error.HTTPError:  # it wants the token: it is there
            return True
        except OSError:
            time.sleep(1)
    return False


def submitted(words: list[str], env: dict[str, str], folder: Path, port: int) -> tuple[int, str, str]:
    """The exit code of a job, what it printed, and what Ray's metrics last said of honte."""
    job = subprocess.Popen(words, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = ""
    while job.poll() is None:
        try:
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
            seen = "\n".join(line for line in page.splitlines() if "honte_" in line) or seen
        except OSError:
            pass
        time.sleep(1)
    assert job.stdout is not None
    with job.stdout:
        out = job.stdout.read()
    return job.returncode, out, seen


def test_a_clone_is_submitted_and_trains(head: tuple[str, dict[str, str], int], tmp_path: Path) -> None:
    assert RAY is not None
    _, env, port = head
    clone = tmp_path / "clone"
    ours = ("games", "agent", "selfplay", "training", "honte", "configs")
    hidden = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.jsonl")
    for name in ours:
        shutil.copytree(ROOT / name, clone / name, ignore=hidden)
    words = f"python -m honte train tic_tac_toe --ray auto --run {tmp_path / 'run'} {TINY}".split()
    submit = [RAY, "job", "submit", "--working-dir", str(clone), "--", sys.executable, *words[1:]]
    seen, out, job = "", NO_AGENT, None
    deadline = time.monotonic() + 600
    while NO_AGENT in out and time.monotonic() < deadline:  # Ray's server answers before its agent is there
        job, out, seen = submitted(submit, env, tmp_path, port)
    assert job == 0, out
    assert "succeeded" in out
    assert (tmp_path / "run" / "config.yaml").exists()
    assert re.search(r'ray_honte_games\w*\{[^}]*game="tic_tac_toe"[^}]*run="run"', seen), seen or "no metrics"

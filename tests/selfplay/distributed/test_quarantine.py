"""Quarantine, with real processes: a game that crashes its process three times is quarantined, and no other game."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import games
from agent.inference.evaluate import hash_evaluate
from agent.search.search import SearchConfig
from games.game import Game
from games.playouts import state_after
from selfplay.config import SelfPlayConfig
from selfplay.distributed import quarantine
from selfplay.distributed.actor import ActorJob, ActorReport, FixedEvaluator, SelfPlayActor, hash_network
from selfplay.distributed.config import RayConfig
from selfplay.distributed.quarantine import MAX_CRASHES, MAX_KILLS, IsolatedActor
from selfplay.local_runner import self_play_openings
from selfplay.records import unpack

PLAY = SelfPlayConfig(num_games=9, opening_plies=12, search=SearchConfig(num_simulations=4))
GROUP = (1, 4, 6)
ANSWER_TIMEOUT = RayConfig().answer_timeout

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="exit codes that say who ended a process")


class PlainPythonProcess(subprocess.Popen[bytes]):
    """A process without compiled kernels, which starts ten times as fast."""

    def __init__(self, *args: Any, env: Any, **options: Any) -> None:
        super().__init__(*args, env={**env, "NUMBA_DISABLE_JIT": "1"}, **options)


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.name != "test_a_process_ends_with_its_parent":  # one test has compiled kernels
        monkeypatch.setattr(subprocess, "Popen", PlainPythonProcess)


def poison(how: str, slow: float, where: bytes, game: Game) -> Any:
    """The hash network, which ends its process at one position."""

    def evaluate(states: Any, positions: Any) -> Any:
        time.sleep(slow)
        if any(observation.tobytes() == where for observation in positions.observation):
            harms: dict[str, Callable[[], Any]] = {
                "error": lambda: positions.nonsense,
                "exit": lambda: os._exit(3),
                "segfault": lambda: ctypes.string_at(0),
                "hang": lambda: time.sleep(1e6),
                "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
            }
            harms[how]()
        return hash_evaluate(states, positions)

    return FixedEvaluator(evaluate)


def first_observation(game: Game, game_id: int) -> bytes:
    """The observation after a game's opening."""
    (opening,) = self_play_openings(game, PLAY, 1, np.array([game_id]))
    return bytes(game.describe_new(state_after(game, opening)).observation[0].tobytes())


def make_isolated(
    how: str = "", *, bad: int = 4, slow: float = 0.0, answer_timeout: Any = ANSWER_TIMEOUT
) -> IsolatedActor:
    game = games.make("connect_four")
    evaluator = partial(poison, how, slow, first_observation(game, bad) if how else b"")
    return IsolatedActor(pickle.dumps(ActorJob.of(game, PLAY, evaluator, seed=1)), answer_timeout)


class Outcome(NamedTuple):
    records: dict[int, Any]
    quarantined: list[int]
    notes: list[str]


def play_suspects(
    actor: IsolatedActor, each: Callable[[IsolatedActor], Any] = lambda actor: None, group: tuple[int, ...] = GROUP
) -> Outcome:
    """Play the games of ``group``; ``each`` is called before each call but the first."""
    out = Outcome({}, [], [])
    report = actor.work(group, 0.2, ({}, 7))
    while len(out.records) + len(out.quarantined) < len(group):
        each(actor)
        report = actor.work([], 0.2, None)
        out.quarantined.extend(report.quarantined)
        out.notes.extend(report.notes)
        if report.ids:
            records = unpack(games.make("connect_four"), report.data, "a group")
            out.records.update({record.id: record for record in records})
    assert (report.counts.moves > 0) == bool(out.records)
    actor.close()
    assert actor.work([], 0.2, None) == ActorReport(counts=report.counts)
    return out


def play_among_others() -> bytes:
    """The same games, played by an ordinary actor among other games."""
    actor = SelfPlayActor(ActorJob.of(games.make("connect_four"), PLAY, hash_network, seed=1))
    actor.begin()
    return bytes(actor.work(range(9), 600.0, ({}, 7)).data)


PATHS = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}


@cache
def expected_games() -> dict[int, Any]:
    """What ``play_among_others`` plays in plain Python, whose last bits differ from those of compiled kernels."""
    code = "import sys, test_quarantine\nsys.stdout.buffer.write(test_quarantine.play_among_others())"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, **PATHS}) as process:
        played, _ = process.communicate()
    return {record.id: record for record in unpack(games.make("connect_four"), played, "games")}


def check_same(records: dict[int, Any]) -> None:
    for i, record in records.items():
        for name in ("actions", "policies", "values", "budgets", "networks"):
            assert np.array_equal(getattr(record, name), getattr(expected_games()[i], name)), name


@pytest.mark.parametrize(
    ("how", "why"),
    [
        pytest.param("error", "no attribute", marks=pytest.mark.slow),
        pytest.param("exit", "exit code 3", marks=pytest.mark.slow),
        ("segfault", "SIGSEGV"),
    ],
)
def test_a_game_that_ends_its_process_three_times_is_quarantined(how: str, why: str) -> None:
    started: set[int] = set()

    def note_pid(actor: IsolatedActor) -> None:
        started.update({actor.child.process.pid} if actor.child else ())

    out = play_suspects(make_isolated(how), note_pid)
    assert out.quarantined == [4]
    assert set(out.records) == {1, 6}
    assert len(started) == 1 + MAX_CRASHES + 1  # with the others, alone, and one that plays what comes after it
    assert all(why in note for note in out.notes)
    assert "game 4 is in quarantine" in out.notes[-1]
    check_same(out.records)


def test_a_process_that_does_not_answer_counts_as_crashed() -> None:
    actor = make_isolated("hang", answer_timeout=lambda first, seconds: 300.0 if first else 1.0)
    out = play_suspects(actor, group=(4,))
    assert out.quarantined == [4]
    assert len(out.notes) == MAX_CRASHES
    assert "no answer for 1 seconds" in out.notes[-1]


@pytest.mark.slow
def test_a_game_whose_process_is_killed_from_outside_is_not_quarantined() -> None:
    """After five kills by either signal the games are played to the end, and are the same bit for bit."""
    kills = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]

    def kill(actor: IsolatedActor) -> None:
        if kills and actor.child and actor.child.has_answered and actor.playing:
            actor.child.process.send_signal(kills.pop())

    out = play_suspects(make_isolated(slow=0.01), kill)
    assert not kills
    assert not out.quarantined
    check_same(out.records)


@pytest.mark.slow
def test_a_game_whose_process_is_killed_too_often_is_quarantined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A game that uses up all memory has its process killed each time."""
    monkeypatch.setattr(quarantine, "MAX_KILLS", 3)
    assert MAX_KILLS > 3
    out = play_suspects(make_isolated("kill"))
    assert (set(out.records), out.quarantined) == ({1, 6}, [4])


def test_a_process_that_cannot_begin_is_no_games_fault() -> None:
    job = ActorJob.of(games.make("connect_four"), PLAY, broken, seed=1)
    actor = IsolatedActor(pickle.dumps(job), ANSWER_TIMEOUT)
    with pytest.raises(RuntimeError, match="could not begin: TypeError: no such backend"):
        play_suspects(actor)


def broken(game: Game) -> Any:
    raise TypeError("no such backend")


def test_a_process_ends_with_its_parent() -> None:
    """Also in the middle of a game."""
    code = f"""
        import sys, time
        sys.path[:0] = {sys.path!r}
        from test_quarantine import make_isolated
        actor = make_isolated("hang")
        actor.work([4], 0.1, ({{}}, 0))
        while not (actor.playing and actor.child.busy):
            actor.work([], 0.1, None)
        print(actor.child.process.pid, flush=True)
        time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env={**os.environ, **PATHS}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.5)
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 30
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False

"""The ordeal, with real processes: who ends its own three times is given up, and nobody else, whatever is killed."""

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
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import games
from agent.inference.evaluate import hash_evaluate
from agent.search.search import SearchConfig
from games.game import Game
from games.playouts import state_after
from selfplay.distributed import quarantine
from selfplay.distributed.actor import ActorJob, ActorReport, FixedEvaluator, RayConfig, SelfPlayActor, hash_network
from selfplay.distributed.quarantine import KILLS, STRIKES, Quarantine
from selfplay.local_runner import SelfPlayConfig, self_play_openings
from selfplay.records import unpack

PLAY = SelfPlayConfig(num_games=9, opening_plies=12, search=SearchConfig(num_simulations=4))
LOT = (1, 4, 6)
PATIENCE = RayConfig().patience

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="deaths that tell who caused them")


def poison(how: str, slow: float, where: bytes, game: Game) -> Any:
    """The hash network, which comes to harm at one position."""

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


def beginning(game: Game, game_id: int) -> bytes:
    """What the network sees first of a game."""
    (opening,) = self_play_openings(game, PLAY, 1, np.array([game_id]))
    return bytes(game.describe_new(state_after(game, opening)).observation[0].tobytes())


def an_ordeal(how: str = "", *, bad: int = 4, slow: float = 0.0, patience: Any = PATIENCE) -> Quarantine:
    game = games.make("connect_four")
    evaluator = partial(poison, how, slow, beginning(game, bad) if how else b"")
    return Quarantine(pickle.dumps(ActorJob.of(game, PLAY, evaluator, seed=1)), patience)


class Outcome(NamedTuple):
    found: dict[int, Any]
    given_up: list[int]
    notes: list[str]


def gone_through(
    tried: Quarantine, each: Callable[[Quarantine], Any] = lambda tried: None, lot: tuple[int, ...] = LOT
) -> Outcome:
    """What comes of the games of ``lot``; ``each`` is called before each call but the first."""
    out = Outcome({}, [], [])
    answer = tried.work(lot, 0.2, ({}, 7))
    while len(out.found) + len(out.given_up) < len(lot):
        each(tried)
        answer = tried.work([], 0.2, None)
        out.given_up.extend(answer.quarantined)
        out.notes.extend(answer.notes)
        if answer.ids:
            out.found.update({record.id: record for record in unpack(games.make("connect_four"), answer.data, "a lot")})
    assert (answer.moves > 0) == bool(out.found)
    tried.close()
    assert tried.work([], 0.2, None) == ActorReport([], b"", answer.moves, answer.asked, answer.evaluated)
    return out


def in_company() -> dict[int, Any]:
    """The same games in a worker, among others."""
    game = games.make("connect_four")
    worker = SelfPlayActor(ActorJob.of(game, PLAY, hash_network, seed=1))
    worker.begin()
    return {record.id: record for record in unpack(game, worker.work(range(9), 600.0, ({}, 7)).data, "company")}


def the_same(found: dict[int, Any]) -> None:
    wanted = in_company()
    for i, record in found.items():
        for name in ("actions", "policies", "values", "budgets", "networks"):
            assert np.array_equal(getattr(record, name), getattr(wanted[i], name)), name


@pytest.mark.parametrize(("how", "why"), [("error", "no attribute"), ("exit", "exit code 3"), ("segfault", "SIGSEGV")])
def test_a_game_that_ends_its_process_three_times_is_given_up(how: str, why: str) -> None:
    started: set[int] = set()

    def look(tried: Quarantine) -> None:
        started.update({tried.child.process.pid} if tried.child else ())

    out = gone_through(an_ordeal(how), look)
    assert out.given_up == [4]
    assert set(out.found) == {1, 6}
    assert len(started) == 1 + STRIKES + 1  # with the others, alone, and one that plays what comes after it
    assert all(why in note for note in out.notes)
    assert "game 4 is in quarantine" in out.notes[-1]
    the_same(out.found)


def test_silence_is_a_death() -> None:
    tried = an_ordeal("hang", patience=lambda first, seconds: 300.0 if first else 1.0)
    out = gone_through(tried, lot=(4,))
    assert out.given_up == [4]
    assert len(out.notes) == STRIKES
    assert "no answer for 1 seconds" in out.notes[-1]


def test_a_game_whose_process_is_killed_from_outside_is_nobodys_fault() -> None:
    """Five times, by either signal: played to the end, and the same bit for bit."""
    kills = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]

    def kill(tried: Quarantine) -> None:
        if kills and tried.child and tried.child.begun and tried.playing:
            tried.child.process.send_signal(kills.pop())

    out = gone_through(an_ordeal(slow=0.01), kill)
    assert not kills
    assert not out.given_up
    the_same(out.found)


def test_killing_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes all memory is killed, too, each time."""
    monkeypatch.setattr(quarantine, "KILLS", 3)
    assert KILLS > 3
    out = gone_through(an_ordeal("kill"))
    assert (set(out.found), out.given_up) == ({1, 6}, [4])


def test_a_process_that_cannot_begin_is_no_games_fault() -> None:
    tried = Quarantine(pickle.dumps(ActorJob.of(games.make("connect_four"), PLAY, broken, seed=1)), PATIENCE)
    with pytest.raises(RuntimeError, match="could not begin: TypeError: no such engine"):
        gone_through(tried)


def broken(game: Game) -> Any:
    raise TypeError("no such engine")


def test_a_process_ends_with_its_parent() -> None:
    """Also in the middle of a game."""
    code = f"""
        import sys, time
        sys.path[:0] = {sys.path!r}
        from test_quarantine import an_ordeal
        tried = an_ordeal("hang")
        tried.work([4], 0.1, ({{}}, 0))
        while not (tried.playing and tried.child.busy):
            tried.work([], 0.1, None)
        print(tried.child.process.pid, flush=True)
        time.sleep(600)
    """
    paths = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env={**os.environ, **paths}
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

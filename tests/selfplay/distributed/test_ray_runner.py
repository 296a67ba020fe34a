"""RayRunner on a real cluster of several nodes: processes are killed, and every game still comes exactly once."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import games
from agent.inference.evaluate import hash_evaluate
from agent.search.search import SearchConfig
from games.game import Game
from games.playouts import state_after
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import ActorJob, FixedEvaluator, SelfPlayActor, hash_network
from selfplay.distributed.cluster_connection import retry_start
from selfplay.distributed.config import RayConfig
from selfplay.local_runner import LocalRunner, self_play_openings
from selfplay.records import GameRecord, pack

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

from selfplay.distributed.ray_runner import RayRunner  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
]

NUM_KILLS = 30
STORE = 80 << 20
PLAIN = SelfPlayConfig(num_games=8, search=SearchConfig(num_simulations=8))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and one more node, each with one CPU."""
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # actors cannot import this file
    node = {"num_cpus": 1, "object_store_memory": STORE}
    started = retry_start(lambda: Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False}))
    retry_start(lambda: started.add_node(**node))
    ray.init(started.address, log_to_driver=False, logging_level="error")
    yield started
    ray.shutdown()
    started.shutdown()


Make = Callable[..., RayRunner]


@pytest.fixture
def make(cluster: Any) -> Iterator[Make]:
    """Makes runners of tic-tac-toe on the cluster, and closes them."""
    made: list[RayRunner] = []

    def of(
        game: str = "tic_tac_toe", evaluator: Any = hash_network, config: SelfPlayConfig = PLAIN, **over: Any
    ) -> Any:
        first = {name: over.pop(name) for name in ("first_id", "missing") if name in over}
        spread = RayConfig(**{"num_actors": 2, "seconds": 0.1, **over})
        made.append(RayRunner(games.make(game), config, evaluator, seed=1, cluster=spread, **first))
        made[-1].publish({}, 0)
        return made[-1]

    yield of
    for runner in made:
        runner.close()


def collect(runner: RayRunner, until: int, each: Callable[[int], None] = lambda n: None) -> dict[int, GameRecord]:
    """Collect at least ``until`` games, none of them twice. ``each`` is called with their number after each call."""
    found: dict[int, GameRecord] = {}
    while len(found) < until:
        for record in runner.collect(1.0):
            assert record.id not in found
            found[record.id] = record
        each(len(found))
    return found


def check_no_id_is_lost(runner: RayRunner, found: dict[int, GameRecord]) -> None:
    """Every id that was assigned is collected, is still to be played, or is in quarantine."""
    assert sorted([*found, *runner.missing, *runner.assignments.quarantined]) == list(range(runner.next_id))


def as_bytes(game: Game, record: GameRecord) -> bytes:
    return pack(game, [record])


def local(game: Game, config: SelfPlayConfig, count: int) -> dict[int, GameRecord]:
    runner = LocalRunner(game, config, lambda: hash_network(game), seed=1, deterministic=True)
    found: dict[int, GameRecord] = {}
    while not set(range(count)) <= set(found):
        found |= {record.id: record for record in runner.collect()}
    return found


def equal_games(game: Game, found: dict[int, GameRecord], wanted: dict[int, GameRecord]) -> int:
    common = sorted(set(found) & set(wanted))
    assert [as_bytes(game, found[i]) for i in common] == [as_bytes(game, wanted[i]) for i in common]
    return len(common)


@pytest.mark.parametrize(("actors", "groups", "above"), [(1, 1, 100), (2, 1, 100), (1, 3, 100), (3, 1, 0), (0, 1, 1)])
def test_the_games_are_those_of_the_local_runner(make: Make, actors: int, groups: int, above: int) -> None:
    """Also with aggregators: here if there are more than 0 or 1 actors."""
    runner = make(num_actors=actors, groups=groups, num_cpus=0.5, aggregate_above=above)
    found = collect(runner, 200)
    check_no_id_is_lost(runner, found)
    assert all(bool(actor.role.actors) == (above < 100) for actor in runner.actors.values())
    assert equal_games(runner.game, found, local(runner.game, PLAIN, 150)) >= 100


def send(number: signal.Signals, pid: int) -> bool:
    """Send a signal; False when the process has ended already, which the driver may not have noticed yet."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def test_actors_killed_at_random(make: Make) -> None:
    """After 30 kills (-9) no id is lost, and none is collected twice."""
    runner, rng, kills = make(), random.Random(4), [0]
    due = [40]

    def kill(count: int) -> None:
        living = [actor for actor in runner.actors.values() if actor.has_worked]
        if count >= due[0] and living and kills[0] < NUM_KILLS and send(signal.SIGKILL, rng.choice(living).pid):
            kills[0], due[0] = kills[0] + 1, count + rng.randrange(60)

    found: dict[int, GameRecord] = {}
    while kills[0] < NUM_KILLS:
        for record in runner.collect(1.0):
            assert record.id not in found
            found[record.id] = record
        kill(len(found))
    last = max(found)
    while not set(range(last)) <= set(found):  # those that were lost are played again
        for record in runner.collect(1.0):
            assert record.id not in found
            found[record.id] = record
    check_no_id_is_lost(runner, found)
    assert not runner.assignments.quarantined
    assert (
        sum("is replaced" in note for note in runner.notes) >= NUM_KILLS * 2 // 3
    )  # two may die before the driver notices either
    equal_games(runner.game, found, local(runner.game, PLAIN, 200))


def test_aggregators_killed_and_frozen(make: Make, cluster: Any) -> None:
    """Nothing is lost with an aggregator that is killed (-9) or stopped, nor with the actors of its pool."""
    runner, rng = make(num_actors=4, num_cpus=0.5, aggregate_above=0, timeout=8.0), random.Random(1)
    found = collect(runner, 30)
    assert len(runner.actors) == 2
    for turn in range(7):
        aggregators = [actor for actor in runner.actors.values() if actor.has_worked]
        while not aggregators:
            found |= collect(runner, 1)
            aggregators = [actor for actor in runner.actors.values() if actor.has_worked]
        victim = rng.choice(aggregators)
        send(signal.SIGKILL if turn % 3 else signal.SIGSTOP, victim.pid)
        deadline = time.monotonic() + 120
        while victim in runner.actors.values() and time.monotonic() < deadline:
            found |= collect(runner, 1)
        assert victim not in runner.actors.values()
        for pid in children(turn):
            send(signal.SIGKILL, pid)  # an actor of an aggregator's pool
        found |= collect(runner, 30)
    last = max(found)
    while not set(range(last)) <= set(found):
        found |= collect(runner, 1)
    check_no_id_is_lost(runner, found)
    assert not runner.assignments.quarantined
    equal_games(runner.game, found, local(runner.game, PLAIN, 200))


def children(turn: int) -> list[int]:
    """An actor of this cluster that plays, every second turn."""
    pids = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if b"Actor.work" in _text(path)]
    return sorted(filter(_is_ours, pids))[: turn % 2]


def _is_ours(pid: int) -> bool:
    """Whether this process is among the ancestors: other tests may run another cluster on this machine."""
    while pid > 1 and pid != os.getpid():
        fields = _text(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
        pid = int(fields[1]) if fields else 0
    return pid == os.getpid()


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_node_comes_and_goes(make: Make, cluster: Any) -> None:
    """With num_actors 0 there are as many actors as fit, and the run continues when a node leaves."""
    runner = make(num_actors=0)
    found = collect(runner, 50)
    assert len(runner.actors) == 2
    node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    deadline = time.monotonic() + 120
    while sum(actor.has_worked for actor in runner.actors.values()) < 3 and time.monotonic() < deadline:
        found |= collect(runner, 1)
    assert len(runner.actors) == 3
    cluster.remove_node(node, allow_graceful=False)
    deadline = time.monotonic() + 120
    while (len(runner.actors) > 2 or not runner.notes) and time.monotonic() < deadline:
        found |= collect(runner, 1)
    assert len(runner.actors) == 2
    last = max(found)
    while not set(range(last)) <= set(found):
        found |= collect(runner, 1)
    assert not runner.assignments.quarantined


def test_a_frozen_actor_is_replaced(make: Make) -> None:
    runner = make(timeout=8.0)
    found = collect(runner, 60)
    frozen = next(actor for actor in runner.actors.values() if actor.has_worked)
    assert send(signal.SIGSTOP, frozen.pid)
    deadline = time.monotonic() + 120
    while frozen in runner.actors.values() and time.monotonic() < deadline:
        found |= collect(runner, 1)
    assert any("no answer" in note for note in runner.notes)
    last = max(found)
    while not set(range(last)) <= set(found):
        found |= collect(runner, 1)
    while _alive(frozen.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(frozen.pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def deadly(game: Game, where: bytes) -> Any:
    """The hash network, which ends its process at one position."""

    def evaluate(states: Any, positions: Any) -> Any:
        if any(observation.tobytes() == where for observation in positions.observation):
            os._exit(1)
        return hash_evaluate(states, positions)

    return FixedEvaluator(evaluate)


@pytest.mark.parametrize("above", [100, 0])
def test_a_poisoned_game_is_quarantined(make: Make, above: int) -> None:
    """One position kills every process that evaluates it; only the game that reaches it goes into quarantine."""
    game = games.make("connect_four")
    config = SelfPlayConfig(num_games=9, opening_plies=12, search=SearchConfig(num_simulations=4))
    openings = self_play_openings(game, config, 1, np.arange(9))
    bad = max(range(9), key=lambda i: len(openings[i]))
    where = game.describe_new(state_after(game, openings[bad])).observation[0].tobytes()
    runner = make("connect_four", partial(deadly, where=where), config, aggregate_above=above)
    found: dict[int, GameRecord] = {}
    while not runner.assignments.quarantined:
        found |= collect(runner, 1)
    assert runner.assignments.quarantined == [bad]
    assert any(f"game {bad} is in quarantine" in note for note in runner.notes)
    while not set(range(9)) <= {*found, bad}:  # the other games go on, also those that its actors were playing
        found |= collect(runner, 1)
    found |= collect(runner, 20)
    assert bad not in found


def broken(game: Game) -> Any:
    raise TypeError("no such backend")


@pytest.mark.parametrize("above", [100, 0])
def test_an_actor_that_cannot_begin_says_why(make: Make, above: int) -> None:
    with pytest.raises(ValueError, match="could not begin: TypeError: no such backend"):
        collect(make(evaluator=broken, aggregate_above=above), 1)


def test_actors_wait_for_a_driver_that_does_not_collect_and_memory_stays_flat(make: Make) -> None:
    """Each actor has at most two calls in flight, and weights of old versions leave the object store."""
    runner = make()
    collect(runner, 40)
    size = 4 << 20
    for version in range(1, 60):  # three times what the store holds
        runner.publish({"weights": np.full(size // 4, version, np.float32)}, version)
        collect(runner, 1)
    time.sleep(3.0)
    assert all(len(actor.calls) <= 2 for actor in runner.actors.values())
    calls = [actor.calls[-1] for actor in runner.actors.values() if actor.calls]
    moves = [ray.get(call.answer, timeout=60).counts.moves for call in calls]
    time.sleep(1.0)
    assigned = sum(len(ids) for ids in runner.assignments.assigned.values())
    records = collect(runner, 1)
    assert {int(v) for record in records.values() for v in record.networks} <= set(range(60))
    assert runner.moves <= sum(moves) + runner.actors.past_counts.moves  # nothing was played meanwhile
    assert assigned <= sum(PLAIN.num_games + 3 * actor.most_games_per_call for actor in runner.actors.values())


LAST_STONE = """
import numpy as np
from games import ONGOING, from_rules
state = np.dtype([("stones", np.int16), ("to_play", np.int8)])
def init(s):
    s["stones"] = 21
def legal_actions(s, legal):
    for a in range(3):
        legal[a] = a < s["stones"]
def step(s, a):
    s["stones"] -= a + 1
    s["to_play"] = 1 - s["to_play"]
def outcome(s):
    return -1 if s["stones"] == 0 else ONGOING
def observe(s, planes):
    planes[0, 0, : s["stones"]] = 1
def draw(s):
    return (np.arange(21) < s["stones"]).reshape(1, 21).astype(np.int8)
game = from_rules(
    name="last_stone", state=state, num_actions=3, observation_shape=(1, 1, 21), max_plies=21, init=init,
    legal_actions=legal_actions, step=step, outcome=outcome, observe=observe, draw=draw, write_action=str,
)
"""


def test_a_users_game_file_travels_to_the_actors(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "last_stone.py"
    file.write_text(LAST_STONE)
    runner = make(f"{file}:game")
    file.unlink()  # as on another machine
    found = collect(runner, 30)
    assert equal_games(runner.game, found, local(runner.game, PLAIN, 20)) >= 10
    assert runner.job.make_game().name == f"{file}:game"


def test_missing_ids_of_an_earlier_run_are_played_first(make: Make) -> None:
    runner = make(first_id=100, missing=[3, 70])
    found = collect(runner, 30)
    assert {3, 70} <= set(found)
    assert min(set(found) - {3, 70}) >= 100


def test_an_actor_plays_the_games_it_is_given_and_no_others() -> None:
    game = games.make("tic_tac_toe")
    actor = SelfPlayActor(ActorJob.of(game, PLAIN, hash_network, seed=1))
    actor.begin()
    report = actor.work([5, 9], 60.0, ({}, 3))
    assert sorted(report.ids) == [5, 9]
    assert actor.work([], 60.0, None).ids == []
    assert report.counts.moves == actor.work([], 60.0, None).counts.moves


@pytest.mark.parametrize("wrong", [{"groups": 0}, {"seconds": 0.0}, {"num_actors": -1}, {"object_store_mb": 1}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"ray.{next(iter(wrong))} is"):
        RayConfig(**wrong)


def test_an_address_without_a_cluster_is_one_sentence() -> None:
    import subprocess

    code = "from selfplay.distributed.ray_runner import connect; from selfplay.distributed.config import RayConfig\n"
    code += "try:\n    connect('127.0.0.1:1', RayConfig())\nexcept ValueError as error:\n    print(error)"
    env = {**os.environ, "RAY_gcs_rpc_server_reconnect_timeout_s": "2", "RAY_gcs_server_request_timeout_seconds": "2"}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=300)
    assert "there is no Ray cluster at '127.0.0.1:1'" in shown.stdout

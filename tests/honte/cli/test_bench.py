"""``honte bench`` and what it measures with: a clock that is told the time, and moments on a small game."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from agent.inference.evaluate import uniform_evaluate
from agent.networks.policy_value import NetworkConfig
from games import make
from honte.__main__ import main
from honte.bench import advice, forward, learner
from honte.bench import round as round_module
from honte.bench import start as start_module
from honte.bench.self_play import begin_self_play
from honte.bench.setup import BenchSetup, reached_positions
from honte.bench.turns import median, median_ratio, run_in_turns
from honte.cli.commands.tools.bench import LINES

SMALL = "--game tic_tac_toe --blocks 1 --channels 8 --simulations 8 --games 16 --seconds 0.02 --rounds 2"


def small_bench(name: str = "connect_four") -> BenchSetup:
    return BenchSetup(game=make(name), network=NetworkConfig(blocks=1, channels=8), num_simulations=16, num_games=32)


def test_works_take_turns_and_drift_cancels() -> None:
    """A machine that slows down from round to round: rates fall, their ratio stays."""
    now, order = [0.0], list[str]()

    def work(name: str, cost: float) -> Callable[[], int]:
        def piece() -> int:
            order.append(name)
            now[0] += cost * (1 + len(order) // 20)
            return 3

        return piece

    rates = run_in_turns({"a": work("a", 0.1), "b": work("b", 0.2)}, seconds=1.0, rounds=5, clock=lambda: now[0])
    assert "".join(order[:2]) == "ab"  # the first piece of each, which may compile, before anything is timed
    turns = "".join(name for i, name in enumerate(order[2:]) if i == 0 or order[2:][i - 1] != name)
    assert turns == "ab" * 5
    assert rates["a"][0] > 1.4 * rates["a"][-1]
    assert median(rates["a"]) == sorted(rates["a"])[2]
    assert median_ratio(rates["a"], rates["b"]) == pytest.approx(2, rel=0.3)


def test_reached_positions_are_not_over_and_differ() -> None:
    game = make("connect_four")
    after = game.describe_new(reached_positions(game, 64, 6))
    assert (after.observation[:, :2].sum(axis=(1, 2, 3)) == 6).all()
    anywhere = reached_positions(game, 64)
    assert not game.describe_new(anywhere).terminal.any()
    assert len(np.unique(game.describe_new(anywhere).observation[:, :2].sum(axis=(1, 2, 3)))) > 10
    assert (reached_positions(game, 64) == anywhere).all()
    assert (reached_positions(game, 64, seed=1) != anywhere).any()


def test_games_under_way_do_not_move_all_at_once() -> None:
    """Otherwise a moment of self-play would hold a move of each game or none at all."""
    self_play = begin_self_play(small_bench(), uniform_evaluate)
    moves = []
    for _ in range(32):
        before = self_play.loop.moves
        self_play.grow()
        moves.append(self_play.loop.moves - before)
    assert sum(moves) > 32
    assert max(moves) < 16
    assert sum(count > 0 for count in moves) > 10


def test_of_candidates_that_are_close_the_smaller_is_suggested() -> None:
    candidates = [advice.Candidate(1, 128, 50.0), advice.Candidate(2, 128, 99.0), advice.Candidate(2, 512, 100.0)]
    assert advice.choose(candidates) == candidates[1]
    assert advice.choose([*candidates, advice.Candidate(2, 1024, 110.0)]).num_games == 1024


def test_stages_exclude_what_they_call_and_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(round_module.time, "thread_time", lambda: now[0])
    clock = round_module.StageClock(inside=0.25, outside=0.5)

    def work(seconds: float) -> None:
        now[0] += seconds

    inner = clock.timed(round_module.TREE, work)

    def outer() -> None:
        work(2.0)
        inner(3.0)
        inner(1.0)
        work(5.0)

    clock.timed(round_module.LOOP, outer)()
    assert clock.seconds[round_module.TREE] == 4.0 - 2 * 0.25
    assert clock.seconds[round_module.LOOP] == 7.0 - 2 * 0.5 - 0.25
    assert sum(clock.seconds.values()) == 11.0 - 3 * 0.25 - 2 * 0.5


def test_every_stage_of_a_round_is_timed_and_nothing_stays_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(round_module, "NUM_GAMES", (16,))
    search_functions = dict(vars(round_module.search_module))
    bench = replace(small_bench(), seconds=0.05, rounds=1)
    rows = {row.what: row.value for row in round_module.measure_round(bench)}
    assert [f"16 games: {stage}" for stage in round_module.STAGES] == list(rows)[:-2]
    for stage in (round_module.LOOP, round_module.TREE, round_module.RULES, round_module.OBSERVE, round_module.PACK):
        assert rows[f"16 games: {stage}"] > 0
    assert 0 < rows["16 games: share that holds Python's lock"] < 100
    assert vars(round_module.search_module) == search_functions
    assert not {"advance", "describe", "describe_new", "copy"} & set(vars(bench.game))


def test_a_start_ends_at_the_text_that_is_waited_for() -> None:
    code = "import sys; print('your move: '); assert sys.stdin.readline() == 'quit\\n'; print('x', file=sys.stderr)"
    found = start_module.start_process(["-c", code], until=b"your move", commands=b"quit\n")
    assert found.wall > 0
    assert found.errors == "x\n"
    with pytest.raises(RuntimeError, match="failed: no such game"):
        start_module.start_process(["-c", "import sys; sys.exit('no such game')"])
    with pytest.raises(RuntimeError, match="failed"):
        start_module.start_process(["-c", "print('x')"], until=b"your move")


def test_imports_are_found_in_a_report() -> None:
    report = """import time: self [us] | cumulative | imported package
import time:       100 |     120000 |     numpy
import time:      1000 |     200000 |   numpy.core
import time:     43499 |    2500000 | torch
honte: a warning
"""
    assert start_module.import_seconds(report) == {"numpy": 0.12, "torch": 2.5}


@pytest.mark.slow
def test_every_part_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "NUM_GAMES", ())
    monkeypatch.setattr(forward, "BATCHES", (1, 32))
    monkeypatch.setattr(learner, "NUM_SAMPLES", 600)
    assert main(["bench", *SMALL.split(), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])
    assert list(dict.fromkeys(row["part"] for row in found["rows"])) == list(LINES)
    assert all(row["value"] > 0 for row in found["rows"] if row["part"] in ("games", "tree", "engines", "self-play"))
    names = [row["what"] for row in found["rows"] if row["part"] == "engines"]
    assert "batch 32, torch fp32" in names
    assert "new weights, torch fp32" in names
    assert found["backend"]["chosen"] in found["backend"]["candidates"]
    assert found["suggested"]["self_play"]["num_games"] == 16
    assert found["suggested"]["engine"]["precision"] in ("fp32", "bf16", "int8")
    assert found["machine"]["versions"]["numpy"] == np.__version__
    assert "honte train tic_tac_toe --self-play.num-games 16 --self-play.num-groups " in err
    assert max(map(len, err.splitlines())) <= 100


def test_parts_can_be_picked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *SMALL.split(), "--only", "games", "tree", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["part"] for row in found["rows"]} == {"games", "tree"}
    assert found["suggested"] == {}


def test_a_model_folder_brings_its_own_network(capsys: pytest.CaptureFixture[str]) -> None:
    words = "bench --model connect_four --only games --seconds 0.01 --rounds 1 --json"
    assert main(words.split()) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    from agent.storage.model_folder import find_model, read

    shape = read(find_model("connect_four")).network
    assert found["network"] == f"{shape['blocks']} x {shape['channels']}"

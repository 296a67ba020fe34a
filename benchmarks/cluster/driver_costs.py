"""How much processor time the driver of a Ray run needs for each position that actors send."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from agent.search.search import SearchConfig
from games import make
from selfplay.config import SelfPlayConfig
from selfplay.distributed.actor import hash_network
from selfplay.distributed.checked_games import CheckedBatch, CheckedGames, num_samples, pack_games
from selfplay.local_runner import LocalRunner
from selfplay.records import pack, unpack
from training.replay_buffer import ReplayBuffer, WindowConfig


def driver_costs() -> dict[str, float]:
    """Seconds of the driver for one position, and its bytes, packed and as a row of the replay buffer.

    A position from an actor is unpacked, checked, turned into a row and packed for the disk; one from an aggregator is
    only appended.
    """
    game = make("connect_four")
    config = SelfPlayConfig(num_games=64, quantum=9000, search=SearchConfig(num_simulations=4))
    records = LocalRunner(game, config, lambda: hash_network(game), seed=1, deterministic=True).collect()
    batch, count = CheckedBatch.of(game, records), num_samples(records)
    replays = {name: ReplayBuffer(game, WindowConfig(start=10**7)) for name in ("records", "batches")}
    works: dict[str, Callable[[], Any]] = {
        "taken": lambda: replays["records"].add(unpack(game, batch.data)),
        "packed": lambda: pack(game, records),
        "appended": lambda: (
            replays["batches"].add(CheckedGames(game, [batch])),
            pack_games(game, [CheckedGames(game, [batch])]),
        ),
        "checked": lambda: CheckedBatch.of(game, unpack(game, batch.data)),
    }
    spans: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(8):
        for name, work in works.items():
            start = time.process_time()
            work()
            spans[name].append((time.process_time() - start) / count)
    size = sum(array.nbytes for array in batch.positions) / count
    found = {name: statistics.median(each[1:]) for name, each in spans.items()}
    return found | {"bytes_packed": len(batch.data) / count, "bytes_of_a_row": size}

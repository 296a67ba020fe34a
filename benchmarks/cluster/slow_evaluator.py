"""The hash network with a short wait in each batch: its games take a while but little processor time."""

from __future__ import annotations

import time
from typing import Any

from agent.inference.evaluate import hash_evaluate
from games.game import Game
from selfplay.distributed.actor import FixedEvaluator

WAIT = 0.002  # seconds for each batch


def slow_hash_network(game: Game) -> Any:
    """An evaluator of the hash network that waits ``WAIT`` seconds in each batch."""

    def evaluate(states: Any, positions: Any) -> Any:
        time.sleep(WAIT)
        return hash_evaluate(states, positions)

    return FixedEvaluator(evaluate)

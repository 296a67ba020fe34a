"""The hash network, at leisure: for runs whose games take a while and cost little. Imports nothing of Ray."""

from __future__ import annotations

import time
from typing import Any

from agent.inference.evaluate import hash_evaluate
from games.game import Game
from selfplay.distributed.actor import FixedEvaluator

WAIT = 0.002  # seconds for each batch


def waiting(game: Game) -> Any:
    """Its evaluator."""

    def evaluate(states: Any, positions: Any) -> Any:
        time.sleep(WAIT)
        return hash_evaluate(states, positions)

    return FixedEvaluator(evaluate)

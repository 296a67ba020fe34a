"""What searches compile is stored on disk: the next process compiles nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLAY = """
from numba.core import event

class Compilations(event.Listener):
    depth, names = 0, []
    def on_start(self, found):
        self.depth += 1
    def on_end(self, found):
        self.depth -= 1
        if self.depth == 0 and "dispatcher" in found.data:
            self.names.append(found.data["dispatcher"].py_func.__qualname__)

listener = Compilations()
event.register("numba:compile", listener)

import numpy as np
from agent import random_numbers
from agent.decision import Terms
from agent.inference.evaluate import hash_evaluate
from agent.search.search import Search, SearchConfig
from agent.players import make_player
from games import make

game = make("tic_tac_toe")
states = game.new(2)
game.init(states)
players = [make_player(text, game, num_slots=2) for text in ("mcts:8", "minimax:2")]
for rule in ("gumbel", "puct", "uct"):
    config = SearchConfig(rule=rule, num_simulations=8, lookahead=2, reuse=rule != "gumbel")
    players.append(Search(game, hash_evaluate, config, num_slots=2))
for player in players:
    terms = Terms.of(2, keys=random_numbers.make_keys(1, np.arange(2), 0))
    player.think(np.arange(2), states, terms)
    decided = 0
    while decided < 2:
        decided += len(player.decide()[0])
print(listener.names)
"""


def test_the_next_process_compiles_nothing() -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "NUMBA_DISABLE_JIT": "0"}
    words = [sys.executable, "-c", PLAY]
    runs = [subprocess.run(words, env=environment, capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[1].stdout == "[]\n"

"""alpha-zero-general's Connect Four as one of the players: its rules and its search, from the folder that is named.

Its own network for this game is a Keras ResNet of 20 layers. Here it evaluates with honte's network in plain PyTorch,
fp32, one position at a time as its ``predict`` does. Its code uses names that NumPy has removed; this file defines
them. The program is not part of this project, and is not changed.

    python -m benchmarks.peers.alpha_zero_general DIR --blocks 6 --channels 64 --simulations 200
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from agent.networks.policy_value import NetworkConfig, PolicyValueNet, expected_value
from benchmarks.peers.serving import Counts, serve
from games import make
from honte.bench.machine import versions

TEMPERATURE_PLIES = 15
"""Its own default."""


class Network:
    """What its search asks: chances of the actions and a value for one board [H, W] of 1 and -1."""

    def __init__(self, config: NetworkConfig) -> None:
        game = make("connect_four")
        torch.manual_seed(0)
        self.net = PolicyValueNet(config, (2, *game.observation_shape[1:]), game.action_layout).eval()
        self.asked = 0

    def predict(self, board: Any) -> tuple[Any, float]:
        self.asked += 1
        planes = np.stack([board == 1, board == -1]).astype(np.float32)
        with torch.no_grad():
            out = self.net(torch.from_numpy(planes)[None])
            return out.policy.softmax(1)[0].numpy(), float(expected_value(out.value)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a clone of alpha-zero-general")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    args = parser.parse_args()
    if not (Path(args.folder) / "MCTS.py").is_file():
        raise SystemExit(f"{args.folder} holds no MCTS.py; name a clone of alpha-zero-general")
    torch.set_num_threads(1)
    np.int = int  # type: ignore[attr-defined]
    sys.path.insert(0, args.folder)
    from connect4.Connect4Game import Connect4Game  # type: ignore[import-not-found]
    from MCTS import MCTS  # type: ignore[import-not-found]

    class Rules(Connect4Game):  # type: ignore[misc]
        def stringRepresentation(self, board: Any) -> bytes:
            return bytes(board.tobytes())

    game, network = Rules(), Network(NetworkConfig(blocks=args.blocks, channels=args.channels))
    settings = SimpleNamespace(numMCTSSims=args.simulations, cpuct=1.0)
    fresh = game.getInitBoard()
    random = np.random.default_rng(0)
    seat = SimpleNamespace(board=fresh, player=1, ply=0, search=MCTS(game, network, settings))

    def move() -> Counts:
        """One move as its ``Coach`` plays it; its tree is kept from move to move of a game, as there."""
        before = network.asked
        board = game.getCanonicalForm(seat.board, seat.player)
        policy = seat.search.getActionProb(board, temp=int(seat.ply < TEMPERATURE_PLIES))
        seat.board, seat.player = game.getNextState(seat.board, seat.player, random.choice(len(policy), p=policy))
        seat.ply += 1
        if game.getGameEnded(seat.board, seat.player) != 0:
            seat.board, seat.player, seat.ply, seat.search = fresh, 1, 0, MCTS(game, network, settings)
        return {"moves": 1, "simulations": args.simulations, "evaluations": network.asked - before}

    boards = [game.getNextState(fresh, 1, column)[0] for column in range(7)]

    def forward() -> Counts:
        for board in boards:
            network.predict(board)
        return {"evaluations": len(boards)}

    serve({"versions": versions("numpy", "torch")}, {"cache-off": move, "forward": forward})


if __name__ == "__main__":
    main()

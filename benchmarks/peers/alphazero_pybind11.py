"""alphazero-pybind11's Connect Four as one of the players: its search in C++, honte's network in plain PyTorch, fp32.

The folder holds its extension module ``alphazero``, built as its own instructions say. Its games run in a thread of
C++. Batches are received, evaluated and returned here in one thread, for which its ``GameRunner`` has three, because
there is one core only. The program does not count moves: they are the simulations divided by those of a move. All games
begin at the same time, so they are in their first moves.

    python -m benchmarks.peers.alphazero_pybind11 DIR --blocks 6 --channels 64 --simulations 200 --games 256
"""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any

import numpy as np
import torch

from agent.inference.backends.torch import fold_batch_norm
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from benchmarks.peers.serving import Counts, Work, serve
from games import make
from honte.bench.machine import versions

CACHE = 200_000
"""Entries of its own cache, where it is on."""


class Games:
    """Its running games, evaluated batch by batch."""

    def __init__(self, module: Any, net: torch.nn.Module, *, games: int, simulations: int, cache: int) -> None:
        params = module.PlayParams()
        params.games_to_play, params.concurrent_games, params.max_batch_size = 1 << 30, 2 * games, games
        params.mcts_visits, params.model_groups = [simulations, simulations], [0, 0]
        params.self_play, params.tree_reuse, params.max_cache_size = True, False, cache
        params.epsilon, params.cpuct = 0.25, 1.25
        self.manager = module.PlayManager(module.Connect4GS(), params)
        self.net, self.simulations = net, simulations
        self.batch = np.zeros((games, *module.Connect4GS.CANONICAL_SHAPE()), np.float32)
        self.thread = threading.Thread(target=self.manager.play, daemon=True)
        self.thread.start()

    def __call__(self) -> Counts:
        """One batch."""
        hits = self.manager.cache_hits()
        rows = self.manager.build_batch(0, self.batch)
        if rows:
            with torch.inference_mode():
                out = self.net(torch.from_numpy(self.batch[: len(rows)]).to(memory_format=torch.channels_last))
                chances, policy = out.value.softmax(1).numpy(), out.policy.softmax(1).numpy()
            self.manager.update_inferences(0, rows, chances[:, [0, 2, 1]], policy)  # it wants win, loss, draw
        done = len(rows) + self.manager.cache_hits() - hits
        return {"evaluations": len(rows), "simulations": done, "moves": done / self.simulations}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where its extension module is")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--games", type=int, default=256, help="rows of a batch; twice as many games are under way")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sys.path.insert(0, args.folder)
    try:
        import alphazero  # type: ignore[import-not-found]
    except ImportError as error:
        raise SystemExit(f"{args.folder} holds no extension module alphazero for this Python: {error}") from error
    game = make("connect_four")
    torch.manual_seed(0)
    shape = tuple(alphazero.Connect4GS.CANONICAL_SHAPE())
    net = PolicyValueNet(NetworkConfig(blocks=args.blocks, channels=args.channels), shape, game.action_layout)
    ready = fold_batch_norm(net).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    settings = {"games": args.games, "simulations": args.simulations}
    works: dict[str, Work] = {
        f"cache-{cache}": Games(alphazero, ready, cache=entries, **settings)
        for cache, entries in (("off", 0), ("on", CACHE))
    }
    planes = torch.randint(0, 2, (args.games, *shape)).float().to(memory_format=torch.channels_last)

    def forward() -> Counts:
        with torch.inference_mode():
            ready(planes)
        return {"evaluations": len(planes)}

    serve({"versions": versions("numpy", "torch")}, {**works, "forward": forward})


if __name__ == "__main__":
    main()

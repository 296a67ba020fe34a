"""What the benchmarks measure: a game, a network and a search, and for how long; and the backends of this machine.

Does not know how anything is timed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_type_hints

import numpy as np
import torch
from numpy.typing import NDArray

from agent.inference.backend_benchmark import Backend
from agent.inference.backend_selection import AUTOMATIC_PRECISIONS, BackendConfig, list_candidates
from agent.inference.machine import this_machine
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from games.game import Game, Positions, States
from games.playouts import states_after
from honte.bench.turns import Clock, Task, median, process_clock, run_in_turns
from selfplay.openings import random_openings

OPENING_PLIES = 6
"""Random plies before a search that measures tree work."""


@dataclass(frozen=True, kw_only=True)
class BenchSetup:
    """The parameters of all benchmarks. ``weights`` None: a network with random weights."""

    game: Game
    network: NetworkConfig
    weights: Mapping[str, Any] | None = None
    num_simulations: int = 200
    num_games: int = 512  # at a time, which is also the batch size
    device: str = "cpu"
    seconds: float = 0.5  # for each task in each round
    rounds: int = 5

    @property
    def clock(self) -> Clock:
        return process_clock(self.device)

    @cached_property
    def state_dict(self) -> Mapping[str, Any]:
        """The weights of the network."""
        if self.weights is not None:
            return self.weights
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            shape, layout = self.game.observation_shape, self.game.action_layout
            return PolicyValueNet(self.network, shape, layout).state_dict()

    @cached_property
    def backends(self) -> dict[str, tuple[BackendConfig, Backend]]:
        """{name, such as "torch bf16": config and backend} of every backend and precision that this machine has."""
        backends: dict[str, tuple[BackendConfig, Backend]] = {}
        kinds, precisions = (_choices(name) for name in ("kind", "precision"))
        machine = this_machine()
        kinds.remove("compile")  # it compiles for most of a minute for each batch size
        for kind in kinds:
            for precision in precisions:
                config = BackendConfig(kind=kind, precision=precision, device=self.device, few=True)
                if precision == "bf16" and not machine.has_bf16(self.device):
                    continue
                for name, make in list_candidates(self.game, self.network, config, machine)[:1]:
                    backend = make()
                    backend.load(self.state_dict, 0)
                    backends[name] = config, backend
        return backends

    @cached_property
    def fastest_backend(self) -> str:
        """The name of the backend that evaluates most positions per second, in batches of ``num_games``."""
        states = reached_positions(self.game, self.num_games)
        positions = self.game.describe_new(states)
        tasks = {name: forward_batches(backend, states, positions) for name, (_, backend) in self.backends.items()}
        if len(tasks) == 1:
            return next(iter(tasks))
        rates = run_in_turns(tasks, seconds=self.seconds / 2, rounds=3, clock=self.clock)
        return max(rates, key=lambda name: median(rates[name]))


def forward_batches(backend: Backend, states: States, positions: Positions) -> Task:
    """A task that evaluates one batch; it counts positions."""
    return lambda: len(backend(states, positions).value)


def _choices(field: str) -> list[Any]:
    """The values of a field of ``BackendConfig``, without those that leave the choice to honte."""
    return [value for value in get_args(get_type_hints(BackendConfig)[field]) if value not in AUTOMATIC_PRECISIONS]


def reached_positions(game: Game, count: int, plies: int | None = None, seed: int = 0) -> States:
    """[B] positions of random games, none of them over: after ``plies`` plies, or after 0 to half of ``max_plies``."""
    if plies is None:
        lengths: NDArray[np.int64] = np.random.default_rng(seed).integers(0, max(game.max_plies // 2, 1), count)
    else:
        lengths = np.full(count, plies, np.int64)
    return states_after(game, random_openings(game, np.arange(count), lengths, seed=seed))

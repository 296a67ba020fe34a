"""What is measured: a game, a network, how it is searched, and for how long. Knows which backends are available here.

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
from agent.inference.backend_selection import AUTOMATIC_PRECISIONS, BackendConfig, has_bf16, list_candidates
from agent.networks.policy_value import NetworkConfig, PolicyValueNet
from games.game import Game, Positions, States
from games.playouts import states_after
from honte.bench.turns import Clock, Work, median, process_clock, run_in_turns
from selfplay.openings import random_openings

OPENING_PLIES = 6
"""Random plies before a search that measures tree work."""


@dataclass(frozen=True, kw_only=True)
class BenchSetting:
    """What every part needs to know. ``weights`` None: a network that has learned nothing."""

    game: Game
    network: NetworkConfig
    weights: Mapping[str, Any] | None = None
    num_simulations: int = 200
    num_games: int = 512  # at once, and the rows of a batch
    device: str = "cpu"
    seconds: float = 0.5  # of each work in each round
    rounds: int = 5

    @property
    def clock(self) -> Clock:
        return process_clock(self.device)

    @cached_property
    def loaded(self) -> Mapping[str, Any]:
        """The network's weights."""
        if self.weights is not None:
            return self.weights
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            shape, layout = self.game.observation_shape, self.game.action_layout
            return PolicyValueNet(self.network, shape, layout).state_dict()

    @cached_property
    def backends(self) -> dict[str, tuple[BackendConfig, Backend]]:
        """Every available backend and precision with the weights loaded, by names such as "torch bf16"."""
        found: dict[str, tuple[BackendConfig, Backend]] = {}
        kinds, precisions = (_choices(name) for name in ("kind", "precision"))
        kinds.remove("compile")  # each shape takes most of a minute
        for kind in kinds:
            for precision in precisions:
                config = BackendConfig(kind=kind, precision=precision, device=self.device, few=True)
                if precision == "bf16" and not has_bf16(self.device):
                    continue
                for name, make in list_candidates(self.game, self.network, config)[:1]:
                    backend = make()
                    backend.load(self.loaded, 0)
                    found[name] = config, backend
        return found

    @cached_property
    def fastest(self) -> str:
        """The name of the backend that evaluates most positions per second, ``num_games`` real ones at a time."""
        states = reached_positions(self.game, self.num_games)
        positions = self.game.describe_new(states)
        works = {name: forward_batches(backend, states, positions) for name, (_, backend) in self.backends.items()}
        if len(works) == 1:
            return next(iter(works))
        rates = run_in_turns(works, seconds=self.seconds / 2, rounds=3, clock=self.clock)
        return max(rates, key=lambda name: median(rates[name]))


def forward_batches(backend: Backend, states: States, positions: Positions) -> Work:
    """One batch through the backend; counts positions."""
    return lambda: len(backend(states, positions).value)


def _choices(field: str) -> list[Any]:
    """What an ``BackendConfig`` may name there, the choices that stand for others left out."""
    return [value for value in get_args(get_type_hints(BackendConfig)[field]) if value not in AUTOMATIC_PRECISIONS]


def reached_positions(game: Game, count: int, plies: int | None = None, seed: int = 0) -> States:
    """[B] real positions, none of them over: after ``plies`` random plies, or after 0 to half of ``max_plies``."""
    if plies is None:
        lengths: NDArray[np.int64] = np.random.default_rng(seed).integers(0, max(game.max_plies // 2, 1), count)
    else:
        lengths = np.full(count, plies, np.int64)
    return states_after(game, random_openings(game, np.arange(count), lengths, seed=seed))

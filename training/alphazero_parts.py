"""The parts of a self-play run, made from its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from agent.inference.network_evaluator import NetworkEvaluator
from games.game import Game
from selfplay.local_runner import LocalRunner
from training.batches.batches_ahead import BatchesAhead
from training.config import TrainConfig
from training.evaluation.gate import Gate
from training.replay_buffer import ReplayBuffer
from training.run.run_storage import RunState
from training.start_checks import backend_config


def make_replay_buffer(game: Game, config: TrainConfig) -> ReplayBuffer:
    """An empty replay buffer. Moves of fast searches train the policy only with ``learn.fast_policies``."""
    learn, self_play = config.learn, config.self_play
    full = self_play.search.num_simulations
    if learn.fast_policies:
        full = 0
    elif self_play.first_simulations:  # full searches have fewer simulations at first
        full = self_play.fast_simulations + 1 if self_play.has_fast_searches else 0
    return ReplayBuffer(
        game,
        learn.window,
        full_budget=full,
        surprise_share=learn.surprise_share,
        auxiliary=bool(learn.auxiliary.targets),
        horizon=learn.auxiliary.horizon,
        augment=learn.augment,
    )


def make_batches(replay: ReplayBuffer, config: TrainConfig, device: torch.device) -> BatchesAhead:
    """The batches of the learner's steps from ``replay``, for a learner on ``device``."""
    learn = config.learn
    if learn.processes > 1:
        device = torch.device("cpu")  # where the processes share a batch
    return BatchesAhead(lambda step: replay.batch(learn.batch_size, config.seed, step), device)


def make_runner(game: Game, config: TrainConfig, saved: RunState, remote: Callable[..., Any] | None) -> Any:
    """The runner of self-play, which continues where the checkpoint left off.

    ``remote`` makes one that plays in other processes; None: it plays in this process.
    """
    self_play = config.self_play
    if config.learn.surprise_share:
        self_play = replace(self_play, measure_surprises=True)
    backend = backend_config(config, remote=remote is not None)
    evaluator = partial(NetworkEvaluator, network=config.network, config=backend, wait=False)
    common: dict[str, Any] = {"seed": config.seed, "first_id": saved.next_id}
    if remote is not None:
        return remote(game, self_play, evaluator, missing=saved.missing, **common)
    runner = LocalRunner(game, self_play, lambda: evaluator(game), deterministic=config.deterministic, **common)
    if config.deterministic:
        runner.restore(saved.in_flight)
    runner.load_state(saved.self_play)
    return runner


def make_gate(game: Game, config: TrainConfig) -> Gate | None:
    """The gate that new networks have to pass; None in a run without one."""
    if not config.learn.gate.games:
        return None
    evaluator = partial(NetworkEvaluator, game, network=config.network, config=backend_config(config))
    return Gate(game, config.learn.gate, config.self_play.search, evaluator, config.seed)

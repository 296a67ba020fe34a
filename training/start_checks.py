"""Whether a run can start here, asked before anything is written; and which devices its parts get.

Knows what a run's parts need of a machine. Does not know folders, flags or how the run goes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from agent.inference.backend_selection import (
    AUTOMATIC_PRECISIONS,
    BackendConfig,
    list_candidates,
    resolve_device,
    unavailable,
)
from agent.inference.devices import choose_device
from agent.networks.policy_value import PolicyValueNet
from agent.players import check_settings, make_player
from agent.search.memory_limit import check_memory
from agent.search.search import refuse_large
from games.game import Game
from training.config import TrainConfig
from training.trainer import check_compiler
from training.transfer import transplant


def learner_device(config: TrainConfig) -> torch.device:
    """Where the learner works; a deterministic run's ``auto`` is the CPU. ValueError for a device that is not there."""
    name = "cpu" if config.deterministic and config.learn.device == "auto" else config.learn.device
    return choose_device(name, processes=config.learn.processes, setting="learn.device")


def backend_config(config: TrainConfig, *, remote: bool = False) -> BackendConfig:
    """How the run's network is run for play. A deterministic run does not choose a backend by measuring.

    ``remote``: it runs in Ray's actors, and those that reserve no GPU use none.
    """
    chosen = config.engine
    if chosen.device == "auto" and (config.deterministic or (remote and not config.ray.num_gpus)):
        chosen = replace(chosen, device="cpu")
    if not config.deterministic:
        return chosen
    return replace(
        chosen,
        kind="torch" if chosen.kind == "auto" else chosen.kind,
        precision="fp32" if chosen.precision in AUTOMATIC_PRECISIONS else chosen.precision,
    )


def check(game: Game, config: TrainConfig, *, init: Path | None = None, remote: bool = False) -> None:
    """ValueError with a sentence where the run that ``config`` describes cannot start on this machine.

    ``init``: a model folder whose weights the run starts from.
    """
    learner_device(config)
    if config.learn.trainer.compile:
        check_compiler()
    _check_rating(game, config)
    backend, play = backend_config(config, remote=remote), config.self_play
    if not remote:
        backend = resolve_device(backend)
        if not list_candidates(game, config.network, backend):
            raise unavailable(backend)
        refuse_large(game, play.search, play.num_games)
    with torch.device("meta"):
        model = PolicyValueNet(config.network, game.observation_shape, game.action_layout)
    check_memory(
        16 * sum(parameter.numel() for parameter in model.parameters()),  # weights, gradients and AdamW's two averages
        what=f"learning a network of {config.network.blocks} blocks and {config.network.channels} channels",
        instead="a smaller network takes less",
    )
    if init is not None:
        with torch.random.fork_rng(devices=[]):  # it draws nothing that others count on
            transplant(PolicyValueNet(config.network, game.observation_shape, game.action_layout), init)


def _check_rating(game: Game, config: TrainConfig) -> None:
    """ValueError for players that the rater, a process of its own, would refuse when the run is long under way."""
    check_settings(config.rating.settings, "rating.settings")
    for text in config.rating.anchors if config.rating.every_minutes else ():
        if not text.startswith(
            ("gtp:", "ugi:", "perfect")
        ):  # programs start, and tables are made, when they are needed
            try:
                make_player(text, game, num_slots=1, device="cpu")
            except ValueError as error:
                raise ValueError(f"rating.anchors: {error}") from error

"""Checks whether a run can start on this machine, before anything is written, and chooses its devices."""

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
from training.transfer import transfer_weights


def learner_device(config: TrainConfig) -> torch.device:
    """The learner's device; in a deterministic run ``auto`` is the CPU. ValueError for a device that is not there."""
    name = "cpu" if config.deterministic and config.learn.device == "auto" else config.learn.device
    return choose_device(name, processes=config.learn.processes, setting="learn.device")


def backend_config(config: TrainConfig, *, remote: bool = False) -> BackendConfig:
    """The backend settings of self-play; a deterministic run does not choose a backend by measuring its speed.

    With ``remote`` the backend runs in Ray actors, which use a GPU only when they reserve one.
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


def check_start(game: Game, config: TrainConfig, *, init: Path | None = None, remote: bool = False) -> None:
    """ValueError that says why the run of ``config`` cannot start on this machine.

    ``init`` is a model folder whose weights the run starts from.
    """
    if remote:
        _refuse_remote(config)
    if config.network.masked and not game.has_board_plane:
        raise ValueError(f"network.masked is on: no plane of {game.name} shows which cells belong to the board")
    learner_device(config)
    if config.learn.trainer.compile:
        check_compiler()
    _check_rating(game, config)
    backend, self_play = backend_config(config, remote=remote), config.self_play
    if not remote:
        backend = resolve_device(backend)
        if not list_candidates(game, config.network, backend):
            raise unavailable(backend)
        refuse_large(game, self_play.search, self_play.num_games)
    with torch.device("meta"):
        model = PolicyValueNet(config.network, game.observation_shape, game.action_layout)
    check_memory(
        16 * sum(parameter.numel() for parameter in model.parameters()),  # weights, gradients and AdamW's two averages
        what=f"learning a network of {config.network.blocks} blocks and {config.network.channels} channels",
        instead="a smaller network takes less",
    )
    if init is not None:
        with torch.random.fork_rng(devices=[]):  # the run's own random numbers stay as they are
            transfer_weights(PolicyValueNet(config.network, game.observation_shape, game.action_layout), init)


def _refuse_remote(config: TrainConfig) -> None:
    """ValueError for settings of self-play that actors in other processes do not have."""
    for name in ("first_simulations", "restart_share", "resign_errors"):
        if value := getattr(config.self_play, name):
            raise ValueError(f"self_play.{name} is {value}: with --ray it must be 0, because actors do not share it")


def _check_rating(game: Game, config: TrainConfig) -> None:
    """ValueError for rating settings that the rater would refuse later: it is a process that starts during the run."""
    check_settings(config.rating.settings, "rating.settings")
    for text in config.rating.anchors if config.rating.every_minutes else ():
        # Engines from outside start, and perfect players fill their tables, only when they are needed.
        if not text.startswith(("gtp:", "ugi:", "uci:", "perfect")):
            try:
                make_player(text, game, num_slots=1, device="cpu")
            except ValueError as error:
                raise ValueError(f"rating.anchors: {error}") from error

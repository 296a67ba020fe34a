"""Which backend runs a network on this machine: all that are available, and the fastest of them.

Knows how backends are made and compared. Does not know what they are used for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from agent.inference.backend_benchmark import Backend, compare_answers, is_close, sample_positions, seconds_per_position
from agent.inference.backend_cache import Choice, Measurement, load_choice, measurement_key, store_choice
from agent.inference.backends.torch import FEW, SHAPES, TorchBackend
from agent.inference.devices import choose_device
from agent.inference.evaluate import Evaluation
from agent.inference.machine import Machine, this_machine
from agent.networks.policy_value import NetworkConfig
from agent.settings import Device, Range, Settings
from games.game import Game

AUTOMATIC_PRECISIONS = ("auto", "fast")
"""Precisions that stand for the fastest one on this machine."""


@dataclass(frozen=True, kw_only=True)
class BackendConfig(Settings, called="engine"):
    """How a network is run for play. auto: the fastest backend on this machine, measured once and remembered.

    int8 (OpenVINO) rounds: about one best action in two hundred differs. int8 and fp16 (on a GPU) are tried when the
    precision is ``fast``. ``compile`` is torch.compile: it takes seconds for each shape and needs a C++ compiler.
    """

    kind: Literal["auto", "torch", "compile", "openvino"] = "auto"  # auto: the fastest one, by measuring
    precision: Literal["auto", "fast", "fp32", "bf16", "fp16", "int8"] = (
        "auto"  # fast: int8 and fp16 may be chosen, too
    )
    device: Device = "auto"  # auto: a GPU where there is one, else cpu, as learn.device says it
    cache_entries: Annotated[int, Range(0, 1 << 32)] = 1 << 18  # 0: no cache
    canonical: bool = False  # evaluate a position and its mirror images once, with one cache entry for all of them
    few: bool = False  # pad small batches less, for one game at a time: faster, but results may vary with batch size


class BackendCandidate(NamedTuple):
    """A backend that is available, by name."""

    name: str
    make: Callable[[], Backend]


def resolve_device(config: BackendConfig, machine: Machine | None = None) -> BackendConfig:
    """``config`` with the device that ``auto`` means on ``machine`` (default: this one).

    ValueError for a device that is not there.
    """
    return replace(config, device=str(choose_device(config.device, setting="engine.device", machine=machine)))


def make_backend(game: Game, network: NetworkConfig, config: BackendConfig) -> Backend:
    """The backend that ``config`` asks for. ValueError for one that is not available."""
    config = resolve_device(config)
    candidates = list_candidates(game, network, config)
    if not candidates:
        raise unavailable(config)
    return select_fastest(candidates, game, selection_key(game, network, config))[1]


def unavailable(config: BackendConfig) -> ValueError:
    """The error for a ``config`` that no backend fits."""
    return ValueError(
        f"engine.kind {config.kind} with engine.precision {config.precision} is not available on {config.device} here;"
        " openvino needs its package (pip install openvino) and device cpu, int8 needs openvino, fp16 needs a GPU"
    )


def selection_key(game: Game, network: NetworkConfig, config: BackendConfig) -> str:
    """The key of a stored measurement. The cache is not part of it, because it makes no backend faster."""
    config = config if config.device != "auto" else resolve_device(config)
    return measurement_key(game, network, (config.kind, config.precision, config.device, config.few))


def select_fastest(
    candidates: Sequence[BackendCandidate],
    game: Game,
    key: str,
    *,
    weights: Mapping[str, Any] | None = None,
    updates: bool = False,
) -> tuple[str, Backend]:
    """The fastest candidate's name and backend: the stored choice, or else all are measured and the choice is stored.

    Candidates whose answers differ too much from the first one's are left out with a warning. With ``updates`` the
    cost of new weights counts, too.
    """
    stored = load_choice(key)
    for name, make in candidates:
        if len(candidates) == 1 or (stored is not None and name == stored.backend):
            return name, make()
    states, positions = sample_positions(game)
    backends, measured = dict[str, Backend](), dict[str, Measurement]()
    expected: Evaluation | None = None
    for name, make in candidates:
        try:
            backend = make()
            weights = backend.network.state_dict() if weights is None else weights
            backend.load(weights)
            answer = backend(states, positions)
            expected = expected or answer
            if not is_close(backend.precision, difference := compare_answers(expected, answer, positions.legal)):
                raise ValueError(f"its answers are off by {difference}")
            measured[name] = Measurement(
                seconds_per_position(backend, game, updates=updates), round(difference.same_best, 4)
            )
            backends[name] = backend
        except Exception as error:  # whatever fails in one backend's library, the others are still tried
            warnings.warn(f"backend {name} is left out: {error}", stacklevel=2)
    if not backends:
        raise ValueError(f"none of the backends {', '.join(each.name for each in candidates)} works here")
    fastest = min(measured, key=lambda name: measured[name].seconds)
    store_choice(key, Choice(fastest, measured))
    return fastest, backends[fastest]


def list_candidates(
    game: Game, network: NetworkConfig, config: BackendConfig, machine: Machine | None = None
) -> list[BackendCandidate]:
    """Every backend that fits ``config`` on ``machine`` (default: this one). The first takes the least time to make."""
    machine = machine or this_machine()
    config = config if config.device != "auto" else resolve_device(config, machine)
    on_cpu = config.device == "cpu"
    with_openvino = on_cpu and config.kind in ("auto", "openvino") and machine.has_openvino
    precisions: tuple[str, ...] = (config.precision,)
    if config.precision in AUTOMATIC_PRECISIONS:
        precisions = ("fp32", "bf16") if machine.has_bf16(config.device) else ("fp32",)
    if config.precision == "fast":
        precisions = (*precisions, "int8" if on_cpu else "fp16")
    shapes = (*FEW, *SHAPES) if config.few else SHAPES
    on_gpu = config.device.startswith("cuda")
    candidates: list[BackendCandidate] = []
    for precision in precisions:
        if not on_gpu and config.kind in ("auto", "torch") and precision in ("fp32", "bf16"):
            make_torch = partial(TorchBackend, game, network, precision=precision, device=config.device, shapes=shapes)
            candidates.append(BackendCandidate(f"torch {precision}", make_torch))
        if on_cpu and config.kind == "compile" and precision in ("fp32", "bf16"):
            from agent.inference.backends.torch_compile import TorchCompileBackend

            candidates.append(
                BackendCandidate(
                    f"compile {precision}", partial(TorchCompileBackend, game, network, precision=precision)
                )
            )
        if with_openvino and precision != "fp16":
            from agent.inference.backends.openvino import OpenVinoBackend

            make_openvino = partial(OpenVinoBackend, game, network, precision=precision, shapes=shapes)
            candidates.append(BackendCandidate(f"openvino {precision}", make_openvino))
        if on_gpu and config.kind in ("auto", "torch") and precision != "int8":
            from agent.inference.backends.cuda_graph import CudaGraphBackend

            make_graphs = partial(CudaGraphBackend, game, network, precision=precision, device=config.device)
            candidates.append(BackendCandidate(f"cuda {precision}", make_graphs))
    return candidates

"""Which engine runs a network here: all there are, and the fastest of them.

Knows how engines are made and tried. Does not know what they are used for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, Literal, NamedTuple

import torch

from agent.inference.backend_benchmark import Backend, compare_answers, is_close, sample_positions, seconds_per_position
from agent.inference.backend_cache import load_choice, measurement_key, store_choice
from agent.inference.backends.torch import FEW, SHAPES, TorchBackend
from agent.inference.devices import choose_device
from agent.inference.evaluate import Evaluation
from agent.networks.policy_value import NetworkConfig
from agent.settings import Device, Range, Settings
from games.game import Game

CHOSEN_HERE = ("auto", "fast")
"""Precisions that stand for the best one on this machine."""


@dataclass(frozen=True, kw_only=True)
class BackendConfig(Settings, called="engine"):
    """How a network is run for play; auto: the fastest one here, by measuring each for a moment once a machine.

    int8 (OpenVINO) rounds: about one best action in two hundred differs. It and fp16 (a GPU) are tried when the
    precision is ``fast``. ``compile`` is torch.compile: seconds for each shape, and it needs a C++ compiler.
    """

    kind: Literal["auto", "torch", "compile", "openvino"] = "auto"  # auto: the fastest one, by measuring
    precision: Literal["auto", "fast", "fp32", "bf16", "fp16", "int8"] = (
        "auto"  # fast: int8 and fp16 may be chosen, too
    )
    device: Device = "auto"  # auto: a GPU where there is one, else cpu, as learn.device says it
    cache_entries: Annotated[int, Range(0, 1 << 32)] = 1 << 18  # 0: no cache
    canonical: bool = False  # a position and its mirror images share one judgement, and an entry of the cache
    few: bool = False  # batches of a few rows stay small, for one game at a time: faster, bits may vary with company


class BackendCandidate(NamedTuple):
    """An engine that could be made."""

    name: str
    make: Callable[[], Backend]


def placed(config: BackendConfig) -> BackendConfig:
    """``config`` with the name of the device that it means here. ValueError for one that is not there."""
    return replace(config, device=str(choose_device(config.device, setting="engine.device")))


def make_backend(game: Game, network: NetworkConfig, config: BackendConfig) -> Backend:
    """The engine that ``config`` asks for. ValueError for one that is not to be had."""
    config = placed(config)
    found = list_candidates(game, network, config)
    if not found:
        raise missing(config)
    return select_fastest(found, game, cache_entry(game, network, config))[1]


def missing(config: BackendConfig) -> ValueError:
    """What is said where no engine fits ``config``."""
    return ValueError(
        f"engine {config.kind} with {config.precision} on {config.device} is not to be had here;"
        " openvino needs its package (the extra 'fast') and device cpu, int8 needs openvino, fp16 a GPU"
    )


def cache_entry(game: Game, network: NetworkConfig, config: BackendConfig) -> str:
    """Under what a measurement is kept. Whether answers are remembered makes no engine faster, so it is no part."""
    config = config if config.device != "auto" else placed(config)
    return measurement_key(game, network, (config.kind, config.precision, config.device, config.few))


def select_fastest(
    found: Sequence[BackendCandidate],
    game: Game,
    entry: str,
    *,
    weights: Mapping[str, Any] | None = None,
    updates: bool = False,
) -> tuple[str, Backend]:
    """The fastest candidate and its name, by what is known of this machine or by trying all, which is then known.

    Their answers are compared with the first one's; what is not close to it is left out with a warning. ``updates``:
    what new weights cost counts, too.
    """
    known = load_choice(entry)
    if len(found) == 1 or known in [candidate.name for candidate in found]:
        name, make = next(candidate for candidate in found if len(found) == 1 or candidate.name == known)
        return name, make()
    states, positions = sample_positions(game)
    made, costs = dict[str, Backend](), dict[str, float]()
    expected: Evaluation | None = None
    for name, make in found:
        try:
            tried = make()
            weights = tried.network.state_dict() if weights is None else weights
            tried.load(weights)
            answer = tried(states, positions)
            expected = expected or answer
            if not is_close(tried.precision, difference := compare_answers(expected, answer, positions.legal)):
                raise ValueError(f"its answers are off by {difference}")
            costs[name] = seconds_per_position(tried, game, updates=updates)
            made[name] = tried
        except Exception as error:  # whatever another engine's library does, the others go on
            warnings.warn(f"engine {name} is left out: {error}", stacklevel=2)
    if not made:
        raise ValueError(f"none of the engines {', '.join(each.name for each in found)} works here")
    best = min(costs, key=lambda name: costs[name])
    store_choice(entry, best, costs)
    return best, made[best]


def list_candidates(game: Game, network: NetworkConfig, config: BackendConfig) -> list[BackendCandidate]:
    """Every engine that fits ``config`` on this machine; the first is the quickest to make."""
    config = config if config.device != "auto" else placed(config)
    on_cpu = config.device == "cpu"
    with_openvino = on_cpu and config.kind in ("auto", "openvino") and find_spec("openvino") is not None
    wanted: tuple[str, ...] = (config.precision,)
    if config.precision in CHOSEN_HERE:
        wanted = ("fp32", "bf16") if has_bf16(config.device) else ("fp32",)
    if config.precision == "fast":
        wanted = (*wanted, "int8" if on_cpu else "fp16")
    shapes = (*FEW, *SHAPES) if config.few else SHAPES
    on_gpu = config.device.startswith("cuda")
    found: list[BackendCandidate] = []
    for precision in wanted:
        if not on_gpu and config.kind in ("auto", "torch") and precision in ("fp32", "bf16"):
            plain = partial(TorchBackend, game, network, precision=precision, device=config.device, shapes=shapes)
            found.append(BackendCandidate(f"torch {precision}", plain))
        if on_cpu and config.kind == "compile" and precision in ("fp32", "bf16"):
            from agent.inference.backends.torch_compile import TorchCompileBackend

            found.append(
                BackendCandidate(
                    f"compile {precision}", partial(TorchCompileBackend, game, network, precision=precision)
                )
            )
        if with_openvino and precision != "fp16":
            from agent.inference.backends.openvino import OpenVinoBackend

            fixed = partial(OpenVinoBackend, game, network, precision=precision, shapes=shapes)
            found.append(BackendCandidate(f"openvino {precision}", fixed))
        if on_gpu and config.kind in ("auto", "torch") and precision != "int8":
            from agent.inference.backends.cuda_graph import CudaGraphBackend

            graphs = partial(CudaGraphBackend, game, network, precision=precision, device=config.device)
            found.append(BackendCandidate(f"cuda {precision}", graphs))
    return found


def has_bf16(device: str) -> bool:
    """Whether bf16 is native there; emulated, it is not worth the time to measure it."""
    if device != "cpu":
        return True
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16") or not known)

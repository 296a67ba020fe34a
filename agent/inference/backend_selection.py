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

from agent.inference.backend_benchmark import Engine, close, parity, seconds, typical
from agent.inference.backend_cache import keep, key, recall
from agent.inference.backends.torch import FEW, SHAPES, TorchEngine
from agent.inference.devices import device_of
from agent.inference.evaluate import Evaluation
from agent.networks.policy_value import NetworkConfig
from agent.settings import Device, Range, Settings
from games.game import Game

CHOSEN_HERE = ("auto", "fast")
"""Precisions that stand for the best one on this machine."""


@dataclass(frozen=True, kw_only=True)
class EngineConfig(Settings, called="engine"):
    """How a network is run for play; auto: the fastest one here, by measuring each for a moment once a machine.

    int8 (OpenVINO) rounds: about one best action in two hundred differs. It and fp16 (a GPU) are tried when the
    precision is ``fast``. ``compile`` is torch.compile: seconds for each shape, and it needs a C++ compiler.
    """

    kind: Literal["auto", "torch", "compile", "openvino"] = "auto"
    precision: Literal["auto", "fast", "fp32", "bf16", "fp16", "int8"] = "auto"
    device: Device = "auto"  # auto: a GPU where there is one, else cpu, as learn.device says it
    cache_entries: Annotated[int, Range(0, 1 << 32)] = 1 << 18  # 0: no cache
    canonical: bool = False  # a position and its mirror images share one judgement, and an entry of the cache
    few: bool = False  # batches of a few rows stay small, for one game at a time: faster, bits may vary with company


class Candidate(NamedTuple):
    """An engine that could be made."""

    name: str
    make: Callable[[], Engine]


def placed(config: EngineConfig) -> EngineConfig:
    """``config`` with the name of the device that it means here. ValueError for one that is not there."""
    return replace(config, device=str(device_of(config.device, setting="engine.device")))


def engine(game: Game, network: NetworkConfig, config: EngineConfig) -> Engine:
    """The engine that ``config`` asks for. ValueError for one that is not to be had."""
    config = placed(config)
    found = candidates(game, network, config)
    if not found:
        raise missing(config)
    return fastest(found, game, entry(game, network, config))[1]


def missing(config: EngineConfig) -> ValueError:
    """What is said where no engine fits ``config``."""
    return ValueError(
        f"engine {config.kind} with {config.precision} on {config.device} is not to be had here;"
        " openvino needs its package (the extra 'fast') and device cpu, int8 needs openvino, fp16 a GPU"
    )


def entry(game: Game, network: NetworkConfig, config: EngineConfig) -> str:
    """Under what a measurement is kept. Whether answers are remembered makes no engine faster, so it is no part."""
    config = config if config.device != "auto" else placed(config)
    return key(game, network, (config.kind, config.precision, config.device, config.few))


def fastest(
    found: Sequence[Candidate],
    game: Game,
    entry: str,
    *,
    weights: Mapping[str, Any] | None = None,
    updates: bool = False,
) -> tuple[str, Engine]:
    """The fastest candidate and its name, by what is known of this machine or by trying all, which is then known.

    Their answers are compared with the first one's; what is not close to it is left out with a warning. ``updates``:
    what new weights cost counts, too.
    """
    known = recall(entry)
    if len(found) == 1 or known in [candidate.name for candidate in found]:
        name, make = next(candidate for candidate in found if len(found) == 1 or candidate.name == known)
        return name, make()
    states, positions = typical(game)
    made, costs = dict[str, Engine](), dict[str, float]()
    expected: Evaluation | None = None
    for name, make in found:
        try:
            tried = make()
            weights = tried.network.state_dict() if weights is None else weights
            tried.load(weights)
            answer = tried(states, positions)
            expected = expected or answer
            if not close(tried.precision, difference := parity(expected, answer, positions.legal)):
                raise ValueError(f"its answers are off by {difference}")
            costs[name] = seconds(tried, game, updates=updates)
            made[name] = tried
        except Exception as error:  # whatever another engine's library does, the others go on
            warnings.warn(f"engine {name} is left out: {error}", stacklevel=2)
    if not made:
        raise ValueError(f"none of the engines {', '.join(each.name for each in found)} works here")
    best = min(costs, key=lambda name: costs[name])
    keep(entry, best, costs)
    return best, made[best]


def candidates(game: Game, network: NetworkConfig, config: EngineConfig) -> list[Candidate]:
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
    found: list[Candidate] = []
    for precision in wanted:
        if not on_gpu and config.kind in ("auto", "torch") and precision in ("fp32", "bf16"):
            plain = partial(TorchEngine, game, network, precision=precision, device=config.device, shapes=shapes)
            found.append(Candidate(f"torch {precision}", plain))
        if on_cpu and config.kind == "compile" and precision in ("fp32", "bf16"):
            from agent.inference.backends.torch_compile import CompiledEngine

            found.append(Candidate(f"compile {precision}", partial(CompiledEngine, game, network, precision=precision)))
        if with_openvino and precision != "fp16":
            from agent.inference.backends.openvino import OpenVinoEngine

            fixed = partial(OpenVinoEngine, game, network, precision=precision, shapes=shapes)
            found.append(Candidate(f"openvino {precision}", fixed))
        if on_gpu and config.kind in ("auto", "torch") and precision != "int8":
            from agent.inference.backends.cuda_graph import CudaEngine

            graphs = partial(CudaEngine, game, network, precision=precision, device=config.device)
            found.append(Candidate(f"cuda {precision}", graphs))
    return found


def has_bf16(device: str) -> bool:
    """Whether bf16 is native there; emulated, it is not worth the time to measure it."""
    if device != "cpu":
        return True
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16") or not known)

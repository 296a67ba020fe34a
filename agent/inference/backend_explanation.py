"""Says which backend runs a network on a machine and why: the measured speeds, and what cannot be tried there.

Knows stored measurements and the rules of the choice. Measures nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from agent.inference.backend_cache import Choice, load_choice
from agent.inference.backend_selection import (
    AUTOMATIC_PRECISIONS,
    BackendConfig,
    list_candidates,
    resolve_device,
    selection_key,
    unavailable,
)
from agent.inference.machine import Machine, this_machine
from agent.networks.policy_value import NetworkConfig
from games.game import Game


class Explanation(NamedTuple):
    """The backend of a network, and the reasons."""

    candidates: tuple[str, ...]  # backends that fit; the speeds of the first are those that others are compared with
    choice: Choice | None  # None: there are several candidates, and none was measured so far
    not_tried: dict[str, str]  # backend, precision or device, and why it is not considered

    def __str__(self) -> str:
        """One line for people."""
        if self.choice is None:
            text = f"not measured yet; the first run measures {', '.join(self.candidates)}"
        elif not self.choice.measured:
            text = f"{self.choice.backend}, the only one that fits"
        else:
            text = f"{self.choice.backend}, the fastest ({_measurements(self.choice, self.candidates[0])})"
        reasons = [f"{name} ({reason})" for name, reason in self.not_tried.items()]
        return f"{text}; not considered: {', '.join(reasons)}" if reasons else text

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        measured = {} if self.choice is None else self.choice.measured
        return {
            "chosen": None if self.choice is None else self.choice.backend,
            "candidates": list(self.candidates),
            "positions_per_s": {name: round(1 / each.seconds) for name, each in measured.items()},
            "same_best_move": {name: each.same_best for name, each in measured.items()},
            "not_tried": self.not_tried,
        }


def explain_choice(
    game: Game, network: NetworkConfig, config: BackendConfig, machine: Machine | None = None
) -> Explanation:
    """The choice for ``network`` on ``machine`` (default: this one), as it was stored. ValueError if no backend fits.

    Speeds are stored on this machine, so a described machine has none unless its only candidate is known.
    """
    described = machine or this_machine()
    resolved = resolve_device(config, described)
    names = tuple(each.name for each in list_candidates(game, network, resolved, described))
    if not names:
        raise unavailable(resolved)
    choice = load_choice(selection_key(game, network, resolved)) if machine is None else None
    if len(names) == 1:
        choice = Choice(names[0], {})
    elif choice is not None and choice.backend not in names:
        choice = None
    reasons = list_reasons(config, described)
    if choice is not None and choice.measured:
        reasons = {
            name: "it failed, or its answers were wrong" for name in names if name not in choice.measured
        } | reasons
    return Explanation(names, choice, reasons)


def _measurements(choice: Choice, reference: str) -> str:
    """The speeds, fastest first, and how often the chosen backend has the best move of ``reference``."""
    measured = choice.measured
    speeds = (
        f"{name} {1 / measured[name].seconds:,.0f}"
        for name in sorted(measured, key=lambda name: measured[name].seconds)
    )
    text = f"positions/s: {', '.join(speeds)}"
    same_best = measured[choice.backend].same_best if choice.backend in measured else None
    if choice.backend == reference or same_best is None:
        return text
    return f"{text}; its best move is that of {reference} in {100 * same_best:.1f} % of positions"


def list_reasons(config: BackendConfig, machine: Machine) -> dict[str, str]:
    """{backend, precision or device: why ``config`` does not try it on ``machine``}."""
    reasons: dict[str, str] = {}
    device = resolve_device(config, machine).device
    on_cpu, automatic = device == "cpu", config.precision in AUTOMATIC_PRECISIONS
    if config.kind not in ("auto", "openvino"):
        reasons["openvino"] = f"engine.kind is {config.kind}"
    elif not on_cpu:
        reasons["openvino"] = "it runs on the CPU only"
    elif not machine.publishes_openvino():
        if not machine.has_openvino:
            reasons["openvino"] = f"it is not published for {machine.system} on {machine.architecture}"
    elif not machine.has_openvino:
        reasons["openvino"] = "not installed; pip install openvino"
    if automatic and not machine.has_bf16(device):
        reasons["bf16"] = "this processor has neither AMX nor AVX-512 BF16"
    if config.precision == "auto" and on_cpu and "openvino" not in reasons:
        reasons["int8"] = "it rounds; --engine.precision fast tries it"
    if config.precision == "auto" and device.startswith("cuda"):
        reasons["fp16"] = "it rounds; --engine.precision fast tries it"
    if not automatic:
        reasons["other precisions"] = f"engine.precision is {config.precision}"
    for kind in ("cuda", "mps", "xpu"):
        if on_cpu and machine.devices.get(kind):
            reasons[kind] = f"--engine.device {kind} uses it"
    if on_cpu and config.device == "auto" and not machine.devices:
        reasons["a GPU"] = "torch finds none"
    return reasons

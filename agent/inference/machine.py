"""What a machine offers for running networks: system, processor, GPUs and packages, as a value.

The choice of a backend depends on this value alone, so tests choose for machines that are not at hand.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import torch

BF16_INSTRUCTIONS = frozenset({"amx_bf16", "avx512_bf16"})
"""Instructions of a processor that computes bf16 natively, as PyTorch names them."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The parts of a machine on which the choice of a backend depends."""

    system: str = "Linux"  # as platform.system() names it: Linux, Darwin or Windows
    architecture: str = "x86_64"  # as platform.machine() names it
    instructions: frozenset[str] | None = frozenset()  # of the processor, by PyTorch's names; None: unknown
    devices: Mapping[str, int] = field(default_factory=dict)  # number of GPUs by kind: cuda, xpu, mps
    has_openvino: bool = False

    def has_bf16(self, device: str) -> bool:
        """Whether ``device`` computes bf16 natively. Emulated bf16 is slow, so it is not measured."""
        if device != "cpu" or self.instructions is None:
            return True
        return not BF16_INSTRUCTIONS.isdisjoint(self.instructions)

    def publishes_openvino(self) -> bool:
        """Whether OpenVINO is published for this system and architecture, as the markers in pyproject.toml say."""
        return (self.system, self.architecture) in (
            ("Linux", "x86_64"),
            ("Linux", "aarch64"),
            ("Darwin", "arm64"),
            ("Windows", "AMD64"),
        )


def this_machine() -> Machine:
    """The machine that this process runs on."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of PyTorch have none
    instructions = frozenset(name for name, there in capabilities.items() if there is True) if capabilities else None
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        instructions=instructions,
        devices={kind: number for kind in ("cuda", "xpu", "mps") if (number := _num_devices(kind))},
        has_openvino=find_spec("openvino") is not None,
    )


def _num_devices(kind: str) -> int:
    """The number of devices of a kind on this machine."""
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "xpu":
        return torch.xpu.device_count() if hasattr(torch, "xpu") and torch.xpu.is_available() else 0
    return int(torch.backends.mps.is_available())

"""Where networks learn and play: the name of a device, or ``auto``, as a device that is there.

Knows torch's devices. Does not know what runs on them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agent.settings import Device, refusal


def choose_device(
    name: str, *, processes: int = 1, setting: str = "device", automatic: Sequence[str] = ("cuda",)
) -> torch.device:
    """The device of a name, for the first of so many ``processes``.

    ``auto`` is the first of the ``automatic`` kinds of which each process gets one, else the CPU. ValueError, which
    names the ``setting``, for a name that is none and for a device that is not there.
    """
    if (problem := refusal(Device, name)) is not None:
        raise ValueError(f"{setting} {problem}")
    if name == "auto":
        return torch.device(next((kind for kind in automatic if _number_of(kind) >= processes), "cpu"))
    device = torch.device(name)
    if device.type in ("cuda", "xpu") and (device.index or 0) + processes > (there := _number_of(device.type)):
        many = f" for {processes} processes of one GPU each" if processes > 1 else ""
        raise ValueError(f"{setting} is {name!r}{many}: torch finds {there} such devices here")
    if device.type == "mps" and not _number_of("mps"):
        raise ValueError(f"{setting} is 'mps': torch finds no such device here")
    return device


def _number_of(kind: str) -> int:
    """How many devices of a kind there are."""
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "xpu":
        return torch.xpu.device_count() if hasattr(torch, "xpu") and torch.xpu.is_available() else 0
    return int(torch.backends.mps.is_available())

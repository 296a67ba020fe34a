"""Devices: ``auto`` or a name, turned into a torch device that exists on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agent.inference.machine import Machine, this_machine
from agent.settings import Device, refusal


def choose_device(
    name: str,
    *,
    processes: int = 1,
    setting: str = "device",
    automatic: Sequence[str] = ("cuda",),
    machine: Machine | None = None,
) -> torch.device:
    """The device called ``name``, for the first of ``processes`` processes that use one device each.

    ``auto`` is the first of the ``automatic`` kinds of which there are enough for all processes, or else the CPU.
    ValueError, which names the ``setting``, for a name that is not a device's and for a device that is not there.
    ``machine`` is this one unless another is described.
    """
    if (problem := refusal(Device, name)) is not None:
        raise ValueError(f"{setting} {problem}")
    devices = (machine or this_machine()).devices
    if name == "auto":
        return torch.device(next((kind for kind in automatic if devices.get(kind, 0) >= processes), "cpu"))
    device = torch.device(name)
    if device.type in ("cuda", "xpu") and (device.index or 0) + processes > (num := devices.get(device.type, 0)):
        many = f" for {processes} processes of one GPU each" if processes > 1 else ""
        raise ValueError(f"{setting} is {name!r}{many}: torch finds {num} such devices here")
    if device.type == "mps" and not devices.get("mps"):
        raise ValueError(f"{setting} is 'mps': torch finds no such device here")
    return device

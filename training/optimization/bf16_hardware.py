"""Whether a device computes faster in bf16 than in fp32, which decides what the precision ``auto`` means."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import torch
from torch import nn

SHAPE = (64, 64, 8, 8)
"""[batch, channels, height, width] of the convolution that is timed."""

CLEARLY = 0.8
"""The share of the time in fp32 that bf16 must stay below. It was about 0.5 and 1.7 where it was measured."""

REPEATS = 25
"""The shortest of so many times counts, in processor time, because other programs only make a convolution slower."""


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device is faster in bf16: a GPU with tensor cores, a CPU with AMX, or what a measurement finds.

    Processors with AVX512-bf16 and without AMX differ: a convolution on AMD's Zen 4 takes half of the time in bf16, and
    one on an Intel Xeon 1.7 times as long.
    """
    if device.type == "cpu":
        known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(known.get("amx_bf16") or (known.get("avx512_bf16") and convolves_faster_in_bf16()))
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@cache
def convolves_faster_in_bf16() -> bool:
    """Time a 3 x 3 convolution on the CPU in both precisions, in turns: about 0.15 seconds, once a process."""
    shortest = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    for _ in range(REPEATS):
        for dtype in shortest:
            planes = torch.zeros(SHAPE, dtype=dtype).contiguous(memory_format=torch.channels_last)
            weight = torch.zeros(SHAPE[1], SHAPE[1], 3, 3, dtype=dtype).contiguous(memory_format=torch.channels_last)
            begun = time.thread_time()
            nn.functional.conv2d(planes, weight, padding=1)
            shortest[dtype] = min(shortest[dtype], time.thread_time() - begun)
    return shortest[torch.bfloat16] < CLEARLY * shortest[torch.float32]

"""SplitMix64's finalizer (Steele, Lea and Flood 2014): a hash of 64 bits, one to one.

Random numbers, hashes of positions and random orders are made of it. ``mix_bits`` takes arrays, and
``compiled_mix_bits`` is the same for one number inside compiled code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: the step between the inputs of SplitMix64."""


def mix_bits(code: Any) -> Any:
    """The hash of ``code``, a uint64 or an array [...] of them."""
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


compiled_mix_bits = njit(forceinline=True)(mix_bits)

"""The hash world: an endless two-player game whose network is a hash of the path that led to the position.

It knows 32-bit integers and NumPy. It does not know a search, JAX, or any other game. All actions are always legal, no
position is terminal, and the players alternate. Every number it yields has at most 16 significant bits, so any correct
implementation, in any language, agrees with it bit for bit; a search that takes one wrong turn meets other numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UInt32s = npt.NDArray[np.uint32]
Float32s = npt.NDArray[np.float32]

MASK = 0xFFFFFFFF
KEY_STEP = 0x9E3779B9  # 2^32 / golden ratio: spreads small keys over all bits
ROUND_1 = 0x7FEB352D  # multipliers of the "lowbias32" integer hash (Chris Wellons, public domain)
ROUND_2 = 0x846CA68B
VALUE_KEY = 999
LOGIT_KEY = 1000  # + action; actions themselves are keys 0 .. 998


def mix(hashes: npt.ArrayLike, keys: npt.ArrayLike) -> UInt32s:
    """Hash pairs of 32-bit numbers; the arguments broadcast, the result is uint32 of the same shape."""
    # uint64 holds the product of two 32-bit numbers: nothing overflows, so NumPy never warns, not even for scalars.
    x = np.asarray(hashes, np.uint64) ^ ((np.asarray(keys, np.uint64) + 1) * KEY_STEP & MASK)
    x = (x ^ (x >> 16)) * ROUND_1 & MASK
    x = (x ^ (x >> 15)) * ROUND_2 & MASK
    return np.asarray(x ^ (x >> 16), np.uint32)


def child(hashes: npt.ArrayLike, actions: npt.ArrayLike) -> UInt32s:
    """The positions after the given actions: hashes [B], actions [B] in 0 .. 998 -> hashes [B]."""
    return mix(hashes, actions)


def network(hashes: npt.ArrayLike, num_actions: int) -> tuple[Float32s, Float32s]:
    """Logits [B, A] in [-2, 2) and values [B] in [-1, 1) for the player to move, float32 and exact; hashes [B]."""
    hashes = np.asarray(hashes, np.uint32)
    logit_bits = mix(hashes[:, None], LOGIT_KEY + np.arange(num_actions)) >> 16
    value_bits = mix(hashes, VALUE_KEY) >> 16
    logits = logit_bits.astype(np.float32) * np.float32(2.0**-14) - np.float32(2)
    values = value_bits.astype(np.float32) * np.float32(2.0**-15) - np.float32(1)
    return logits, values

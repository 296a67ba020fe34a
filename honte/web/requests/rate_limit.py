"""How many requests an address may send: a bucket of tokens for each, which fills up again."""

from __future__ import annotations

import time

MOST_ADDRESSES = 10_000


class RateLimit:
    """Counts the requests of addresses."""

    def __init__(self, per_second: float, burst: int) -> None:
        """``burst``: requests at once, after a pause."""
        self.per_second, self.burst = per_second, burst
        self.buckets: dict[str, tuple[float, float]] = {}  # {address: (tokens, time of the last request)}

    def allows(self, address: str, now: float | None = None) -> bool:
        """Whether another request of ``address`` may come in; it is counted then."""
        now = time.monotonic() if now is None else now
        tokens, then = self.buckets.get(address, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - then) * self.per_second)
        if len(self.buckets) >= MOST_ADDRESSES and address not in self.buckets:
            full = self.burst / self.per_second  # after so many seconds a bucket is full and need not be remembered
            self.buckets = {each: bucket for each, bucket in self.buckets.items() if now - bucket[1] < full}
        if len(self.buckets) >= MOST_ADDRESSES and address not in self.buckets:
            return False
        self.buckets[address] = (max(0.0, tokens - 1), now)
        return tokens >= 1

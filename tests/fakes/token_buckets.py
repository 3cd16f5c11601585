"""Token buckets in memory, on a clock that a test moves."""

import math

from groundwork_core.errors import Unavailable
from groundwork_core.rate_limits.ports import LeasedTokens, Rate


class FakeTokenBuckets:
    def __init__(self) -> None:
        self.moment = 1000.0
        self.leases = 0
        self.reachable = True
        self._buckets: dict[str, tuple[float, float]] = {}

    def now(self) -> float:
        return self.moment

    def lease(
        self, principal: str, rate: Rate, *, wanted: int, least: int, returned: int
    ) -> LeasedTokens:
        self.leases += 1
        if not self.reachable:
            raise Unavailable("The database cannot be reached.")
        tokens, filled_at = self._buckets.get(principal, (float(rate.burst), self.moment))
        there = min(rate.burst, tokens + returned + rate.per_second * (self.moment - filled_at))
        granted = min(wanted, math.floor(there)) if there >= least else 0
        self._buckets[principal] = (there - granted, self.moment)
        return LeasedTokens(granted, there - granted)

"""Limit the rate of messages from one socket."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """A token bucket: each message takes one token, and waits until it is available.

    Attributes:
        per_second: Tokens added per second.
        at_once: Capacity of the bucket.
    """

    per_second: float
    at_once: int
    _left: float = field(init=False)
    _counted_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._left = float(self.at_once)

    def take(self, now: float) -> float:
        """Take a token; return the seconds to wait for it. `now` is monotonic."""
        filled = self._left + (now - self._counted_at) * self.per_second
        self._left = min(float(self.at_once), filled) - 1.0
        self._counted_at = now
        return max(0.0, -self._left / self.per_second)

"""How many messages one socket may send."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """A bucket that fills with time: a message takes one token, and waits for it.

    Attributes:
        per_second: How fast it fills.
        at_once: How much it holds.
    """

    per_second: float
    at_once: int
    _left: float = field(init=False)
    _counted_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._left = float(self.at_once)

    def take(self, now: float) -> float:
        """Takes a token. Returns how many seconds to wait for it; `now` never goes back."""
        filled = self._left + (now - self._counted_at) * self.per_second
        self._left = min(float(self.at_once), filled) - 1.0
        self._counted_at = now
        return max(0.0, -self._left / self.per_second)

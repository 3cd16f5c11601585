"""Counters for the hot path, converted to Prometheus metrics at each scrape.

A prometheus-client counter takes a lock and a label lookup at each step. The host counts on one
event loop, so plain integers are enough.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Protocol

BUCKETS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


class Outcome(Protocol):
    """The counted properties of an invocation."""

    @property
    def seconds(self) -> float:
        """Duration of the handler."""

    @property
    def cold(self) -> bool:
        """True if it was the first event of its environment."""

    @property
    def error(self) -> object | None:
        """The error, or None."""


@dataclass(slots=True)
class Durations:
    """A histogram of durations."""

    seconds: float = 0.0
    # One bucket more than bounds, for longer durations.
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_SECONDS) + 1))

    def count(self, seconds: float) -> None:
        """Count a duration."""
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1


@dataclass(slots=True)
class FunctionStats:
    """Counters of one function since the start of the host."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    failed_starts: int = 0
    durations: Durations = field(default_factory=Durations)

    def count(self, outcome: Outcome) -> None:
        """Count a finished event."""
        self.invocations += 1
        self.durations.count(outcome.seconds)
        if outcome.error is not None:
            self.errors += 1
        if outcome.cold:
            self.cold_starts += 1

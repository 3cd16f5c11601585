"""Plain counters for the hot path; a scrape turns them into Prometheus metrics.

A prometheus-client counter takes a lock and a label lookup at each step. The host counts on one
event loop, so that integers will do.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Protocol

BUCKETS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


class Outcome(Protocol):
    """The part of an invocation that is counted."""

    @property
    def seconds(self) -> float:
        """How long the handler ran."""

    @property
    def cold(self) -> bool:
        """Whether it was the first event of its environment."""

    @property
    def error(self) -> object | None:
        """Why it failed, if it did."""


@dataclass(slots=True)
class Durations:
    """How long something took, each time."""

    seconds: float = 0.0
    # One more than there are bounds: the last counts what is longer than all of them.
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_SECONDS) + 1))

    def count(self, seconds: float) -> None:
        """Counts one."""
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1


@dataclass(slots=True)
class FunctionStats:
    """What one function did since the start of the host."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    failed_starts: int = 0
    durations: Durations = field(default_factory=Durations)

    def count(self, outcome: Outcome) -> None:
        """Counts one finished event."""
        self.invocations += 1
        self.durations.count(outcome.seconds)
        if outcome.error is not None:
            self.errors += 1
        if outcome.cold:
            self.cold_starts += 1

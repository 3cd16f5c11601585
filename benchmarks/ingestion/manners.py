"""Count requests in flight and pauses between requests, for each host of the benchmark."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

PAUSE_SECONDS = 1.0
"""The shortest pause that is asked for, `min_delay_ms`."""
SLACK_SECONDS = 0.01
"""The two clocks and the time that an answer takes on loopback."""


@dataclass(slots=True)
class _Host:
    in_flight: int = 0
    ended: float | None = None
    redirected: bool = False


@dataclass(slots=True)
class Seen:
    """Counts of requests and pauses over all hosts; pauses in seconds."""

    requests: int = 0
    robots: int = 0
    most_of_one_host: int = 0
    most_of_all: int = 0
    gaps: int = 0
    """Requests after the first of their host that do not follow a redirect."""
    short_gaps: int = 0
    """Gaps of less than `PAUSE_SECONDS`."""
    shortest_gap: float | None = None
    unchanged: int = 0
    statuses: dict[str, int] = field(default_factory=dict)


class Manners:
    """Records the requests of all hosts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._in_flight = 0
        self.seen = Seen()

    def begins(self, host: str, path: str) -> None:
        """Record that a request of a host has been read."""
        seen, state = self.seen, self._hosts[host]
        seen.requests += 1
        seen.robots += path == "/robots.txt"
        state.in_flight += 1
        self._in_flight += 1
        seen.most_of_one_host = max(seen.most_of_one_host, state.in_flight)
        seen.most_of_all = max(seen.most_of_all, self._in_flight)
        if state.ended is not None and not state.redirected:
            gap = self._clock() - state.ended
            seen.gaps += 1
            seen.short_gaps += gap < PAUSE_SECONDS - SLACK_SECONDS
            seen.shortest_gap = min(gap, seen.shortest_gap or gap)

    def now(self) -> float:
        """Return the time, for `ends`."""
        return self._clock()

    def ends(self, host: str, status: int, at: float) -> None:
        """Record that an answer was sent, or that the visitor has gone (status 0).

        `at` is when it began to be sent: on loopback the visitor may have it before this process
        gets on.
        """
        state = self._hosts[host]
        state.in_flight -= 1
        self._in_flight -= 1
        state.ended = at
        state.redirected = status in (301, 302, 307, 308)
        self.seen.unchanged += status == 304
        name = str(status)
        self.seen.statuses[name] = self.seen.statuses.get(name, 0) + 1

    def counts(self) -> dict[str, object]:
        """Return the counts as a dictionary for JSON."""
        return asdict(self.seen)

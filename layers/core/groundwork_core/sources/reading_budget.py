"""The reading time of a batch and of one source, so that a slow source does not delay others.

A batch reads responses as they arrive, small ones first, for `BATCH_SECONDS`; the rest is queued
again. A source gets `FIRST_SECONDS` of CPU time. One that needs more is queued again as heavy: a
batch fetches at most one heavy source, reads it last, and gives it time in proportion to its size.
A source that exceeds that too fails as `too_complex`, with growing pauses.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from groundwork_core.clock import Clock
from groundwork_core.sources.model import WatchedSource

BATCH_SECONDS = 12.0
"""The time of a batch for reading and storing; concurrent downloads have their own limit."""
FIRST_SECONDS = 3.0
"""CPU time for a source that is not heavy. A feed of 2 MB takes about one second."""

WAIT_SECONDS = 1.0
"""A download waits for so long for its host; a fetch that is earlier is queued again."""


class ReadingBudget:
    """The reading time of a batch."""

    def __init__(self, clock: Clock) -> None:
        """`clock` measures the time spent."""
        self._clock = clock
        self._spent_seconds = 0.0
        self._since: datetime | None = None

    @property
    def over(self) -> bool:
        """Return whether the time is used up. The first response of a batch is always read."""
        return self._spent_seconds >= BATCH_SECONDS

    def __enter__(self) -> None:
        """Start measuring the time of one source."""
        self._since = self._clock.now()

    def __exit__(self, *_: object) -> None:
        """Add the time since `__enter__`."""
        if self._since is not None:
            self._spent_seconds += (self._clock.now() - self._since).total_seconds()


def divide(sources: Iterable[WatchedSource]) -> tuple[list[WatchedSource], list[WatchedSource]]:
    """Return the sources to fetch now, a heavy one last, and those for a later batch."""
    given = list(sources)
    heavy = [one for one in given if one.over_budget]
    light = [one for one in given if not one.over_budget]
    return light + heavy[:1], heavy[1:]


def ripe_and_early(
    sources: Iterable[WatchedSource], now: datetime
) -> tuple[list[WatchedSource], list[WatchedSource]]:
    """Return the sources that may be fetched within `WAIT_SECONDS`, and the others."""
    given = list(sources)
    soon = now + timedelta(seconds=WAIT_SECONDS)
    early = [one for one in given if one.fetch_at is not None and one.fetch_at > soon]
    return [one for one in given if one not in early], early


def cpu_seconds(source: WatchedSource) -> float | None:
    """Return the CPU time for reading a response; None if it depends on the response's size."""
    return None if source.over_budget else FIRST_SECONDS

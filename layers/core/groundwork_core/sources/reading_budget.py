"""How much of a batch's time one source may take, so that it does not hold up the others.

A batch reads what has arrived, small answers first, for `BATCH_SECONDS`; what is left is queued
again behind the others. A source gets `FIRST_SECONDS` of CPU. One that needs more is queued again
as heavy: a batch asks one heavy source at most, reads it last, and gives it as much as its size
justifies. A source that exceeds that too is `too_complex`, and waits longer each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from groundwork_core.clock import Clock
from groundwork_core.sources.model import WatchedSource

BATCH_SECONDS = 12.0
"""Of reading and storing; downloads, which run meanwhile, have their own limit."""
FIRST_SECONDS = 3.0
"""Of CPU, for a source that is not known to be heavy. A feed of 2 MB takes about one."""


class ReadingBudget:
    """The time that a batch has for reading."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; nothing is spent yet."""
        self._clock = clock
        self._spent_seconds = 0.0
        self._since: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether it is spent. The first answer of a batch is always read."""
        return self._spent_seconds >= BATCH_SECONDS

    def __enter__(self) -> None:
        """Begin to spend."""
        self._since = self._clock.now()

    def __exit__(self, *_: object) -> None:
        """Count what was spent."""
        if self._since is not None:
            self._spent_seconds += (self._clock.now() - self._since).total_seconds()


def divide(sources: Iterable[WatchedSource]) -> tuple[list[WatchedSource], list[WatchedSource]]:
    """Return those to be asked now, the heavy one last, and those for a later batch."""
    given = list(sources)
    heavy = [one for one in given if one.over_budget]
    light = [one for one in given if not one.over_budget]
    return light + heavy[:1], heavy[1:]


def cpu_seconds(source: WatchedSource) -> float | None:
    """Return the CPU time for reading a source's answer; None: what its size justifies."""
    return None if source.over_budget else FIRST_SECONDS

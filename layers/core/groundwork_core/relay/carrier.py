"""Deliver rows to one destination while the relay is awake."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic

from groundwork_core.relay.batch_size import BatchSize
from groundwork_core.relay.carry import Carried, carry
from groundwork_core.relay.ports import Backlog, Backlogs, Destination, Observer, WorkT_contra
from groundwork_core.relay.promise import Activity, Pause, TimeBudget

SHORTEST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.05
BUSY_PAUSE_SECONDS = 0.02
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 4.0
GATHER_PASSES = 2
"""After catching up, a carrier gathers rows for at least so many times as long as its last pass
took, so that on a busy machine passes become rarer, and larger."""
GATHER_MAX = 3
"""Longest time to gather, in multiples of the destination's `gather_seconds`."""


class Carrier(Generic[WorkT_contra]):
    """Delivers to one destination in its own transactions, independently of the others."""

    def __init__(
        self,
        destination: Destination[WorkT_contra],
        begin_work: Callable[[], WorkT_contra],
        backlogs: Backlogs,
        activity: Activity,
        budget: TimeBudget,
        observer: Observer,
        sleep: Pause = time.sleep,
        size: BatchSize | None = None,
    ) -> None:
        """`backlogs`, `activity`, `budget` and `observer` are shared by all carriers.

        `size` is the size of the destination's batches; reuse the object in later runs.
        """
        self._size = size or BatchSize()
        self._destination = destination
        self._begin_work = begin_work
        self._backlogs = backlogs
        self._activity = activity
        self._budget = budget
        self._observer = observer
        self._sleep = sleep
        self._pause_seconds = SHORTEST_PAUSE_SECONDS
        self._failures = 0
        self._since: float | None = None

    def run(self) -> None:
        """Deliver until the relay's promise has ended, then make a last pass and return.

        Errors of the destination are reported to the observer and retried with growing delays.
        """
        while True:
            last = self._activity.ended
            try:
                done = self._finish() if last else self._look()
            except Exception as error:  # must not stop other destinations
                if not self._stumbled(error) or last:
                    return
            else:
                self._failures = 0
                if done:
                    return

    def _look(self) -> bool:
        """Deliver the waiting rows; if there are none, pause, longer each time."""
        backlog = self._behind()
        if backlog.waiting:
            self._activity.mark()
        if backlog.ready and self._carry():
            self._pause_seconds = SHORTEST_PAUSE_SECONDS
            return False
        self._activity.pause(self._pause_seconds)
        self._pause_seconds = min(self._pause_seconds * 1.5, LONGEST_PAUSE_SECONDS)
        return False

    def _finish(self) -> bool:
        """Deliver all rows that were committed before this pass; wait for another relay's lock."""
        while self._budget.remaining_seconds() > 1:
            self._behind()
            carried = self._pass()
            self._observer.carried(self._destination.name, carried.rows, self._lag_seconds())
            if carried.all:
                return True
            if not carried.moved:
                self._sleep(BUSY_PAUSE_SECONDS)
        return True

    def _carry(self) -> bool:
        began = self._activity.stopwatch()
        carried = self._pass()
        if carried.moved:
            self._activity.mark()
            self._observer.carried(self._destination.name, carried.rows, self._lag_seconds())
            if carried.all:
                self._activity.pause(self._gathering(self._activity.stopwatch() - began))
        return carried.moved

    def _gathering(self, pass_seconds: float) -> float:
        least = self._destination.gather_seconds
        return min(max(least, GATHER_PASSES * pass_seconds), GATHER_MAX * least)

    def _pass(self) -> Carried:
        size = self._size
        ahead = 0 if size.reduced else None
        carried = carry(self._destination, self._begin_work(), limit=size.rows, ahead=ahead)
        if carried.moved:
            size.delivered()
        return carried

    def _behind(self) -> Backlog:
        backlog = self._backlogs.of(self._destination.name)
        self._since = self._activity.stopwatch() - backlog.lag_seconds if backlog.waiting else None
        return backlog

    def _lag_seconds(self) -> float:
        """Return the age of the oldest waiting row."""
        return 0.0 if self._since is None else self._activity.stopwatch() - self._since

    def _stumbled(self, error: Exception) -> bool:
        """Report an error and wait; return whether there is time for a retry."""
        retry = min(FIRST_RETRY_SECONDS * 2**self._failures, LONGEST_RETRY_SECONDS)
        self._failures += 1
        self._size.failed(error)
        self._observer.failed(self._destination.name, error, retry, self._lag_seconds())
        if self._budget.remaining_seconds() < retry + 1:
            return False
        self._activity.mark(ahead_seconds=retry)
        self._activity.pause(retry)
        return True

"""Timers: delayed messages that make leases and pauses end on time.

A lease must end within ten seconds after it expires, but schedules run only once a minute.
Therefore the relay, which reads the ends of leases from the outbox, sends one delayed message for
each slot of three seconds in which a lease ends. Without leases and pauses there are no messages
and no runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from math import ceil

from groundwork_core.clock import Clock
from groundwork_core.jobs.lease_rules import PROGRESS_EVENT_SECONDS
from groundwork_core.outbox import OutboxRow
from groundwork_core.queues import DelayQueue

SLOT_SECONDS = 3
"""Ends in the same slot share a message, which is delivered after the slot."""
SLACK_SECONDS = PROGRESS_EVENT_SECONDS
"""The time by which status reports may have extended a lease without an outbox row."""
DELAY_SECONDS_MAX = 900
"""The longest delay of SQS. The timers of later ends are set by the sweep, a minute ahead."""
AHEAD_SECONDS = 90
"""The time by which the sweep, which runs each minute, looks ahead for ends without a timer."""


class Timers:
    """Implements `SetsTimers` with a queue; each process sends one message per slot."""

    def __init__(self, queue: DelayQueue, clock: Clock) -> None:
        """`clock` is the clock of the leases."""
        self._queue = queue
        self._clock = clock
        self._sent: set[int] = set()

    def set(self, ends: Iterable[datetime]) -> None:
        """Send a delayed message for each slot that has none and that a delay can reach."""
        wanted = {ceil(end.timestamp() / SLOT_SECONDS) * SLOT_SECONDS for end in ends}
        if not wanted:
            return
        now = self._clock.now().timestamp()
        self._sent = {slot for slot in self._sent if slot > now}
        for slot in sorted(wanted - self._sent):
            delay_seconds = max(0, ceil(slot + SLACK_SECONDS - now))
            if delay_seconds <= DELAY_SECONDS_MAX:
                ends_by = datetime.fromtimestamp(slot, UTC).isoformat()
                self._queue.send_later({"ends_by": ends_by}, delay_seconds)
                self._sent.add(slot)


def ends_of(rows: Iterable[OutboxRow]) -> list[datetime]:
    """Return the ends of leases and pauses in the newest state of each job among `rows`."""
    last = {row.aggregate_id: row.data for row in rows if row.aggregate == "jobs"}
    found = (
        data.get("leased_until" if data.get("status") == "leased" else "not_before")
        for data in last.values()
        if data.get("status") in ("leased", "queued")
    )
    return [datetime.fromisoformat(end) for end in found if isinstance(end, str)]

"""The destination `queues`: sends messages about due fetches and queued jobs, and sets timers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from groundwork_core.jobs.contract import JOB_CONTRACT
from groundwork_core.jobs.ports import SetsTimers
from groundwork_core.jobs.timers import ends_of
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.distribution_message import DISTRIBUTION_DUE
from groundwork_core.queues import Queue
from groundwork_core.relay.destination_names import QUEUES
from groundwork_core.relay.ports import OutboxBatch, RelayWork


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of fetches and of kinds of jobs."""

    fetch: Queue
    jobs: Mapping[str, Queue]
    """By kind of job; jobs of other kinds are leased over REST."""
    distributions: Queue | None = None
    """None: publishers lease over REST."""
    timers: SetsTimers | None = None
    """None: leases and pauses end with the sweep, each minute."""


class QueueDestination:
    """Sends messages about due fetches and queued jobs. Receivers must accept duplicates."""

    name = QUEUES
    batches_ahead = 0
    gather_seconds = 0.05

    def __init__(self, queues: Queues) -> None:
        """`queues` are the queues to send to."""
        self._queues = queues

    def deliver(self, taken: OutboxBatch, work: RelayWork) -> None:  # noqa: ARG002 - the port's shape
        """Send the messages of a batch of rows, in one call for each queue."""
        due = fetches(taken.rows)
        if due:
            self._queues.fetch.send(due)
        for kind, queue in self._queues.jobs.items():
            waiting = jobs(taken.rows, kind)
            if waiting:
                queue.send(waiting)
        going_out = distributions(taken.rows)
        if going_out and self._queues.distributions is not None:
            self._queues.distributions.send(going_out)
        if self._queues.timers is not None:
            self._queues.timers.set(ends_of(taken.rows))


def fetches(rows: Iterable[OutboxRow]) -> list[dict[str, JsonValue]]:
    """Return the bodies of the `fetch_due` commands."""
    return [row.data for row in rows if row.kind == "fetch_due"]


def distributions(rows: Iterable[OutboxRow]) -> list[dict[str, JsonValue]]:
    """Return the messages of distributions that go out, among rows."""
    return [row.data for row in rows if row.kind == DISTRIBUTION_DUE]


def jobs(rows: Iterable[OutboxRow], kind: str) -> list[dict[str, JsonValue]]:
    """Return a message for each job of a kind whose newest state is `queued` without a pause."""
    last = {
        row.aggregate_id: row
        for row in rows
        if row.aggregate == "jobs" and row.data.get("kind") == kind
    }
    return [
        {
            "contract": JOB_CONTRACT,
            "job_id": str(row.aggregate_id),
            "kind": kind,
            "attempt_hint": _next_attempt(row),
            "payload": row.data.get("payload"),
        }
        for row in last.values()
        if row.kind != "deleted"
        and row.data.get("status") == "queued"
        and row.data.get("not_before") is None
    ]


def _next_attempt(row: OutboxRow) -> int:
    attempt = row.data.get("attempt")
    return (attempt if isinstance(attempt, int) else 0) + 1

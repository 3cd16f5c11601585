"""The destination `queues`: sends messages about due fetches and queued jobs, sets timers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.clock import Clock, SystemClock
from groundwork_core.jobs.contract import JOB_CONTRACT
from groundwork_core.jobs.ports import SetsTimers
from groundwork_core.jobs.timers import ends_of
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.distribution_message import DISTRIBUTION_DUE
from groundwork_core.queues import DelayingQueue, FairQueue, Queue
from groundwork_core.relay.destination_names import QUEUES
from groundwork_core.relay.ports import OutboxBatch, RelayWork


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of fetches and of kinds of jobs."""

    fetch: DelayingQueue
    jobs: Mapping[str, FairQueue]
    """The queues of jobs by kind; jobs of other kinds are leased over REST."""
    distributions: Queue | None = None
    """The queue of distributions; None if publishers lease over REST."""
    timers: SetsTimers | None = None
    """Sets timers for leases and pauses; None if only the sweep ends them, each minute."""


WAIT_SECONDS = 0.3
"""Queues delay by whole seconds; so short a rest is waited for by the worker."""


class QueueDestination:
    """Sends messages about due fetches and queued jobs. Receivers must accept duplicates."""

    name = QUEUES
    aggregates = frozenset({"sources", "jobs", "distributions"})
    batches_ahead = 0
    gather_seconds = 0.05

    def __init__(self, queues: Queues, clock: Clock | None = None) -> None:
        """`queues` are the queues to send to; `clock` says how long to delay a message."""
        self._queues = queues
        self._clock = clock or SystemClock()

    def deliver(self, taken: OutboxBatch, work: RelayWork) -> None:  # noqa: ARG002 - the port's shape
        """Send the messages of a batch of rows, in one call for each queue."""
        for delay_seconds, due in by_delay(fetches(taken.rows), self._clock.now()).items():
            if delay_seconds:
                self._queues.fetch.send_all_later(due, delay_seconds)
            else:
                self._queues.fetch.send(due)
        for kind, queue in self._queues.jobs.items():
            waiting = jobs(taken.rows, kind)
            if waiting:
                queue.send_in_turn(waiting)
        going_out = distributions(taken.rows)
        if going_out and self._queues.distributions is not None:
            self._queues.distributions.send(going_out)
        if self._queues.timers is not None:
            self._queues.timers.set(ends_of(taken.rows))


def fetches(rows: Iterable[OutboxRow]) -> list[dict[str, JsonValue]]:
    """Return the bodies of the `fetch_due` commands."""
    return [row.data for row in rows if row.kind == "fetch_due"]


def by_delay(
    due: Iterable[dict[str, JsonValue]], now: datetime
) -> dict[int, list[dict[str, JsonValue]]]:
    """Group fetches by the seconds that their messages are delayed.

    A fetch that may start within `WAIT_SECONDS` is sent without delay; its worker waits.
    """
    grouped: dict[int, list[dict[str, JsonValue]]] = {}
    for one in due:
        at = one.get("not_before")
        left = (datetime.fromisoformat(at) - now).total_seconds() if isinstance(at, str) else 0.0
        delay_seconds = ceil(left) if left > WAIT_SECONDS else 0
        grouped.setdefault(delay_seconds, []).append(one)
    return grouped


def distributions(rows: Iterable[OutboxRow]) -> list[dict[str, JsonValue]]:
    """Return the messages of distributions that start, from outbox rows."""
    return [row.data for row in rows if row.kind == DISTRIBUTION_DUE]


def jobs(rows: Iterable[OutboxRow], kind: str) -> list[tuple[str, dict[str, JsonValue]]]:
    """Return party and message for each time that a job of a kind began to wait without a pause.

    A job gets its message even if a later row of the batch shows it as leased. A message leases
    whichever job is next. So the message that leased this job was sent for another job, which still
    waits.
    """
    waits: dict[UUID, bool] = {}
    messages = []
    for row in rows:
        if row.aggregate != "jobs" or row.data.get("kind") != kind:
            continue
        waited = waits.get(row.aggregate_id, False)
        waits[row.aggregate_id] = _waits(row)
        if waits[row.aggregate_id] and not waited:
            messages.append(_message(row, kind))
    return messages


def _waits(row: OutboxRow) -> bool:
    return (
        row.kind != "deleted"
        and row.data.get("status") == "queued"
        and row.data.get("not_before") is None
    )


def _message(row: OutboxRow, kind: str) -> tuple[str, dict[str, JsonValue]]:
    return (
        str(row.data.get("party") or row.aggregate_id),
        {
            "contract": JOB_CONTRACT,
            "job_id": str(row.aggregate_id),
            "kind": kind,
            "attempt_hint": _next_attempt(row),
            "payload": row.data.get("payload"),
        },
    )


def _next_attempt(row: OutboxRow) -> int:
    attempt = row.data.get("attempt")
    return (attempt if isinstance(attempt, int) else 0) + 1

"""Lease jobs to workers that take messages from a queue (hold.py: those that ask over HTTP)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import JobsWork

QUEUE_LEASE_SECONDS = 300
"""Longer than the timeout of a worker function, so that a lease expires only after a crash."""


def lease_from_queue(
    wanted: Sequence[tuple[UUID, str]], *, work: JobsWork, clock: Clock
) -> list[WorkerJob]:
    """Lease the jobs of a batch of queue messages, each to its message.

    Args:
        wanted: (job id, message id). A redelivered message gets its lease again.
        work: not yet begun.
        clock: for the end of the leases.

    Returns:
        The leased jobs. A missing job is done, cancelled or leased to another worker; its message
        can be deleted.
    """
    now = clock.now()
    with work:
        return work.jobs.lease_these(
            [(job_id, f"queue:{message_id}") for job_id, message_id in wanted],
            now,
            now + timedelta(seconds=QUEUE_LEASE_SECONDS),
        )

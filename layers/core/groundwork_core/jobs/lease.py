"""Give work to workers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import JobsWork

QUEUE_LEASE_SECONDS = 300
"""Longer than a worker function may run, so that a lease runs out only after its worker died."""


def lease_next(
    kinds: Sequence[str], worker: str, lease_seconds: int, *, work: JobsWork, clock: Clock
) -> WorkerJob | None:
    """Lease one waiting job to a worker that asks over HTTP; None when none waits."""
    now = clock.now()
    with work:
        return work.jobs.lease_next(kinds, worker, now, now + timedelta(seconds=lease_seconds))


def lease_from_queue(
    wanted: Sequence[tuple[UUID, str]], *, work: JobsWork, clock: Clock
) -> list[WorkerJob]:
    """Lease the jobs of a batch of messages, each to its message.

    Args:
        wanted: (job id, message id). A redelivered message takes its own lease again.
        work: not yet begun.
        clock: tells when leases end.

    Returns:
        The jobs to work on now. What is missing was done, cancelled, or is with somebody else:
        its message is settled.
    """
    now = clock.now()
    with work:
        return work.jobs.lease_these(
            [(job_id, f"queue:{message_id}") for job_id, message_id in wanted],
            now,
            now + timedelta(seconds=QUEUE_LEASE_SECONDS),
        )

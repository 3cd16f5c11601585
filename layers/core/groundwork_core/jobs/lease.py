"""Lease jobs to workers that take messages from a queue (hold.py: those that ask over HTTP)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.jobs.lease_rules import TAKEN_BACK_MAX
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import JobsWork

QUEUE_LEASE_SECONDS = 300
"""Longer than the timeout of a worker function, so that a lease expires only after a crash."""


def lease_from_queue(
    wanted: Sequence[tuple[str, str]], *, work: JobsWork, clock: Clock
) -> list[WorkerJob]:
    """Lease a job for each of a batch of queue messages.

    A message says that a job of its kind waits; which one it names does not matter. Leased is the
    next one in the order, so that parties take turns and priorities count as over HTTP, in
    whichever order the queue delivers.

    Args:
        wanted: (kind, message id). A redelivered message gets its job again.
        work: not yet begun.
        clock: that of the leases.

    Returns:
        The leased jobs. If there are fewer than messages, nothing waits for the others: what they
        announced is done, cancelled or leased; they can be deleted.
    """
    now = clock.now()
    until = now + timedelta(seconds=QUEUE_LEASE_SECONDS)
    kinds = {kind for kind, _ in wanted}
    owners = [f"queue:{message_id}" for message_id in dict.fromkeys(id_ for _, id_ in wanted)]
    with work:
        jobs = work.jobs.lease_for_messages(kinds, owners, now, until)
        if len(jobs) < len(owners):
            work.jobs.expire_leases(now, TAKEN_BACK_MAX)
            work.jobs.end_pauses(now, TAKEN_BACK_MAX)
            had = {job.lease_owner for job in jobs}
            left = [owner for owner in owners if owner not in had]
            jobs += work.jobs.lease_for_messages(kinds, left, now, until)
    return jobs

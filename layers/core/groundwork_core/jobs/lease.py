"""Lease jobs to workers that receive messages from a queue. For workers that poll see hold.py."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.jobs.lease_messages import LeaseRequest
from groundwork_core.jobs.lease_rules import TAKEN_BACK_MAX
from groundwork_core.jobs.ports import LeasesWork


def lease_for_messages(asked: LeaseRequest, *, work: LeasesWork, clock: Clock) -> list[str]:
    """Lease one job for each queue message that a request names.

    A message says that some job of its kind waits. It leases the next job in the order, not the job
    that caused the message. So parties take turns and priorities count whatever the order of
    messages, as for workers that poll. A redelivered message gets the same job again.

    Args:
        asked: the request, with `messages`.
        work: a unit of work that has not begun.
        clock: the clock of the leases.

    Returns:
        The JSON of each job, in the form of `Leased`. If there are fewer jobs than messages, the
        other messages can be deleted: their jobs are done, cancelled or leased, or will be
        announced again.
    """
    now, kinds = clock.now(), set(asked.kinds)
    until = now + timedelta(seconds=asked.lease_seconds)
    owners = [f"queue:{message_id}" for message_id in dict.fromkeys(asked.messages)]
    with work:
        jobs = work.jobs.lease_for_messages(kinds, owners, now, until)
        if not jobs:
            work.leases.tidy(now, TAKEN_BACK_MAX)
            jobs = work.jobs.lease_for_messages(kinds, owners, now, until)
        return work.leases.shown([job.id for job in jobs])

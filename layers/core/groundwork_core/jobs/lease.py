"""Lease jobs to workers that take messages from a queue (hold.py: those that poll)."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.jobs.lease_messages import LeaseRequest
from groundwork_core.jobs.lease_rules import TAKEN_BACK_MAX
from groundwork_core.jobs.ports import LeasesWork


def lease_for_messages(asked: LeaseRequest, *, work: LeasesWork, clock: Clock) -> list[str]:
    """Lease a job for each queue message that a request names.

    A message says that a job of its kind waits; which one it names does not matter. Leased is the
    next one in the order, so that parties take turns and priorities count as for workers that
    poll, in whichever order the queue delivers. A redelivered message gets its job again.

    Args:
        asked: with `messages`.
        work: not yet begun.
        clock: that of the leases.

    Returns:
        The JSON of each job, as of `Leased`. If there are fewer than messages, nothing waits for
        the others: what they announced is done, cancelled or leased, or will be announced again;
        they can be deleted.
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

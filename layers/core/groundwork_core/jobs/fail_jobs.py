"""End failed attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import SystemRandom
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.jobs.ports import JobFailure, JobsWork

MAX_MESSAGE = 2_000
_CHANCE = SystemRandom()


def fail_jobs(failures: Sequence[JobFailure], *, work: JobsWork, clock: Clock) -> dict[UUID, str]:
    """End attempts as failed, and return each job's new status.

    A failure of a retryable class queues the job again after a pause; after its last attempt it is
    quarantined. Other classes fail the job at once. Jobs that have ended are left unchanged.
    """
    with work:
        return work.jobs.fail(
            [
                replace(one, message=one.message[:MAX_MESSAGE], jitter=_CHANCE.uniform(0, 1))
                for one in failures
            ],
            clock.now(),
        )

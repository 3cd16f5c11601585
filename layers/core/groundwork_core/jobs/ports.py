"""What the use cases of jobs need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.jobs.model import FailureClass, JobRow, WorkerJob
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class JobFailure:
    """An attempt that failed."""

    job_id: UUID
    failure: FailureClass
    message: str
    attempt: int | None = None
    """The attempt that failed; None: whichever is the present one."""


class JobStore(Protocol):
    """The jobs. Every method is one round trip, however many jobs."""

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; those whose idempotency key is known are left alone."""
        ...

    def lease_next(
        self, kinds: Sequence[str], worker: str, now: datetime, until: datetime
    ) -> WorkerJob | None:
        """Lease the waiting job of highest priority, oldest first; None when none waits."""
        ...

    def lease_these(
        self, wanted: Sequence[tuple[UUID, str]], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease the named jobs to the named owners.

        Only what is queued, or leased to the same owner already (a redelivery), is leased; each
        lease counts as an attempt.
        """
        ...

    def get(self, job_id: UUID) -> WorkerJob | None:
        """Return one job, locked until the end of the transaction."""
        ...

    def report(self, job_id: UUID, progress: float, message: str | None, until: datetime) -> None:
        """Keep how far a leased job is, and extend its lease."""
        ...

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        """Lock jobs in the order of their ids, and return those that are there."""
        ...

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        """End jobs well, each with a summary of its result."""
        ...

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        """End attempts badly; return the jobs' new status.

        Final classes: failed. Others: queued again while attempts are left, else quarantined. A
        job that ended already, or is at another attempt, is left alone and not returned.
        """
        ...

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue a job that ended badly anew, with all its attempts; None if it did not."""
        ...

    def expire_leases(self, now: datetime, limit: int) -> int:
        """Queue again, or quarantine, jobs whose worker fell silent; return how many."""
        ...

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Announce again what has waited since before a moment: its message may be lost."""
        ...


class JobsWork(Transaction, Protocol):
    """A unit of work that knows jobs."""

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...

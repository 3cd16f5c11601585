"""Ports of jobs."""

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
    """A failed attempt."""

    job_id: UUID
    failure: FailureClass
    message: str
    attempt: int | None = None
    """The number of the attempt; None: the current one."""


class JobStore(Protocol):
    """The stored jobs. Each method is one round trip for any number of jobs."""

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; jobs with a known idempotency key are skipped."""
        ...

    def lease_next(
        self, kinds: Sequence[str], worker: str, now: datetime, until: datetime
    ) -> WorkerJob | None:
        """Lease the queued job of highest priority, oldest first; None when none is queued."""
        ...

    def lease_these(
        self, wanted: Sequence[tuple[UUID, str]], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease the named jobs to the named owners.

        Skips jobs that are neither queued nor leased to the same owner (a redelivery). Each lease
        counts as an attempt.
        """
        ...

    def get(self, job_id: UUID) -> WorkerJob | None:
        """Return one job, locked until the transaction ends."""
        ...

    def report(self, job_id: UUID, progress: float, message: str | None, until: datetime) -> None:
        """Store the progress of a leased job, and extend its lease."""
        ...

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        """Lock jobs in the order of their ids, and return those that exist."""
        ...

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        """End jobs as succeeded, each with a summary of its result."""
        ...

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        """End attempts as failed; return the jobs' new status.

        Final classes fail the job. Others queue it again while attempts are left, else quarantine
        it. A job that has ended, or is at another attempt, is left unchanged and not returned.
        """
        ...

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue a failed, quarantined or cancelled job again; None if it is none of these."""
        ...

    def expire_leases(self, now: datetime, limit: int) -> int:
        """Queue again, or quarantine, jobs whose lease expired; return how many."""
        ...

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Announce queued jobs again that wait since before a time, as a message may be lost."""
        ...


class JobsWork(Transaction, Protocol):
    """A unit of work with jobs."""

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...

"""Ports of jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.jobs.model import FailureClass, JobRow, WorkerJob
from groundwork_core.unit_of_work import Transaction

if TYPE_CHECKING:
    from groundwork_core.jobs.lease_messages import Attempt, JobStats


@dataclass(frozen=True, slots=True)
class JobFailure:
    """A failed attempt."""

    job_id: UUID
    failure: FailureClass
    message: str
    attempt: int | None = None
    """The number of the attempt; None means the current one."""
    jitter: float = 0.0
    """The share of the longest pause after which the next attempt begins, from 0 to 1."""
    retry_after_seconds: int | None = None
    """The pause that the worker asks for; None means exponential backoff with full jitter."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A job, and the token of one lease of it."""

    job_id: UUID
    token: UUID


class JobStore(Protocol):
    """Stores jobs. Each method takes one round trip for any number of jobs."""

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; jobs with a known idempotency key are skipped."""
        ...

    def lease_for_messages(
        self, kinds: Collection[str], owners: Sequence[str], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease to each owner the job that it had before, or else the next waiting job.

        Jobs may remain waiting, since the leased ones have at most LEASED_BYTES_MAX together.

        If an owner had a job before, its message was redelivered; the earlier lease ends as
        expired.
        A job that is not tried again is then quarantined, unless its worker has reported. Calls for
        the same owner take turns.
        """
        ...

    def get(self, job_id: UUID) -> WorkerJob | None:
        """Return one job, locked until the transaction ends."""
        ...

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        """Lock jobs in the order of their ids, and return those that exist."""
        ...

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        """End jobs as succeeded, each with a summary of its result."""
        ...

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        """End attempts as failed; return the jobs' new status.

        A failure of a final class: failed. Other classes: queued again after a pause, or
        quarantined if no attempts are left. A job with a requested cancellation: cancelled. A job
        that has ended, or is at another attempt, is left unchanged and not returned.
        """
        ...

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue a failed, quarantined or cancelled job again; return None for any other status."""
        ...

    def expire_leases(self, now: datetime, limit: int) -> int:
        """Queue again, or quarantine, jobs whose lease expired; return how many."""
        ...

    def end_pauses(self, now: datetime, limit: int) -> int:
        """Let jobs whose pause has ended be leased again; return how many."""
        ...

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Announce jobs again that have been queued since before `waiting_since`; return how many.

        A message about them may have been lost.
        """
        ...

    def late_ends(self, after: datetime, before: datetime, seconds: int) -> list[datetime]:
        """Return when leases and pauses of at least `seconds` end, rounded up to 3 seconds."""
        ...


class SetsTimers(Protocol):
    """Sets timers, so that leases and pauses end on time."""

    def set(self, ends: Iterable[datetime]) -> None:
        """Set a timer for each slot without one. Raises Unavailable if the queue refuses."""
        ...


class JobsWork(Transaction, Protocol):
    """A unit of work with jobs."""

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...


class LeaseStore(Protocol):
    """Leases of jobs. A method with a `Lease` does nothing unless it is the current lease."""

    def tidy(self, now: datetime, limit: int) -> int:
        """End expired leases and pauses that are over; return how many jobs changed."""
        ...

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs of some kinds, in their order; return their JSON."""
        ...

    def shown(self, job_ids: Sequence[UUID]) -> list[str]:
        """Return the JSON of jobs that this transaction has leased, in the order of `job_ids`."""
        ...

    def holds(self, lease: Lease, now: datetime) -> bool:
        """Lock the job, and return whether the lease is current and has not expired."""
        ...

    def report(
        self,
        lease: Lease,
        now: datetime,
        *,
        progress: float,
        message: str | None,
        checkpoint: JsonValue,
    ) -> str | None:
        """Store the progress of a job and extend its lease.

        Returns the JSON of `ReportTaken`, or None if the lease is not current.
        """
        ...

    def give_back(
        self, lease: Lease, now: datetime, *, reference: str | None, pause_seconds: int | None
    ) -> bool:
        """Queue a job again without counting the attempt, after a pause if one is given."""
        ...

    def cancel(self, job_id: UUID, now: datetime) -> str | None:
        """Cancel a queued job, or ask the worker of a leased one to stop; return its status."""
        ...

    def succeeded_with(self, leases: Collection[Lease]) -> set[Lease]:
        """Return those leases under which a result was accepted."""
        ...

    def replay(
        self, kind: str, failure: str | None, since: datetime | None, now: datetime
    ) -> tuple[int, bool]:
        """Queue failed and quarantined jobs again, spread over time.

        Returns how many, and whether more remain.
        """
        ...

    def attempts(self, job_id: UUID) -> list[Attempt]:
        """Return the attempts of a job, oldest first."""
        ...

    def stats(self, now: datetime) -> JobStats:
        """Return statistics of each kind of job."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseReport:
    """A status report of a job, and its lease."""

    lease: Lease
    progress: float
    message: str | None
    """None leaves the last message."""
    checkpoint: JsonValue
    """None leaves the last checkpoint."""


@dataclass(frozen=True, slots=True)
class LeasedDocument:
    """A leased job's document and its source, as JSON."""

    document: str
    source: str


class LeasedDocuments(Protocol):
    """Reads the documents of leased jobs."""

    def of(self, document_ids: Collection[UUID], bytes_max: int) -> dict[UUID, LeasedDocument]:
        """Return those documents that exist, in any order, as many as fit. One round trip."""
        ...


class QuickLeases(Protocol):
    """The most frequent calls of workers, each in a transaction of its own."""

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs in their order; return their JSON. May miss some."""
        ...

    def is_idle(self, kinds: Sequence[str], now: datetime) -> bool:
        """Return whether no job of these kinds waits, and no lease or pause of any job is over."""
        ...

    def report(
        self,
        lease: Lease,
        now: datetime,
        *,
        progress: float,
        message: str | None,
        checkpoint: JsonValue,
    ) -> str | None:
        """Store the progress of a job and extend its lease.

        Returns the JSON of `ReportTaken`, or None if the lease is not current.
        """
        ...

    def report_many(self, reports: Sequence[LeaseReport], now: datetime) -> dict[Lease, str]:
        """Store the progress of several jobs and extend their leases, in one transaction.

        Returns the JSON of `ReportTaken` for each lease that is current. `reports` are of different
        leases.
        """
        ...


class LeasesWork(JobsWork, Protocol):
    """A unit of work with leases."""

    @property
    def leases(self) -> LeaseStore:
        """The leases."""
        ...

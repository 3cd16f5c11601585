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
    """The number of the attempt; None: the current one."""
    jitter: float = 0.0
    """From 0 to 1: where in the longest pause the next attempt begins."""
    retry_after_seconds: int | None = None
    """The pause that the worker asks for; None: exponential backoff with full jitter."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A job, and the token that its worker holds."""

    job_id: UUID
    token: UUID


class JobStore(Protocol):
    """The stored jobs. Each method is one round trip for any number of jobs."""

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; jobs with a known idempotency key are skipped."""
        ...

    def lease_for_messages(
        self, kinds: Collection[str], owners: Sequence[str], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease to each owner the job that it had, or else the next waiting one in the order.

        Perhaps not all that wait: together they have at most LEASED_BYTES_MAX.

        An owner that had a job already is a redelivered message; its earlier lease ends as expired.
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

        Final classes: failed. Others: queued again after a pause while attempts are left, else
        quarantined. A job whose cancellation was asked for: cancelled. A job that ended already,
        or is at another attempt, is left alone and not returned.
        """
        ...

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue a failed, quarantined or cancelled job again; None if it is none of these."""
        ...

    def expire_leases(self, now: datetime, limit: int) -> int:
        """Queue again, or quarantine, jobs whose lease expired; return how many."""
        ...

    def end_pauses(self, now: datetime, limit: int) -> int:
        """Let jobs whose pause has ended wait for a worker; return how many."""
        ...

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Announce queued jobs again that wait since before a time, as a message may be lost."""
        ...

    def late_ends(self, after: datetime, before: datetime, seconds: int) -> list[datetime]:
        """Return when leases and pauses of at least so many seconds end, in steps of 3 seconds."""
        ...


class SetsTimers(Protocol):
    """Sees to it that leases and pauses are ended soon after these times."""

    def set(self, ends: Iterable[datetime]) -> None:
        """Set a timer for each slot that has none. Raises Unavailable: the queue refuses."""
        ...


class JobsWork(Transaction, Protocol):
    """A unit of work with jobs."""

    @property
    def jobs(self) -> JobStore:
        """The jobs."""
        ...


class LeaseStore(Protocol):
    """Leases of jobs. A method with a `Lease` does nothing unless that is the present lease."""

    def tidy(self, now: datetime, limit: int) -> int:
        """End expired leases and elapsed pauses; return how many jobs changed."""
        ...

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs of some kinds, in their order; return their JSON."""
        ...

    def shown(self, job_ids: Sequence[UUID]) -> list[str]:
        """Return the JSON of jobs that this transaction has leased, in the order of the ids."""
        ...

    def holds(self, lease: Lease, now: datetime) -> bool:
        """Lock the job, and say whether this is its present lease and has not expired."""
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
        """Store the progress of a job and extend its lease; None if this is not its lease.

        Returns the JSON of `ReportTaken`.
        """
        ...

    def give_back(
        self, lease: Lease, now: datetime, *, reference: str | None, pause_seconds: int | None
    ) -> bool:
        """Queue a job again without counting the attempt; after a pause, if one is given."""
        ...

    def cancel(self, job_id: UUID, now: datetime) -> str | None:
        """Cancel a queued job, or ask the worker of a leased one to stop; return its status."""
        ...

    def succeeded_with(self, lease: Lease) -> bool:
        """Return whether a result was accepted under this lease."""
        ...

    def finish(self, lease: Lease, result: dict[str, JsonValue]) -> None:
        """End a job well."""
        ...

    def replay(
        self, kind: str, failure: str | None, since: datetime | None, now: datetime
    ) -> tuple[int, bool]:
        """Queue failed and quarantined jobs again, spread over time.

        Returns how many, and whether there are more.
        """
        ...

    def attempts(self, job_id: UUID) -> list[Attempt]:
        """Return the leases of a job, oldest first."""
        ...

    def stats(self, now: datetime) -> JobStats:
        """Return the state of each kind of jobs."""
        ...


@dataclass(frozen=True, slots=True)
class LeasedDocument:
    """The document of a leased job and its source, as JSON."""

    document: str
    source: str


class LeasedDocuments(Protocol):
    """Reads the documents of jobs for their workers."""

    def of(self, document_ids: Collection[UUID], bytes_max: int) -> dict[UUID, LeasedDocument]:
        """Return documents that exist, in any order, as many as fit. One round trip."""
        ...


class QuickLeases(Protocol):
    """The calls that workers make most, each in a transaction of its own."""

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs in their order; return their JSON. It may miss some."""
        ...

    def is_idle(self, kinds: Sequence[str], now: datetime) -> bool:
        """Say whether no job of these kinds waits, and no lease or pause of any job is over."""
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
        """Store the progress of a job and extend its lease; None if this is not its lease.

        Returns the JSON of `ReportTaken`.
        """
        ...


class LeasesWork(JobsWork, Protocol):
    """A unit of work that knows leases."""

    @property
    def leases(self) -> LeaseStore:
        """The leases."""
        ...

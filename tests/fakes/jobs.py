"""Jobs in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.jobs.lease_rules import (
    RETRY_BASE_SECONDS,
    RETRY_MAX_SECONDS,
    SILENT_EXPIRIES_MAX,
)
from groundwork_core.jobs.model import JobRow, WorkerJob
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.jobs.timers import SLOT_SECONDS

from .job_rows import NO_LEASE, JobRows, silent_expiries, worker_job
from .tables import Row, Tables

AGAIN: Mapping[str, Any] = {
    "status": "queued", "attempt": 0, "progress": 0, "error": None, "silent_expiries": 0,
    "cancel_requested": False, "reference": None, "outcome": None,
}  # fmt: skip
"""The initial state of a replayed job."""


class MemoryJobs:
    """Implements `JobStore`."""

    def __init__(self, tables: Tables) -> None:
        self.rows = JobRows(tables)

    def add(self, jobs: Sequence[JobRow]) -> None:
        for job in jobs:
            key = job.idempotency_key
            if key is None or not self.rows.where(lambda row: row["idempotency_key"] == key):  # noqa: B023 - called at once
                self.rows.insert(
                    job.kind, payload=job.payload, document_id=job.document_id, idempotency_key=key
                )

    def lease_for_messages(
        self, kinds: Collection[str], owners: Sequence[str], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        seconds = int((until - now).total_seconds())
        every = self.rows.where(
            lambda row: row["status"] == "leased" and row["lease_owner"] in owners
        )
        had = [
            row
            for row in every
            if row["attempt"] < row["max_attempts"]
            and row["silent_expiries"] < SILENT_EXPIRIES_MAX - 1
        ]
        for row in every:
            if row not in had and row["heard_at"] is None:
                self.rows.end_lease(row, now)
        leased = [
            self.rows.lease(
                row, row["lease_owner"], until, seconds, silent_expiries=silent_expiries(row)
            )
            for row in had
        ]
        served = {row["lease_owner"] for row in leased}
        for owner in (one for one in owners if one not in served):
            leased += [
                self.rows.lease(row, owner, until, seconds) for row in self.rows.next(kinds, 1)
            ]
        return [worker_job(row) for row in leased]

    def get(self, job_id: UUID) -> WorkerJob | None:
        row = self.rows.get(job_id)
        return None if row is None else worker_job(row)

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        ids = {str(one) for one in job_ids}
        return [worker_job(row) for row in self.rows.where(lambda row: row["id"] in ids)]

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        for job_id, result in results:
            row = self.rows.get(job_id)
            if row is not None and row["status"] != "succeeded":
                self.rows.change(
                    row, **NO_LEASE, status="succeeded", progress=1, error=None, result=result,
                    not_before=None, silent_expiries=0, outcome="succeeded",
                )  # fmt: skip

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        ended = {}
        for failure in failures:
            row = self.rows.get(failure.job_id)
            if row is None or row["status"] not in ("queued", "leased"):
                continue
            if failure.attempt in (None, row["attempt"]):
                ended[failure.job_id] = self._fail(row, failure, now)
        return ended

    def _fail(self, row: Row, failure: JobFailure, now: datetime) -> str:
        if row["cancel_requested"]:
            status = "cancelled"
        elif failure.failure.final:
            status = "failed"
        else:
            status = "queued" if row["attempt"] < row["max_attempts"] else "quarantined"
        cancelled, again = status == "cancelled", status == "queued"
        self.rows.change(
            row,
            **NO_LEASE,
            status=status,
            not_before=_pause_end(row["attempt"], failure, now) if again else None,
            queued_at=now if again else row["queued_at"],
            error={"class": failure.failure.value, "message": failure.message},
            silent_expiries=0,
            outcome="cancelled" if cancelled else "failed",
            attempt=max(row["attempt"] - 1, 0) if cancelled else row["attempt"],
        )
        return status

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        row = self.rows.get(job_id)
        if row is None or row["status"] not in ("failed", "quarantined", "cancelled"):
            return None
        return worker_job(self.rows.change(row, **AGAIN, not_before=None, queued_at=now))

    def expire_leases(self, now: datetime, limit: int) -> int:
        return self.rows.expire(now, limit)

    def end_pauses(self, now: datetime, limit: int) -> int:
        return self.rows.end_pauses(now, limit)

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        found = [row for row in self.rows.waiting() if row["queued_at"] <= waiting_since][:limit]
        for row in found:
            self.rows.change(row, queued_at=now)
        return len(found)

    def late_ends(self, after: datetime, before: datetime, seconds: int) -> list[datetime]:
        slots = set()
        for row in self.rows.where(lambda row: row["status"] in ("leased", "queued")):
            if row["status"] == "leased":
                end, length = row["leased_until"], row["lease_seconds"]
            elif row["not_before"] is not None:
                end = row["not_before"]
                length = (end - row["queued_at"]).total_seconds()
            else:
                continue
            if after < end <= before and length >= seconds:
                slots.add(ceil(end.timestamp() / SLOT_SECONDS) * SLOT_SECONDS)
        return [datetime.fromtimestamp(slot, UTC) for slot in slots]


def _pause_end(attempt: int, failure: JobFailure, now: datetime) -> datetime | None:
    longest = min(RETRY_MAX_SECONDS, RETRY_BASE_SECONDS * 2 ** max(attempt - 1, 0))
    asked = failure.retry_after_seconds
    seconds = longest * failure.jitter if asked is None else asked
    return now + timedelta(seconds=seconds) if seconds else None

"""Jobs in Postgres. Triggers write each change to the outbox; the relay sends queued jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from groundwork_core.jobs.model import JobRow, WorkerJob
from groundwork_core.jobs.ports import JobFailure
from groundwork_data.postgres import lease_sql as sql

if TYPE_CHECKING:
    from groundwork_data.postgres.typed_connection import Executes

FIELDS = (
    "id", "kind", "priority", "payload", "status", "attempt", "max_attempts", "progress",
    "document_id", "lease_owner", "leased_until", "lease_token",
)  # fmt: skip
COLUMNS = ", ".join(f"j.{name}" for name in FIELDS)

ADD = """
INSERT INTO jobs (kind, payload, document_id, idempotency_key)
SELECT kind, payload, document_id, idempotency_key FROM jsonb_to_recordset(%s)
    AS x(kind text, payload jsonb, document_id uuid, idempotency_key text)
ON CONFLICT (idempotency_key) DO NOTHING
"""
LOCK = f"SELECT {COLUMNS} FROM jobs j WHERE j.id = ANY(%s) ORDER BY j.id FOR UPDATE"  # noqa: S608 - as above
LOCK_ONE = LOCK.replace("= ANY(%s) ORDER BY j.id", "= %s")
REQUEUE = sql.REQUEUE.replace("{columns}", COLUMNS)
ANNOUNCE_AGAIN = """
UPDATE jobs SET queued_at = %(now)s WHERE id IN (
    SELECT id FROM jobs WHERE status = 'queued' AND not_before IS NULL AND queued_at <= %(since)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


class PostgresJobs:
    """Implements `JobStore`."""

    def __init__(self, connection: Executes) -> None:
        self._connection = connection

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; a job with a known idempotency key is skipped."""
        rows = [
            {
                "kind": job.kind,
                "payload": job.payload,
                "document_id": str(job.document_id) if job.document_id else None,
                "idempotency_key": job.idempotency_key,
            }
            for job in jobs
        ]
        self._rows(ADD, [Jsonb(rows)])

    def lease_for_messages(
        self, kinds: Collection[str], owners: Sequence[str], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease to each owner the job that it had, or else the next one in the order."""
        given = {
            "kinds": sorted(kinds),
            "now": now,
            "until": until,
            "seconds": int((until - now).total_seconds()),
        }
        self._rows(sql.LOCK_MESSAGES, [list(owners)])
        jobs = self._jobs(sql.LEASE_AGAIN, {**given, "owners": list(owners)})
        taken = {job.lease_owner for job in jobs}
        left = [owner for owner in owners if owner not in taken]
        bounds = {"owners": left, "most": len(left), "window": len(left) + sql.WINDOW}
        for statement in (sql.LEASE_FOR_MESSAGES, sql.LEASE_OLDEST_FOR_MESSAGES):
            if left and (found := self._jobs(statement, {**given, **bounds})):
                return jobs + found
        return jobs

    def get(self, job_id: UUID) -> WorkerJob | None:
        """Lock one job and return it, or None."""
        found = self._jobs(LOCK_ONE, [job_id])
        return found[0] if found else None

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        """Lock jobs in the order of their ids, and return those that exist."""
        if len(job_ids) == 1:
            return self._jobs(LOCK_ONE, [job_ids[0]])
        return self._jobs(LOCK, [list(job_ids)])

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        """Mark jobs as succeeded, each with a summary of its result."""
        if results:
            self._rows(sql.SUCCEED, [[i for i, _ in results], [Jsonb(r) for _, r in results]])

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        """Record failed attempts; return the jobs' new status by id."""
        rows = [
            {
                "id": str(one.job_id),
                "final": one.failure.final,
                "class": one.failure,
                "message": one.message.replace("\0", ""),
                "attempt": one.attempt,
                "jitter": one.jitter,
                "retry_after": one.retry_after_seconds,
            }
            for one in failures
        ]
        return dict(self._rows(sql.FAIL, {"failures": Jsonb(rows), "now": now})) if rows else {}

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue an ended job again with all its attempts; None if it has not ended."""
        found = self._jobs(REQUEUE, [now, job_id])
        return found[0] if found else None

    def expire_leases(self, now: datetime, limit: int) -> int:
        """End the expired leases; return how many there were."""
        return len(self._rows(sql.EXPIRE, {"now": now, "limit": limit}))

    def end_pauses(self, now: datetime, limit: int) -> int:
        """Let jobs whose pause has ended be leased again; return how many."""
        return len(self._rows(sql.END_PAUSES, {"now": now, "limit": limit}))

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Update jobs queued before `waiting_since`, so that the relay sends them again."""
        touched = self._rows(ANNOUNCE_AGAIN, {"since": waiting_since, "now": now, "limit": limit})
        return len(touched)

    def late_ends(self, after: datetime, before: datetime, seconds: int) -> list[datetime]:
        """Return when leases and pauses of at least `seconds` end, rounded to 3 seconds."""
        given = {"after": after, "before": before, "seconds": seconds}
        return [row[0] for row in self._rows(sql.LATE_ENDS, given)]

    def _jobs(self, statement: str, parameters: list[Any] | dict[str, Any]) -> list[WorkerJob]:
        rows = self._rows(statement, parameters)
        return [WorkerJob.model_construct(**dict(zip(FIELDS, row, strict=True))) for row in rows]

    def _rows(
        self, statement: str, parameters: list[Any] | dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, parameters).fetchall()

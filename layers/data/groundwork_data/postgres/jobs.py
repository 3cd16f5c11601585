"""Jobs in Postgres. Triggers write each change to the outbox; the relay sends queued jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from groundwork_core.jobs.model import FailureClass, JobRow, WorkerJob
from groundwork_core.jobs.ports import JobFailure

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

FIELDS = (
    "id", "kind", "priority", "payload", "status", "attempt", "max_attempts", "progress",
    "document_id", "lease_owner", "leased_until",
)  # fmt: skip
COLUMNS = ", ".join(f"j.{name}" for name in FIELDS)

ADD = """
INSERT INTO jobs (kind, payload, document_id, idempotency_key)
SELECT kind, payload, document_id, idempotency_key FROM jsonb_to_recordset(%s)
    AS x(kind text, payload jsonb, document_id uuid, idempotency_key text)
ON CONFLICT (idempotency_key) DO NOTHING
"""
LEASE = """
UPDATE jobs j SET status = 'leased', attempt = j.attempt + 1, progress = 0, error = NULL,
    lease_owner = {owner}, leased_until = %(until)s
"""
LEASE_NEXT = f"""{LEASE.format(owner="%(worker)s")}
WHERE j.id = (
    SELECT id FROM jobs WHERE status = 'queued' AND kind = ANY(%(kinds)s) AND attempt < max_attempts
    ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}
"""  # noqa: S608 - its parts are constants
LEASE_THESE = f"""{LEASE.format(owner="w.owner")}
FROM (
    SELECT l.id, w.owner FROM unnest(%(ids)s::uuid[], %(owners)s::text[]) AS w(id, owner)
    JOIN jobs l ON l.id = w.id
    WHERE l.attempt < l.max_attempts
        AND (l.status = 'queued' OR (l.status = 'leased' AND l.lease_owner = w.owner))
    ORDER BY l.id FOR UPDATE OF l) AS w
WHERE j.id = w.id
RETURNING {COLUMNS}
"""  # noqa: S608 - its parts are constants
LOCK = f"SELECT {COLUMNS} FROM jobs j WHERE j.id = ANY(%s) ORDER BY j.id FOR UPDATE"  # noqa: S608 - as above
REPORT = """
UPDATE jobs SET progress = %(progress)s, leased_until = %(until)s,
    result = CASE WHEN %(message)s::text IS NULL THEN result
        ELSE coalesce(result, '{}') || jsonb_build_object('message', %(message)s::text) END
WHERE id = %(id)s AND status = 'leased'
"""
SUCCEED = """
UPDATE jobs j SET status = 'succeeded', progress = 1, error = NULL, result = r.result,
    lease_owner = NULL, leased_until = NULL
FROM unnest(%s::uuid[], %s::jsonb[]) AS r(id, result)
WHERE j.id = r.id AND j.status <> 'succeeded'
"""
FAIL = """
UPDATE jobs j SET
    status = CASE WHEN f.final THEN 'failed'
                  WHEN j.attempt < j.max_attempts THEN 'queued' ELSE 'quarantined' END,
    queued_at = CASE WHEN NOT f.final AND j.attempt < j.max_attempts THEN %(now)s
                     ELSE j.queued_at END,
    error = jsonb_build_object('class', f.class, 'message', f.message),
    lease_owner = NULL, leased_until = NULL
FROM (
    SELECT l.id, x.final, x.class, x.message FROM jsonb_to_recordset(%(failures)s)
        AS x(id uuid, final boolean, class text, message text, attempt bigint)
    JOIN jobs l ON l.id = x.id
    WHERE l.status IN ('queued', 'leased') AND (x.attempt IS NULL OR x.attempt = l.attempt)
    ORDER BY l.id FOR UPDATE OF l) AS f
WHERE j.id = f.id
RETURNING j.id, j.status
"""
REQUEUE = f"""
UPDATE jobs j SET status = 'queued', attempt = 0, progress = 0, error = NULL, queued_at = %s
WHERE j.id = %s AND j.status IN ('failed', 'quarantined', 'cancelled')
RETURNING {COLUMNS}
"""  # noqa: S608 - its parts are constants
EXPIRED = """
SELECT id, attempt FROM jobs WHERE status = 'leased' AND leased_until <= %s
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
ANNOUNCE_AGAIN = """
UPDATE jobs SET queued_at = %(now)s WHERE id IN (
    SELECT id FROM jobs WHERE status = 'queued' AND queued_at <= %(since)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


class PostgresJobs:
    """Implements `JobStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Queue new jobs; a job whose idempotency key exists is left as it is."""
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

    def lease_next(
        self, kinds: Sequence[str], worker: str, now: datetime, until: datetime
    ) -> WorkerJob | None:
        """Lease the queued job of highest priority, oldest first."""
        found = self._jobs(
            LEASE_NEXT, {"kinds": list(kinds), "worker": worker, "now": now, "until": until}
        )
        return found[0] if found else None

    def lease_these(
        self, wanted: Sequence[tuple[UUID, str]], now: datetime, until: datetime
    ) -> list[WorkerJob]:
        """Lease jobs to their owners, given as (job id, owner)."""
        once = dict(wanted)
        return self._jobs(
            LEASE_THESE,
            {"ids": list(once), "owners": list(once.values()), "now": now, "until": until},
        )

    def get(self, job_id: UUID) -> WorkerJob | None:
        """Lock one job and return it, or None."""
        found = self.lock([job_id])
        return found[0] if found else None

    def report(self, job_id: UUID, progress: float, message: str | None, until: datetime) -> None:
        """Store a leased job's progress, and extend its lease."""
        self._rows(REPORT, {"id": job_id, "progress": progress, "message": message, "until": until})

    def lock(self, job_ids: Sequence[UUID]) -> list[WorkerJob]:
        """Lock jobs in the order of their ids, and return those that exist."""
        return self._jobs(LOCK, [list(job_ids)])

    def succeed(self, results: Sequence[tuple[UUID, dict[str, JsonValue]]]) -> None:
        """Mark jobs as succeeded, each with a summary of its result."""
        if results:
            self._rows(SUCCEED, [[i for i, _ in results], [Jsonb(r) for _, r in results]])

    def fail(self, failures: Sequence[JobFailure], now: datetime) -> dict[UUID, str]:
        """Record failed attempts; return the jobs' new status by id."""
        rows = [
            {
                "id": str(one.job_id),
                "final": one.failure.final,
                "class": one.failure,
                "message": one.message.replace("\0", ""),
                "attempt": one.attempt,
            }
            for one in failures
        ]
        return dict(self._rows(FAIL, {"failures": Jsonb(rows), "now": now})) if rows else {}

    def requeue(self, job_id: UUID, now: datetime) -> WorkerJob | None:
        """Queue an ended job again with all its attempts; None if it has not ended."""
        found = self._jobs(REQUEUE, [now, job_id])
        return found[0] if found else None

    def expire_leases(self, now: datetime, limit: int) -> int:
        """Fail the attempts whose lease has expired; return how many there were."""
        expired = self._rows(EXPIRED, [now, limit])
        message = "The worker's lease ran out before a result came."
        self.fail(
            [JobFailure(job, FailureClass.LEASE_EXPIRED, message, n) for job, n in expired], now
        )
        return len(expired)

    def reannounce(self, waiting_since: datetime, now: datetime, limit: int) -> int:
        """Update jobs queued before `waiting_since`, so that the relay sends them again."""
        touched = self._rows(ANNOUNCE_AGAIN, {"since": waiting_since, "now": now, "limit": limit})
        return len(touched)

    def _jobs(self, sql: str, parameters: list[Any] | dict[str, Any]) -> list[WorkerJob]:
        rows = self._rows(sql, parameters)
        return [WorkerJob.model_construct(**dict(zip(FIELDS, row, strict=True))) for row in rows]

    def _rows(self, sql: str, parameters: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []

"""Implements `LeaseStore`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from groundwork_core.jobs.lease_messages import Attempt, JobStats, KindStats
from groundwork_core.jobs.lease_rules import REPLAYS_MAX
from groundwork_core.jobs.ports import Lease
from groundwork_data.postgres import lease_sql as sql
from groundwork_data.postgres.report_sql import REPORT

if TYPE_CHECKING:
    from uuid import UUID

    from groundwork_data.postgres.typed_connection import Executes

ATTEMPT = ("number", "worker", "started_at", "ended_at", "outcome", "error")
STATS = ("queued", "leased", "deferred", "quarantined", "oldest_seconds", "done_per_minute",
         "failures")  # fmt: skip


class PostgresLeases:
    """Implements `LeaseStore`."""

    def __init__(self, connection: Executes) -> None:
        """`connection` is the connection of an open transaction."""
        self._connection = connection

    def tidy(self, now: datetime, limit: int) -> int:
        """End expired leases and pauses that are over; return how many jobs changed."""
        given = {"now": now, "limit": limit}
        ((expired, paused),) = self._rows(sql.TO_TIDY, given)
        done = len(self._rows(sql.EXPIRE, given)) if expired else 0
        return done + (len(self._rows(sql.END_PAUSES, given)) if paused else 0)

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs of some kinds, in their order."""
        given = {
            "kinds": sorted(set(kinds)),
            "worker": worker,
            "until": now + timedelta(seconds=seconds),
            "seconds": seconds,
        }
        bounds = {"most": most, "window": most + sql.WINDOW}
        # If the first jobs are much younger than the oldest job, the oldest goes first.
        for statement in (sql.LEASE_IN_ORDER, sql.LEASE_OLDEST):
            if rows := self._rows(statement, given | bounds):
                return [text for (text,) in rows]
        return []

    def shown(self, job_ids: Sequence[UUID]) -> list[str]:
        """Return the JSON of jobs that this transaction has leased, in the order of `job_ids`."""
        return [text for (text,) in self._rows(sql.SHOWN, [list(job_ids)])] if job_ids else []

    def holds(self, lease: Lease, now: datetime) -> bool:
        """Lock the job, and return whether the lease is current and has not expired."""
        return bool(self._rows(sql.HOLDS, _held(lease, now)))

    def report(
        self,
        lease: Lease,
        now: datetime,
        *,
        progress: float,
        message: str | None,
        checkpoint: JsonValue,
    ) -> str | None:
        """Store the progress of a job and extend its lease."""
        kept = None if checkpoint is None else Jsonb(checkpoint)
        given = {"progress": progress, "message": message, "checkpoint": kept}
        rows = self._rows(REPORT, _held(lease, now) | given)
        return rows[0][1] if rows else None

    def give_back(
        self, lease: Lease, now: datetime, *, reference: str | None, pause_seconds: int | None
    ) -> bool:
        """Queue a job again without counting the attempt, after a pause if one is given."""
        given = {"reference": reference, "pause": pause_seconds}
        return bool(self._rows(sql.GIVE_BACK, _held(lease, now) | given))

    def cancel(self, job_id: UUID, now: datetime) -> str | None:  # noqa: ARG002 - the port's shape
        """Cancel a queued job, or ask the worker of a leased one to stop; return its status."""
        rows = self._rows(sql.CANCEL, {"id": job_id}) or self._rows(
            "SELECT status FROM jobs WHERE id = %s", [job_id]
        )
        return rows[0][0] if rows else None

    def succeeded_with(self, leases: Collection[Lease]) -> set[Lease]:
        """Return those leases under which a result was accepted."""
        tokens, jobs = [one.token for one in leases], [one.job_id for one in leases]
        return {Lease(*row) for row in self._rows(sql.SUCCEEDED_WITH, [tokens, jobs])}

    def replay(
        self, kind: str, failure: str | None, since: datetime | None, now: datetime
    ) -> tuple[int, bool]:
        """Queue failed and quarantined jobs again, spread over time.

        Returns how many, and whether more remain.
        """
        given = {"kind": kind, "class": failure, "since": since, "now": now, "limit": REPLAYS_MAX}
        replayed = len(self._rows(sql.REPLAY, given))
        return replayed, bool(replayed and self._rows(sql.REPLAYABLE, given)[0][0])

    def attempts(self, job_id: UUID) -> list[Attempt]:
        """Return the last thousand leases of a job, oldest first."""
        rows = self._rows(sql.ATTEMPTS, [job_id])
        return [Attempt.model_validate(dict(zip(ATTEMPT, row, strict=True))) for row in rows[::-1]]

    def stats(self, now: datetime) -> JobStats:
        """Return statistics of each kind of job."""
        rows = self._rows(sql.STATS, {"now": now})
        return JobStats(
            {
                kind: KindStats.model_validate(dict(zip(STATS, row, strict=True)))
                for kind, *row in rows
            }
        )

    def _rows(self, statement: str, given: dict[str, Any] | list[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, given).fetchall()


def _held(lease: Lease, now: datetime) -> dict[str, Any]:
    return {"id": lease.job_id, "token": lease.token, "now": now}

"""Schedules, their next moments and their runs, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.schedules.ports import DueSchedule, RunRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

CLAIM_DUE = """
SELECT s.id, s.schedule, s.action, t.next_run_at
FROM schedule_states t JOIN schedules s ON s.id = t.schedule_id
WHERE t.next_run_at <= %s AND s.enabled
ORDER BY t.next_run_at LIMIT 1
FOR UPDATE OF t SKIP LOCKED
"""
HOLD = """
SELECT s.id, s.schedule, s.action, t.next_run_at
FROM schedule_states t JOIN schedules s ON s.id = t.schedule_id
WHERE s.id = %s FOR UPDATE OF t
"""
PLAN = """
INSERT INTO schedule_states (schedule_id, next_run_at, next_runs) VALUES (%s, %s, %s)
ON CONFLICT (schedule_id) DO UPDATE SET next_run_at = excluded.next_run_at,
    next_runs = excluded.next_runs
"""
RECORD = """
WITH run AS (
    INSERT INTO schedule_runs (schedule_id, due_at, created_at, reason, missed, status, result,
        error)
    VALUES (%(schedule_id)s, %(due_at)s, %(at)s, %(reason)s, %(missed)s, %(status)s, %(result)s,
        %(error)s)
    RETURNING id
), shown AS (
    UPDATE schedule_states SET last_run_at = %(at)s, status = %(status)s, error = %(error)s
    WHERE schedule_id = %(schedule_id)s
)
SELECT id FROM run
"""
ACT_FOR = "UPDATE schedule_states SET acts_for = %s WHERE schedule_id = %s"
MAKE_DUE = """
UPDATE source_states t SET next_poll_at = %(now)s, next_poll_reason = 'schedule'
FROM sources s
WHERE s.id = t.source_id AND s.enabled AND s.tags @> ARRAY[%(tag)s]::text[]
    AND t.next_poll_at > %(now)s AND t.failures = 0
    AND (t.claimed_until IS NULL OR t.claimed_until <= %(now)s)
RETURNING t.source_id
"""


class PostgresSchedules:
    """Implements `ScheduleStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def claim_due(self, now: datetime) -> DueSchedule | None:
        """Lock one enabled schedule that is due; others skip it until the transaction ends."""
        row = self._connection.execute(CLAIM_DUE, (now,)).fetchone()
        return None if row is None else DueSchedule(*row)

    def hold(self, schedule_id: UUID) -> DueSchedule | None:
        """Lock one schedule, due or not, and return it, or None."""
        row = self._connection.execute(HOLD, (schedule_id,)).fetchone()
        return None if row is None else DueSchedule(*row)

    def plan(self, schedule_id: UUID, moments: Sequence[datetime]) -> None:
        """Store the next moments of a schedule; without moments it does not run."""
        first = moments[0] if moments else None
        self._connection.execute(PLAN, (schedule_id, first, list(moments)))

    def act_for(self, schedule_id: UUID, user_id: UUID) -> None:
        """Store the account that set the action."""
        self._connection.execute(ACT_FOR, (user_id, schedule_id))

    def record(self, run: RunRow) -> UUID:
        """Insert a run, show it as the schedule's last run, and return its id."""
        row = self._connection.execute(
            RECORD,
            {
                "schedule_id": run.schedule_id,
                "due_at": run.due_at,
                "at": run.at,
                "reason": run.reason,
                "missed": run.missed,
                "status": run.status,
                "result": Jsonb(run.result) if run.result is not None else None,
                "error": Jsonb(run.error) if run.error is not None else None,
            },
        ).fetchone()
        if row is None:
            message = "a run was not inserted"
            raise RuntimeError(message)
        found: UUID = row[0]
        return found

    def make_due(self, tag: str, now: datetime) -> int:
        """Make enabled sources with a tag due now; return how many."""
        return self._connection.execute(MAKE_DUE, {"tag": tag, "now": now}).rowcount

"""Exports that wait or run, and their runs, in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from groundwork_core.exports.model import RunningExport
from groundwork_core.exports.ports import ExportRun

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.exports.ports import ExportEnd

ADD = """
INSERT INTO running_exports (run_id, schedule_id, resource, changed_only, made_by)
SELECT %(run_id)s, %(schedule_id)s, %(resource)s, %(changed_only)s, t.acts_for
FROM schedule_states t WHERE t.schedule_id = %(schedule_id)s
"""
IS_RUNNING = "SELECT FROM running_exports WHERE schedule_id = %s LIMIT 1"
CLAIM = """
UPDATE running_exports e SET attempt = e.attempt + 1, claimed_until = %(until)s
WHERE e.run_id = (
    SELECT run_id FROM running_exports WHERE claimed_until IS NULL OR claimed_until <= %(now)s
    ORDER BY run_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING e.run_id, e.schedule_id, e.attempt, e.resource, e.changed_only, e.made_by
"""
EXTEND = "UPDATE running_exports SET claimed_until = %s WHERE run_id = %s AND attempt = %s"
LAST_SNAPSHOT = """
SELECT (result -> 'export' ->> 'snapshot_at')::timestamptz FROM schedule_runs
WHERE schedule_id = %s AND status = 'succeeded' AND result -> 'export' ->> 'resource' = %s
ORDER BY created_at DESC, id DESC LIMIT 1
"""
END = """
WITH over AS (
    DELETE FROM running_exports WHERE run_id = %(run_id)s AND attempt = %(attempt)s
    RETURNING run_id, schedule_id
), run AS (
    UPDATE schedule_runs r SET status = %(status)s, result = coalesce(%(result)s, r.result),
        error = %(error)s
    FROM over WHERE r.id = over.run_id
), shown AS (
    UPDATE schedule_states t SET status = %(status)s, error = %(error)s
    FROM over WHERE t.schedule_id = over.schedule_id
)
SELECT FROM over
"""
FIND = "SELECT status, result FROM schedule_runs WHERE id = %s"


class PostgresExports:
    """Implements `ExportStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def add(self, run_id: UUID, schedule_id: UUID, resource: str, *, changed_only: bool) -> None:
        """Add an export that waits for a worker."""
        self._connection.execute(
            ADD,
            {
                "run_id": run_id,
                "schedule_id": schedule_id,
                "resource": resource,
                "changed_only": changed_only,
            },
        )

    def is_running(self, schedule_id: UUID) -> bool:
        """Return whether an export of a schedule waits or runs."""
        return self._connection.execute(IS_RUNNING, (schedule_id,)).fetchone() is not None

    def claim(self, now: datetime, until: datetime) -> RunningExport | None:
        """Claim the oldest export that no worker holds now; others skip it."""
        row = self._connection.execute(CLAIM, {"now": now, "until": until}).fetchone()
        return None if row is None else RunningExport(*row)

    def extend(self, export: RunningExport, until: datetime) -> bool:
        """Hold a claim for longer; False: it is lost, or the schedule was deleted."""
        given = (until, export.run_id, export.attempt)
        return self._connection.execute(EXTEND, given).rowcount == 1

    def last_snapshot(self, schedule_id: UUID, resource: str) -> datetime | None:
        """Return the moment of the last export of a schedule that succeeded."""
        row = self._connection.execute(LAST_SNAPSHOT, (schedule_id, resource)).fetchone()
        return row[0] if row else None

    def end(self, export: RunningExport, end: ExportEnd) -> bool:
        """Store the end in the run and the schedule's state; False: as `extend`."""
        given = {
            "run_id": export.run_id,
            "attempt": export.attempt,
            "status": end.status,
            "result": Jsonb(end.result) if end.result is not None else None,
            "error": Jsonb(end.error) if end.error is not None else None,
        }
        return self._connection.execute(END, given).fetchone() is not None

    def find(self, run_id: UUID) -> ExportRun | None:
        """Return a run."""
        row = self._connection.execute(FIND, (run_id,)).fetchone()
        return None if row is None else ExportRun(*row)

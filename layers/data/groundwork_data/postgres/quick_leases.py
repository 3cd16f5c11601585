"""The most frequent calls of workers, each as one statement and one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.jobs.ports import Lease
from groundwork_data.postgres import lease_sql, report_sql
from groundwork_data.postgres.transaction import actor_json

if TYPE_CHECKING:
    from groundwork_core.jobs.ports import LeaseReport
    from groundwork_data.postgres.database import Database

LEASE = ("actor", "kinds", "window", "most", "worker", "until", "seconds")
IDLE = ("now", "kinds")
REPORT = ("actor", "id", "token", "now", "progress", "message", "checkpoint")
REPORTS = ("actor", "reports", "now")


def _numbered(sql: str, names: Sequence[str]) -> str:
    """Write named parameters as $1, $2, … in the order of their names."""
    return re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", sql)


LEASE_AT_ONCE = _numbered(lease_sql.LEASE_AT_ONCE, LEASE)
IS_IDLE = _numbered(lease_sql.IDLE, IDLE)
REPORT_AT_ONCE = _numbered(report_sql.REPORT_AT_ONCE, REPORT)
REPORT_MANY = _numbered(report_sql.REPORT_MANY, REPORTS)


class PostgresQuickLeases:
    """Implements `QuickLeases`. Rows are JSON that Postgres makes, unparsed."""

    def __init__(self, database: Database) -> None:
        """`database` has the actor of the current request."""
        self._database = database

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        """Lease the next waiting jobs of some kinds, in their order; may miss some."""
        until = now + timedelta(seconds=seconds)
        rows = self._database.change_by_kept_plan(
            lease_sql.KEPT_PLAN,
            LEASE_AT_ONCE,
            (self._actor(), _array(kinds), most + lease_sql.FIRST_WINDOW, most, worker, until,
             seconds),
        )  # fmt: skip
        return [str(text) for (text,) in rows]

    def is_idle(self, kinds: Sequence[str], now: datetime) -> bool:
        """Return whether no job of these kinds waits, and no lease or pause of any job is over."""
        return self._database.texts(IS_IDLE, (now, _array(kinds)))[0][0] == "t"

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
        kept = None if checkpoint is None else json.dumps(checkpoint)
        given = (self._actor(), lease.job_id, lease.token, now, progress, message, kept)
        rows = self._database.write_texts(REPORT_AT_ONCE, given)
        if not rows:
            return None
        self._database.mark_rights_checked()
        announces, text = rows[0]
        if announces == "t":
            self._database.wrote_outbox()
        return text

    def report_many(self, reports: Sequence[LeaseReport], now: datetime) -> dict[Lease, str]:
        """Store the progress of several jobs and extend their leases, in one transaction."""
        said = [
            {
                "id": str(one.lease.job_id),
                "token": str(one.lease.token),
                "progress": one.progress,
                "message": one.message,
                "checkpoint": one.checkpoint,
            }
            for one in reports
        ]
        given = (self._actor(), json.dumps(said), now)
        # Planned at each run: a plan that is made while there are few jobs reads all of them.
        rows = self._database.write_planned(REPORT_MANY, given)
        if rows:
            self._database.mark_rights_checked()
        if any(announces == "t" for _, _, announces, _ in rows):
            self._database.wrote_outbox()
        return {Lease(UUID(id_), UUID(token)): str(text) for id_, token, _, text in rows}

    def _actor(self) -> str:
        return actor_json(self._database.actor)


def _array(kinds: Sequence[str]) -> str:
    """Write kinds, which are plain words, as a Postgres array literal."""
    return "{" + ",".join(sorted(set(kinds))) + "}"

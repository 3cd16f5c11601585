"""The rows of jobs in memory, with what the triggers of Postgres do."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from groundwork_core.ids import new_id
from groundwork_core.jobs.lease_messages import Attempt
from groundwork_core.jobs.lease_rules import (
    LEASED_BYTES_MAX,
    OVERTAKEN_SECONDS,
    SILENT_EXPIRIES_MAX,
)
from groundwork_core.jobs.model import WorkerJob

from .tables import Row, Tables

NEW: Mapping[str, Any] = {
    "version": 1, "priority": 5, "payload": {}, "status": "queued", "attempt": 0, "max_attempts": 5,
    "progress": 0, "error": None, "result": None, "document_id": None, "lease_owner": None,
    "leased_until": None, "idempotency_key": None, "party": "", "turn_seconds": 0.0,
    "not_before": None, "reference": None, "message": None, "checkpoint": None,
    "cancel_requested": False, "lease_token": None, "lease_seconds": None, "heard_at": None,
    "progress_sent_at": None, "silent_expiries": 0, "leases": 0, "outcome": None,
    "waiting_for": None,
}  # fmt: skip
NO_LEASE: Mapping[str, None] = {
    "lease_owner": None, "leased_until": None, "lease_token": None, "lease_seconds": None,
    "heard_at": None,
}  # fmt: skip


class JobRows:
    """Jobs by the text of their id, and their attempts by lease token.

    `waiting_for` of a job is not computed.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def _rows(self) -> dict[str, Row]:
        return self._tables.of("jobs")

    @property
    def _attempts(self) -> dict[UUID, Row]:
        return self._tables.of("job_attempts")

    def insert(self, kind: str, **fields: Any) -> UUID:
        """Insert a job; it belongs to its document's source, unless a party is given."""
        now, id_ = self._tables.now(), new_id()
        times = {"created_at": now, "updated_at": now, "queued_at": now}
        row = {"id": str(id_), "kind": kind, **NEW, **times, **fields}
        row["party"] = row["party"] or self._source_of(row["document_id"])
        same = ("kind", "party", "priority")
        turns = [
            place_of(one)
            for one in self._rows.values()
            if one["status"] == "queued" and all(one[name] == row[name] for name in same)
        ]
        if turns:
            late = max(turns) + timedelta(seconds=1) - place_of(row)
            row["turn_seconds"] = max(0.0, late.total_seconds())
        self._rows[str(id_)] = row
        return id_

    def get(self, job_id: UUID) -> Row | None:
        return self._rows.get(str(job_id))

    def where(self, wanted: Callable[[Row], bool]) -> list[Row]:
        """Return the jobs that are wanted, in the order of their ids."""
        found = (row for row in self._rows.values() if wanted(row))
        return sorted(found, key=lambda row: row["id"])

    def held(self, job_id: UUID, token: UUID, now: datetime) -> Row | None:
        """Return the job if this is the token of its present lease, which has not expired."""
        row = self.get(job_id)
        if row is None or row["status"] != "leased" or row["lease_token"] != token:
            return None
        return row if row["leased_until"] > now else None

    def waiting(self, kinds: Collection[str] | None = None) -> list[Row]:
        return self.where(
            lambda row: (
                row["status"] == "queued"
                and row["not_before"] is None
                and (kinds is None or row["kind"] in kinds)
            )
        )

    def next(self, kinds: Collection[str], most: int) -> list[Row]:
        """Return the jobs to lease next, in their order, as many as fit into one response."""
        found = self.waiting(kinds)
        if not found:
            return []
        latest = min(row["created_at"] for row in found) + timedelta(seconds=OVERTAKEN_SECONDS)
        chosen = [row for row in found if row["created_at"] <= latest]
        chosen.sort(key=lambda row: (place_of(row), row["id"]))
        fitting: list[Row] = []
        size = 0
        for row in chosen[:most]:
            size += sum(len(json.dumps(row[name])) for name in ("payload", "checkpoint"))
            if fitting and size > LEASED_BYTES_MAX:
                break
            fitting.append(row)
        return fitting

    def change(self, row: Row, **changes: Any) -> Row:
        """Replace a job's row; ends its attempt or begins one if its lease token changes."""
        counted = {"version": row["version"] + 1, "updated_at": self._tables.now()}
        new = self._rows[row["id"]] = row | changes | counted
        if new["lease_token"] != row["lease_token"]:
            self._keep_attempts(row, new)
        return new

    def lease(self, row: Row, owner: str, until: datetime, seconds: int, **more: Any) -> Row:
        """Begin a lease of a job that waits, or whose lease is replaced."""
        return self.change(
            row,
            status="leased",
            attempt=min(row["attempt"] + 1, row["max_attempts"]),
            leases=row["leases"] + 1,
            **dict.fromkeys(
                ("message", "error", "not_before", "heard_at", "progress_sent_at", "outcome")
            ),
            progress=0,
            lease_token=uuid4(),
            lease_owner=owner,
            leased_until=until,
            lease_seconds=seconds,
            **more,
        )

    def expire(self, now: datetime, limit: int) -> int:
        over = self.where(lambda row: row["status"] == "leased" and row["leased_until"] <= now)
        over.sort(key=lambda row: row["leased_until"])
        for row in over[:limit]:
            self.end_lease(row, now)
        return len(over[:limit])

    def end_lease(self, row: Row, now: datetime) -> None:
        """End a lease as expired."""
        silent = silent_expiries(row)
        crashed = silent >= SILENT_EXPIRIES_MAX
        status = "quarantined" if crashed or row["attempt"] >= row["max_attempts"] else "queued"
        self.change(
            row,
            **NO_LEASE,
            status="cancelled" if row["cancel_requested"] else status,
            error={"class": "crashed" if crashed else "lease_expired", "message": "why"},
            silent_expiries=silent,
            outcome="expired",
            queued_at=now,
        )

    def end_pauses(self, now: datetime, limit: int) -> int:
        over = self.where(
            lambda row: (
                row["status"] == "queued" and row["not_before"] is not None
                and row["not_before"] <= now
            )
        )  # fmt: skip
        over.sort(key=lambda row: row["not_before"])
        for row in over[:limit]:
            self.change(row, not_before=None, queued_at=now)
        return len(over[:limit])

    def attempts(self, wanted: Callable[[Row], bool]) -> list[Row]:
        """Return the attempts that are wanted, oldest first; `job_id` says of which job."""
        found = (one for one in self._attempts.values() if wanted(one))
        return sorted(found, key=lambda one: (str(one["job_id"]), one["number"]))

    def attempt_under(self, token: UUID) -> Row | None:
        return self._attempts.get(token)

    def _keep_attempts(self, old: Row, new: Row) -> None:
        now = self._tables.now()
        if old["lease_token"] is not None:
            outcome = "expired" if new["status"] == "leased" else new["outcome"] or new["status"]
            error = new["error"] if new["outcome"] in ("failed", "expired") else None
            ended = {"ended_at": now, "outcome": outcome, "error": error}
            self._attempts[old["lease_token"]] = self._attempts[old["lease_token"]] | ended
        if new["lease_token"] is not None:
            self._attempts[new["lease_token"]] = {
                "job_id": UUID(new["id"]), "number": new["leases"], "worker": new["lease_owner"],
                "started_at": now, "ended_at": None, "outcome": None, "error": None,
            }  # fmt: skip

    def _source_of(self, document_id: UUID | None) -> str:
        document = self._tables.of("documents").get(str(document_id))
        return "" if document is None else f"source:{document['source_id']}"


def place_of(row: Row) -> datetime:
    """Return a job's place in the order in which jobs are leased."""
    created: datetime = row["created_at"]
    return created + timedelta(seconds=row["turn_seconds"] - row["priority"] * 300)


def silent_expiries(row: Row) -> int:
    """Return how many leases in a row expired silently, once the present one has expired."""
    return row["silent_expiries"] + 1 if row["heard_at"] is None else 0


def worker_job(row: Row) -> WorkerJob:
    fields = {name: row[name] for name in WorkerJob.model_fields}
    return WorkerJob.model_construct(**fields | {"id": UUID(row["id"])})


def shown_attempts(rows: Iterable[Row]) -> list[Attempt]:
    return [Attempt(**{name: row[name] for name in Attempt.model_fields}) for row in rows]

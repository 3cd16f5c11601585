"""Leases of jobs in memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.jobs.lease_messages import Attempt, JobStats, KindStats, Leased, ReportTaken
from groundwork_core.jobs.lease_rules import (
    PROGRESS_EVENT_SECONDS,
    REPLAYS_MAX,
    REPLAYS_PER_SECOND,
)
from groundwork_core.jobs.ports import Lease, LeaseReport

from .job_rows import NO_LEASE, JobRows, shown_attempts
from .jobs import AGAIN
from .tables import Row, Tables

ATTEMPTS_SHOWN = 1_000


class MemoryLeases:
    """Implements `LeaseStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = JobRows(tables)

    def tidy(self, now: datetime, limit: int) -> int:
        return self._rows.expire(now, limit) + self._rows.end_pauses(now, limit)

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        until = now + timedelta(seconds=seconds)
        leased = [
            self._rows.lease(row, worker, until, seconds) for row in self._rows.next(kinds, most)
        ]
        return [_shown(row) for row in leased]

    def shown(self, job_ids: Sequence[UUID]) -> list[str]:
        return [_shown(row) for one in job_ids if (row := self._rows.get(one)) is not None]

    def holds(self, lease: Lease, now: datetime) -> bool:
        return self._held(lease, now) is not None

    def report(
        self,
        lease: Lease,
        now: datetime,
        *,
        progress: float,
        message: str | None,
        checkpoint: JsonValue,
    ) -> str | None:
        row = self._held(lease, now)
        if row is None:
            return None
        seconds, sent_at = row["lease_seconds"], row["progress_sent_at"]
        until = now + timedelta(seconds=seconds)
        if row["leased_until"] + timedelta(seconds=min(1, seconds / 10)) > until:
            until = row["leased_until"]
        quiet = timedelta(seconds=PROGRESS_EVENT_SECONDS)
        new = self._rows.change(
            row,
            progress=progress,
            message=row["message"] if message is None else message,
            checkpoint=row["checkpoint"] if checkpoint is None else checkpoint,
            heard_at=now,
            silent_expiries=0,
            leased_until=until,
            progress_sent_at=sent_at if sent_at is not None and sent_at > now - quiet else now,
        )
        shown = {name: new[name] for name in ReportTaken.model_fields}
        return ReportTaken(**shown).model_dump_json()

    def give_back(
        self, lease: Lease, now: datetime, *, reference: str | None, pause_seconds: int | None
    ) -> bool:
        row = self._held(lease, now)
        if row is None:
            return False
        pause = None if pause_seconds is None else now + timedelta(seconds=pause_seconds)
        changes: dict[str, Any] = {
            "status": "queued",
            "not_before": pause,
            "outcome": "released" if pause is None else "deferred",
        }
        if row["cancel_requested"]:
            changes = dict.fromkeys(("status", "outcome"), "cancelled") | {"not_before": None}
        self._rows.change(
            row,
            **NO_LEASE,
            **changes,
            attempt=row["attempt"] - 1,
            progress=0,
            queued_at=now,
            reference=reference or row["reference"],
        )
        return True

    def cancel(self, job_id: UUID, now: datetime) -> str | None:
        row = self._rows.get(job_id)
        if row is None:
            return None
        if row["status"] in ("queued", "leased"):
            status = "cancelled" if row["status"] == "queued" else row["status"]
            row = self._rows.change(row, status=status, cancel_requested=True, not_before=None)
        return str(row["status"])

    def succeeded_with(self, leases: Collection[Lease]) -> set[Lease]:
        return {one for one in leases if self._succeeded_with(one)}

    def replay(
        self, kind: str, failure: str | None, since: datetime | None, now: datetime
    ) -> tuple[int, bool]:
        found = self._rows.where(
            lambda row: (
                row["kind"] == kind
                and row["status"] in ("failed", "quarantined")
                and (failure is None or row["error"]["class"] == failure)
                and (since is None or row["updated_at"] >= since)
            )
        )
        for place, row in enumerate(found[:REPLAYS_MAX]):
            pause = now + timedelta(seconds=place / REPLAYS_PER_SECOND) if place else None
            self._rows.change(row, **AGAIN, queued_at=now, not_before=pause)
        return len(found[:REPLAYS_MAX]), len(found) > REPLAYS_MAX

    def attempts(self, job_id: UUID) -> list[Attempt]:
        found = self._rows.attempts(lambda one: one["job_id"] == job_id)
        return shown_attempts(found[-ATTEMPTS_SHOWN:])

    def stats(self, now: datetime) -> JobStats:
        rows = {UUID(row["id"]): row for row in self._rows.where(lambda _: True)}
        succeeded, failures = Counter[str](), Counter[tuple[str, str]]()
        for one in self._rows.attempts(lambda one: one["ended_at"] is not None):
            kind, age = rows[one["job_id"]]["kind"], now - one["ended_at"]
            if one["outcome"] == "succeeded" and age < timedelta(minutes=5):
                succeeded[kind] += 1
            if one["error"] is not None and age < timedelta(hours=1):
                failures[kind, one["error"]["class"]] += 1
        present = ("queued", "leased", "quarantined")
        kinds = {row["kind"] for row in rows.values() if row["status"] in present}
        kinds |= {*succeeded, *(kind for kind, _ in failures)}
        return JobStats(
            {
                kind: _stats(
                    [row for row in rows.values() if row["kind"] == kind],
                    succeeded[kind],
                    {name: count for (of, name), count in failures.items() if of == kind},
                    now,
                )
                for kind in sorted(kinds)
            }
        )

    def _succeeded_with(self, lease: Lease) -> bool:
        row, attempt = self._rows.get(lease.job_id), self._rows.attempt_under(lease.token)
        if row is None or attempt is None or attempt["job_id"] != lease.job_id:
            return False
        return bool(row["status"] == attempt["outcome"] == "succeeded")

    def _held(self, lease: Lease, now: datetime) -> Row | None:
        return self._rows.held(lease.job_id, lease.token, now)


class MemoryQuickLeases:
    """Implements `QuickLeases`."""

    def __init__(self, tables: Tables) -> None:
        self._rows = JobRows(tables)
        self._leases = MemoryLeases(tables)

    def lease(
        self, kinds: Sequence[str], worker: str, now: datetime, seconds: int, most: int
    ) -> list[str]:
        return self._leases.lease(kinds, worker, now, seconds, most)

    def is_idle(self, kinds: Sequence[str], now: datetime) -> bool:
        over = self._rows.where(
            lambda row: (
                (row["status"] == "leased" and row["leased_until"] <= now)
                or (
                    row["status"] == "queued"
                    and row["not_before"] is not None
                    and row["not_before"] <= now
                )
            )
        )
        return not over and not self._rows.waiting(kinds)

    def report(
        self,
        lease: Lease,
        now: datetime,
        *,
        progress: float,
        message: str | None,
        checkpoint: JsonValue,
    ) -> str | None:
        return self._leases.report(
            lease, now, progress=progress, message=message, checkpoint=checkpoint
        )

    def report_many(self, reports: Sequence[LeaseReport], now: datetime) -> dict[Lease, str]:
        found = {
            one.lease: self.report(
                one.lease,
                now,
                progress=one.progress,
                message=one.message,
                checkpoint=one.checkpoint,
            )
            for one in reports
        }
        return {lease: text for lease, text in found.items() if text is not None}


def _stats(
    rows: Sequence[Row], succeeded: int, failures: dict[str, int], now: datetime
) -> KindStats:
    states = Counter(str(row["status"]) for row in rows)
    waiting = [row for row in rows if row["status"] == "queued" and row["not_before"] is None]
    made: list[datetime] = [row["created_at"] for row in waiting]
    return KindStats(
        queued=len(waiting),
        leased=states["leased"],
        deferred=states["queued"] - len(waiting),
        quarantined=states["quarantined"],
        oldest_seconds=(now - min(made)).total_seconds() if made else None,
        done_per_minute=succeeded / 5,
        failures=failures,
    )


def _shown(row: Row) -> str:
    fields = Leased.model_fields.keys() - {"document", "source"}
    return Leased(**{name: row[name] for name in fields}).model_dump_json(
        exclude={"document", "source"}
    )

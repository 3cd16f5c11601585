"""Schedules, their state and their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.bounds import json_bound
from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row


class Schedule(Aggregate, Row):
    """A schedule as its owner configured it."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        CheckConstraint("schedule ->> 'kind' IN ('interval', 'cron')", name="schedule"),
        CheckConstraint("octet_length(schedule::text) <= 2000", name="schedule_bytes"),
        json_bound("action"),
        Index("ix_schedules_name_id", "name", "id"),
        Index("ix_schedules_enabled_id", "enabled", "id"),
    )
    name: Mapped[str]
    schedule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    action: Mapped[dict[str, Any]] = mapped_column(JSONB)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))

    state: Mapped[ScheduleMoment | None] = children("schedule")
    runs: Mapped[list[RunOfSchedule]] = children("schedule", order_by="RunOfSchedule.id")


class ScheduleMoment(Row):
    """The next moments and the last run of a schedule; a run is not a new version."""

    __tablename__ = "schedule_states"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'running', 'succeeded', 'failed')", name="status"),
        CheckConstraint("cardinality(next_runs) <= 5", name="next_runs"),
        json_bound("error", 5_000),
        Index("ix_schedule_states_next_run_at", "next_run_at"),
    )
    schedule_id: Mapped[UUID] = mapped_column(
        ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True
    )
    next_run_at: Mapped[datetime | None]
    next_runs: Mapped[list[datetime]] = mapped_column(
        ARRAY(TIMESTAMP(timezone=True)), server_default=text("'{}'")
    )
    last_run_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    acts_for: Mapped[UUID | None]

    schedule: Mapped[Schedule] = parent("state")


class RunOfSchedule(Row):
    """One run of a schedule. `due_at` is unique among the runs that were due."""

    __tablename__ = "schedule_runs"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'succeeded', 'failed')", name="status"),
        CheckConstraint("reason IN ('schedule', 'asked')", name="reason"),
        CheckConstraint("missed >= 0", name="missed"),
        json_bound("result", 5_000),
        json_bound("error", 5_000),
        Index(
            "uq_schedule_runs_moment",
            "schedule_id",
            "due_at",
            unique=True,
            postgresql_where=text("reason = 'schedule'"),
        ),
        Index("ix_schedule_runs_schedule_id_created_at_id", "schedule_id", "created_at", "id"),
        Index("ix_schedule_runs_schedule_id_id", "schedule_id", "id"),
        Index("ix_schedule_runs_created_at_id", "created_at", "id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    reason: Mapped[str]
    missed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    status: Mapped[str]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    schedule: Mapped[Schedule] = parent("runs")
    export: Mapped[ExportThatRuns | None] = children("run")


class ExportThatRuns(Row):
    """An export that waits for a worker or is being written; gone when it has ended."""

    __tablename__ = "running_exports"
    __table_args__ = (
        CheckConstraint("length(resource) BETWEEN 1 AND 100", name="resource"),
        Index("ix_running_exports_schedule_id", "schedule_id"),
    )
    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("schedule_runs.id", ondelete="CASCADE"), primary_key=True
    )
    schedule_id: Mapped[UUID]
    resource: Mapped[str]
    changed_only: Mapped[bool]
    made_by: Mapped[UUID | None]
    attempt: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    claimed_until: Mapped[datetime | None]

    run: Mapped[RunOfSchedule] = parent("export")

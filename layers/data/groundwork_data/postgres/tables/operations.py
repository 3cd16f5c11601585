"""Runs of the host's schedules, and the last reading of the clock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class ClockSlot(Row):
    """One run of one schedule; unique, so that several gateways fire it only once."""

    __tablename__ = "clock_slots"
    schedule: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    fired_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LastClockReading(Row):
    """The last reading of the database's clock; shows that the clock was set."""

    __tablename__ = "clock_readings"
    __table_args__ = (CheckConstraint("length(boot) <= 100", name="boot"),)
    name: Mapped[str] = mapped_column(primary_key=True)
    read_at: Mapped[datetime]
    boot: Mapped[str]
    """The id of the reading machine's start; empty: not known."""
    uptime_seconds: Mapped[float] = mapped_column(Double)

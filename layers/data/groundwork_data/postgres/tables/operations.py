"""Runs of schedules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class ClockSlot(Row):
    """One run of one schedule; unique, so that several gateways fire it only once."""

    __tablename__ = "clock_slots"
    schedule: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    fired_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

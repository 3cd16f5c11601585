"""Hosts of sources, and their robots.txt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from groundwork_data.postgres.tables.row import Row


class HostRow(Row):
    """One host with its settings, and the state that its latest responses gave it."""

    __tablename__ = "hosts"
    __table_args__ = (
        CheckConstraint("length(host) BETWEEN 1 AND 253", name="host"),
        CheckConstraint("min_delay_ms BETWEEN 0 AND 3600000", name="min_delay_ms"),
        CheckConstraint("max_in_flight BETWEEN 1 AND 100", name="max_in_flight"),
        CheckConstraint("cardinality(throttled_by) <= 10", name="throttled_by"),
        Index("ix_hosts_ready_at", "ready_at"),
    )
    host: Mapped[str] = mapped_column(primary_key=True)
    min_delay_ms: Mapped[int] = mapped_column(BigInteger, server_default=text("1000"))
    max_in_flight: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    obey_robots: Mapped[bool] = mapped_column(server_default=text("true"))
    ready_at: Mapped[datetime | None]
    """No source of the host may be claimed before this time; NULL: none is enabled."""
    next_allowed_at: Mapped[datetime] = mapped_column(server_default=text("to_timestamp(0)"))
    delay_ms: Mapped[int] = mapped_column(BigInteger, server_default=text("1000"))
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    """The duration of the last response."""
    mean_ms: Mapped[int | None] = mapped_column(BigInteger)
    """The moving average of the durations of the latest responses."""
    crawl_delay_seconds: Mapped[float | None] = mapped_column(Double)
    claims: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Number of claims so far; a claim that read an older number takes nothing."""
    failures: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Consecutive failures of the host over all its sources."""
    circuit_until: Mapped[datetime | None]
    circuit_opened_at: Mapped[datetime | None]
    throttled_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    """The sources whose last responses asked to come back later."""


class RobotsRow(Row):
    """The latest robots.txt of an origin."""

    __tablename__ = "robots"
    __table_args__ = (
        CheckConstraint("length(origin) BETWEEN 1 AND 300", name="origin"),
        CheckConstraint("status IN ('found', 'none', 'unreachable')", name="status"),
        CheckConstraint("octet_length(body) <= 2000000", name="body_bytes"),
        Index("ix_robots_host_fetched_at", "host", "fetched_at"),
    )
    origin: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    status: Mapped[str]
    fetched_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(server_default="")
    crawl_delay_seconds: Mapped[float | None] = mapped_column(Double)

"""The progress of comparing the graph with Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class GraphCheck(Row):
    """The current round of comparison, and the outcome of the last complete one."""

    __tablename__ = "graph_check"
    name: Mapped[str] = mapped_column(primary_key=True)
    claimed_until: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    """The time until which one run has claimed the round."""
    began_at: Mapped[datetime | None]
    place: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The place that the current round has reached; null: its start."""
    drift: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """The number of drifts of each kind that it has found so far."""
    ended_at: Mapped[datetime | None]
    """End of the last complete round, by schedule or by command."""
    seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    """Seconds of the last scheduled round, from its first run to its last."""
    last_drift: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

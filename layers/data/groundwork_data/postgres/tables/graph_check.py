"""How far the comparison of both stores has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Row


class GraphCheck(Row):
    """The round under way, and what the last whole one found."""

    __tablename__ = "graph_check"
    name: Mapped[str] = mapped_column(primary_key=True)
    claimed_until: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    """Until when it is one run's alone."""
    began_at: Mapped[datetime | None]
    place: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Where the round under way is; null: at its start."""
    drift: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What it has found so far: how many there are of each kind."""
    ended_at: Mapped[datetime | None]
    """When the last whole round, by schedule or by command, ended."""
    seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    """How long the last scheduled one took, from its first run to its last."""
    last_drift: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

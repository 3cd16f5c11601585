"""What leaves Postgres, and how far each destination has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from groundwork_data.postgres.tables.row import Row


class TransactionId(UserDefinedType[int]):
    """Postgres' xid8: the 64-bit number of a transaction, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        """Name the type in DDL."""
        return "xid8"


class OutboxEntry(Row):
    """One change or command. Written by triggers (changes) or by a use case (commands)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_xid", "xid", "id"),
        Index("ix_outbox_seq", "seq", postgresql_where=text("seq IS NOT NULL")),
        Index("ix_outbox_aggregate_id", "aggregate_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(TransactionId(), server_default=text("pg_current_xact_id()"))
    aggregate: Mapped[str]
    aggregate_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    """The place in the order that live subscribers see; given by the relay, in commit order."""


class OutboxCursor(Row):
    """How far a destination has come. Locked by the relay while it works."""

    __tablename__ = "outbox_cursors"
    destination: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(TransactionId(), server_default=text("'0'"))
    id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last row carried of transaction `xid`; the greatest bigint when all of it is carried."""
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last place that was given in the order of live subscribers (destination `live`)."""
    moved_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RelayLease(Row):
    """Until when the relay promises to look by itself, so that writers need not nudge it."""

    __tablename__ = "relay_lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    awake_until: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))

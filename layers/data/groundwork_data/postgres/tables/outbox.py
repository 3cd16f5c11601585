"""The outbox, the cursors of its destinations, and the relay's promise."""

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
    """The type xid8: the 64-bit number of a transaction, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        """Return the type's name for DDL."""
        return "xid8"


class OutboxEntry(Row):
    """One change, written by a trigger, or one command, written by a use case."""

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
    """The place in the order of live events; the relay assigns it in commit order."""
    became: Mapped[str | None]
    """The status that the item reached with this change."""


class OutboxCursor(Row):
    """The position that a destination has reached."""

    __tablename__ = "outbox_cursors"
    destination: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(TransactionId(), server_default=text("'0'"))
    id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last delivered row of transaction `xid`; the greatest bigint if all are delivered."""
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last seq that was assigned to a live event (destination `live`)."""
    moved_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RelayLease(Row):
    """The time until which the relay promises to poll, so that writers need not nudge it."""

    __tablename__ = "relay_lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    awake_until: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))

"""Open sockets and their topics."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_data.postgres.tables.row import Row


class SocketConnection(Row):
    """An open WebSocket and its subscriptions."""

    __tablename__ = "socket_connections"
    __table_args__ = (
        Index("ix_socket_connections_topics", "topics", postgresql_using="gin"),
        Index("ix_socket_connections_user_id", "user_id"),
    )
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    """No foreign key, so that the sockets of a deleted user can be found and closed."""
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    connected_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    api_key_id: Mapped[UUID | None]
    """The API key that requested its ticket; the socket is closed when the key is revoked."""

"""Tickets that open WebSockets, in Postgres."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


class PostgresTickets:
    """Implements `TicketStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def add(
        self,
        ticket_hash: bytes,
        user_id: UUID,
        permissions: Iterable[str],
        expires_at: datetime,
        key_id: UUID | None,
    ) -> None:
        """Insert a ticket."""
        self._connection.execute(
            "INSERT INTO socket_tickets"
            " (ticket_hash, user_id, permissions, expires_at, api_key_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            (ticket_hash, user_id, list(permissions), expires_at, key_id),
        )

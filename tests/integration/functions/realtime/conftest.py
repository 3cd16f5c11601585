"""Sockets in memory around real subscriptions."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_core.identity.permissions import BUILTIN_ROLES
from groundwork_core.realtime.connect import connect
from groundwork_core.realtime.ports import Post
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.live import LiveDestination
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork


class MemorySockets:
    """Keeps what each socket got; sockets in `gone` are gone."""

    def __init__(self) -> None:
        self.got: dict[str, list[dict[str, Any]]] = {}
        self.gone: set[str] = set()
        self.closed: list[str] = []
        self._lock = threading.Lock()

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        missing = set()
        with self._lock:
            for post in posts:
                for connection in post.connections:
                    if connection in self.gone:
                        missing.add(connection)
                    else:
                        self.got.setdefault(connection, []).append(json.loads(post.data))
        return frozenset(missing)

    def close(self, connections: Iterable[str]) -> None:
        self.closed.extend(connections)

    def of(self, connection: str, kind: str | None = None) -> list[dict[str, Any]]:
        found = self.got.get(connection, [])
        return [one for one in found if kind is None or one.get("type") == kind]

    def changes(self, connection: str) -> list[dict[str, Any]]:
        return [one for one in self.got.get(connection, []) if "topic" in one]


@dataclass
class Live:
    """A database with one user, its sockets, and a relay for the destination `live`."""

    databases: Callable[[], Database]
    database: Database
    user: UUID
    sockets: MemorySockets = field(default_factory=MemorySockets)

    def work(self) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(self.database)

    def ticket(self, *, user: UUID | None = None, age_seconds: int = 0) -> str:
        ticket = uuid4().hex
        self.database.rows(
            "INSERT INTO socket_tickets (ticket_hash, user_id, permissions, expires_at)"
            " VALUES (sha256(%s), %s, %s, now() + make_interval(secs => 30 - %s))",
            (ticket.encode(), user or self.user, sorted(BUILTIN_ROLES["viewer"]), age_seconds),
        )
        return ticket

    def open(self, name: str | None = None, *, user: UUID | None = None) -> str:
        name = name or uuid4().hex
        connect(name, self.ticket(user=user), work=self.work())
        return name

    def entity(self, name: str) -> UUID:
        row = self.database.row(
            "INSERT INTO entities (name, type) VALUES (%s, 'topic') RETURNING id", (name,)
        )
        assert row is not None
        made: UUID = row[0]
        return made

    def carry(self, database: Database | None = None) -> None:
        """Carry all that is committed; transactions of other tests may hold it back a moment."""
        database = database or self.database
        backlogs = PostgresBacklogs(self.databases())
        while backlogs.of("live").waiting:
            carry(LiveDestination(self.sockets), PostgresUnitOfWork(database))


@pytest.fixture
def live(database_url: str, databases: Callable[[], Database]) -> Live:
    """A viewer, and nothing in the outbox."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "INSERT INTO users (email, roles) VALUES ('v@example.test', '{viewer}') RETURNING id"
        ).fetchone()
        connection.execute("DELETE FROM outbox")
    assert row is not None
    return Live(databases, databases(), row[0])

"""Webhooks' messages and endpoints, in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from groundwork_core.outbox import OutboxRow
from groundwork_core.webhooks.ports import (
    DueMessage,
    EndpointCount,
    LeaseAsk,
    LeasedEndpoint,
    MadeAttempt,
    NewMessage,
    Settled,
    Subscription,
)
from groundwork_core.webhooks.schedule import EndpointHealth
from groundwork_data.postgres import webhooks_sql as sql

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


class PostgresWebhooks:
    """Implements `WebhookStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def subscriptions(self) -> list[Subscription]:
        """Return the webhooks that get messages, with their events."""
        rows = self._connection.execute(sql.SUBSCRIPTIONS).fetchall()
        return [Subscription(row[0], frozenset(row[1])) for row in rows]

    def add(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order, except those that exist already; return how many are new."""
        return self._add(sql.ADD_NEW, messages, now)

    def send_again(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order; send those that exist again, with their ids."""
        return self._add(sql.SEND_AGAIN, messages, now)

    def _add(self, statement: str, messages: Sequence[NewMessage], now: datetime) -> int:
        if not messages:
            return 0
        given = {
            "webhooks": [one.webhook_id for one in messages],
            "rows": [one.outbox_id for one in messages],
            "types": [one.type for one in messages],
            "now": now,
        }
        return self._connection.execute(statement, given).rowcount

    def add_test(self, webhook_id: UUID, now: datetime) -> UUID:
        """Add an event and a message that tests an endpoint."""
        given = {"webhook_id": webhook_id, "now": now}
        rows = self._connection.execute(sql.ADD_TEST, given).fetchall()
        id_: UUID = rows[0][0]
        return id_

    def announce(self, webhook_id: UUID, became: str | None, data: Mapping[str, JsonValue]) -> None:
        """Add an event to the outbox; without `became` it only wakes a sender."""
        kind = "wake" if became is None else "updated"
        self._connection.execute(sql.ANNOUNCE, [webhook_id, kind, Jsonb(dict(data)), became])

    def sender_awake(self) -> bool:
        """Return whether a sender will look for messages again in a second or later."""
        row = self._connection.execute(sql.AWAKE).fetchone()
        return row is not None and bool(row[0])

    def stay_awake(self, seconds: float) -> None:
        """Store that this sender looks for messages again within so many seconds."""
        self._connection.execute(sql.STAY_AWAKE, [seconds])

    def lease(self, ask: LeaseAsk) -> list[DueMessage]:
        """Lease endpoints with due messages; return messages to send, in order."""
        given = {
            "token": ask.token,
            "now": ask.now,
            "until": ask.until,
            "endpoints": ask.endpoints,
            "prefetch": ask.prefetch,
            "room": Jsonb({str(id_): room for id_, room in ask.room.items()}),
            "held": list(ask.held),
        }
        return [DueMessage(*row) for row in self._connection.execute(sql.LEASE, given).fetchall()]

    def renew(self, token: UUID, until: datetime, now: datetime) -> list[LeasedEndpoint]:
        """Renew the leases of a sender; return the endpoints that it may send to."""
        given = {"token": token, "until": until, "now": now}
        rows = self._connection.execute(sql.RENEW, given).fetchall()
        return [
            LeasedEndpoint(row[0], row[1], row[2], row[3], frozenset(row[4]), row[5], row[6])
            for row in rows
        ]

    def give_back(self, token: UUID, webhooks: Collection[UUID]) -> None:
        """End leases of this sender."""
        if webhooks:
            self._connection.execute(sql.GIVE_BACK, [token, list(webhooks)])

    def lock_health(self, webhooks: Collection[UUID]) -> Mapping[UUID, EndpointHealth]:
        """Lock endpoints and return their health."""
        rows = self._connection.execute(sql.LOCK_HEALTH, [list(webhooks)]).fetchall()
        return {row[0]: EndpointHealth(*row[1:]) for row in rows}

    def keep_health(self, health: Mapping[UUID, EndpointHealth]) -> None:
        """Store the health of endpoints."""
        rows = [
            (id_, one.failures, one.failing_since, one.last_status, one.open_until, one.warned_at)
            for id_, one in health.items()
        ]
        self._columns(sql.KEEP_HEALTH, rows)

    def keep_attempts(self, attempts: Sequence[MadeAttempt]) -> None:
        """Insert attempts, which `GET /webhooks/{id}/attempts` lists."""
        rows = [
            (
                one.message.webhook_id,
                one.message.id,
                one.message.type,
                one.message.attempts + 1,
                one.at,
                one.outcome.status,
                one.duration_ms,
                one.outcome.error,
                one.response,
            )
            for one in attempts
        ]
        self._columns(sql.KEEP_ATTEMPTS, rows)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Store the new state of messages, except those that have ended in the meantime."""
        rows = [(one.message_id, one.status, one.attempts, one.due_at) for one in settled]
        self._columns(sql.SETTLE, rows)

    def _columns(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run a statement on rows, which are passed as one array per column."""
        if rows:
            self._connection.execute(statement, [list(one) for one in zip(*rows, strict=True)])

    def disable(self, webhook_id: UUID) -> bool:
        """Disable a webhook because its endpoint fails; return False if it is disabled already."""
        return self._connection.execute(sql.DISABLE, {"id": webhook_id}).fetchone() is not None

    def enable(self, webhook_id: UUID) -> bool:
        """Enable a webhook; return False if it does not exist."""
        return self._connection.execute(sql.ENABLE, {"id": webhook_id}).fetchone() is not None

    def try_at_once(self, webhook_id: UUID) -> None:
        """Reset an endpoint's failures, and make its waiting messages due now."""
        self._connection.execute(sql.TRY_AT_ONCE, {"id": webhook_id})
        self.announce(webhook_id, None, {})

    def keep_secret(self, webhook_id: UUID, encrypted: str) -> None:
        """Store the secret of a webhook that has none."""
        self._connection.execute(sql.KEEP_ENCRYPTED, [webhook_id, encrypted])

    def lock_secret(self, webhook_id: UUID) -> str | None:
        """Lock a webhook's secret and return it, encrypted, or None if there is none."""
        row = self._connection.execute(sql.LOCK_ENCRYPTED, [webhook_id]).fetchone()
        return str(row[0]) if row else None

    def replace_secret(
        self, webhook_id: UUID, encrypted: str, previous: str | None, previous_until: datetime
    ) -> None:
        """Store a new secret. Messages are signed with the previous one too, until a time."""
        given = {
            "id": webhook_id,
            "encrypted": encrypted,
            "previous": previous,
            "until": None if previous is None else previous_until,
        }
        self._connection.execute(sql.REPLACE_ENCRYPTED, given)

    def plain_secrets(self, limit: int) -> list[tuple[UUID, str]]:
        """Remove secrets that are stored as plain text, and return them by webhook."""
        rows = self._connection.execute(sql.NOT_ENCRYPTED, [limit]).fetchall()
        return [(row[0], row[1]) for row in rows]

    def events_of(self, webhook_id: UUID) -> list[str]:
        """Return the events of a webhook; empty if there is none."""
        found = self._connection.execute("SELECT events FROM webhooks WHERE id = %s", [webhook_id])
        row = found.fetchone()
        return list(row[0]) if row else []

    def events_since(
        self, since: datetime, after: tuple[int, int], limit: int
    ) -> list[tuple[OutboxRow, datetime]]:
        """Return events of the outbox in order, with their times, without most of their data."""
        self._connection.execute(sql.REPLAY_LOCK)
        given = {"since": since, "xid": str(after[0]), "id": after[1], "limit": limit}
        rows = self._connection.execute(sql.EVENTS_SINCE, given).fetchall()
        return [(OutboxRow(*row[:8]), row[8]) for row in rows]

    def next_due_seconds(self, token: UUID, now: datetime) -> float | None:
        """Return in how many seconds the next message is due that this sender may send."""
        row = self._connection.execute(sql.NEXT_DUE, {"now": now, "token": token}).fetchone()
        return None if row is None or row[0] is None else float(row[0])

    def counts(self, now: datetime) -> list[EndpointCount]:
        """Count endpoints by state, with the age of the oldest overdue message."""
        rows = self._connection.execute(sql.COUNTS, {"now": now}).fetchall()
        return [EndpointCount(*row) for row in rows]

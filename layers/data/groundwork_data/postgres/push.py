"""Subscriptions of sources at hubs, in Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from groundwork_core.push.rules import BACKUP_PAUSE, DISTRUST, MISSED_MOST, HubSubscription

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

COLUMNS = "source_id, callback_id, hub, topic, status, encrypted, until, tries"
NOTICE = """
INSERT INTO push_subscriptions AS p (source_id, hub, topic) VALUES (%(id)s, %(hub)s, %(topic)s)
ON CONFLICT (source_id) DO UPDATE SET hub = excluded.hub, topic = excluded.topic,
    callback_id = gen_random_uuid(), status = 'wanted', encrypted = NULL, until = NULL,
    next_try_at = now(), tries = 0, missed = 0, pushed_at = NULL
WHERE (p.hub, p.topic) <> (excluded.hub, excluded.topic)
"""
FORGET = "DELETE FROM push_subscriptions WHERE source_id = %s"
CLAIM_DUE = f"""
SELECT {COLUMNS} FROM push_subscriptions WHERE next_try_at <= %s
ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - a constant
ASK = """
UPDATE push_subscriptions SET encrypted = %s, next_try_at = %s, tries = tries + 1, missed = 0,
    status = CASE WHEN status = 'active' AND until > now() THEN 'active' ELSE 'asked' END
WHERE source_id = %s
"""
FIND = f"SELECT {COLUMNS} FROM push_subscriptions WHERE callback_id = %s FOR UPDATE"  # noqa: S608 - a constant
CONFIRM = """
UPDATE push_subscriptions SET status = 'active', until = %s, next_try_at = %s, tries = 0,
    confirmed_at = now()
WHERE callback_id = %s
"""
REFUSE = """
UPDATE push_subscriptions SET status = 'refused', until = NULL, next_try_at = %s
WHERE callback_id = %s
"""
PUSHED = """
WITH push AS (
    UPDATE push_subscriptions SET pushed_at = %(now)s, missed = 0 WHERE callback_id = %(id)s
    RETURNING source_id
)
UPDATE source_states t SET next_poll_reason = 'pushed',
    next_poll_at = greatest(%(now)s, coalesce(t.last_poll_at, '-infinity') + interval '1 minute')
FROM push, sources s
WHERE t.source_id = push.source_id AND s.id = t.source_id AND s.enabled
    AND t.next_poll_at > %(now)s AND t.failures = 0
"""
# A poll that finds something new without a push since the last poll counts as a miss.
_MISSED = """CASE WHEN %(found)s > 0 AND p.polled_at >= p.confirmed_at
            AND coalesce(p.pushed_at, '-infinity') < p.polled_at THEN p.missed + 1
        ELSE p.missed END"""
AFTER_POLL = f"""
WITH polled AS (
    UPDATE push_subscriptions p SET missed = {_MISSED}, polled_at = %(now)s,
        status = CASE WHEN {_MISSED} >= %(most)s THEN 'distrusted' ELSE p.status END,
        until = CASE WHEN {_MISSED} >= %(most)s THEN NULL ELSE p.until END,
        next_try_at = CASE WHEN {_MISSED} >= %(most)s THEN %(again)s ELSE p.next_try_at END
    WHERE p.source_id = %(id)s AND p.status = 'active' AND p.until > %(now)s
    RETURNING p.status
)
UPDATE source_states t SET next_poll_at = %(backup)s, next_poll_reason = 'push'
WHERE t.source_id = %(id)s AND (SELECT status FROM polled) = 'active'
    AND t.failures = 0 AND t.next_poll_at < %(backup)s
"""  # noqa: S608 - constants


class PostgresPush:
    """Implements `PushStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def notice(self, source_id: UUID, hub: str | None, topic: str | None) -> None:
        """Store the hub and topic that a feed names; a change ends its subscription."""
        if hub and topic:
            self._connection.execute(NOTICE, {"id": source_id, "hub": hub, "topic": topic})
        else:
            self._connection.execute(FORGET, (source_id,))

    def claim_due(self, now: datetime) -> HubSubscription | None:
        """Lock one subscription that is to be requested or renewed; return it, or None."""
        return self._one(CLAIM_DUE, (now,))

    def ask(self, source_id: UUID, encrypted: str, retry_at: datetime) -> None:
        """Store the secret of a request to a hub, and when to repeat the request."""
        self._connection.execute(ASK, (encrypted, retry_at, source_id))

    def find(self, callback_id: UUID) -> HubSubscription | None:
        """Return a subscription by its callback, locked."""
        return self._one(FIND, (callback_id,))

    def confirm(self, callback_id: UUID, until: datetime, renew_at: datetime) -> None:
        """Store that a hub has confirmed a subscription."""
        self._connection.execute(CONFIRM, (until, renew_at, callback_id))

    def refuse(self, callback_id: UUID, again_at: datetime) -> None:
        """Store that a hub has refused a subscription."""
        self._connection.execute(REFUSE, (again_at, callback_id))

    def pushed(self, callback_id: UUID, now: datetime) -> None:
        """Store that a push came, and make its source due; at most once a minute after a poll."""
        self._connection.execute(PUSHED, {"id": callback_id, "now": now})

    def after_poll(self, source_id: UUID, found: int, now: datetime) -> None:
        """Count documents that were found without a push; delay the next poll of a pushed feed."""
        self._connection.execute(
            AFTER_POLL,
            {
                "id": source_id,
                "found": found,
                "now": now,
                "again": now + DISTRUST,
                "backup": now + BACKUP_PAUSE,
                "most": MISSED_MOST,
            },
        )

    def _one(self, sql: str, parameters: tuple[Any, ...]) -> HubSubscription | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return None if row is None else HubSubscription(*row)

"""Write audit events that triggers cannot write; triggers record changes of audited tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_core.audit.ports import AuditEntry

RECORD = """
INSERT INTO audit_events
    (action, actor, actor_id, address, request_id, subject_type, subject_id, detail)
SELECT %(action)s, who ->> 'actor', (who ->> 'actor_id')::uuid, who ->> 'address',
    who ->> 'request_id', %(subject_type)s, %(subject_id)s, nullif(%(detail)s, '{}'::jsonb)
FROM groundwork_actor() AS who
"""


class PostgresAuditLog:
    """Implements `AuditLog`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def record(self, act: AuditEntry) -> None:
        """Insert an audit event with the actor of the transaction."""
        self._connection.execute(
            RECORD,
            {
                "action": act.action,
                "subject_type": act.subject_type,
                "subject_id": act.subject_id,
                "detail": Jsonb(dict(act.detail)),
            },
        )

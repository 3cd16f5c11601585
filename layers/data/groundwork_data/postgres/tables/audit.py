"""What happened to identity and configuration, and who did it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Aggregate, Row


class AuditEvent(Aggregate, Row):
    """One act. Append only: the database itself refuses to change or remove any."""

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("action ~ '^[a-z][a-z-]*[.][a-z_]+$'", name="action"),
        Index("ix_audit_events_actor_id", "actor", "id"),
        Index("ix_audit_events_actor_id_id", "actor_id", "id"),
        Index("ix_audit_events_action_id", "action", "id"),
        Index("ix_audit_events_subject_type_id", "subject_type", "id"),
        Index("ix_audit_events_subject_id_id", "subject_id", "id"),
        Index("ix_audit_events_request_id", "request_id"),
    )
    action: Mapped[str]
    """What, as `users.updated`: the resource, and what was done."""
    actor: Mapped[str]
    """`user:<id>`, `key:<id>`, `command` (an operator's), or `system`."""
    actor_id: Mapped[UUID | None]
    """The user by whose rights it was done. No foreign key: the log outlives accounts."""
    subject_type: Mapped[str]
    subject_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """More about it; `changed_unseen` names changed columns whose values are not shown."""
    address: Mapped[str | None]
    request_id: Mapped[str | None]

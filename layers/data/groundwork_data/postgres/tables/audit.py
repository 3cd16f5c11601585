"""The audit log of identity and configuration."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.row import Aggregate, Row


class AuditEvent(Aggregate, Row):
    """One audited action. Append only: the database refuses updates and deletes."""

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
    """The resource and what was done, as in `users.updated`."""
    actor: Mapped[str]
    """`user:<id>`, `key:<id>`, `command` (an operator), or `system`."""
    actor_id: Mapped[UUID | None]
    """The user with whose rights it was done. No foreign key: events outlive accounts."""
    subject_type: Mapped[str]
    subject_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Further details; `changed_unseen` names changed columns whose values are not shown."""
    address: Mapped[str | None]
    request_id: Mapped[str | None]

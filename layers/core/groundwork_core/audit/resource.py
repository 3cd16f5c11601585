"""Audit events as a read-only REST resource."""

from __future__ import annotations

from uuid import UUID

from pydantic import JsonValue

from groundwork_core.resources.resource import Filter, Representation, Resource


class AuditEvent(Representation):
    """One action of a principal on a subject. Audit events never change."""

    action: str
    actor: str
    actor_id: UUID | None
    subject_type: str
    subject_id: UUID | None
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None
    detail: dict[str, JsonValue] | None
    address: str | None
    request_id: str | None


AUDIT_EVENTS = Resource(
    name="audit-events",
    singular="audit event",
    model=AuditEvent,
    removable=False,
    filters=(
        Filter("actor"),
        Filter("actor_id", "id"),
        Filter("action"),
        Filter("subject_type"),
        Filter("subject_id", "id"),
        Filter("request_id"),
        Filter("created_after", "moment", "after", column="created_at"),
        Filter("created_before", "moment", "before", column="created_at"),
    ),
)

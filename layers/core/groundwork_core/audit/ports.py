"""Ports of the audit log.

Triggers of the database log changes of audited tables. A use case records events that change no
audited table, such as the reuse of a refresh token:

    work.audit.record(Act("users.token_reused", "users", user.id, {"family_id": str(family)}))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from groundwork_core.unit_of_work import Transaction

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log that is not a change of a row."""

    action: str
    """The resource and the action, such as `users.token_reused`."""
    subject_type: str
    """The resource of the subject."""
    subject_id: UUID | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    """Further facts, without secrets."""


class AuditLog(Protocol):
    """Adds entries to a transaction's audit log, and sets the actor and address of its events."""

    def record(self, act: AuditEntry) -> None:
        """Add an entry, in this transaction."""
        ...


class AuditedWork(Transaction, Protocol):
    """A unit of work with the audit log."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...

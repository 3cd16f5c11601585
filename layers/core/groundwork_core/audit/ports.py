"""What use cases need to say more in the audit log than their changes of rows do.

Changes of audited tables are logged by the database's own triggers. An act that changes none of
them, as the reuse of a refresh token, is recorded by its use case:

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
    """Something that was done."""

    action: str
    """The resource and what was done, as `users.token_reused`."""
    subject_type: str
    """The resource that it was done to."""
    subject_id: UUID | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    """More about it. No secrets."""


class AuditLog(Protocol):
    """The log, in a transaction. Who acted and from where is the transaction's to say."""

    def record(self, act: AuditEntry) -> None:
        """Add an event. It is there if the transaction commits."""
        ...


class AuditedWork(Transaction, Protocol):
    """A unit of work that can say more in the audit log."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...

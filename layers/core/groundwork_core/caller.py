"""The caller of a request and its permissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from groundwork_core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified principal; `permissions` has the form `resource:read` or `resource:write`."""

    user_id: UUID
    roles: tuple[str, ...]
    permissions: frozenset[str]
    principal: str
    """The key of rate limits and logs: `user:<id>` or `key:<id>`."""
    key_id: UUID | None = None
    """The API key that was sent; None if the user sent an access token."""
    rights_stamp: str = field(default="", compare=False, repr=False)
    """A stamp that changes with the caller's rights; writes compare it with the database's."""

    def may(self, permission: str) -> bool:
        """Return whether the caller has a permission."""
        return permission in self.permissions

    def must(self, permission: str) -> None:
        """Raise Forbidden unless the caller has the permission."""
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}.")

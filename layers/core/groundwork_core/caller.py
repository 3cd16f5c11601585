"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from groundwork_core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified principal. `permissions` are `resource:read` and `resource:write` words."""

    user_id: UUID
    roles: tuple[str, ...]
    permissions: frozenset[str]
    principal: str
    """What limits and logs count by: `user:<id>` or `key:<id>`."""
    key_id: UUID | None = None
    """The API key that speaks for the user; None: the user in person, with an access token."""
    standing: str = field(default="", compare=False, repr=False)
    """What its rights were read from; it changes with them. A write checks it once more."""

    def may(self, permission: str) -> bool:
        """Say whether this caller holds a permission."""
        return permission in self.permissions

    def must(self, permission: str) -> None:
        """Raise Forbidden unless this caller holds the permission."""
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}.")

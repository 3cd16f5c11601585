"""The actor of a transaction, for the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The principal of a unit of work; each audit event of its transaction names it."""

    principal: str
    """`user:<id>`, `key:<id>`, `command` or `system`."""
    user_id: UUID | None = None
    """The user whose permissions apply."""
    address: str | None = None
    request_id: str | None = None
    key_id: UUID | None = None
    """The API key that was sent, if any."""
    rights_stamp: str = ""
    """For writes: the stamp of the caller's rights when they were read. The database refuses a
    write (RightsChanged) if they have changed since. Empty: no check."""


SYSTEM = Actor("system")
"""Groundwork itself: schedules, queue consumers and start-up."""
COMMAND = Actor("command")
"""An operator who uses the `groundwork` command."""

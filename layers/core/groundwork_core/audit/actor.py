"""Who acts, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a unit of work is done for. Every audit event of its transaction names them."""

    principal: str
    """`user:<id>`, `key:<id>`, `command` or `system`."""
    user_id: UUID | None = None
    """The user by whose rights it is done."""
    address: str | None = None
    request_id: str | None = None
    key_id: UUID | None = None
    """The API key that speaks for the user."""
    standing: str = ""
    """For a write: what the user's rights were read from. The database raises RightsChanged if
    they have changed since. Empty: nothing is to be checked."""


SYSTEM = Actor("system")
"""Groundwork itself: a schedule, a queue, the start-up."""
COMMAND = Actor("command")
"""An operator at the `groundwork` command."""

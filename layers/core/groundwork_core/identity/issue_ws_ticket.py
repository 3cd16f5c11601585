"""A ticket that opens one WebSocket, so that no token stands in an address."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.identity.model import TICKET_SECONDS
from groundwork_core.identity.ports import IdentityWork


def issue_ws_ticket(*, by: Caller, work: IdentityWork, clock: Clock) -> str:
    """Return a ticket that holds for 30 seconds and once; it may what the caller may."""
    ticket = secrets.token_urlsafe(32)
    with work:
        work.tickets.add(
            hashlib.sha256(ticket.encode()).digest(),
            by.user_id,
            sorted(by.permissions),
            clock.now() + timedelta(seconds=TICKET_SECONDS),
            by.key_id,
        )
    return ticket

"""Issue a ticket that opens one WebSocket, so that no token is sent in a URL."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.identity.model import TICKET_SECONDS
from groundwork_core.identity.ports import IdentityWork


def issue_ws_ticket(*, by: Caller, work: IdentityWork, clock: Clock) -> str:
    """Return a single-use ticket, valid for 30 seconds, with the caller's permissions."""
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

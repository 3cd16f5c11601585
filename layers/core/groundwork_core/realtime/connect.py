"""Open and close sockets."""

from __future__ import annotations

from groundwork_core.errors import Unauthenticated
from groundwork_core.realtime.ports import ListenersWork, RedeemedTicket


def connect(connection_id: str, ticket: str, *, work: ListenersWork) -> RedeemedTicket:
    """Open a socket with a single-use ticket; return the redeemed ticket.

    Raises:
        Unauthenticated: the ticket is unknown, used, or older than 30 seconds.
    """
    with work:
        found = work.listeners.redeem(ticket)
        if found is None:
            raise Unauthenticated("The ticket is unknown, used or expired.")
        work.listeners.add(connection_id, found)
    return found


def disconnect(connection_id: str, *, work: ListenersWork) -> None:
    """Remove a closed socket."""
    with work:
        work.listeners.remove([connection_id])

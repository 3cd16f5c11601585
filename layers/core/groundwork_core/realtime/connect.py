"""A socket opens and closes."""

from __future__ import annotations

from groundwork_core.errors import Unauthenticated
from groundwork_core.realtime.ports import ListenersWork, RedeemedTicket


def connect(connection_id: str, ticket: str, *, work: ListenersWork) -> RedeemedTicket:
    """Let a socket open for a ticket, which is used up by it; return what the ticket stands for.

    Raises:
        Unauthenticated: the ticket is unknown, used, or older than 30 seconds.
    """
    with work:
        found = work.listeners.redeem(ticket)
        if found is None:
            raise Unauthenticated("The ticket does not hold.")
        work.listeners.add(connection_id, found)
    return found


def disconnect(connection_id: str, *, work: ListenersWork) -> None:
    """Forget a socket that closed."""
    with work:
        work.listeners.remove([connection_id])

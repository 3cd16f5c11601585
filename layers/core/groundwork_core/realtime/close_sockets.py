"""Close sockets of users or API keys that have lost rights."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.realtime.ports import ListenersWork, LiveWork, Sockets


def close_unauthorized(users: set[UUID] | None, work: LiveWork, sockets: Sockets) -> int:
    """Close the sockets of users whose sessions ended or who lost permissions; return how many.

    `users` limits the check to these; None checks every socket.
    """
    return _close(work.listeners.unauthorized(users), work, sockets)


def close_expired(*, work: ListenersWork, sockets: Sockets) -> int:
    """Close sockets whose API keys have expired or were revoked; return how many.

    Such sockets already get no events. The host closes a socket at the expiry that `$connect`
    returned. API Gateway does not do so, and a key may be revoked earlier.

    Raises:
        Unavailable: the gateway that holds the sockets cannot be reached.
    """
    with work:
        return _close(work.listeners.expired(), work, sockets)


def _close(connections: list[str], work: ListenersWork, sockets: Sockets) -> int:
    if connections:
        sockets.close(connections)
        work.listeners.remove(connections)
    return len(connections)

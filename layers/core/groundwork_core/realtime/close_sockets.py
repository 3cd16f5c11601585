"""Close sockets whose users may no longer listen."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.realtime.ports import ListenersWork, LiveWork, Sockets


def close_unwelcome(users: set[UUID] | None, work: LiveWork, sockets: Sockets) -> int:
    """Close and forget the sockets of users who may no longer listen; return how many.

    `users` limits the check to these; None checks every socket.
    """
    return _close(work.listeners.no_longer_welcome(users), work, sockets)


def close_outlived(*, work: ListenersWork, sockets: Sockets) -> int:
    """Close and forget sockets whose API keys have ended; return how many.

    Events stop at that moment anyway. Our host closes such a socket itself, from the life that
    `$connect` answered; API Gateway does not, and a key may be revoked before its time.

    Raises:
        Unavailable: the gateway that holds the sockets cannot be reached.
    """
    with work:
        return _close(work.listeners.outlived(), work, sockets)


def _close(connections: list[str], work: ListenersWork, sockets: Sockets) -> int:
    if connections:
        sockets.close(connections)
        work.listeners.remove(connections)
    return len(connections)

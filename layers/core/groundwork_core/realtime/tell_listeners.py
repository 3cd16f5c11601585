"""The relay's destination `live`: numbers changes in commit order and tells who listens."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from groundwork_core.outbox import OutboxRow
from groundwork_core.realtime.ports import (
    Listener,
    ListenersWork,
    LiveWork,
    Numbered,
    Post,
    Sockets,
)
from groundwork_core.realtime.topics import frame, topics_of
from groundwork_core.relay.ports import Taken


class LiveDestination:
    """Posts each change to the sockets that listen to its topics.

    The places are given before posting and kept after it, in the transaction that moves the
    cursor: when the process dies in between, the same changes are posted again with the same
    places, so a listener can tell. A socket that is gone is forgotten; when its owner comes back
    with `since`, the rest is replayed.
    """

    name = "live"
    batches_ahead = 0
    gather_seconds = 0.05

    def __init__(self, sockets: Sockets) -> None:
        """Take whoever holds the sockets."""
        self._sockets = sockets

    def deliver(self, taken: Taken, work: LiveWork) -> None:
        """Post, number, and close the sockets of users who may no longer listen."""
        rows = [row for row in taken.rows if topics_of(row)]
        numbered = [Numbered(taken.last_seq + place, row) for place, row in enumerate(rows, 1)]
        self._turn_away(taken.rows, work)
        gone = self._post(numbered, work)
        if gone:
            work.listeners.remove(gone)
        if numbered:
            work.live_order.number([row.id for row in rows], taken.last_seq)

    def _post(self, numbered: Sequence[Numbered], work: LiveWork) -> frozenset[str]:
        topics = {topic for one in numbered for topic in topics_of(one.row)}
        listeners = work.listeners.listening(topics) if topics else []
        posts = posts_for(numbered, listeners)
        return self._sockets.post(posts) if posts else frozenset()

    def _turn_away(self, rows: Sequence[OutboxRow], work: LiveWork) -> None:
        """Users, roles and keys travel through the outbox too: look at whom a change concerns."""
        if any(row.aggregate == "roles" for row in rows):
            users: set[UUID] | None = None
        else:
            users = {row.aggregate_id for row in rows if row.aggregate == "users"}
            users |= {UUID(str(row.data["user_id"])) for row in rows if row.aggregate == "api_keys"}
            if not users:
                return
        turn_away(users, work, self._sockets)


def turn_away(users: set[UUID] | None, work: LiveWork, sockets: Sockets) -> int:
    """Close and forget sockets of users (None: all) who may no longer listen; return how many."""
    return _close(work.listeners.no_longer_welcome(users), work, sockets)


def close_outlived(*, work: ListenersWork, sockets: Sockets) -> int:
    """Close and forget sockets whose API keys have ended; return how many.

    Nothing reaches them any more by then. A host closes them at the moment that it was told when
    they opened; this is for where nobody keeps that time, and for keys that end earlier.

    Raises:
        Unavailable: whoever holds the sockets cannot be reached.
    """
    with work:
        return _close(work.listeners.outlived(), work, sockets)


def _close(connections: list[str], work: ListenersWork, sockets: Sockets) -> int:
    if connections:
        sockets.close(connections)
        work.listeners.remove(connections)
    return len(connections)


def posts_for(numbered: Sequence[Numbered], listeners: Sequence[Listener]) -> list[Post]:
    """Return what to post: for each change and topic, one frame for all who listen."""
    by_topic: dict[str, list[str]] = {}
    for listener in listeners:
        for topic in listener.topics:
            by_topic.setdefault(topic, []).append(listener.connection_id)
    return [
        Post(tuple(connections), frame(topic, one.seq, one.row))
        for one in numbered
        for topic in topics_of(one.row)
        if (connections := by_topic.get(topic))
    ]

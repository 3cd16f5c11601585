"""Subscribe to topics, from now or from an earlier seq."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from groundwork_core.errors import Fault, Invalid, Unauthenticated
from groundwork_core.realtime.ports import (
    Listener,
    ListenersWork,
    NumberedRow,
    Post,
    ReplayRange,
    Sockets,
)
from groundwork_core.realtime.topics import (
    ENTITY,
    MOST_TOPICS,
    checked,
    entities_of,
    entities_of_row,
    frame,
    topics_with_merged,
)
from groundwork_core.relay.destination_names import LIVE

MergedIds = Mapping[UUID, Sequence[UUID]]
"""The ids of entities that were merged into each entity."""
NOTHING: MergedIds = {}

SLICE = 200
"""Changes replayed per transaction while the relay continues."""

NEAR = 50
"""With at most this many missed changes the rest is replayed while the relay waits."""

MOST_HELD_UP = 1_000
"""Maximum changes replayed while the relay waits."""

MOST_REPLAYED = 10_000
"""A client that missed more changes gets `reset`; reading all again is cheaper."""


def subscribe(
    connection_id: str,
    topics: Sequence[object],
    since: int | None,
    *,
    work: ListenersWork,
    sockets: Sockets,
) -> None:
    """Add topics to the subscriptions of a socket, after a replay of changes since `since`.

    The socket gets the message `subscribed` with the seq from which it gets all changes, then the
    missed changes, then new ones, in order and without a gap. To ensure this, the relay is locked
    while the last missed changes are replayed and the topics are added. For a socket without
    subscriptions, most of the replay runs before the lock.

    If `since` is too old or unknown, the socket gets `reset` first and changes from now on.

    Raises:
        Unauthenticated: the socket is unknown, or its user's sessions have ended.
        Invalid: a topic does not exist.
        Forbidden: a permission is missing.
    """
    wanted, listener = _wanted(connection_id, topics, work)
    replay = _Replay(connection_id, wanted, work, sockets)
    if since is not None and not listener.topics:
        since = replay.catch_up(since)
    with work:
        work.numbered_outbox.lock(LIVE)
        listener = known(connection_id, work)
        alive = replay.finish(since)
        if alive:
            work.listeners.listen(connection_id, _within_limits(listener.topics | wanted))
        else:
            work.listeners.remove([connection_id])


def unsubscribe(
    connection_id: str, topics: Sequence[object], *, work: ListenersWork, sockets: Sockets
) -> None:
    """Remove topics from the subscriptions of a socket; send it `unsubscribed` with the others."""
    with work:
        work.numbered_outbox.lock(LIVE)
        listener = known(connection_id, work)
        left = listener.topics - checked(topics, listener.permissions)
        work.listeners.listen(connection_id, left)
    send_message(connection_id, {"type": "unsubscribed", "topics": sorted(left)}, sockets)


def known(connection_id: str, work: ListenersWork) -> Listener:
    """Return a socket.

    Raises:
        Unauthenticated: it is unknown or was closed.
    """
    listener = work.listeners.get(connection_id)
    if listener is None:
        raise Unauthenticated("This connection is closed. Please connect again.")
    return listener


def send_message(connection_id: str, message: Mapping[str, object], sockets: Sockets) -> None:
    """Send one message to one socket."""
    sockets.post([Post((connection_id,), json.dumps(message, ensure_ascii=False))])


class _Replay:
    """The replay of missed changes to one socket."""

    def __init__(
        self, connection_id: str, topics: frozenset[str], work: ListenersWork, sockets: Sockets
    ) -> None:
        self._connection_id = connection_id
        self._topics = topics
        self._work = work
        self._sockets = sockets
        self._greeted = False
        self._replayed = 0

    def catch_up(self, since: int) -> int:
        """Replay without the lock until few changes are left; return the last seq."""
        while self._replayed < MOST_REPLAYED:
            with self._work:
                if not _can_replay(since, self._work.numbered_outbox.span()):
                    return since
                missed = self._missed(since, SLICE)
                merged_ids = self._merged_ids(missed)
            if len(missed) <= NEAR or not self._send(since, missed, merged_ids):
                return since
            since = missed[-1].seq
        return since

    def finish(self, since: int | None) -> bool:
        """Replay the rest under the lock; return False if the socket is closed."""
        span = self._work.numbered_outbox.span()
        if since is None:
            return self._send(span.last, ())
        missed: Sequence[NumberedRow] = ()
        if _can_replay(since, span):
            missed = self._missed(since, MOST_HELD_UP + 1)
            if len(missed) <= MOST_HELD_UP:
                return self._send(since, missed, self._merged_ids(missed))
        self._greeted = False
        return self._post([json.dumps({"type": "reset"})]) and self._send(span.last, ())

    def _missed(self, since: int, most: int) -> Sequence[NumberedRow]:
        """Return the changes after `since`, with those of entities merged into subscribed ones."""
        survivors = self._work.survivors.of(entities_of(self._topics)).values()
        topics = self._topics.union(f"{ENTITY}{id_}" for id_ in survivors)
        return self._work.numbered_outbox.replay(topics, since, most)

    def _merged_ids(self, missed: Sequence[NumberedRow]) -> MergedIds:
        return self._work.survivors.merged_into(
            {id_ for one in missed for id_ in entities_of_row(one.row)}
        )

    def _send(
        self, seq: int, missed: Sequence[NumberedRow], merged_ids: MergedIds = NOTHING
    ) -> bool:
        frames = []
        if not self._greeted:
            message = {"type": "subscribed", "topics": sorted(self._topics), "seq": seq}
            frames.append(json.dumps(message, ensure_ascii=False))
            self._greeted = True
        frames.extend(
            frame(topic, one.seq, one.row)
            for one in missed
            for topic in topics_with_merged(one.row, merged_ids)
            if topic in self._topics
        )
        self._replayed += len(missed)
        return self._post(frames)

    def _post(self, frames: Iterable[str]) -> bool:
        posts = [Post((self._connection_id,), data) for data in frames]
        return not (posts and self._sockets.post(posts))


def _wanted(
    connection_id: str, topics: Sequence[object], work: ListenersWork
) -> tuple[frozenset[str], Listener]:
    with work:
        listener = known(connection_id, work)
    return checked(topics, listener.permissions), listener


def _can_replay(since: int, span: ReplayRange) -> bool:
    return span.oldest - 1 <= since <= span.last


def _within_limits(topics: frozenset[str]) -> frozenset[str]:
    if len(topics) > MOST_TOPICS:
        detail = f"must have at most {MOST_TOPICS} topics for each connection"
        raise Invalid("Too many topics.", (Fault("/topics", detail),))
    return topics

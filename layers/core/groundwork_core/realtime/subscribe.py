"""Listen to topics from now on, or from a place in the past."""

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
    also_of,
    checked,
    frame,
    named_by,
    touched,
)
from groundwork_core.relay.destination_names import LIVE

TakenIn = Mapping[UUID, Sequence[UUID]]
"""The old ids that lead to each entity."""
NOTHING: TakenIn = {}

SLICE = 200
"""Changes replayed at a time while the relay goes on."""

NEAR = 50
"""A socket that missed no more than this is near the present."""

MOST_HELD_UP = 1_000
"""Changes replayed while the relay is held up."""

MOST_REPLAYED = 10_000
"""Whoever missed more reads everything anew, which is cheaper for both sides."""


def subscribe(
    connection_id: str,
    topics: Sequence[object],
    since: int | None,
    *,
    work: ListenersWork,
    sockets: Sockets,
) -> None:
    """Add topics to what a socket listens to, and first replay what it missed `since`.

    The socket is told `subscribed` with the place from which on it gets everything; then come the
    missed changes, then new ones: without gap, in order, for the relay cannot post while the last
    slice is replayed and the topics are added. A socket that listens to nothing yet is brought
    near the present before the relay is held up.

    Where the place is too old (or not one of ours) it is told `reset` first, and listens from now.

    Raises:
        Unauthenticated: the socket is unknown, or its user's sessions have ended.
        Invalid: not all are topics; Forbidden: a permission is missing.
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
    """Take topics from what a socket listens to; says `unsubscribed` with those that are left."""
    with work:
        work.numbered_outbox.lock(LIVE)
        listener = known(connection_id, work)
        left = listener.topics - checked(topics, listener.permissions)
        work.listeners.listen(connection_id, left)
    tell(connection_id, {"type": "unsubscribed", "topics": sorted(left)}, sockets)


def known(connection_id: str, work: ListenersWork) -> Listener:
    """Return a socket.

    Raises:
        Unauthenticated: it is unknown: never opened, or turned away.
    """
    listener = work.listeners.get(connection_id)
    if listener is None:
        raise Unauthenticated("This connection is not open any more. Please connect again.")
    return listener


def tell(connection_id: str, message: Mapping[str, object], sockets: Sockets) -> None:
    """Send one message to one socket."""
    sockets.post([Post((connection_id,), json.dumps(message, ensure_ascii=False))])


class _Replay:
    """Brings one socket up to the present."""

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
        """Replay without holding the relay up, until near; return the last place replayed."""
        while self._replayed < MOST_REPLAYED:
            with self._work:
                if not _can_replay(since, self._work.numbered_outbox.span()):
                    return since
                missed = self._missed(since, SLICE)
                taken_in = self._taken_in(missed)
            if len(missed) <= NEAR or not self._send(since, missed, taken_in):
                return since
            since = missed[-1].seq
        return since

    def finish(self, since: int | None) -> bool:
        """Replay the rest under the lock; return False if the socket is gone."""
        span = self._work.numbered_outbox.span()
        if since is None:
            return self._send(span.last, ())
        missed: Sequence[NumberedRow] = ()
        if _can_replay(since, span):
            missed = self._missed(since, MOST_HELD_UP + 1)
            if len(missed) <= MOST_HELD_UP:
                return self._send(since, missed, self._taken_in(missed))
        self._greeted = False
        return self._post([json.dumps({"type": "reset"})]) and self._send(span.last, ())

    def _missed(self, since: int, most: int) -> Sequence[NumberedRow]:
        """Return what came after `since`; of a merged entity's survivor too."""
        survivors = self._work.survivors.of(named_by(self._topics)).values()
        topics = self._topics.union(f"{ENTITY}{id_}" for id_ in survivors)
        return self._work.numbered_outbox.replay(topics, since, most)

    def _taken_in(self, missed: Sequence[NumberedRow]) -> TakenIn:
        return self._work.survivors.taken_in_by({id_ for one in missed for id_ in touched(one.row)})

    def _send(self, seq: int, missed: Sequence[NumberedRow], taken_in: TakenIn = NOTHING) -> bool:
        frames = []
        if not self._greeted:
            message = {"type": "subscribed", "topics": sorted(self._topics), "seq": seq}
            frames.append(json.dumps(message, ensure_ascii=False))
            self._greeted = True
        frames.extend(
            frame(topic, one.seq, one.row)
            for one in missed
            for topic in also_of(one.row, taken_in)
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
        detail = f"at most {MOST_TOPICS} a connection"
        raise Invalid("Too many topics.", (Fault("/topics", detail),))
    return topics

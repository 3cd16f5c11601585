"""The destination `live`: numbers changes in commit order and posts them to sockets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from groundwork_core.outbox import OutboxRow
from groundwork_core.realtime.close_sockets import close_unauthorized
from groundwork_core.realtime.ports import (
    Listener,
    LiveWork,
    NumberedRow,
    Post,
    Sockets,
)
from groundwork_core.realtime.topics import (
    NEEDS,
    entities_of_row,
    frame,
    topics_of,
    topics_with_merged,
)
from groundwork_core.relay.destination_names import LIVE
from groundwork_core.relay.ports import OutboxBatch


class LiveDestination:
    """Posts each change to the sockets subscribed to its topics.

    Seqs are assigned before posting and stored after it, in the transaction that advances the
    cursor: after a crash in between the same changes are posted again with the same seqs, so that
    clients can detect duplicates. Closed sockets are removed; a client that reconnects with
    `since` gets the rest replayed.
    """

    name = LIVE
    aggregates = frozenset({*NEEDS, "users", "roles", "api_keys"})
    batches_ahead = 0
    gather_seconds = 0.05

    def __init__(self, sockets: Sockets) -> None:
        """`sockets` is the gateway of the open sockets."""
        self._sockets = sockets

    def deliver(self, taken: OutboxBatch, work: LiveWork) -> None:
        """Close sockets that lost their rights, post changes, and store their seqs."""
        rows = [row for row in taken.rows if topics_of(row)]
        numbered = [NumberedRow(taken.last_seq + place, row) for place, row in enumerate(rows, 1)]
        self._close_unauthorized(taken.rows, work)
        gone = self._post(numbered, work)
        if gone:
            work.listeners.remove(gone)
        if numbered:
            work.numbered_outbox.number([row.id for row in rows], taken.last_seq)

    def _post(self, numbered: Sequence[NumberedRow], work: LiveWork) -> frozenset[str]:
        # Listeners of a merged entity get the changes of its survivor.
        merged_ids = work.survivors.merged_into(
            {id_ for one in numbered for id_ in entities_of_row(one.row)}
        )
        topics = {topic for one in numbered for topic in topics_with_merged(one.row, merged_ids)}
        listeners = work.listeners.listening(topics) if topics else []
        posts = posts_for(numbered, listeners, merged_ids)
        return self._sockets.post(posts) if posts else frozenset()

    def _close_unauthorized(self, rows: Sequence[OutboxRow], work: LiveWork) -> None:
        """Close sockets that lost their rights by a change of a user, role or API key."""
        if any(row.aggregate == "roles" for row in rows):
            users: set[UUID] | None = None
        else:
            users = {row.aggregate_id for row in rows if row.aggregate == "users"}
            users |= {UUID(str(row.data["user_id"])) for row in rows if row.aggregate == "api_keys"}
            if not users:
                return
        close_unauthorized(users, work, self._sockets)


def posts_for(
    numbered: Sequence[NumberedRow],
    listeners: Sequence[Listener],
    merged_ids: Mapping[UUID, Sequence[UUID]],
) -> list[Post]:
    """Return one frame for each change and topic, addressed to all listeners of the topic."""
    by_topic: dict[str, list[str]] = {}
    for listener in listeners:
        for topic in listener.topics:
            by_topic.setdefault(topic, []).append(listener.connection_id)
    return [
        Post(tuple(connections), frame(topic, one.seq, one.row))
        for one in numbered
        for topic in topics_with_merged(one.row, merged_ids)
        if (connections := by_topic.get(topic))
    ]

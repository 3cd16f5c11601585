"""Send the events since a time again, in order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid, NotFound
from groundwork_core.resources.field_types import Moment
from groundwork_core.resources.resource import Input
from groundwork_core.webhooks.actions import must_be_enabled
from groundwork_core.webhooks.event_types import types_of
from groundwork_core.webhooks.ports import NewMessage, WebhooksWork
from groundwork_core.webhooks.resource import WEBHOOKS

REPLAY_MAX = 100_000
"""Messages of one call, so that it ends within a request's time."""
CHUNK = 2_000
"""Events that are read at a time, each time in a transaction of its own."""


class ReplayEvents(Input):
    """The time since which events are sent again."""

    since: Moment = Field(description="The time from which on events are sent again.")


class ReplayedEvents(BaseModel):
    """Number of messages that were queued, and a flag if events remain for another call."""

    model_config = ConfigDict(defer_build=True)

    queued: int
    more: bool
    until: datetime | None = Field(
        description="Time of the last event; use it as `since` of the next call."
    )


def replay_events(
    row_id: UUID, asked: ReplayEvents, *, work: WebhooksWork, clock: Clock
) -> ReplayedEvents:
    """Queue all events of a webhook since a time, oldest first.

    An event that was sent before is sent again with the same `webhook-id`, even if it was
    delivered.

    Raises:
        NotFound: there is no webhook with this id.
        Conflict: the webhook is disabled.
        Invalid: the time is in the future.
    """
    now = clock.now()
    if asked.since > now:
        raise Invalid("The input is invalid; see errors.", (Fault("/since", "is in the future"),))
    with work:
        stored = work.resources.read(WEBHOOKS, row_id)
        if stored is None:
            raise NotFound(WEBHOOKS.missing())
        must_be_enabled(stored)
        wanted = frozenset(work.webhooks.events_of(row_id))
    queued, place, until = 0, (0, 0), None
    while queued < REPLAY_MAX:
        with work:
            events = work.webhooks.events_since(asked.since, place, CHUNK)
            messages = [
                NewMessage(row_id, row.id, type_)
                for row, _ in events
                for type_ in types_of(row)
                if type_ in wanted
            ]
            queued += work.webhooks.send_again(messages, now)
            if messages:
                work.webhooks.announce(row_id, None, {})
        if events:
            last, until = events[-1]
            place = (last.xid, last.id)
        if len(events) < CHUNK:
            return ReplayedEvents(queued=queued, more=False, until=until)
    return ReplayedEvents(queued=queued, more=True, until=until)

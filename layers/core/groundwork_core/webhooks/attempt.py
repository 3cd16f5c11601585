"""Make one attempt to send a message."""

from __future__ import annotations

import time
from collections.abc import Sequence

from groundwork_core.clock import Clock
from groundwork_core.webhooks.event_types import EVENT_TYPES, TEST
from groundwork_core.webhooks.message import body_of, headers_of
from groundwork_core.webhooks.ports import DueMessage, LeasedEndpoint, MadeAttempt, PostMessage
from groundwork_core.webhooks.schedule import Outcome
from groundwork_core.webhooks.shown_fields import shown


def withheld(endpoint: LeasedEndpoint, message: DueMessage) -> bool:
    """Return whether a message is withheld because the webhook's owner may not read its data."""
    if message.type == TEST:
        return False
    return EVENT_TYPES.get(message.type) not in endpoint.permissions


def make_attempt(
    url: str, keys: Sequence[bytes], message: DueMessage, *, post: PostMessage, clock: Clock
) -> MadeAttempt:
    """Sign and post a message; return the attempt. An endpoint never makes it raise."""
    at, began = clock.now(), time.monotonic()
    topic = message.type.partition(".")[0]
    data = message.data if message.type == TEST else shown(topic, message.data)
    body = body_of(message.type, message.happened_at or at, data)
    headers = headers_of(message.id, body, keys, at)
    outcome, response = post(url, headers, body)
    return MadeAttempt(message, at, round((time.monotonic() - began) * 1000), outcome, response)


def not_made(
    message: DueMessage,
    clock: Clock,
    why: str = "Sending failed because of an internal error.",
) -> MadeAttempt:
    """Return an attempt that failed for an internal reason; it is retried like any other."""
    return MadeAttempt(message, clock.now(), 0, Outcome(None, why))

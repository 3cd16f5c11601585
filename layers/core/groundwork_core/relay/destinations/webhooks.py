"""The destination `webhooks`: adds a message for each event and subscribed webhook."""

from __future__ import annotations

from collections.abc import Callable

from groundwork_core.clock import Clock
from groundwork_core.relay.destination_names import WEBHOOKS
from groundwork_core.relay.ports import OutboxBatch
from groundwork_core.webhooks.event_types import STATUSES, types_of
from groundwork_core.webhooks.ports import NewMessage, WebhookRelayWork


class WebhookDestination:
    """Adds messages in commit order, in the transaction that advances the cursor: each once.

    A sender is woken before the commit. It looks for messages for at least two seconds; if the
    commit takes longer, the sweep finds the messages.
    """

    name = WEBHOOKS
    aggregates = frozenset(STATUSES)
    batches_ahead = 0
    gather_seconds = 0.05

    def __init__(self, clock: Clock, wake_sender: Callable[[], None]) -> None:
        """`wake_sender` starts a run of the function that sends messages."""
        self._clock = clock
        self._wake_sender = wake_sender

    def deliver(self, taken: OutboxBatch, work: WebhookRelayWork) -> None:
        """Add the messages of a batch of rows, and wake a sender if none is awake."""
        rows = [(row, types) for row in taken.rows if (types := types_of(row))]
        tests = any(row.aggregate == "webhooks" and row.kind == "test" for row in taken.rows)
        subscriptions = work.webhooks.subscriptions() if rows else ()
        messages = [
            NewMessage(one.webhook_id, row.id, type_)
            for row, types in rows
            for type_ in types
            for one in subscriptions
            if type_ in one.events
        ]
        if messages:
            work.webhooks.add(messages, self._clock.now())
        if (messages or tests) and not work.webhooks.sender_awake():
            self._wake_sender()

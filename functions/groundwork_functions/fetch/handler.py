"""Fetch sources that are due and store their documents; keep subscriptions at hubs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from chalice.app import CloudWatchEvent, SQSEvent

from groundwork_core.errors import GroundworkError
from groundwork_core.sources.model import FetchDue
from groundwork_runtime import metrics
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse, Message, by_body, process_batch
from groundwork_runtime.wiring import wiring

handler = EventApp("fetch")


@handler.on_sqs_message(queue="FetchQueue", batch_size=10)
def due(event: SQSEvent) -> BatchResponse:
    """Fetch a batch of sources; a source that fails is recorded, not retried by the queue."""
    return process_batch(event.to_dict(), FetchDue, _fetch)


def _fetch(
    messages: Sequence[Message[FetchDue]],
) -> Iterable[tuple[Message[FetchDue], GroundworkError | None]]:
    again = {message.body.ticket for message in messages if message.again}
    return by_body(partial(wiring().fetch_sources, again=again))(messages)


@handler.schedule("rate(1 minute)")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:  # noqa: ARG001 - Chalice's signature
    """Request subscriptions from hubs, and renew those that end soon; return how many."""
    subscribed = wiring().keep_subscribed()
    if subscribed:
        metrics.emit("HubsAccepted", subscribed)
    return {"subscribed": subscribed}

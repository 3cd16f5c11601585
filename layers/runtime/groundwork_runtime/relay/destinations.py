"""Create the outbox's destinations that are configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_core.relay.destinations.live import LiveDestination
from groundwork_core.relay.destinations.queues import QueueDestination, Queues
from groundwork_core.relay.destinations.webhooks import WebhookDestination
from groundwork_runtime.wiring import Wiring

if TYPE_CHECKING:
    from groundwork_core.relay.ports import Destination
    from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork


def destinations(parts: Wiring) -> list[Destination[PostgresUnitOfWork]]:
    """Return the configured destinations.

    The cursor of a destination that is not configured does not move.
    """
    settings = parts.settings
    result: list[Destination[PostgresUnitOfWork]] = []
    if settings.neo4j_uri:
        result.append(GraphDestination(parts.graph_projection))
    if settings.fetch_queue_url:
        result.append(
            QueueDestination(
                Queues(
                    fetch=parts.queue(settings.fetch_queue_url),
                    jobs={"extract": parts.queue(settings.extract_queue_url)},
                    distributions=parts.queue(settings.distribution_queue_url)
                    if settings.distribution_queue_url
                    else None,
                    timers=parts.job_timers,
                )
            )
        )
    if settings.websocket_endpoint:
        result.append(LiveDestination(parts.sockets))
    result.append(WebhookDestination(parts.clock, parts.wake_sender))
    return result

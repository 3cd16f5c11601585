"""Each destination receives the rows of every aggregate that it acts on."""

from uuid import UUID

import pytest

from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.distribution_message import DistributionCommand
from groundwork_core.realtime.topics import CHANGES, NEEDS, topics_of
from groundwork_core.relay.destinations.live import LiveDestination
from groundwork_core.relay.destinations.queues import QueueDestination
from groundwork_core.relay.destinations.webhooks import WebhookDestination
from groundwork_core.sources.model import FetchCommand
from groundwork_core.webhooks.event_types import EVENT_TYPES, types_of


def row(aggregate: str, kind: str) -> OutboxRow:
    return OutboxRow(1, 1, aggregate, UUID(int=1), 1, kind, {})


def test_commands_for_queues_are_of_the_aggregates_of_their_destination() -> None:
    assert {
        FetchCommand.aggregate,
        DistributionCommand.aggregate,
        "jobs",
    } <= QueueDestination.aggregates


@pytest.mark.parametrize("topic", sorted(NEEDS))
def test_rows_with_topics_are_received_by_the_live_destination(topic: str) -> None:
    assert all(topics_of(row(topic, kind)) for kind in CHANGES)
    assert topic in LiveDestination.aggregates


@pytest.mark.parametrize("event", sorted(EVENT_TYPES))
def test_rows_with_events_are_received_by_the_webhook_destination(event: str) -> None:
    aggregate, _, kind = event.partition(".")
    assert event in types_of(row(aggregate, kind))
    assert aggregate in WebhookDestination.aggregates

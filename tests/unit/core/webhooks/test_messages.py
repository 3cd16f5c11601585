"""Events, bodies and signatures of webhook messages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from tests.standard_webhooks import verified

from groundwork_core.identity.permissions import PERMISSIONS
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.signatures import new_secret
from groundwork_core.webhooks.event_types import EVENT_TYPES, STATUSES, types_of, unknown
from groundwork_core.webhooks.message import (
    BODY_BYTES_MAX,
    body_of,
    headers_of,
    message_id,
    signing_key,
)
from groundwork_core.webhooks.shown_fields import shown

ID = UUID("01a22d0a-2b8b-7b9c-a00f-6b6036ead596")
AT = datetime(2026, 11, 30, 8, 0, 0, 123, tzinfo=UTC)


def row(aggregate: str, kind: str, became: str | None = None, **data: Any) -> OutboxRow:
    return OutboxRow(1, 1, aggregate, uuid4(), 1, kind, data, became)


@pytest.mark.parametrize(
    ("changed", "events"),
    [
        (row("entities", "created"), ("entities.created",)),
        (row("contents", "created", "draft"), ("contents.created", "contents.draft")),
        (row("contents", "updated", "published"), ("contents.updated", "contents.published")),
        (row("contents", "updated", status="published"), ("contents.updated",)),
        (row("contents", "deleted"), ("contents.deleted",)),
        (row("jobs", "updated", status="failed"), ("jobs.updated", "jobs.failed")),
        (row("jobs", "progress", status="leased"), ("jobs.progress",)),
        (row("jobs", "deleted", status="failed"), ("jobs.deleted",)),
        (row("jobs", "updated", status=["odd"]), ("jobs.updated",)),
        (row("sources", "status", "failing"), ("sources.failing",)),
        (row("sources", "fetch_due"), ()),
        (row("webhooks", "updated", "disabled"), ("webhooks.updated", "webhooks.disabled")),
        (row("webhooks", "test"), ()),
        (row("preferences", "created"), ()),
        (row("api_keys", "created"), ()),
        (row("distributions", "distribution_due"), ()),
    ],
)
def test_an_outbox_row_causes_the_right_webhook_events(
    changed: OutboxRow, events: tuple[str, ...]
) -> None:
    assert types_of(changed) == events


def test_the_contracts_events_exist_and_others_are_found() -> None:
    known = ("entities.created", "contents.published", "sources.failing", "webhooks.failing")
    assert unknown(known) == []
    assert unknown(("entities.created", "entities", "x.y", "", "preferences.created")) == [
        1,
        2,
        3,
        4,
    ]


def test_each_event_needs_a_permission_that_exists() -> None:
    assert set(EVENT_TYPES.values()) <= PERMISSIONS


@pytest.mark.parametrize("topic", STATUSES)
def test_a_topic_shows_its_resources_fields_alone(topic: str) -> None:
    given: dict[str, JsonValue] = {
        "id": "1",
        "version": 1,
        "secret": "s",
        "password_hash": "p",
        "lease_token": "t",
    }
    assert shown(topic, given) == {"id": "1", "version": 1}


def test_both_verifiers_find_the_signatures_good() -> None:
    secrets = [new_secret(), new_secret()]
    body = body_of("contents.published", AT, {"id": "1", "title": "Ünïcode \u2028"})
    now = datetime.now(UTC)
    headers = headers_of(ID, body, [signing_key(one) for one in secrets], now)
    assert headers["webhook-id"] == message_id(ID) == "msg_01a22d0a2b8b7b9ca00f6b6036ead596"
    for secret in secrets:
        event = verified(secret, headers, body)
        assert event["timestamp"] == "2026-11-30T08:00:00.000123Z"
        assert event["data"]["title"] == "Ünïcode \u2028"


def test_a_secret_of_the_url_alphabet_holds_the_same_key() -> None:
    assert signing_key("whsec_-_-_-_-_") == signing_key("whsec_+/+/+/+/")
    assert len(signing_key("whsec_" + "A" * 43)) == 32


def test_a_large_item_is_sent_without_its_fields() -> None:
    data: dict[str, JsonValue] = {"id": "1", "version": 7, "name": "n" * BODY_BYTES_MAX}
    body = body_of("entities.updated", AT, data)
    assert len(body) < 200
    assert b'"data":{"id":"1","version":7,"truncated":true}' in body

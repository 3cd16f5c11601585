"""Webhooks and their attempts as REST resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundwork_core.resources.field_types import INTEGRAL, Word
from groundwork_core.resources.resource import Filter, Input, Representation, Resource
from groundwork_core.web.address import ReachableAddress
from groundwork_core.webhooks.event_types import EVENT_TYPES

EventName = Annotated[Word, Field(json_schema_extra={"enum": list(EVENT_TYPES)})]
Events = Annotated[
    tuple[EventName, ...],
    Field(
        fail_fast=True,
        min_length=1,
        max_length=100,
        description="Events as `[topic].[type]`, such as `contents.published`.",
    ),
]
InFlight = Annotated[
    int,
    Field(
        ge=1,
        le=20,
        description="Maximum number of messages sent at the same time; 1 keeps their order.",
    ),
    INTEGRAL,
]


class WebhookState(BaseModel):
    """The state of an endpoint, by its latest responses."""

    model_config = ConfigDict(defer_build=True)

    status: Literal["ok", "failing", "disabled"]
    failing_since: datetime | None = Field(
        description="Time of the first failure after the last success."
    )
    last_status: int | None = Field(
        description="HTTP status of the last response, if there was one."
    )
    pending: int = Field(
        description="Number of messages to send, now or later; counted up to 10,000."
    )


class Webhook(Representation):
    """An endpoint that gets events. The secret that signs its messages is not shown."""

    url: str
    events: list[str]
    enabled: bool
    max_in_flight: int
    owner_id: UUID | None = Field(
        description="The user who last set `url` or `events`. Events that this user may not read"
        " are not sent."
    )
    state: WebhookState


class CreatedWebhook(Webhook):
    """A webhook with its new secret, which is shown only in this response."""

    secret: str


class NewWebhook(Input):
    """A webhook to create."""

    url: ReachableAddress
    events: Events
    enabled: bool = True
    max_in_flight: InFlight = 2


class WebhookPatch(Input):
    """Changes of a webhook. Enabling it makes waiting messages due at once."""

    url: ReachableAddress = ""
    events: Events = ()
    enabled: bool = True
    max_in_flight: InFlight = 2


class StoredWebhook(NewWebhook):
    """A webhook as it is stored."""

    owner_id: UUID


class StoredWebhookPatch(WebhookPatch):
    """Changes of a webhook as they are stored."""

    owner_id: UUID


class WebhookAttempt(BaseModel):
    """One attempt to send a message."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    webhook_id: UUID
    message_id: str = Field(description="The `webhook-id` of the message.")
    type: str = Field(description="The event type.")
    number: int = Field(description="1 for the first attempt.")
    at: datetime
    status: int | None = Field(description="HTTP status of the response; null if there was none.")
    duration_ms: int
    error: str | None = Field(description="Why the attempt failed, if it did.")
    response: str | None = Field(description="The first 1 KB of the response's body.")


WEBHOOKS = Resource(
    name="webhooks",
    singular="webhook",
    model=Webhook,
    create=NewWebhook,
    patch=WebhookPatch,
    shown_once=CreatedWebhook,
    filters=(Filter("enabled", "flag"),),
)

WEBHOOK_ATTEMPTS = Resource(
    name="webhook-attempts",
    singular="webhook attempt",
    model=WebhookAttempt,
    removable=False,
    filters=(Filter("webhook_id", "id"),),
)

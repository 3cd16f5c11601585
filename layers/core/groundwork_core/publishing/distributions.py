"""Distributions and deliveries as REST resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field

from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import INTEGRAL, Moment, Text, Word
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

DistributionStatus = Literal["draft", "scheduled", "sending", "sent", "failed", "cancelled"]
"""A `scheduled` distribution is sent at `scheduled_at`, or at once if that is null, and not before
its content is published."""
DeliveryStatus = Literal["pending", "sent", "delivered", "failed"]
Spec = JsonObject
Recipient = Annotated[Text, Field(min_length=1, max_length=600)]
ExternalId = Annotated[Text, Field(min_length=1, max_length=300)]
AttemptNumber = Annotated[int, Field(ge=0, le=1_000), INTEGRAL]
DeliveryError = dict[Literal["class", "message"], Annotated[Text, Field(max_length=2_000)]]


class Distribution(Representation):
    """An order to publish a content on a channel."""

    content_id: UUID
    channel: str
    spec: Spec
    scheduled_at: datetime | None
    status: DistributionStatus
    content_version: int | None
    """The published version that is sent; null until it is."""
    error: DeliveryError | None
    """Reason that the last attempt failed."""


class NewDistribution(Input):
    """A distribution to create. `spec` has the parameters of its channel."""

    content_id: UUID
    channel: Word
    spec: Spec = Field(default_factory=dict)
    scheduled_at: Moment | None = None
    status: DistributionStatus = "scheduled"


class DistributionPatch(Input):
    """Changes of a distribution. Its content cannot change."""

    channel: Word = ""
    spec: Spec = Field(default_factory=dict)
    scheduled_at: Moment | None = None
    status: DistributionStatus = "scheduled"


class Delivery(Representation):
    """The delivery of a distribution to one recipient, such as a mailbox or an endpoint."""

    distribution_id: UUID
    recipient: str
    status: DeliveryStatus
    attempt: int
    error: DeliveryError | None
    external_id: str | None
    sent_at: datetime | None
    delivered_at: datetime | None


class NewDelivery(Input):
    """A delivery to create; recipients are unique per distribution."""

    distribution_id: UUID
    recipient: Recipient
    status: DeliveryStatus = "pending"
    attempt: AttemptNumber = 0
    error: DeliveryError | None = None
    external_id: ExternalId | None = Field(
        None, description="The id of the delivery in the channel, such as a message id."
    )
    sent_at: Moment | None = None
    delivered_at: Moment | None = None


class DeliveryPatch(Input):
    """Changes of a delivery."""

    status: DeliveryStatus = "pending"
    attempt: AttemptNumber = 0
    error: DeliveryError | None = None
    external_id: ExternalId | None = None
    sent_at: Moment | None = None
    delivered_at: Moment | None = None


DISTRIBUTIONS = Resource(
    name="distributions",
    singular="distribution",
    model=Distribution,
    create=NewDistribution,
    patch=DistributionPatch,
    filters=(
        Filter("content_id", "id"),
        Filter("status", choices=get_args(DistributionStatus)),
        Filter("channel"),
    ),
    sorts={"scheduled_at": Sort("moment", nullable=True)},
    merged={"spec": merge_patch},
)

DELIVERIES = Resource(
    name="deliveries",
    singular="delivery",
    model=Delivery,
    create=NewDelivery,
    patch=DeliveryPatch,
    filters=(
        Filter("distribution_id", "id"),
        Filter("status", choices=get_args(DeliveryStatus)),
        Filter("recipient"),
    ),
    merged={"error": merge_patch},
)

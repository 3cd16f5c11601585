"""Distributions and deliveries as REST resources: a content goes out, to each of its recipients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field

from groundwork_core.resources.bounded_json import JsonObject
from groundwork_core.resources.field_types import Moment, Text, Word
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

DistributionStatus = Literal["draft", "scheduled", "sending", "sent", "failed", "cancelled"]
"""`scheduled` goes out at its time, or at once where it has none."""
DeliveryStatus = Literal["pending", "sent", "delivered", "failed"]
Spec = JsonObject
Recipient = Annotated[Text, Field(min_length=1, max_length=600)]
ExternalId = Annotated[Text, Field(min_length=1, max_length=300)]
AttemptNumber = Annotated[int, Field(ge=0, le=1_000)]
DeliveryError = dict[Literal["class", "message"], Annotated[Text, Field(max_length=2_000)]]


class Distribution(Representation):
    """One sending of a content through one channel."""

    content_id: UUID
    channel: str
    spec: Spec
    scheduled_at: datetime | None
    status: DistributionStatus


class NewDistribution(Input):
    """A sending to be made. `spec` is what its channel needs to know."""

    content_id: UUID
    channel: Word
    spec: Spec = Field(default_factory=dict)
    scheduled_at: Moment | None = None
    status: DistributionStatus = "scheduled"


class DistributionPatch(Input):
    """Changes of a sending. What it sends stays."""

    channel: Word = ""
    spec: Spec = Field(default_factory=dict)
    scheduled_at: Moment | None = None
    status: DistributionStatus = "scheduled"


class Delivery(Representation):
    """One distribution's way to one recipient: a mailbox, an endpoint, whatever its channel has."""

    distribution_id: UUID
    recipient: str
    status: DeliveryStatus
    attempt: int
    error: DeliveryError | None
    external_id: str | None
    sent_at: datetime | None
    delivered_at: datetime | None


class NewDelivery(Input):
    """A recipient to be reached; each once per distribution."""

    distribution_id: UUID
    recipient: Recipient
    status: DeliveryStatus = "pending"
    attempt: AttemptNumber = 0
    error: DeliveryError | None = None
    external_id: ExternalId | None = Field(
        None, description="What the channel calls it, e.g. the id of a message."
    )
    sent_at: Moment | None = None
    delivered_at: Moment | None = None


class DeliveryPatch(Input):
    """How far a delivery is."""

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

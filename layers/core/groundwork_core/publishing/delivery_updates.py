"""Reports of publishers about deliveries, and how they change a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from groundwork_core.publishing.distributions import (
    AttemptNumber,
    DeliveryError,
    DeliveryStatus,
    ExternalId,
    Recipient,
)
from groundwork_core.resources.field_types import Moment, Text
from groundwork_core.resources.resource import Input

UPDATES_MAX = 1_000
RANK = {"pending": 0, "sent": 1, "delivered": 2, "failed": 2}
ENDED = frozenset({"delivered", "failed"})


def _as_error(given: object) -> object:
    return {"message": given} if isinstance(given, str) else given


def _one_or_many(given: object) -> str:
    return "many" if isinstance(given, list | tuple) else "one"


class DeliveryUpdate(Input):
    """The new state of one delivery. A recipient without a delivery gets one."""

    distribution_id: UUID
    recipient: Recipient
    status: DeliveryStatus
    external_id: ExternalId | None = None
    error: (
        Annotated[
            DeliveryError,
            BeforeValidator(_as_error, json_schema_input_type=DeliveryError | Text),
        ]
        | None
    ) = Field(None, description="An error object, or only its message.")
    attempt: AttemptNumber | None = None
    occurred_at: Moment | None = Field(
        None, description="When the state was reached. Default: the callback's `timestamp`."
    )


class DeliveryCallback(Input):
    """A callback of a publisher."""

    type: Literal["delivery.updated"]
    timestamp: Moment | None = Field(
        None, description="Default: the time in the header `webhook-timestamp`."
    )
    data: Annotated[
        Annotated[DeliveryUpdate, Tag("one")]
        | Annotated[
            tuple[DeliveryUpdate, ...],
            Field(fail_fast=True, min_length=1, max_length=UPDATES_MAX),
            Tag("many"),
        ],
        Discriminator(_one_or_many),
    ]

    @property
    def updates(self) -> tuple[DeliveryUpdate, ...]:
        """All updates of the callback, of which there may be one."""
        return self.data if isinstance(self.data, tuple) else (self.data,)


class CallbackTaken(BaseModel):
    """The changes that a callback made; none for a repeated callback."""

    model_config = ConfigDict(defer_build=True)

    received: int
    applied: int = 0
    stale: int = 0
    """Updates that are not newer than what is known."""
    unknown: int = 0
    """Updates of distributions that do not exist."""
    conflicting: int = 0
    """Updates whose `external_id` belongs to another recipient of the distribution."""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The stored state of one delivery."""

    distribution_id: UUID
    recipient: str
    status: str = "pending"
    attempt: int = 0
    error: dict[str, str] | None = None
    external_id: str | None = None
    state_at: datetime | None = None
    """Time of the status as stated by the publisher; None if no callback stated one."""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    id: UUID | None = None
    """None if the delivery is not stored."""
    version: int = 0
    """The version of the stored delivery that this is, or follows."""


def moved(
    known: DeliveryState | None, update: DeliveryUpdate, at: datetime
) -> DeliveryState | None:
    """Return the state after an update that occurred at `at`; None if nothing changes.

    An older update changes nothing. Neither does an update that would put an ended delivery under
    way again. Of two updates of the same time, the one nearer to the end wins.
    """
    if known is not None and not _newer(known, update.status, at):
        return None
    before = known or DeliveryState(update.distribution_id, update.recipient)
    under_way = update.status in ("sent", "delivered")
    error = None if update.error is None else {str(k): v for k, v in update.error.items()}
    return DeliveryState(
        update.distribution_id,
        update.recipient,
        update.status,
        before.attempt if update.attempt is None else update.attempt,
        error,
        update.external_id or before.external_id,
        at,
        before.sent_at or (at if under_way else None),
        at if update.status == "delivered" else before.delivered_at,
        before.id,
        before.version,
    )


def _newer(known: DeliveryState, status: str, at: datetime) -> bool:
    if known.status in ENDED and status not in ENDED:
        return False
    if known.state_at is None:
        return True
    return (at, RANK[status]) > (known.state_at, RANK[known.status])

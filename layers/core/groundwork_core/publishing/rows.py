"""Rows that the stores of publishing take and return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.automated import Reason
from groundwork_core.publishing.delivery_updates import DeliveryState


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement to insert. If `occurred_at` is None, the current time is used."""

    id: UUID
    distribution_id: UUID
    kind: str
    count: int
    occurred_at: datetime | None
    event_id: str | None = None
    agent: str | None = None
    recipient: str | None = None
    link: str | None = None
    automated_reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class EngagementOutcome:
    """The outcome of an insert: created, unchanged or refused."""

    created: bool
    sent: bool
    """True if its distribution exists."""
    same: bool
    """True if the stored engagement with its id is equal."""
    kept_from: datetime | None = None
    """The beginning of the retention, if the engagement occurred before it and was refused."""


@dataclass(frozen=True, slots=True)
class EngagementMonths:
    """Numbers of partitions and rows changed by the retention of engagements."""

    made: int
    """Partitions of coming months."""
    dropped: int
    """Partitions of months that are no longer kept."""
    removed: int
    """Engagements that were removed one by one, outside those partitions."""


@dataclass(frozen=True, slots=True)
class EncryptedPublisherSecrets:
    """An enabled publisher with its encrypted secret, and the previous secret until it expires."""

    publisher_id: UUID
    version: int
    """A change of the publisher raises it."""
    encrypted: str | None
    """None if its secret is still stored as plain text."""
    previous: str | None = None
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlainPublisherSecrets:
    """Secrets of a publisher that were stored as plain text."""

    publisher_id: UUID
    secret: str = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublisherSecrets:
    """An enabled publisher with its secrets. A secret is None if it cannot be decrypted."""

    publisher_id: UUID
    version: int
    """A change of the publisher raises it."""
    secret: str | None = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def valid_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that are valid at a time; two at most."""
        until = self.previous_until
        previous = self.previous_secret if until is not None and now < until else None
        return tuple(one for one in (self.secret, previous) if one is not None)


@dataclass(frozen=True, slots=True)
class CallbackClaim:
    """The publisher and id of a callback that is to be recorded as accepted."""

    publisher_id: UUID
    version: int
    """The publisher's version when its secret was read."""
    webhook_id: str
    at: datetime


CallbackOutcome = Literal["taken", "repeated", "changed", "outdated"]
"""The outcome of a callback. Only `taken` stores something.

`repeated`: its id was accepted before. `changed`: its publisher has changed or is disabled.
`outdated`: deliveries have changed since they were read.
"""


@dataclass(frozen=True, slots=True)
class StoredDeliveries:
    """The stored deliveries and distributions that a callback names."""

    distributions: frozenset[UUID]
    """Those of its distributions that exist."""
    deliveries: Sequence[DeliveryState]


@dataclass(frozen=True, slots=True)
class LeasedDistribution:
    """A distribution that a worker has leased."""

    message: dict[str, JsonValue]
    lease_token: UUID
    leased_until: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class DistributionLeaseQuery:
    """A worker's query for distributions."""

    channels: Sequence[str]
    worker: str
    now: datetime
    until: datetime
    limit: int
    attempts_max: int

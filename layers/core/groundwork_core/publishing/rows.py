"""Rows that stores of publishing take and return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.automated import Reason


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement to insert. `occurred_at` None: the current time."""

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
    """Whether its distribution exists."""
    same: bool
    """Whether the stored engagement with its id is equal."""


@dataclass(frozen=True, slots=True)
class EncryptedPublisherSecrets:
    """An enabled publisher with its encrypted secret, and the previous one until it expires."""

    publisher_id: UUID
    version: int
    """A change of the publisher raises it."""
    encrypted: str | None
    """None: its secret is still stored as plain text."""
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
    """An enabled publisher with its secret, and the previous one; None: it cannot be decrypted."""

    publisher_id: UUID
    version: int
    """A change of the publisher raises it."""
    secret: str | None = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def valid_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that are valid at a time, two at most."""
        until = self.previous_until
        previous = self.previous_secret if until is not None and now < until else None
        return tuple(one for one in (self.secret, previous) if one is not None)


@dataclass(frozen=True, slots=True)
class LeasedDistribution:
    """A distribution that a worker has leased."""

    message: dict[str, JsonValue]
    lease_token: UUID
    leased_until: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class DistributionLeaseQuery:
    """What a worker asks for."""

    channels: Sequence[str]
    worker: str
    now: datetime
    until: datetime
    limit: int
    attempts_max: int

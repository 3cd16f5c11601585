"""Ports of publishing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from groundwork_core.publishing.delivery_updates import DeliveryState
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement to insert. `occurred_at` None: the current time."""

    id: UUID
    distribution_id: UUID
    kind: str
    count: int
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class EngagementOutcome:
    """The outcome of an insert: created, unchanged or refused."""

    created: bool
    sent: bool
    """Whether its distribution exists."""
    same: bool
    """Whether the stored engagement with its id is equal."""


class EngagementStore(Protocol):
    """The engagements."""

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert new engagements, and return the outcome of each, in order. Two round trips.

        Ids must be unique in `rows`. Stored engagements are never changed.
        """
        ...


class EngagementSums(Protocol):
    """Sums of engagements."""

    def of_content(self, content_id: UUID) -> str | None:
        """Return a `ContentEngagement` as JSON; None for an unknown content. One round trip."""
        ...


class EngagementsWork(Transaction, Protocol):
    """A unit of work with engagements."""

    @property
    def engagements(self) -> EngagementStore:
        """The engagements."""
        ...


@dataclass(frozen=True, slots=True)
class PublisherSecrets:
    """An enabled publisher and its valid secrets, one or two."""

    publisher_id: UUID
    secrets: tuple[str, ...] = field(repr=False)


class PublisherSecretsReader(Protocol):
    """Reads the secrets that callbacks may be signed with."""

    def valid_at(self, now: datetime) -> Sequence[PublisherSecrets]:
        """Return every enabled publisher with its valid secrets. One round trip."""
        ...


class CallbackStore(Protocol):
    """Publishers' secrets, their callbacks, and the deliveries that these report."""

    def rotate(self, publisher_id: UUID, secret: str, previous_until: datetime) -> bool:
        """Replace a secret; the current one stays valid until then. False: unknown publisher."""
        ...

    def claim(self, publisher_id: UUID, webhook_id: str, now: datetime) -> bool:
        """Note that a callback was taken; False when it was before.

        Waits for a transaction that is taking the same callback.
        """
        ...

    def lock_distributions(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock distributions in the order of their ids; return those that exist."""
        ...

    def known(self, updates: Sequence[tuple[UUID, str, str | None]]) -> list[DeliveryState]:
        """Return the deliveries with one of these (distribution, recipient, external id)."""
        ...

    def store(self, states: Sequence[DeliveryState]) -> None:
        """Insert or update deliveries by distribution and recipient."""
        ...

    def end_distributions(self, ids: Collection[UUID]) -> None:
        """Set those to `sent` that are `sending` and whose deliveries have all ended."""
        ...


class PublishersWork(ResourceWork, Protocol):
    """A unit of work with publishers and their callbacks."""

    @property
    def callbacks(self) -> CallbackStore:
        """Publishers' secrets and callbacks."""
        ...

"""Ports of publishing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.automated import Known, Reason, Span
from groundwork_core.publishing.delivery_updates import DeliveryState
from groundwork_core.publishing.distribution_message import DistributionMessage, DueDistribution
from groundwork_core.publishing.engagements import EngagementQuery
from groundwork_core.publishing.rows import (
    CallbackClaim,
    CallbackOutcome,
    DistributionLeaseQuery,
    EncryptedPublisherSecrets,
    EngagementMonths,
    EngagementOutcome,
    EngagementRow,
    LeasedDistribution,
    PlainPublisherSecrets,
    StoredDeliveries,
)
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.unit_of_work import Transaction


class EngagementStore(Protocol):
    """Stores engagements."""

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert new engagements; return their outcomes in order. Two round trips.

        Ids must be unique in `rows`. Stored engagements are never changed.
        """
        ...

    def known(self, spans: Sequence[Span]) -> list[Known]:
        """Return the delivery time and the stored clicks of each span, in the order of `spans`."""
        ...

    def mark(self, ids: Collection[UUID], reason: Reason) -> None:
        """Mark stored engagements as automated, unless they are marked already."""
        ...

    def recount(self, since: datetime) -> None:
        """Recompute the hourly and daily sums from the day of `since` on.

        The sums of months whose engagements are no longer kept stay as they are.
        """
        ...

    def keep_months(self, today: date, months: int, limit: int) -> EngagementMonths:
        """Make partitions ahead, and remove what occurred more than `months` months before.

        `today` is a day in UTC. Of engagements outside of partitions by month, at most `limit`
        are removed. Nothing is made or dropped if that has to wait for a lock.
        """
        ...


class EngagementSums(Protocol):
    """Sums of engagements."""

    def of_content(self, content_id: UUID, query: EngagementQuery) -> str | None:
        """Return a `ContentEngagement` as JSON, or None for an unknown content. One round trip."""
        ...


class EngagementsWork(Transaction, Protocol):
    """A unit of work with engagements."""

    @property
    def engagements(self) -> EngagementStore:
        """The engagements."""
        ...


class PublisherSecretsReader(Protocol):
    """Reads the secrets with which callbacks may be signed."""

    def enabled(self) -> list[EncryptedPublisherSecrets]:
        """Return every enabled publisher. One round trip."""
        ...


class PublisherSecretStore(Protocol):
    """Stores the secrets of publishers, encrypted."""

    def lock(self, publisher_id: UUID) -> bool:
        """Lock a publisher and raise its version; return False if it does not exist."""
        ...

    def present(self, publisher_id: UUID) -> str | None:
        """Return the current secret, encrypted, or None if there is none."""
        ...

    def replace(
        self,
        publisher_id: UUID,
        encrypted: str,
        previous: str | None,
        previous_until: datetime | None,
    ) -> None:
        """Replace the encrypted secrets of a publisher.

        `previous` is valid until `previous_until`; None removes it.
        """
        ...

    def take_plain(self, limit: int, only: UUID | None) -> list[PlainPublisherSecrets]:
        """Remove secrets that are stored as plain text, and return them.

        `only` limits this to one publisher. Waits for transactions that change these publishers.
        """
        ...


class FinishedDistributions(Protocol):
    """Finds distributions that can be ended."""

    def among(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those distributions that are `sending` and whose deliveries have all ended.

        One round trip.
        """
        ...

    def all(self, limit: int) -> set[UUID]:
        """Return up to `limit` of all distributions that can be ended."""
        ...


class QuickCallbacks(Protocol):
    """Takes callbacks, each in one statement and transaction, outside of units of work too.

    Each records the callback as accepted and writes its deliveries, or does neither. It waits for
    transactions that are taking the same callback, changing the same deliveries, or have locked
    their distributions.
    """

    def take_new(
        self,
        claim: CallbackClaim,
        named: Sequence[tuple[UUID, str, str | None]],
        states: Sequence[DeliveryState],
    ) -> CallbackOutcome | StoredDeliveries:
        """Insert deliveries if none of those named is stored, and all distributions exist.

        Otherwise return what is stored, without waiting. `named` has the distribution, the
        recipient and the external id of each delivery; one is stored if there is one with this
        recipient or external id. One round trip.
        """
        ...

    def take_known(
        self, claim: CallbackClaim, distributions: Collection[UUID], states: Sequence[DeliveryState]
    ) -> CallbackOutcome:
        """Insert or update deliveries if they are still as they were read. One round trip."""
        ...


class CallbackStore(Protocol):
    """Distributions whose deliveries change."""

    def lock_distributions(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock distributions in the order of their ids; return those that exist.

        Waits for callbacks about them, and they wait for this transaction.
        """
        ...

    def end_distributions(self, ids: Collection[UUID]) -> None:
        """Set the `sending` distributions among these to `sent` whose deliveries have all ended."""
        ...


class PublishersWork(ResourceWork, Protocol):
    """A unit of work with publishers and their callbacks."""

    @property
    def callbacks(self) -> CallbackStore:
        """Distributions whose deliveries change."""
        ...

    @property
    def publisher_secrets(self) -> PublisherSecretStore:
        """The secrets of publishers."""
        ...


class DistributionStore(Protocol):
    """Distributions that are due or being sent."""

    def due(self, now: datetime, limit: int, only: UUID | None) -> list[DueDistribution]:
        """Lock and return scheduled distributions that are due and whose content is published.

        Distributions that another transaction has locked are left out. `only` limits this to one.
        """
        ...

    def preferences(self, users: Collection[UUID]) -> Mapping[UUID, dict[str, JsonValue]]:
        """Return the preferences of users, by user and key."""
        ...

    def preference_schemas(self) -> Mapping[str, JsonValue]:
        """Return the schemas of preferences, by key."""
        ...

    def start(self, messages: Sequence[DistributionMessage], now: datetime) -> None:
        """Set distributions to `sending`, fix the versions of their contents, and allow leases."""
        ...

    def end(self, ids: Collection[UUID], status: str, error: dict[str, str] | None) -> None:
        """Set a final status and error; the distributions can no longer be leased."""
        ...

    def cancel(self, distribution_id: UUID) -> bool:
        """Cancel a draft or scheduled distribution; return False if it has another status."""
        ...

    def lease(self, wanted: DistributionLeaseQuery) -> list[LeasedDistribution]:
        """Lease waiting distributions, oldest first. An expired lease counts as an attempt."""
        ...

    def attempt_of(self, distribution_id: UUID, token: UUID, now: datetime) -> int | None:
        """Lock a lease and return its attempt; None if `token` is not that of the current lease."""
        ...

    def give_back(self, distribution_id: UUID, attempts: int, available_at: datetime) -> None:
        """End a lease; the distribution can be leased again from `available_at` on."""
        ...

    def keep_error(self, distribution_id: UUID, error: dict[str, str]) -> None:
        """Store why the last attempt failed."""
        ...

    def is_complete(self, distribution_id: UUID) -> bool:
        """Return whether no delivery of the distribution is under way."""
        ...

    def exhausted(self, now: datetime, attempts_max: int, limit: int) -> list[UUID]:
        """Return distributions whose last allowed attempt ended with an expired lease."""
        ...

    def remove_ended(self, now: datetime, limit: int) -> None:
        """Delete the lease data of distributions that are no longer `sending`."""
        ...


class DistributionsWork(PublishersWork, Protocol):
    """A unit of work with distributions."""

    @property
    def distributions(self) -> DistributionStore:
        """Distributions that are due or being sent."""
        ...

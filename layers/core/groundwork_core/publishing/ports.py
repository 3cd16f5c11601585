"""Ports of publishing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.automated import Known, Reason, Span
from groundwork_core.publishing.delivery_updates import DeliveryState
from groundwork_core.publishing.distribution_message import DistributionMessage, DueDistribution
from groundwork_core.publishing.engagements import EngagementQuery
from groundwork_core.publishing.rows import (
    DistributionLeaseQuery,
    EncryptedPublisherSecrets,
    EngagementOutcome,
    EngagementRow,
    LeasedDistribution,
    PlainPublisherSecrets,
)
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.unit_of_work import Transaction


class EngagementStore(Protocol):
    """The engagements."""

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert new engagements, and return the outcome of each, in order. Two round trips.

        Ids must be unique in `rows`. Stored engagements are never changed.
        """
        ...

    def known(self, spans: Sequence[Span]) -> list[Known]:
        """Return, in the order of `spans`, when it was delivered and what was clicked."""
        ...

    def mark(self, ids: Collection[UUID], reason: Reason) -> None:
        """Mark stored engagements as automated, unless they are."""
        ...

    def recount(self, since: datetime) -> None:
        """Compute the sums by hour and day again, from the day of `since` on."""
        ...


class EngagementSums(Protocol):
    """Sums of engagements."""

    def of_content(self, content_id: UUID, query: EngagementQuery) -> str | None:
        """Return a `ContentEngagement` as JSON; None for an unknown content. One round trip."""
        ...


class EngagementsWork(Transaction, Protocol):
    """A unit of work with engagements."""

    @property
    def engagements(self) -> EngagementStore:
        """The engagements."""
        ...


class PublisherSecretsReader(Protocol):
    """Reads the secrets that callbacks may be signed with."""

    def enabled(self) -> list[EncryptedPublisherSecrets]:
        """Return every enabled publisher. One round trip."""
        ...


class PublisherSecretStore(Protocol):
    """The secrets of publishers."""

    def lock(self, publisher_id: UUID) -> bool:
        """Lock a publisher and raise its version; False: there is none."""
        ...

    def present(self, publisher_id: UUID) -> str | None:
        """Return the present secret, encrypted; None: there is none."""
        ...

    def replace(
        self,
        publisher_id: UUID,
        encrypted: str,
        previous: str | None,
        previous_until: datetime | None,
    ) -> None:
        """Store encrypted secrets of a publisher, instead of those before."""
        ...

    def take_plain(self, limit: int, only: UUID | None) -> list[PlainPublisherSecrets]:
        """Remove secrets that are stored as plain text and return them; `only`: of one publisher.

        Waits for transactions that change these publishers.
        """
        ...


class FinishedDistributions(Protocol):
    """Finds distributions that can be ended."""

    def among(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those that are `sending` and whose deliveries have all ended. One round trip."""
        ...

    def all(self, limit: int) -> set[UUID]:
        """Return up to `limit` of all of them."""
        ...


class CallbackStore(Protocol):
    """Callbacks of publishers, and the deliveries that these report."""

    def claim(
        self, publisher_id: UUID, version: int, webhook_id: str, now: datetime
    ) -> Literal["claimed", "repeated", "changed"]:
        """Record a callback as accepted, if the publisher is enabled and has this version.

        Waits for a transaction that is accepting the same callback.
        """
        ...

    def share_distributions(self, updates: Sequence[tuple[UUID, str, str | None]]) -> set[UUID]:
        """Lock deliveries, given as for `known`; return which distributions exist.

        Callbacks about other deliveries of a distribution do not wait. What locks the distribution
        does.
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
        """The callbacks of publishers."""
        ...

    @property
    def publisher_secrets(self) -> PublisherSecretStore:
        """The secrets of publishers."""
        ...


class DistributionStore(Protocol):
    """Distributions on their way out."""

    def due(self, now: datetime, limit: int, only: UUID | None) -> list[DueDistribution]:
        """Lock and return scheduled distributions whose time has come and content is published.

        What another transaction has locked is left out. `only`: none but this one.
        """
        ...

    def preferences(self, users: Collection[UUID]) -> Mapping[UUID, dict[str, JsonValue]]:
        """Return the preferences of users, by user and key."""
        ...

    def preference_schemas(self) -> Mapping[str, JsonValue]:
        """Return the schemas of preferences, by key."""
        ...

    def start(self, messages: Sequence[DistributionMessage], now: datetime) -> None:
        """Set distributions to `sending`, fix their contents' versions, and let them be leased."""
        ...

    def end(self, ids: Collection[UUID], status: str, error: dict[str, str] | None) -> None:
        """Set a status and error; they can no longer be leased."""
        ...

    def cancel(self, distribution_id: UUID) -> bool:
        """Cancel a draft or scheduled distribution; False: it is neither."""
        ...

    def lease(self, wanted: DistributionLeaseQuery) -> list[LeasedDistribution]:
        """Lease distributions that wait, oldest first; an expired lease counts an attempt."""
        ...

    def attempt_of(self, distribution_id: UUID, token: UUID, now: datetime) -> int | None:
        """Lock a lease and return its attempt; None: the token is not that of a present lease."""
        ...

    def give_back(self, distribution_id: UUID, attempts: int, available_at: datetime) -> None:
        """End a lease; the distribution can be leased again from then on."""
        ...

    def keep_error(self, distribution_id: UUID, error: dict[str, str]) -> None:
        """Show why the last attempt failed."""
        ...

    def is_complete(self, distribution_id: UUID) -> bool:
        """Whether no delivery of it is under way."""
        ...

    def exhausted(self, now: datetime, attempts_max: int, limit: int) -> list[UUID]:
        """Return distributions whose last permitted attempt ended with an expired lease."""
        ...

    def remove_ended(self, now: datetime, limit: int) -> None:
        """Delete hand-overs of distributions that are no longer `sending`."""
        ...


class DistributionsWork(PublishersWork, Protocol):
    """A unit of work that knows distributions."""

    @property
    def distributions(self) -> DistributionStore:
        """Distributions on their way out."""
        ...

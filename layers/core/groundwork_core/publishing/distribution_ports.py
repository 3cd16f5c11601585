"""What starting and leasing distributions needs from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.distribution_message import DistributionMessage, DueDistribution
from groundwork_core.publishing.ports import PublishersWork


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

    def start(self, messages: Sequence[DistributionMessage], now: datetime) -> None:
        """Set distributions to `sending`, fix their contents' versions, and let them be leased."""
        ...

    def end(self, ids: Collection[UUID], status: str, error: dict[str, str] | None) -> None:
        """Set a status and error, and let nobody lease them any more."""
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
        """Forget hand-overs of distributions that are no longer `sending`."""
        ...


class DistributionsWork(PublishersWork, Protocol):
    """A unit of work that knows distributions."""

    @property
    def distributions(self) -> DistributionStore:
        """Distributions on their way out."""
        ...

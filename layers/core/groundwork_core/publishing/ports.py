"""Ports of publishing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

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

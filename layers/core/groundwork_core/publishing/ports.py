"""What the use cases of publishing need from outside, beyond resources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement to be kept. `occurred_at` None: now."""

    id: UUID
    distribution_id: UUID
    kind: str
    count: int
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class EngagementOutcome:
    """What became of one: it is new, or was there as it is; or neither."""

    created: bool
    sent: bool
    """Whether its distribution is there."""
    same: bool
    """Whether what is there under its id says the same."""


class EngagementStore(Protocol):
    """The engagements."""

    def keep(self, rows: Sequence[EngagementRow]) -> list[EngagementOutcome]:
        """Insert those that are new, and say what became of each, in order. Two round trips.

        No id twice. What is there is never changed.
        """
        ...


class EngagementSums(Protocol):
    """What engagements come to."""

    def of_content(self, content_id: UUID) -> str | None:
        """Return a `ContentEngagement` as JSON; None: no such content. One round trip."""
        ...


class EngagementsWork(Transaction, Protocol):
    """A unit of work that knows engagements."""

    @property
    def engagements(self) -> EngagementStore:
        """The engagements."""
        ...

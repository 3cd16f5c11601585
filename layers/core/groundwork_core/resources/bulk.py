"""The outcome of requests with many items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from groundwork_core.errors import Fault

BULK_MAX = 1_000

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Upserted:
    """The outcome of an item that was stored."""

    id: UUID
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that was refused, with its faults."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The outcome of each item, in their order, and the outbox position of the write."""

    items: list[Upserted | Refused]
    position: str | None

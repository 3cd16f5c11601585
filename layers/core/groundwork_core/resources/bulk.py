"""Many items in one request: what became of each, whichever business area takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from groundwork_core.errors import Fault

BULK_MAX = 1_000

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did with an item."""

    id: UUID
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that cannot be taken, and what is wrong with it."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of the items, in their order, and the outbox position that includes it."""

    items: list[Upserted | Refused]
    position: str | None

"""What is stored of an entity's confidence and of the statements behind it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

SOURCES_MAX = 20
"""Sources that are considered, those that we have known longest; more would change little."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an entity's confidence."""

    entity_id: UUID
    confidence: float
    is_set: bool
    """Whether a client has changed it; then no statement changes it."""
    said: float | None
    """The highest confidence that clients, and results without a document, have stated."""
    by_source: tuple[float, ...]
    """The highest confidence that documents of each source state, of up to SOURCES_MAX sources."""

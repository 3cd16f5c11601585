"""The stored confidence of an entity and the statements it is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

SOURCES_MAX = 20
"""Sources that are considered, those that we have known longest; more would change little."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The confidence of an entity as stored and as computed."""

    entity_id: UUID
    confidence: float
    is_set: bool
    """True if a client has changed it; then no statement changes it."""
    said: float | None
    """The highest confidence that clients, and results without a document, have stated."""
    by_source: tuple[float, ...]
    """The highest confidence that documents of each source state, of up to SOURCES_MAX sources."""

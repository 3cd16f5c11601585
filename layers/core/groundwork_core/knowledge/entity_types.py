"""The types that an entity can have."""

from __future__ import annotations

from typing import Literal, get_args

EntityType = Literal[
    "person", "organization", "location", "event", "product", "work", "topic", "website", "other"
]
ENTITY_TYPES: tuple[str, ...] = get_args(EntityType)
RELATIONSHIP_TYPE_PATTERN = r"^[A-Z][A-Z0-9_]{0,62}$"
"""Types of relationships are free words of this form."""

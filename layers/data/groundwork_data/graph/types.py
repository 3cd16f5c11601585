"""Names of labels and relationship types, the only words that ever become part of a Cypher text."""

from __future__ import annotations

import re

ENTITY_LABELS = {
    "person": "Person",
    "organization": "Organization",
    "location": "Location",
    "event": "Event",
    "product": "Product",
    "work": "Work",
    "topic": "Topic",
    "website": "Website",
    "other": "Other",
}

_RELATIONSHIP_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


def relationship_type(name: str) -> str:
    """Return a type's name if it is one; raise ValueError otherwise.

    Postgres checks the same pattern; this is the last door before a name becomes Cypher.
    """
    if not _RELATIONSHIP_TYPE.fullmatch(name):
        message = f"not a relationship type: {name!r}"
        raise ValueError(message)
    return name


def label(entity_type: str) -> str:
    """Return the label beside :Entity. A type that is none of ours becomes :Other."""
    return ENTITY_LABELS.get(entity_type, "Other")

"""Checked names of labels and relationship types, the only variable parts of Cypher texts."""

from __future__ import annotations

import re

from groundwork_core.knowledge.entity_types import ENTITY_TYPES, RELATIONSHIP_TYPE_PATTERN

ENTITY_LABELS = {name: name.capitalize() for name in ENTITY_TYPES}
"""The label of each entity type: `person` is :Person."""

_RELATIONSHIP_TYPE = re.compile(RELATIONSHIP_TYPE_PATTERN)


def relationship_type(name: str) -> str:
    """Return the name if it is a valid relationship type; raise ValueError otherwise.

    Postgres checks the same pattern; this is the last check before a name becomes part of Cypher.
    """
    if not _RELATIONSHIP_TYPE.fullmatch(name):
        message = f"not a relationship type: {name!r}"
        raise ValueError(message)
    return name


def label(entity_type: str) -> str:
    """Return the label of an entity type, which nodes have beside :Entity; :Other if unknown."""
    return ENTITY_LABELS.get(entity_type, "Other")

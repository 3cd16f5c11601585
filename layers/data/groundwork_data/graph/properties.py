"""Between the domain's entities and relationships and what Neo4j stores of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from groundwork_core.knowledge.graph.model import Entity, Relationship

Columns = Sequence[Sequence[Any] | None]
"""One list for each field of a model, in its order; None: the field was not asked for."""


def entity_properties(entity: Entity) -> dict[str, object]:
    """Make a node's properties. `_v` guards against older changes."""
    return {
        "id": entity.id,
        "name": entity.name,
        "type": entity.type,
        "confidence": entity.confidence,
        "key": entity.key,
        "aliases": list(entity.aliases),
        "_v": entity.version,
    }


def relationship_row(relationship: Relationship) -> dict[str, object]:
    """Make what a statement needs to write a relationship: its ends and EDGE_PROPERTIES' columns.

    Moments go as text: the driver takes 30 µs to encode one, Neo4j 2 µs to read its text.
    """
    return {
        "id": relationship.id,
        "from_id": relationship.from_id,
        "to_id": relationship.to_id,
        "confidence": relationship.confidence,
        "valid_from": _text(relationship.valid_from),
        "valid_to": _text(relationship.valid_to),
        "version": relationship.version,
    }


EDGE_PROPERTIES = """{id: row.id, confidence: row.confidence, valid_from: datetime(row.valid_from),
    valid_to: datetime(row.valid_to), _v: row.version}"""
"""A relationship's properties in Cypher, from a row of `relationship_row`. Null: none."""


def entities_of(columns: Columns) -> list[Entity]:
    """Read the columns of nodes. What is not shown, or was removed by hand, is empty."""
    ids, version, name, type_, confidence, key, aliases = columns
    return list(
        map(
            Entity,
            ids or (),
            _filled(version, 0),
            _filled(name, ""),
            _filled(type_, "other"),
            _filled(confidence, 0.0),
            _filled(key, None),
            repeat(()) if aliases is None else [tuple(each or ()) for each in aliases],
        )
    )


def relationships_of(columns: Columns) -> list[Relationship]:
    """Read the columns of relationships, as `entities_of`; their moments are texts."""
    ids, version, type_, from_id, to_id, confidence, valid_from, valid_to = columns
    return list(
        map(
            Relationship,
            ids or (),
            _filled(version, 0),
            _filled(type_, ""),
            _filled(from_id, ""),
            _filled(to_id, ""),
            _filled(confidence, 0.0),
            _filled(valid_from and list(map(_moment_of_text, valid_from)), None),
            _filled(valid_to and list(map(_moment_of_text, valid_to)), None),
        )
    )


def _filled(column: Sequence[Any] | None, blank: object) -> Iterable[Any]:
    if column is None:
        return repeat(blank)
    return [blank if value is None else value for value in column] if None in column else column


def _moment_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

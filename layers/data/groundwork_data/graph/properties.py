"""Convert entities and relationships to and from the properties that Neo4j stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from groundwork_core.knowledge.graph.model import (
    GraphEntity,
    GraphRelationship,
    make_entity,
    make_relationship,
)

Columns = Sequence[Sequence[Any] | None]
"""One list of values per field of a model, in its order; None if the field was not requested."""


def entity_row(entity: GraphEntity) -> list[object]:
    """Return the values for writing a node, in the order of ENTITY_PROPERTIES.

    A list, here and below, because a map would send the name of each property with each row.
    """
    return [
        entity.id,
        entity.name,
        entity.type,
        entity.confidence,
        entity.key,
        entity.aliases,
        entity.version,
    ]


ENTITY_PROPERTIES = """{id: row[0], name: row[1], type: row[2], confidence: row[3], key: row[4],
    aliases: row[5], _v: row[6]}"""
"""A node's properties in Cypher, from an `entity_row`. `_v` is its version."""


def relationship_row(relationship: GraphRelationship) -> list[object]:
    """Return the values for writing a relationship: its ends, and those of EDGE_PROPERTIES.

    Times are sent as text: the driver needs 30 µs to encode one, Neo4j 2 µs to parse its text.
    """
    return [
        relationship.id,
        relationship.from_id,
        relationship.to_id,
        relationship.confidence,
        _text(relationship.valid_from),
        _text(relationship.valid_to),
        relationship.version,
    ]


EDGE_PROPERTIES = """{id: row[0], confidence: row[3], valid_from: datetime(row[4]),
    valid_to: datetime(row[5]), _v: row[6]}"""
"""A relationship's properties in Cypher, from a `relationship_row`. Null: not set."""


def entities_of(columns: Columns) -> list[GraphEntity]:
    """Make entities from columns of nodes. A field that was not selected is empty."""
    ids, version, name, type_, confidence, key, aliases = columns
    rows = zip(
        ids or (),
        _filled(version, 0),
        _filled(name, ""),
        _filled(type_, "other"),
        _filled(confidence, 0.0),
        _filled(key, None),
        repeat(()) if aliases is None else [tuple(each or ()) for each in aliases],
        strict=False,  # a column that is not shown is an endless iterator
    )
    return list(map(make_entity, rows))


def relationships_of(columns: Columns) -> list[GraphRelationship]:
    """Make relationships from columns; a field that was not selected is empty. Times are texts."""
    ids, version, type_, from_id, to_id, confidence, valid_from, valid_to = columns
    rows = zip(
        ids or (),
        _filled(version, 0),
        _filled(type_, ""),
        _filled(from_id, ""),
        _filled(to_id, ""),
        _filled(confidence, 0.0),
        _filled(valid_from and list(map(_moment_of_text, valid_from)), None),
        _filled(valid_to and list(map(_moment_of_text, valid_to)), None),
        strict=False,  # as above
    )
    return list(map(make_relationship, rows))


def _filled(column: Sequence[Any] | None, blank: object) -> Iterable[Any]:
    if column is None:
        return repeat(blank)
    return [blank if value is None else value for value in column] if None in column else column


def _moment_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

"""What Postgres says the graph must hold, in slices by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.changes import entity_of, relationship_of
from groundwork_core.knowledge.graph.model import Entity, Id, Relationship

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

FIRST = "00000000-0000-0000-0000-000000000000"
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"

ENTITIES = """
SELECT id::text, version, jsonb_build_object('name', name, 'type', type, 'confidence', confidence,
    'key', key, 'aliases', aliases)
FROM entities WHERE {condition} ORDER BY id LIMIT %(limit)s
"""
RELATIONSHIPS = """
SELECT id::text, version, jsonb_build_object('type', type, 'from_id', from_id, 'to_id', to_id,
    'confidence', confidence, 'valid_from', valid_from, 'valid_to', valid_to)
FROM relationships WHERE {condition} ORDER BY id LIMIT %(limit)s
"""
AFTER = "id > %(after)s::uuid"
AFTER_OF_TYPE = "type = %(type)s AND id > %(after)s::uuid"
AMONG = "id = ANY(%(ids)s::uuid[])"

TYPES = """
WITH RECURSIVE found AS (
    (SELECT type FROM relationships ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT r.type FROM relationships r WHERE r.type > f.type ORDER BY r.type LIMIT 1)
    FROM found f WHERE f.type IS NOT NULL
)
SELECT type FROM found WHERE type IS NOT NULL
"""

# Rows that the graph has not been given yet.
WAITING = """
SELECT DISTINCT o.aggregate_id::text FROM outbox o, outbox_cursors c
WHERE c.destination = 'graph' AND o.aggregate_id = ANY(%s::uuid[])
    AND (o.xid, o.id) > (c.xid, c.id)
"""

COUNTS = "SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM relationships)"


class Truth:
    """Reads entities and relationships as the graph must show them."""

    def __init__(self, database: Database) -> None:
        """Take a connection."""
        self._database = database

    def entity_slices(self, size: int) -> Iterator[tuple[Id, Id, dict[Id, Entity]]]:
        """Yield (behind, up to, entities); together the slices cover every possible id."""
        after = FIRST
        while True:
            found = self._entities(AFTER, {"after": after, "limit": size})
            upto = max(found) if len(found) == size else LAST
            yield after, upto, found
            if upto == LAST:
                return
            after = upto

    def relationship_slices(
        self, type_: str, size: int
    ) -> Iterator[tuple[Id, Id, dict[Id, Relationship]]]:
        """Yield (behind, up to, relationships of a type), as `entity_slices`."""
        after = FIRST
        while True:
            found = self._relationships(
                AFTER_OF_TYPE, {"type": type_, "after": after, "limit": size}
            )
            upto = max(found) if len(found) == size else LAST
            yield after, upto, found
            if upto == LAST:
                return
            after = upto

    def entities(self, ids: list[Id]) -> dict[Id, Entity]:
        """Return those that exist now."""
        return self._entities(AMONG, {"ids": ids, "limit": len(ids)}) if ids else {}

    def relationships(self, ids: list[Id]) -> dict[Id, Relationship]:
        """Return those that exist now."""
        return self._relationships(AMONG, {"ids": ids, "limit": len(ids)}) if ids else {}

    def types(self) -> list[str]:
        """Return every relationship type in use."""
        return [row[0] for row in self._database.rows(TYPES)]

    def counts(self) -> tuple[int, int]:
        """Return how many entities and relationships there are."""
        row = self._database.row(COUNTS)
        return (row[0], row[1]) if row else (0, 0)

    def waiting(self, ids: list[Id]) -> set[Id]:
        """Return those of which the graph has not been given a change yet."""
        return {row[0] for row in self._database.rows(WAITING, [ids])} if ids else set()

    def _entities(self, condition: str, parameters: Mapping[str, object]) -> dict[Id, Entity]:
        rows = self._database.rows(ENTITIES.format(condition=condition), dict(parameters))
        return {row[0]: entity_of(row[0], row[1], row[2]) for row in rows}

    def _relationships(
        self, condition: str, parameters: Mapping[str, object]
    ) -> dict[Id, Relationship]:
        rows = self._database.rows(RELATIONSHIPS.format(condition=condition), dict(parameters))
        return {row[0]: relationship_of(row[0], row[1], row[2]) for row in rows}

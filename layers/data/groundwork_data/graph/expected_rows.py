"""Read from Postgres the rows that the graph should have, in slices by id.

Without drift, each row equals the row of `ActualRows`, value by value and type by type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from groundwork_core.knowledge.graph.changes import Changes, entity_of, relationship_of
from groundwork_core.knowledge.graph.model import GraphEntity, GraphRelationship, Id

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

Aggregate = Literal["entities", "relationships"]
Row = list[object]

FIRST = "00000000-0000-0000-0000-000000000000"
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

ID, VERSION, TYPE, LABELS = 0, 1, 2, 3
"""Indexes into a row, for both aggregates; a relationship's LABELS are its ends."""

# The last value is the expected number of properties without aliases, to detect additional ones.
ENTITY_ROWS = """
SELECT id::text, version, type, ARRAY[initcap(type)], name, confidence, key,
    array_remove(aliases, NULL), 5 + (key IS NOT NULL)::int
FROM entities WHERE {condition} ORDER BY {order} LIMIT %(limit)s
"""
# A time outside Python's calendar is null (open) in the graph.
_MICROSECONDS = """
CASE WHEN {0} BETWEEN '0001-01-01 00:00+00' AND '9999-12-31 23:59:59.999999+00'
    THEN (extract(epoch FROM {0}) * 1000000)::bigint END
"""
RELATIONSHIP_ROWS = f"""
SELECT *, 3 + (valid_from IS NOT NULL)::int + (valid_to IS NOT NULL)::int FROM (
    SELECT id::text, version, type, ARRAY[from_id::text, to_id::text], confidence,
        {_MICROSECONDS.format("valid_from")} AS valid_from,
        {_MICROSECONDS.format("valid_to")} AS valid_to
    FROM relationships WHERE {{condition}} ORDER BY {{order}} LIMIT %(limit)s
) AS found
"""  # noqa: S608 - constants, and the conditions below
ROWS: dict[Aggregate, str] = {"entities": ENTITY_ROWS, "relationships": RELATIONSHIP_ROWS}

# Qualified, because the unqualified names are the selected texts, which have no index.
BY_ID: dict[Aggregate, str] = {"entities": "entities.id", "relationships": "relationships.id"}
BY_START = "relationships.from_id, relationships.id"

AFTER = "id > %(after)s::uuid"
AFTER_OF_TYPE = "type = %(type)s AND id > %(after)s::uuid"
AFTER_START = "(from_id, id) > (%(start)s::uuid, %(after)s::uuid)"
AMONG = "id = ANY(%(ids)s::uuid[])"

ENTITIES = """
SELECT id::text, version, jsonb_build_object('name', name, 'type', type, 'confidence', confidence,
    'key', key, 'aliases', aliases)
FROM entities WHERE id = ANY(%s::uuid[])
"""
RELATIONSHIPS = """
SELECT id::text, version, jsonb_build_object('type', type, 'from_id', from_id, 'to_id', to_id,
    'confidence', confidence, 'valid_from', valid_from, 'valid_to', valid_to)
FROM relationships WHERE id = ANY(%s::uuid[])
"""

TYPES = """
WITH RECURSIVE found AS (
    (SELECT type FROM relationships ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT r.type FROM relationships r WHERE r.type > f.type ORDER BY r.type LIMIT 1)
    FROM found f WHERE f.type IS NOT NULL
)
SELECT type FROM found WHERE type IS NOT NULL
"""

# Ids with outbox rows that the graph has not received yet.
WAITING = """
SELECT DISTINCT o.aggregate_id::text FROM outbox o, outbox_cursors c
WHERE c.destination = 'graph' AND o.aggregate_id = ANY(%s::uuid[])
    AND (o.xid, o.id) > (c.xid, c.id)
"""

VERSIONS = """
SELECT id::text, version, 'entities' FROM entities WHERE id = ANY(%(ids)s::uuid[])
UNION ALL
SELECT id::text, version, 'relationships' FROM relationships WHERE id = ANY(%(ids)s::uuid[])
"""

COUNTS = "SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM relationships)"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the comparison: the entities, or the relationships of one type."""

    aggregate: Aggregate
    type: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a stage with `after` < id <= `upto`, in the order of ids."""

    after: Id
    upto: Id
    rows: list[Row]
    ahead: int = 0
    """Number of rows of this slice and those before it whose first end is after `upto`."""


class ExpectedRows:
    """Reads entities and relationships as the graph should have them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def slices(self, stage: Stage, size: int, after: Id = FIRST) -> Iterator[Slice]:
        """Yield slices starting after an id; together they cover every possible id."""
        condition = AFTER_OF_TYPE if stage.type else AFTER
        while after != LAST:
            given = {"type": stage.type, "after": after, "limit": size}
            rows = self._rows(stage.aggregate, condition, given)
            upto = str(rows[-1][ID]) if len(rows) == size else LAST
            yield Slice(after, upto, rows)
            after = upto

    def by_start(self, size: int, start: Id = FIRST) -> Iterator[Slice]:
        """Yield relationships of all types by their first ends, starting after an end.

        Every relationship whose first end is at most a slice's `upto` is in this slice or an
        earlier one.
        """
        given: dict[str, object] = {"start": start, "after": LAST, "limit": size}
        ahead = 0
        while start != LAST:
            rows = self._rows("relationships", AFTER_START, given, BY_START)
            ends = [str(both[0]) for row in rows if isinstance(both := row[LABELS], list)]
            if len(rows) < size:
                yield Slice(start, LAST, rows)
                return
            upto = max((end for end in ends if end != ends[-1]), default=start)
            same = ends.count(ends[-1])
            ahead = same if same < len(rows) else ahead + same
            yield Slice(start, upto, rows, ahead)
            start, given = upto, {"start": ends[-1], "after": rows[-1][ID], "limit": size}

    def among(self, aggregate: Aggregate, ids: Sequence[Id]) -> dict[Id, Row]:
        """Return the rows of the ids that exist now."""
        wanted = _uuids(ids)
        if not wanted:
            return {}
        rows = self._rows(aggregate, AMONG, {"ids": wanted, "limit": len(wanted)})
        return {str(row[ID]): row for row in rows}

    def changes(self, aggregate: Aggregate, ids: Sequence[Id]) -> Changes:
        """Return the ids that exist now as changes for the projection."""
        if aggregate == "entities":
            return Changes(entities=self.entities(ids))
        return Changes(relationships=self.relationships(ids))

    def entities(self, ids: Sequence[Id]) -> dict[Id, GraphEntity]:
        """Return the entities that exist now, by id."""
        rows = self._database.rows(ENTITIES, [_uuids(ids)]) if ids else []
        return {row[0]: entity_of(row[0], row[1], row[2]) for row in rows}

    def relationships(self, ids: Sequence[Id]) -> dict[Id, GraphRelationship]:
        """Return the relationships that exist now, by id."""
        rows = self._database.rows(RELATIONSHIPS, [_uuids(ids)]) if ids else []
        return {row[0]: relationship_of(row[0], row[1], row[2]) for row in rows}

    def types(self) -> list[str]:
        """Return every relationship type in use."""
        return [row[0] for row in self._database.rows(TYPES)]

    def counts(self) -> dict[Aggregate, int]:
        """Return the number of entities and relationships."""
        row = self._database.row(COUNTS) or (0, 0)
        return {"entities": row[0], "relationships": row[1]}

    def versions(self, ids: Sequence[Id]) -> list[tuple[Id, int, Aggregate]]:
        """Return (id, version, aggregate) of the ids that exist now."""
        rows = self._database.rows(VERSIONS, {"ids": _uuids(ids)}) if ids else []
        return [(row[0], row[1], row[2]) for row in rows]

    def waiting(self, ids: Sequence[Id]) -> set[Id]:
        """Return the ids with changes that the graph has not received yet."""
        return {row[0] for row in self._database.rows(WAITING, [_uuids(ids)])} if ids else set()

    def _rows(
        self,
        aggregate: Aggregate,
        condition: str,
        given: dict[str, object],
        order: str | None = None,
    ) -> list[Row]:
        text = ROWS[aggregate].format(condition=condition, order=order or BY_ID[aggregate])
        rows = self._database.rows(text, given)
        return [list(row) for row in rows]


def _uuids(ids: Sequence[Id]) -> list[Id]:
    """Return those of the ids that are UUIDs; an id set by hand in the graph may be any text."""
    return [id_ for id_ in ids if _UUID.fullmatch(id_)]

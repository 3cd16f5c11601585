"""Read relationships of hubs in order from indexes, at a cost proportional to the page.

Neo4j has indexes on relationships too, but each covers one type. To find the fifty relationships of
a hub with the highest confidence, it would need a union over all types and both ends; planning this
alone takes seconds. In Postgres one index serves every type, and its included columns let a filter
reject a relationship without reading the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import (
    GraphRelationship,
    Id,
    LinkFilter,
    LinkPlace,
    make_relationship,
)
from groundwork_data.postgres.link_sql import COLUMNS, INDEXED, array_of, filter_of, surest_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

# Two ranges of the index, each read from its start: the rest of equal confidence, then lower ones.
_LATER = (
    "r.confidence = %(after_confidence)s AND r.id > %(after_id)s::uuid",
    "r.confidence < %(after_confidence)s",
)

_LINKS = f"""
SELECT one.id::text, {COLUMNS}
FROM unnest(%(ids)s::uuid[]) one (id)
CROSS JOIN LATERAL (
    SELECT * FROM ({{lists}}) lists ORDER BY confidence DESC, id LIMIT %(limit)s
) r
ORDER BY r.confidence DESC, r.id
"""  # noqa: S608 - constants from above


class PostgresHubLists:
    """Implements `HubLists` with one statement per method."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, limit: int, after: LinkPlace | None
    ) -> Mapping[Id, Sequence[GraphRelationship]]:
        """Return up to `limit` relationships of each entity after `after`, most confident first."""
        holds, given = filter_of(wanted)
        given |= {"ids": array_of(ids), "limit": limit}
        if after is not None:
            given |= {"after_confidence": after.confidence, "after_id": after.relationship_id}
        lists = surest_of(INDEXED, wanted.direction, holds, _LATER if after else ("true",))
        # Not UNION ALL: a relationship of an entity with itself is found at both ends.
        rows = self._database.rows(_LINKS.format(lists=" UNION ".join(lists)), given)
        found: dict[Id, list[GraphRelationship]] = defaultdict(list)
        for hub, *columns in rows:
            found[hub].append(make_relationship(columns))
        return found

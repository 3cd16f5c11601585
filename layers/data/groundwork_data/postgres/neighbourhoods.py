"""Neighbours and relationships of many entities at once, from covering indexes.

Neo4j traverses as fast, but each statement takes it 2 ms, and it must read all relationships of a
hub. For a subgraph of 200 nodes this took longer than the statements of this module.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import (
    ALL_FIELDS,
    GraphRelationship,
    Id,
    LinkFilter,
    SelectedFields,
    make_relationship,
)
from groundwork_data.postgres.link_sql import INDEXED, array_of, columns_of, filter_of, surest_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

# The neighbours of highest confidence over all entities: a hop reads thousands and keeps few. Each
# entity's list is read in descending confidence up to a limit. If the lowest confidence that is
# kept is at least the last confidence of every list that was cut off, no better neighbour is
# missing. Several relationships may lead to one entity, so the lists may be too short: then more is
# read.
_NEXT_TO = """
WITH lists AS MATERIALIZED (
    SELECT one.id AS one, found.other, found.confidence
    FROM unnest(%(ids)s::uuid[]) one (id)
    CROSS JOIN LATERAL (
        SELECT * FROM ({lists}) lists ORDER BY confidence DESC, id LIMIT %(limit)s
    ) found
), surest AS (
    SELECT other, max(confidence) AS sure FROM lists
    GROUP BY other ORDER BY sure DESC, other LIMIT %(wanted)s
), going_on AS (
    SELECT min(confidence) AS last FROM lists GROUP BY one HAVING count(*) = %(limit)s
)
SELECT other::text, (SELECT max(last) FROM going_on)
    > CASE WHEN count(*) OVER () = %(wanted)s THEN min(sure) OVER () ELSE -1 END AS short
FROM surest ORDER BY sure DESC, other
"""

# Each relationship is found by its start, unless that is a hub. Relationships that start at a hub
# are looked up pair by pair, or, with many hubs, by their end. OFFSET 0 and LIMIT keep the planner
# from merging the subqueries: it assumes that every entity has an average number of relationships,
# and would read all relationships of a hub, or of all entities.
_AMONG = f"""
SELECT {{columns}} FROM (
    SELECT r.* FROM unnest(%(others)s::uuid[]) one (id)
    CROSS JOIN LATERAL (
        SELECT {INDEXED} FROM relationships r WHERE r.from_id = one.id OFFSET 0
    ) r
    JOIN unnest(%(ids)s::uuid[]) two (id) ON two.id = r.to_id
    UNION ALL
    SELECT r.* FROM unnest(%(read)s::uuid[]) one (id)
    CROSS JOIN LATERAL (
        SELECT {INDEXED} FROM relationships r WHERE r.to_id = one.id OFFSET 0
    ) r
    JOIN unnest(%(hubs)s::uuid[]) hub (id) ON hub.id = r.from_id
    UNION ALL
    SELECT r.* FROM unnest(%(hubs)s::uuid[]) hub (id)
    CROSS JOIN unnest(%(looked_up)s::uuid[]) two (id)
    CROSS JOIN LATERAL (
        SELECT {INDEXED} FROM relationships r
        WHERE r.from_id = hub.id AND r.to_id = two.id LIMIT 100000
    ) r
) r WHERE {{holds}} ORDER BY r.confidence DESC, r.id LIMIT %(limit)s
"""  # noqa: S608 - constants from above

FEW_HUBS = 4
"""Reading the relationships that end at an entity takes 6 µs, as long as five pair look-ups."""


class PostgresNeighbourhoods:
    """Implements `Neighbourhoods`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_to(self, ids: Collection[Id], wanted: LinkFilter, limit: int) -> Sequence[Id]:
        """Return up to `limit` neighbours, those of highest confidence first."""
        holds, given = filter_of(wanted)
        given |= {"ids": array_of(ids), "wanted": limit}
        lists = surest_of("r.id, r.confidence, r.{other} AS other", wanted.direction, holds)
        statement = _NEXT_TO.format(lists=" UNION ALL ".join(lists))
        reach = limit + limit // 4 + 8
        while True:
            rows = self._database.rows(statement, given | {"limit": reach})
            if not rows or not rows[0][1]:
                return [other for other, _ in rows]
            reach *= 4

    def among(
        self,
        ids: Collection[Id],
        hubs: Collection[Id],
        wanted: LinkFilter,
        limit: int,
        selected: SelectedFields = ALL_FIELDS,
    ) -> Sequence[GraphRelationship]:
        """Return up to `limit` relationships among these entities, highest confidence first."""
        holds, given = filter_of(wanted)
        known = frozenset(hubs)
        ids = sorted(ids)  # consecutive look-ups then read neighbouring index pages
        others = [id_ for id_ in ids if id_ not in known]
        few = len(known) <= FEW_HUBS
        given |= {
            "ids": array_of(ids),
            "hubs": array_of(known),
            "others": array_of(others),
            "read": array_of(() if few else others),
            "looked_up": array_of(ids if few else known),
            "limit": limit,
        }
        statement = _AMONG.format(holds=holds, columns=columns_of(selected))
        rows = self._database.rows(statement, given)
        return list(map(make_relationship, rows))

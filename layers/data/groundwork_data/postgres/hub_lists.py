"""The relationships of hubs in order: from indexes, so that a page costs what it shows.

Neo4j has indexes on relationships too, but each is of one type: the surest fifty of a hub would be
a union over all types and both ends, and planning that alone takes seconds. Here one index serves
every type, and its included columns let a filter refuse a relationship without a look at the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import Id, LinkFilter, LinkPlace, Relationship
from groundwork_data.postgres.link_sql import COLUMNS, array_of, filter_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

_PLACES = {
    "first": ("true",),
    # Two ranges of the index, each read from its start: the rest of the equally sure; the less.
    "later": (
        "r.confidence = %(after_confidence)s AND r.id > %(after_id)s::uuid",
        "r.confidence < %(after_confidence)s",
    ),
}
_ENDS = {"OUT": ("from_id",), "IN": ("to_id",), "ANY": ("from_id", "to_id")}
_OTHER = {"from_id": "to_id", "to_id": "from_id"}

_ONE = """(SELECT r.id, r.confidence, r.{other} AS other FROM relationships r
    WHERE r.{end} = hub.id AND {place} AND {holds}
    ORDER BY r.confidence DESC, r.id LIMIT %(limit)s)"""

# UNION, not UNION ALL: a relationship of an entity with itself has it at both ends.
_LINKS = f"""
SELECT hub.id::text, {COLUMNS}
FROM unnest(%(ids)s::uuid[]) hub (id)
CROSS JOIN LATERAL (
    SELECT id FROM ({{lists}}) l ORDER BY confidence DESC, id LIMIT %(limit)s
) found
JOIN relationships r ON r.id = found.id
ORDER BY r.confidence DESC, r.id
"""  # noqa: S608 - constants from above

# From the indexes alone, and the surest of all hubs together: a hop looks at thousands, keeps few.
# What was not read of a hub is less sure than what was; so where the least sure that is kept is
# surer than the end of every list that goes on, all of them are known. Several relationships may
# lead to one entity, so a single hub's list may hold too few: then more is read.
_OTHERS = """
WITH lists AS MATERIALIZED (
    SELECT hub.id AS hub, found.other, found.confidence
    FROM unnest(%(ids)s::uuid[]) hub (id)
    CROSS JOIN LATERAL (
        SELECT * FROM ({lists}) l ORDER BY confidence DESC, id LIMIT %(limit)s
    ) found
), surest AS (
    SELECT other, max(confidence) AS sure FROM lists
    GROUP BY other ORDER BY sure DESC, other LIMIT %(wanted)s
), going_on AS (
    SELECT min(confidence) AS last FROM lists GROUP BY hub HAVING count(*) = %(limit)s
)
SELECT other::text, sure, (SELECT max(last) FROM going_on)
    >= CASE WHEN count(*) OVER () = %(wanted)s THEN min(sure) OVER () ELSE 0 END AS short
FROM surest
"""

# Pair by pair, each one look into the unique index, which holds all that a filter asks for; the
# LIMIT, which no pair reaches, keeps the planner from reading all relationships of a hub instead.
# Only then are those read that are kept.
_BETWEEN = f"""
SELECT {COLUMNS}
FROM unnest(%(ids)s::uuid[]) a (id) CROSS JOIN unnest(%(others)s::uuid[]) b (id)
CROSS JOIN LATERAL (
    SELECT * FROM relationships p WHERE p.from_id = a.id AND p.to_id = b.id LIMIT 100000
) r
WHERE {{holds}}
ORDER BY r.confidence DESC, r.id LIMIT %(limit)s
"""  # noqa: S608 - constants from above


class PostgresHubLists:
    """Implements `HubLists`, one statement a question."""

    def __init__(self, database: Database) -> None:
        """Take the environment's connection."""
        self._database = database

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, limit: int, after: LinkPlace | None
    ) -> Mapping[Id, Sequence[Relationship]]:
        """Return the surest `limit` relationships of each entity, from behind `after`."""
        lists, given = _lists(wanted, after)
        rows = self._database.rows(
            _LINKS.format(lists=lists), given | {"ids": array_of(ids), "limit": limit}
        )
        found: dict[Id, list[Relationship]] = defaultdict(list)
        for hub, *columns in rows:
            found[hub].append(Relationship(*columns))
        return found

    def others(self, ids: Collection[Id], wanted: LinkFilter, limit: int) -> Mapping[Id, float]:
        """Return the `limit` entities that these lead to most surely, and how surely each."""
        lists, given = _lists(wanted, None, " UNION ALL ")
        given |= {"ids": array_of(ids), "wanted": limit}
        reach = limit + limit // 4 + 8
        while True:
            rows = self._database.rows(_OTHERS.format(lists=lists), given | {"limit": reach})
            if not rows or not rows[0][2]:
                return {other: sure for other, sure, _ in rows}
            reach *= 4

    def between(
        self, ids: Collection[Id], others: Collection[Id], wanted: LinkFilter, limit: int
    ) -> Sequence[Relationship]:
        """Return the surest `limit` relationships from these entities to those."""
        holds, given = filter_of(wanted)
        given |= {"ids": array_of(ids), "others": array_of(others), "limit": limit}
        return [
            Relationship(*row) for row in self._database.rows(_BETWEEN.format(holds=holds), given)
        ]


def _lists(
    wanted: LinkFilter, after: LinkPlace | None, union: str = " UNION "
) -> tuple[str, dict[str, object]]:
    """Return the lists of one hub that are to be merged, and their parameters."""
    holds, given = filter_of(wanted)
    if after is not None:
        given |= {"after_confidence": after.confidence, "after_id": after.relationship_id}
    lists = union.join(
        _ONE.format(end=end, other=_OTHER[end], place=place, holds=holds)
        for end in _ENDS[wanted.direction]
        for place in _PLACES["first" if after is None else "later"]
    )
    return lists, given

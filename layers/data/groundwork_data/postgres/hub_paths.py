"""Short paths between two entities near hubs, without reading all relationships of a hub.

A hub's relationships are looked up pair by pair, each pair in one index; only entities that are not
hubs are expanded. Every statement ends at the first path that it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import (
    GraphRelationship,
    Id,
    LinkFilter,
    Side,
    make_relationship,
)
from groundwork_data.postgres.link_sql import COLUMNS, array_of, filter_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

# OFFSET 0 and LIMIT keep the planner from merging the subqueries: it assumes that every entity has
# an average number of relationships, and would read all relationships of a hub.
_NEXT_TO = """(
    SELECT r.to_id AS id FROM relationships r WHERE r.from_id = {one}.id AND {{holds}}
    UNION ALL
    SELECT r.from_id FROM relationships r WHERE r.to_id = {one}.id AND {{holds}}
    OFFSET 0)"""
_RELATED = """(
    SELECT FROM relationships r WHERE r.from_id = {a}.id AND r.to_id = {b}.id AND {{holds}}
    UNION ALL
    SELECT FROM relationships r WHERE r.from_id = {b}.id AND r.to_id = {a}.id AND {{holds}}
    LIMIT 1)"""


def _ids(name: str) -> str:
    return f"unnest(%({name})s::uuid[])"


_ADJACENT = f"""
SELECT a::text, b::text FROM (
    SELECT one.id AS a, next.id AS b
    FROM {_ids("ordinary")} one (id) CROSS JOIN LATERAL {_NEXT_TO.format(one="one")} next
    WHERE next.id = ANY(%(all)s::uuid[])
    UNION ALL
    SELECT hub.id, one.id
    FROM {_ids("hubs")} hub (id) CROSS JOIN {_ids("all")} one (id)
    CROSS JOIN LATERAL {_RELATED.format(a="hub", b="one")} related
) ways LIMIT 1
"""  # noqa: S608 - constants from above


def _hub_steps(hubs: str, ordinary: str, columns: str) -> str:
    return f"""
    SELECT {columns}
    FROM {_ids(ordinary)} one (id) CROSS JOIN LATERAL {_NEXT_TO.format(one="one")} middle
    CROSS JOIN {_ids(hubs)} hub (id)
    CROSS JOIN LATERAL {_RELATED.format(a="hub", b="middle")} related"""  # noqa: S608


_ACROSS = f"""
SELECT a::text, middle::text, b::text FROM (
    {_hub_steps("left_hubs", "right_ordinary", "hub.id AS a, middle.id AS middle, one.id AS b")}
    UNION ALL
    {_hub_steps("right_hubs", "left_ordinary", "one.id, middle.id, hub.id")}
    UNION ALL
    SELECT one.id, middle.id, other.id
    FROM {_ids("left_ordinary")} one (id) CROSS JOIN LATERAL {_NEXT_TO.format(one="one")} middle
    JOIN (SELECT b.id, next.id AS middle FROM {_ids("right_ordinary")} b (id)
        CROSS JOIN LATERAL {_NEXT_TO.format(one="b")} next) other ON other.middle = middle.id
    UNION ALL
    {_hub_steps("right_hubs", "left_hubs", "one.id, middle.id, hub.id")}
) ways LIMIT 1
"""  # noqa: S608 - constants from above

_STEPS = f"""
SELECT {COLUMNS}
FROM unnest(%(starts)s::uuid[], %(ends)s::uuid[]) WITH ORDINALITY step (a, b, place)
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT * FROM relationships r WHERE r.from_id = step.a AND r.to_id = step.b AND {{holds}}
        UNION ALL
        SELECT * FROM relationships r WHERE r.from_id = step.b AND r.to_id = step.a AND {{holds}}
    ) either ORDER BY confidence DESC, id LIMIT 1
) r ORDER BY step.place
"""  # noqa: S608 - constants from above


class PostgresHubPaths:
    """Implements `HubPaths` with one statement per method."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def adjacent(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return a related pair, one entity of each side, or an empty sequence."""
        holds, given = filter_of(wanted)
        turned = _work(left, right) > _work(right, left)
        from_, to = (right, left) if turned else (left, right)
        given |= {
            "ordinary": array_of(from_.ordinary),
            "hubs": array_of(from_.hubs),
            "all": array_of([*to.ordinary, *to.hubs]),
        }
        row = self._database.row(_ADJACENT.format(holds=holds), given) or ()
        return row[::-1] if turned else row

    def across(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        """Return one entity of each side and one in between, related to both; empty if none."""
        holds, given = filter_of(wanted)
        for name, side in (("left", left), ("right", right)):
            given |= {
                f"{name}_ordinary": array_of(side.ordinary),
                f"{name}_hubs": array_of(side.hubs),
            }
        return self._database.row(_ACROSS.format(holds=holds), given) or ()

    def steps(self, ids: Sequence[Id], wanted: LinkFilter) -> Sequence[GraphRelationship]:
        """Return the most confident relationship between each entity and the next.

        Fewer than `len(ids) - 1` if two neighbours are not related.
        """
        holds, given = filter_of(wanted)
        given |= {"starts": array_of(ids[:-1]), "ends": array_of(ids[1:])}
        return list(map(make_relationship, self._database.rows(_STEPS.format(holds=holds), given)))


def _work(from_: Side, to: Side) -> int:
    """Estimate the microseconds of `adjacent` from a side: 20 per expansion, 6 per pair."""
    return 20 * len(from_.ordinary) + 6 * len(from_.hubs) * (len(to.ordinary) + len(to.hubs))

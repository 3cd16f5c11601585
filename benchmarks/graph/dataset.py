"""A graph of any size from a fixed seed, made inside Postgres: the same every time.

Entities have ids in the order of their numbers. A part of all relationships starts or ends at one
of 20 hubs; the rest prefers low numbers (a heavy tail), so that some entities have thousands of
neighbours and most have a few. No two begin at the same moment, so all are different. At
10,000,000 relationships each hub has over 60,000.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg

HUBS = 20
HUB_SHARE = 0.14
"""Of all relationships, those that touch a hub."""
TYPES = ("WORKS_FOR", "KNOWS", "COVERS", "LINKS_TO", "LOCATED_IN", "PART_OF", "MENTIONS", "OWNS")
SEED = 20_261_123
CHUNK = 1_000_000

Progress = Callable[[str, int, int], None]
"""Name of the rows, number made, number wanted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the graph."""

    entities: int
    relationships: int

    @classmethod
    def of(cls, relationships: int) -> Shape:
        """Ten relationships for each entity, but for few of them."""
        return cls(max(2 * HUBS, relationships // 10), relationships)


def entity_id(number: int) -> UUID:
    """Return the id of an entity, from 0; the first HUBS are the hubs."""
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


def relationship_id(number: int) -> UUID:
    """Return the id of a relationship, from 0."""
    return UUID(f"01900000-0001-7000-8000-{number:012x}")


_RANDOM = "((hashint8extended(i, {seed}) & 9007199254740991) / 9007199254740992.0)"
"""A number from 0 to below 1 that depends on i and the seed alone."""


def _random(which: int) -> str:
    return _RANDOM.format(seed=SEED + which)


ENTITIES = f"""
INSERT INTO entities (id, name, type, confidence, key, aliases, attributes)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    'Entity ' || i,
    (ARRAY['person', 'organization', 'location', 'event', 'product', 'work', 'topic', 'website'])
        [1 + (i %% 8)],
    round({_random(1)}::numeric, 3)::double precision,
    'graph-' || i,
    CASE WHEN i %% 3 = 0 THEN ARRAY['alias ' || i] ELSE '{{}}'::text[] END,
    jsonb_build_object('rank', i)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
"""

RELATIONSHIPS = f"""
INSERT INTO relationships (id, from_id, to_id, type, confidence, valid_from, valid_to)
SELECT ('01900000-0001-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    ('01900000-0000-7000-8000-' || lpad(to_hex(a), 12, '0'))::uuid,
    ('01900000-0000-7000-8000-' || lpad(to_hex(CASE WHEN b = a THEN (b + 1) %% %(entities)s
        ELSE b END), 12, '0'))::uuid,
    (%(types)s::text[])[1 + floor({len(TYPES)} * {_random(2)} * {_random(2)})::int],
    round({_random(3)}::numeric, 3)::double precision,
    timestamptz '2016-01-01' + i * interval '25 seconds',
    CASE WHEN i %% 4 = 3 THEN timestamptz '2016-01-01' + i * interval '25 seconds'
        + {_random(4)} * interval '700 days' + interval '1 hour' END
FROM (
    SELECT i,
        CASE WHEN hub AND out THEN which ELSE far END AS a,
        CASE WHEN hub AND NOT out THEN which ELSE near END AS b
    FROM (
        SELECT i, {_random(5)} < {HUB_SHARE} AS hub, {_random(6)} < 0.5 AS out,
            floor({_random(7)} * {HUBS})::bigint AS which,
            {HUBS} + floor({_random(8)} * (%(entities)s - {HUBS}))::bigint AS far,
            {HUBS} + floor(pow({_random(9)}, 2) * (%(entities)s - {HUBS}))::bigint AS near
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) i
    ) drawn
) ends
"""

_KEPT = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'relationships'::regclass AND contype = 'f'
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes i
WHERE tablename IN ('entities', 'relationships') AND NOT EXISTS (
    SELECT FROM pg_constraint c WHERE c.conname = i.indexname AND c.contype = 'p')
ORDER BY indexname
"""


def make(
    database_url: str, shape: Shape, progress: Progress = lambda _what, _done, _all: None
) -> None:
    """Fill an empty, migrated database. Needs a superuser: triggers and foreign keys are off.

    Indexes are dropped before and made again after, which takes a third of the time.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET synchronous_commit = off")
        indexes = connection.execute(_INDEXES).fetchall()
        foreign = connection.execute(_KEPT).fetchall()
        for name, _ in foreign:
            connection.execute(f"ALTER TABLE relationships DROP CONSTRAINT {name}")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        _fill(connection, "entities", ENTITIES, shape.entities, shape, progress)
        _fill(connection, "relationships", RELATIONSHIPS, shape.relationships, shape, progress)
        for done, (_, definition) in enumerate(indexes):
            progress("indexes", done, len(indexes))
            connection.execute(definition)
        for name, definition in foreign:
            connection.execute(f"ALTER TABLE relationships ADD CONSTRAINT {name} {definition}")
        connection.execute("VACUUM ANALYZE entities, relationships")
        progress("indexes", len(indexes), len(indexes))


def _fill(
    connection: psycopg.Connection,
    what: str,
    statement: str,
    count: int,
    shape: Shape,
    progress: Progress,
) -> None:
    for first in range(0, count, CHUNK):
        progress(what, first, count)
        last = min(first + CHUNK, count) - 1
        given = {"first": first, "last": last, "entities": shape.entities, "types": list(TYPES)}
        connection.execute(statement, given)
    progress(what, count, count)

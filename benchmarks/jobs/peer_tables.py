"""The tables in which peers write the ten statements of a job, in one transaction.

Uses psycopg alone, as it runs in the peers' environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TABLES = """
CREATE TABLE IF NOT EXISTS peer_entities (
    id bigserial PRIMARY KEY, type text NOT NULL, key text NOT NULL, name text NOT NULL,
    confidence float8 NOT NULL, UNIQUE (type, key));
CREATE TABLE IF NOT EXISTS peer_relationships (
    id bigserial PRIMARY KEY, from_id bigint NOT NULL, to_id bigint NOT NULL, type text NOT NULL,
    UNIQUE (from_id, to_id, type));
CREATE TABLE IF NOT EXISTS peer_mentions (
    id bigserial PRIMARY KEY, job bigint NOT NULL, entity_id bigint NOT NULL, role text NOT NULL,
    evidence text NOT NULL)
"""
ENTITIES = """
INSERT INTO peer_entities (type, key, name, confidence)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::float8[])
ON CONFLICT (type, key) DO UPDATE SET confidence = greatest(
    peer_entities.confidence, excluded.confidence)
RETURNING key, id
"""
RELATIONSHIPS = """
INSERT INTO peer_relationships (from_id, to_id, type)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) ON CONFLICT DO NOTHING
"""
MENTIONS = """
INSERT INTO peer_mentions (job, entity_id, role, evidence)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[])
"""


async def write(connection: AsyncConnection[Any], job: int, result: dict[str, Any]) -> None:
    """Write the statements of one job in one transaction."""
    # In one order, so that workers with the same topics do not wait for each other in a circle.
    stated = sorted(result["entities"], key=lambda one: one["key"])
    edges, mentions = result["relationships"], result["mentions"]
    async with connection.transaction():
        cursor = await connection.execute(
            ENTITIES,
            [
                [one["type"] for one in stated],
                [one["key"] for one in stated],
                [one["name"] for one in stated],
                [one["confidence"] for one in stated],
            ],
        )
        by_key = dict(await cursor.fetchall())
        ids = {one["ref"]: by_key[one["key"]] for one in stated}
        ends = sorted((ids[one["from"]], ids[one["to"]], one["type"]) for one in edges)
        await connection.execute(RELATIONSHIPS, [list(part) for part in zip(*ends, strict=True)])
        await connection.execute(
            MENTIONS,
            [
                [job] * len(mentions),
                [ids[one["ref"]] for one in mentions],
                [one["role"] for one in mentions],
                [one["evidence"] for one in mentions],
            ],
        )

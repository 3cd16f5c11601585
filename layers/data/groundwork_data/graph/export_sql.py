"""Headers of the files for Neo4j's bulk import, and the SQL that writes their rows."""

from __future__ import annotations

from groundwork_data.graph.types import ENTITY_LABELS

ARRAY_DELIMITER = "\x1f"
_ROUGH = r"'[\x01-\x1f]'"
"""Characters that our CSV cannot hold: the array delimiter, and ends of lines."""

ENTITY_HEADER = "id:ID(Entity),name,type,confidence:double,key,aliases:string[],_v:long,:LABEL\n"
_LABELS = " ".join(
    f"WHEN '{name}' THEN 'Entity{ARRAY_DELIMITER}{label}'" for name, label in ENTITY_LABELS.items()
)
# In the order of ids, so that neighbouring rows are also neighbours in Neo4j's store.
ENTITIES = f"""
COPY (SELECT id, regexp_replace(name, {_ROUGH}, ' ', 'g'), type, confidence,
    regexp_replace(key, {_ROUGH}, ' ', 'g'),
    CASE WHEN aliases <> '{{}}' THEN array_to_string(ARRAY(
        SELECT regexp_replace(a, {_ROUGH}, ' ', 'g') FROM unnest(aliases) AS a
    ), '{ARRAY_DELIMITER}') END,
    version, CASE type {_LABELS} END
FROM entities ORDER BY id) TO STDOUT WITH (FORMAT csv)
"""  # noqa: S608 - constants
ROUGH = f"""
SELECT id::text FROM entities
WHERE name ~ {_ROUGH} OR key ~ {_ROUGH} OR (aliases <> '{{}}'
    AND ('' = ANY(aliases) OR array_to_string(aliases, '') ~ {_ROUGH}))
"""  # noqa: S608 - constants

EDGE_HEADER = (
    "id,:START_ID(Entity),:END_ID(Entity),:TYPE,confidence:double,"
    "valid_from:datetime,valid_to:datetime,_v:long\n"
)
# A time outside Python's calendar is null (open) in the graph.
_MOMENT = """
CASE WHEN {0} BETWEEN '0001-01-01 00:00+00' AND '9999-12-31 23:59:59.999999+00'
    THEN to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END
"""
# By their first end, so that relationships of an entity are stored together on disk.
EDGES = f"""
COPY (SELECT id, from_id, to_id, type, confidence, {_MOMENT.format("valid_from")},
    {_MOMENT.format("valid_to")}, version
FROM relationships WHERE from_id > %s::uuid AND from_id <= %s::uuid
ORDER BY from_id) TO STDOUT WITH (FORMAT csv)
"""  # noqa: S608 - constants
BOUNDS = """
SELECT unnest(percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY id))::text FROM entities
"""

TOMBSTONE_HEADER = "id:ID(Tombstone),_v:long,of,:LABEL\n"
TOMBSTONES = """
COPY (SELECT aggregate_id, CASE kind WHEN 'deleted' THEN version ELSE version - 1 END,
    CASE aggregate WHEN 'entities' THEN 'entity' ELSE 'relationship' END, 'Tombstone'
FROM (
    SELECT DISTINCT ON (o.aggregate_id) o.aggregate_id, o.aggregate, o.kind, o.version
    FROM outbox o, outbox_cursors c
    WHERE c.destination = 'graph' AND (o.xid, o.id) > (c.xid, c.id)
        AND o.aggregate IN ('entities', 'relationships')
    ORDER BY o.aggregate_id, o.version DESC
) AS newest
WHERE kind = 'deleted' OR (aggregate = 'relationships' AND version > 1))
TO STDOUT WITH (FORMAT csv)
"""

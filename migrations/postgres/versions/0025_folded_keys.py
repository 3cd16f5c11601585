"""Store keys of entities case-folded in NFC, and merge entities that then have the same key."""

from typing import Any

from alembic import op

from groundwork_data.postgres.merging import PostgresMerging

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# The canonical caseless match of Unicode (section 3.13, D145), in NFC.
FOLD = """
CREATE FUNCTION groundwork_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT normalize(casefold(normalize($1, NFD) COLLATE pg_catalog.pg_unicode_fast), NFC)
$$
"""
KEY = "left(groundwork_fold({it}), 1000)"
NEW = KEY.format(it="key")

# Entities with the same folded key, their own or that of an entity merged into them; the oldest,
# which survives, is first.
DOUBLES = f"""
SELECT array_agg(DISTINCT id ORDER BY id) FROM (
    SELECT id, type, {NEW} AS key FROM entities WHERE key IS NOT NULL
    UNION ALL
    SELECT into_id, type, {NEW} FROM merged_entities WHERE key IS NOT NULL
) named
GROUP BY type, key HAVING count(DISTINCT id) > 1
ORDER BY type, key
"""  # noqa: S608 - constants from above

# A key that an entity has, or that an earlier merge refers to, is removed from later merges. If
# such a merged entity is split off again, it has no key. A join instead of a look-up per row, so
# that each key is folded once.
KEYS_OF_OTHERS = f"""
UPDATE merged_entities m SET key = NULL FROM entities e
WHERE e.type = m.type AND {KEY.format(it="e.key")} = {KEY.format(it="m.key")}
"""  # noqa: S608 - constants from above
KEYS_LED_ON = f"""
UPDATE merged_entities m SET key = NULL FROM (
    SELECT id, row_number() OVER (PARTITION BY type, {NEW} ORDER BY merged_at, id) AS place
    FROM merged_entities WHERE key IS NOT NULL
) o WHERE o.id = m.id AND o.place > 1
"""  # noqa: S608 - as above
MERGED_KEYS = f"UPDATE merged_entities SET key = {NEW} WHERE key <> {NEW}"  # noqa: S608 - as above
AS_THEY_WERE = """
UPDATE merged_entities SET was = was || jsonb_build_object('key', key)
WHERE was ->> 'key' IS DISTINCT FROM key
"""
KEYS_AND_NAMES = f"""
UPDATE entities SET key = {NEW}, name = left(normalize(name), 1000), aliases = ARRAY(
    SELECT a FROM (
        SELECT left(normalize(alias), 1000) AS a, min(n) AS n
        FROM unnest(aliases) WITH ORDINALITY AS t(alias, n) GROUP BY 1
    ) kept WHERE a <> left(normalize(name), 1000) ORDER BY n)
WHERE key <> {NEW} OR name IS NOT NFC NORMALIZED
    OR EXISTS (SELECT FROM unnest(aliases) AS a WHERE a IS NOT NFC NORMALIZED)
"""  # noqa: S608 - constants from above
LENGTH = "length(key) BETWEEN 1 AND 1000"


def upgrade() -> None:
    """Merge duplicates, normalize keys and names, and add the check of keys."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(FOLD)
    op.execute("LOCK TABLE entities, merged_entities IN SHARE ROW EXCLUSIVE MODE")
    _merge_doubles()
    for statement in (KEYS_OF_OTHERS, KEYS_LED_ON, MERGED_KEYS, AS_THEY_WERE, KEYS_AND_NAMES):
        op.execute(statement)
    _check("entities", f"{LENGTH} AND key = groundwork_fold(key)")
    op.execute(
        "ALTER TABLE merged_entities"
        " ADD CONSTRAINT ck_merged_entities_key CHECK (key = groundwork_fold(key))"
    )


def downgrade() -> None:
    """Drop the check of keys. Merged entities stay merged, and can be split by hand."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("ALTER TABLE merged_entities DROP CONSTRAINT ck_merged_entities_key")
    _check("entities", LENGTH)
    op.execute("DROP FUNCTION groundwork_fold(text)")


def _check(table: str, rule: str) -> None:
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_key,"
        f" ADD CONSTRAINT ck_{table}_key CHECK ({rule})"
    )


def _merge_doubles() -> None:
    """Merge as a client would, so that triggers write versions and the outbox for the graph."""
    connection: Any = op.get_bind().connection.driver_connection
    merging, survivors = PostgresMerging(connection), {}
    for (ids,) in connection.execute(DOUBLES).fetchall():
        into, *others = dict.fromkeys(survivors.get(one, one) for one in ids)
        for one in others:
            merging.lock([one, into])
            merging.merge(one, into)
            survivors |= {old: into for old, led in survivors.items() if led == one} | {one: into}

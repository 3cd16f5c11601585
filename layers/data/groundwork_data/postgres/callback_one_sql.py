"""SQL that takes a callback about one delivery, in three quarters of the CPU of callback_sql.py.

The values are parameters, not rows: `FIELDS` after the parameters of the claim.
"""

from __future__ import annotations

from groundwork_data.postgres.callback_sql import FIELDS

_TYPES = ("uuid", "text", "text", "bigint", "jsonb", "text", *["timestamptz"] * 3)
_NEW = ", ".join(f"${n}::{type_}" for n, type_ in enumerate(_TYPES, 5))
_CHANGED = ", ".join(
    f"{name} = ${n}::{type_}" for n, (name, type_) in enumerate(zip(FIELDS, _TYPES, strict=True), 5)
)
_READ = f"SELECT id, version, {', '.join(FIELDS)} FROM deliveries"  # noqa: S608 - constants
_SIGNER = """
signer AS MATERIALIZED (SELECT id FROM publishers WHERE id = $1 AND version = $2 AND enabled)"""
_CLAIMED = """
claimed AS (
    INSERT INTO publisher_callbacks (publisher_id, webhook_id, taken_at)
    SELECT signer.id, $3, $4 FROM signer {shared} ON CONFLICT DO NOTHING RETURNING true)"""
_OUTCOME = """
SELECT EXISTS (SELECT FROM signer), EXISTS (SELECT FROM claimed), CASE
    WHEN EXISTS (SELECT FROM claimed) AND NOT EXISTS (SELECT FROM {written})
    THEN groundwork_refuse_outdated() END"""

TAKE_ONE_NEW = f"""
WITH {_SIGNER}, found AS MATERIALIZED (
    {_READ} WHERE recipient = $6::text AND distribution_id = $5::uuid UNION ALL
    {_READ} WHERE external_id = $10::text AND distribution_id = $5::uuid
        AND recipient <> $6::text),
shared AS MATERIALIZED (
    SELECT id FROM distributions
    WHERE id = $5::uuid AND NOT EXISTS (SELECT FROM found) FOR SHARE),
{_CLAIMED.format(shared=", shared")}, made AS (
    INSERT INTO deliveries ({", ".join(FIELDS)}) SELECT {_NEW} FROM claimed
    ON CONFLICT DO NOTHING RETURNING true)
{_OUTCOME.format(written="made")}, CASE WHEN NOT EXISTS (SELECT FROM shared) THEN
    json_build_object(
        'distributions', ARRAY(SELECT id FROM distributions WHERE id = $5::uuid),
        'deliveries', ARRAY(SELECT to_json(found) FROM found)) END
"""  # noqa: S608 - constants
"""Claims a callback and adds its delivery, which must not be stored; its distribution must be."""
TAKE_ONE_KNOWN = f"""
WITH {_SIGNER}, shared AS MATERIALIZED (
    SELECT id FROM distributions WHERE id = $5::uuid FOR SHARE),
{_CLAIMED.format(shared="")}, moved AS (
    UPDATE deliveries SET {_CHANGED} FROM claimed, shared
    WHERE deliveries.id = $14::uuid AND deliveries.version = $15::bigint RETURNING true)
{_OUTCOME.format(written="moved")}
"""  # noqa: S608 - constants
"""Claims a callback and updates its stored delivery, found by id and version."""

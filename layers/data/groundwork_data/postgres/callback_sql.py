"""SQL that takes a callback by one statement: claim its id, lock, insert and update deliveries.

A statement that finds deliveries other than those that its values were computed for writes nothing:
`TAKE_NEW` returns what is stored, or groundwork_refuse_outdated() raises an error.
"""

from __future__ import annotations

KEPT_PLAN = b"SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"
"""Settings under which the plans are made once. A plan that is made while a table is small would
else scan it, and be kept while it grows."""
FIELDS = (
    "distribution_id", "recipient", "status", "attempt", "error", "external_id", "state_at",
    "sent_at", "delivered_at",
)  # fmt: skip
_COLUMNS = ", ".join(FIELDS)
_CHANGED = FIELDS[2:]

_SIGNER = """
signer AS MATERIALIZED (SELECT id FROM publishers WHERE id = $1 AND version = $2 AND enabled)"""
# Whoever needs a whole distribution locks it for update, and waits for callbacks about it.
_SHARED = """
shared AS MATERIALIZED (
    SELECT id FROM distributions WHERE id = ANY($5::uuid[]) AND {when} ORDER BY id FOR SHARE)"""
_CLAIMED = """
claimed AS (
    INSERT INTO publisher_callbacks (publisher_id, webhook_id, taken_at)
    SELECT id, $3, $4 FROM signer WHERE {when} ON CONFLICT DO NOTHING RETURNING true)"""
_GIVEN = """
given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($6) AS g(id uuid, version bigint, distribution_id uuid,
        recipient text, status text, attempt bigint, error jsonb, external_id text,
        state_at timestamptz, sent_at timestamptz, delivered_at timestamptz))"""
_MADE = f"""
made AS (
    INSERT INTO deliveries ({_COLUMNS})
    SELECT {", ".join(f"g.{name}" for name in FIELDS)} FROM given g
    WHERE g.id IS NULL AND EXISTS (SELECT FROM claimed)
        AND (g.distribution_id IN (SELECT id FROM shared)) IS TRUE
    ORDER BY g.distribution_id, g.recipient ON CONFLICT DO NOTHING RETURNING true)"""  # noqa: S608 - constants
# All callbacks lock rows in one order, so that two do not wait for each other. Rows of `shared` are
# locked as they are read; so all are counted, where EXISTS would lock the first one only.
# OFFSET 0 and the place keep the plan from reading all deliveries to join them.
_HELD = """
held AS MATERIALIZED (
    SELECT d.place, g.* FROM (
        SELECT * FROM given WHERE id IS NOT NULL ORDER BY distribution_id, recipient) g
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM deliveries WHERE id = g.id AND version = g.version
        OFFSET 0 FOR NO KEY UPDATE) d
    WHERE EXISTS (SELECT FROM claimed) AND (SELECT count(*) FROM shared) > 0)"""
_MOVED = f"""
moved AS (
    UPDATE deliveries d SET {", ".join(f"{name} = h.{name}" for name in _CHANGED)}
    FROM held h WHERE d.ctid = h.place RETURNING true)"""  # noqa: S608 - constants
_OUTCOME = """
SELECT EXISTS (SELECT FROM signer), EXISTS (SELECT FROM claimed), CASE
    WHEN EXISTS (SELECT FROM claimed) AND {written} <> jsonb_array_length($6)
    THEN groundwork_refuse_outdated() END"""

# Two conditions; each has an index of its own, which OFFSET 0 keeps in use.
_FOUND = f"""
found AS MATERIALIZED (
    SELECT d.id, d.version, {", ".join(f"d.{name}" for name in FIELDS)}
    FROM unnest($7::uuid[], $8::text[]) AS s(of, recipient)
    CROSS JOIN LATERAL (SELECT * FROM deliveries
        WHERE recipient = s.recipient AND distribution_id = s.of OFFSET 0) d
    UNION
    SELECT d.id, d.version, {", ".join(f"d.{name}" for name in FIELDS)}
    FROM unnest($7::uuid[], $9::text[]) AS s(of, external_id)
    CROSS JOIN LATERAL (SELECT * FROM deliveries
        WHERE external_id = s.external_id AND distribution_id = s.of OFFSET 0) d),
there AS MATERIALIZED (SELECT id FROM distributions WHERE id = ANY($5::uuid[])),
guessed AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM found)
        AND (SELECT count(*) FROM there) = cardinality($5::uuid[]) AS rightly)"""  # noqa: S608 - constants
_RIGHTLY = "(SELECT rightly FROM guessed)"

_STORED = f""",
    CASE WHEN NOT {_RIGHTLY} THEN json_build_object('distributions', ARRAY(SELECT id FROM there),
    'deliveries', ARRAY(SELECT to_json(found) FROM found)) END"""  # noqa: S608 - constants


def _statement(*parts: str, written: str, more: str = "") -> str:
    return f"WITH {', '.join(parts)} {_OUTCOME.format(written=written)}{more}"


TAKE_NEW = _statement(
    _SIGNER,
    _FOUND,
    _SHARED.format(when=_RIGHTLY),
    _CLAIMED.format(when=_RIGHTLY),
    _GIVEN,
    _MADE,
    written="(SELECT count(*) FROM made)",
    more=_STORED,
)
"""Claims a callback and adds its deliveries, none of which may be stored."""
TAKE_KNOWN = _statement(
    _SIGNER,
    _SHARED.format(when="true"),
    _CLAIMED.format(when="true"),
    _GIVEN,
    _MADE,
    _HELD,
    _MOVED,
    written="(SELECT count(*) FROM made) + (SELECT count(*) FROM moved)",
)
"""Claims a callback, updates the deliveries that are stored, and adds the others."""

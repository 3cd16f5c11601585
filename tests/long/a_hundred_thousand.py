"""100,000 rows of every listed resource, with a realistic distribution of values.

A few values are very common, most are rare; what is made later has later times, and a later id.
"""

from itertools import count
from typing import Any

import psycopg

ROWS = 100_000
SYLLABLES = "ri var ton mel os ka fen dur sha lo pim que zar it no bel wex ul cra hy"
MOMENT = "'2026-01-01'::timestamptz + n * interval '1 minute'"
_salts = count(1, 7_919)


def by_chance() -> str:
    """A number from 0 to 1 that differs from row to row, and is the same in every run."""
    return f"((hashint4(n + {next(_salts)}) & 1048575) / 1048576::float)"


def skewed(most: int, power: int = 4) -> str:
    """A number up to `most`; the first ones are common, more so with a greater power."""
    return f"({by_chance()} ^ {power} * {most})::int"


def one_of(table: str, most: int = ROWS, power: int = 4) -> str:
    """The id of a row of another table: with power 4 one has 5,000 of 100,000, with 2 some 300."""
    return f"(SELECT o.id FROM ids_of_{table} o WHERE o.place = 1 + {skewed(most - 1, power)})"


def mostly(first: str, *others: tuple[str, float]) -> str:
    """A text that is one of several words, each with its share; `first` has what is left."""
    cases, reached, chance = [], 0.0, by_chance()
    for word, share in others:
        reached += share
        cases.append(f"WHEN {chance} < {reached} THEN '{word}'")
    return f"CASE {' '.join(cases)} ELSE '{first}' END"


def name() -> str:
    """Three of 8,000 words, of which the first ones are common."""
    parts = ((400, 7), (20, 3), (1, 0))
    word = " || ".join(f"w[1 + (word / {part} + {off}) % 20]" for part, off in parts)
    words = " UNION ALL ".join(f"SELECT {skewed(7_999)} AS word" for _ in range(3))
    return f"(SELECT string_agg({word}, ' ') FROM ({words}) three)"


TABLES: dict[str, dict[str, str]] = {
    "users": {
        "email": "'Person' || n || '@example.org'",
        "name": name(),
        "roles": f"ARRAY[{mostly('viewer', ('admin', 0.0003), ('editor', 0.02))}]",
        "status": mostly("active", ("disabled", 0.0005)),
    },
    "roles": {"name": "'role-' || n", "permissions": "'{entities:read}'"},
    "configurations": {"key": "'area.' || n % 50 || '.' || n", "value": "'1'"},
    "preferences": {"user_id": one_of("users", power=2), "key": "'key-' || n", "value": "'true'"},
    "api_keys": {
        "user_id": one_of("users", power=2),
        "name": "'key ' || n % 300",
        "scopes": "'{entities:read}'",
        "prefix": "'gw_live_abcd'",
        "key_hash": "sha256(n::text::bytea)",
    },
    "sources": {
        "name": name(),
        "url": "'https://' || n || '.example.org/feed'",
        "schedule": """'{"kind": "interval", "every_seconds": 900}'""",
        "enabled": f"{by_chance()} > 0.0005",
        "tags": f"ARRAY['tag' || {skewed(2_000)}, 'all']",
    },
    "documents": {
        "source_id": one_of("sources"),
        "external_id": "'id-' || n",
        "title": name(),
        "content": "repeat(md5(n::text), 30)",
        "published_at": f"CASE WHEN n % 20 > 0 THEN {MOMENT} - {by_chance()} * interval '1 day'"
        " END",
        "content_hash": "repeat('0', 64)",
    },
    "jobs": {
        "kind": mostly("extract", ("summarise", 0.0005), ("translate", 0.05)),
        "status": mostly("succeeded", ("quarantined", 0.0005), ("queued", 0.01), ("failed", 0.02)),
        "priority": mostly("5", ("9", 0.0005), ("3", 0.1)) + "::bigint",
        "document_id": one_of("documents", power=2),
    },
    "entities": {
        "name": name(),
        "type": mostly("person", ("event", 0.0005), ("topic", 0.3), ("organization", 0.2)),
        "confidence": f"round({by_chance()}::numeric, 3)",
        "key": "CASE WHEN n % 3 > 0 THEN 'key ' || n END",
        "aliases": f"CASE WHEN n % 4 = 0 THEN ARRAY[{name()}] ELSE '{{}}' END",
    },
    "relationships": {
        "from_id": one_of("entities"),
        "to_id": one_of("entities"),
        "type": mostly("WRITES_ABOUT", ("RARE", 0.0005), ("LINKS_TO", 0.2)),
        "confidence": f"round({by_chance()}::numeric, 3)",
        "valid_from": f"CASE WHEN n % 2 = 0 THEN {MOMENT} + n * interval '1 us' END",
        "valid_to": f"CASE WHEN n % 10 = 0 THEN {MOMENT} + interval '90 days' END",
    },
    "mentions": {
        "document_id": one_of("documents", power=2),
        "revision": "1",
        "entity_id": one_of("entities"),
        "role": mostly("author", ("evidence", 0.0005), ("category", 0.3)),
        "evidence": "n::text",
        "confidence": f"round({by_chance()}::numeric, 3)",
    },
    "embeddings": {
        "subject_type": mostly("entity", ("content", 0.0005), ("document", 0.2)),
        "subject_id": "uuidv7()",
        "model": mostly("common", ("rare", 0.0005), ("second", 0.1)),
        "vector": "'[1,2,3,4,5,6,7,8]'",
    },
    "contents": {
        "title": name(),
        "body": "repeat(md5(n::text), 30)",
        "status": mostly("published", ("archived", 0.0005), ("draft", 0.1)),
    },
    "content_versions": {
        "content_id": one_of("contents", power=2),
        "version": "n",
        "title": "'T'",
        "body": "''",
        "format": "'markdown'",
        "status": "'draft'",
        "metadata": "'{}'",
    },
    "distributions": {
        "content_id": one_of("contents"),
        "channel": mostly("email", ("fax", 0.0005), ("rss", 0.2)),
        "status": mostly("sent", ("failed", 0.0005), ("scheduled", 0.05)),
        "scheduled_at": f"CASE WHEN n % 10 > 0 THEN {MOMENT} END",
    },
    "deliveries": {
        "distribution_id": one_of("distributions"),
        "recipient": f"'reader-' || {skewed(20_000)} || '-' || n % 7 || '@example.org'",
        "status": mostly("delivered", ("failed", 0.0005), ("sent", 0.1)),
        "external_id": "n::text",
    },
    "raw_engagements": {
        "distribution_id": one_of("distributions"),
        "kind": mostly("opened", ("complained", 0.0005), ("clicked", 0.2)),
        "occurred_at": MOMENT,
    },
    "webhooks": {
        "url": "'https://' || n || '.example.org'",
        "events": "'{entities.created}'",
        "secret": "repeat('s', 40)",
        "enabled": f"{by_chance()} > 0.0005",
    },
    "publishers": {
        "name": name(),
        "enabled": f"{by_chance()} > 0.0005",
    },
    "audit_events": {
        "action": mostly("sources.updated", ("roles.created", 0.0005), ("users.updated", 0.1)),
        "actor": "'user:' || " + skewed(2_000),
        "actor_id": one_of("users", 2_000),
        "subject_type": mostly("sources", ("roles", 0.0005), ("users", 0.1)),
        "subject_id": one_of("sources"),
        "request_id": "'request-' || n",
    },
    "schedules": {
        "name": name(),
        "schedule": """'{"kind": "interval", "every_seconds": 900}'""",
        "action": """'{"fetch": {"tag": "news"}}'""",
        "enabled": f"{by_chance()} > 0.0005",
    },
}
"""Of each table, how its columns are filled; `n` is the row's number."""

STATES = f"""
INSERT INTO source_states (source_id, status, next_poll_at)
SELECT id, {mostly("ok", ("pending", 0.0005), ("failing", 0.1))}, {MOMENT}
FROM (SELECT id, row_number() OVER ()::int n FROM sources) s
"""
MARKS = f"""
INSERT INTO document_marks (document_id, cluster_id)
SELECT id, md5('cluster ' || {skewed(50_000)})::uuid
FROM (SELECT id, row_number() OVER ()::int n FROM documents) d
"""
"""The clusters of similar documents; the first ones are large."""


def fill(connection: psycopg.Connection[Any], *tables: str) -> None:
    """Fill these tables, or all, without what triggers and foreign keys would do about it."""
    connection.execute("SET session_replication_role = replica")
    for table in tables or TABLES:
        own = {"id": f"uuidv7({MOMENT} - now())", **times(connection, table)}
        columns = own | TABLES[table]
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
            f" FROM generate_series(1, {ROWS}) n, (SELECT string_to_array('{SYLLABLES}', ' ') w)"
            " ON CONFLICT DO NOTHING"
        )
        connection.execute(
            f"CREATE TEMP TABLE ids_of_{table} AS"
            f" SELECT row_number() OVER () AS place, id FROM {table}"
        )
        connection.execute(f"CREATE INDEX ON ids_of_{table} (place)")
    if not tables:
        connection.execute(STATES)
        connection.execute(MARKS)
    connection.execute("RESET session_replication_role")
    connection.execute("VACUUM ANALYZE")


def times(connection: psycopg.Connection[Any], table: str) -> dict[str, str]:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attname IN ('created_at', 'updated_at')",
        [table],
    )
    return {name: MOMENT for (name,) in found}

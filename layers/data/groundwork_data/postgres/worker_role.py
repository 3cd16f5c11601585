"""The database role of AI workers that connect to Postgres: what it reads and what it writes.

The role has no login and no password. Each worker gets a login that is a member of the role
(docs/orm.md). Its rights are granted after each migration and restore, because roles belong to the
server and a dump has no grants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from groundwork_data.postgres.identifiers import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

WORKER_ROLE = "ai_worker"
READS = (
    "content_versions",
    "contents",
    "document_revisions",
    "documents",
    "embedding_models",
    "embeddings",
    "entities",
    "job_attempts",
    "jobs",
    "mentions",
    "merged_entities",
    "relationships",
    "source_states",
    "sources",
)
"""Tables whose rows it reads; new columns of them too, unless `CONFIDENTIAL` names them."""
CONFIDENTIAL: Mapping[str, frozenset[str]] = {
    "job_attempts": frozenset({"lease_token"}),
    "jobs": frozenset({"lease_token"}),
}
"""Columns that it does not read: a lease's token is the right to its job."""
STATEMENT = ("name", "type", "confidence", "key", "aliases", "attributes")
EDGE = ("type", "confidence", "valid_from", "valid_to", "attributes")
INSERTS: Mapping[str, tuple[str, ...]] = {
    "embeddings": ("id", "subject_type", "subject_id", "model", "vector"),
    "entities": ("id", *STATEMENT),
    "mentions": (
        *("id", "document_id", "revision", "job_id", "entity_id", "relationship_id"),
        *("role", "evidence", "confidence", "subject_confidence", "stated_by"),
    ),
    "relationships": ("id", "from_id", "to_id", *EDGE),
}
"""Columns that the role may set in new rows. Jobs, leases and results go through the API."""
UPDATES: Mapping[str, tuple[str, ...]] = {
    "embeddings": ("vector",),
    "entities": STATEMENT,
    "mentions": ("role", "evidence", "confidence", "subject_confidence", "stated_by"),
    "relationships": EDGE,
}
"""Columns that it changes. It deletes nothing."""
OWNED_TRIGGERS = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE prosecdef AND prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace
"""
"""Trigger functions that run with their owner's rights, such as the one that writes the outbox."""

CREATE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{WORKER_ROLE}') THEN
        CREATE ROLE {WORKER_ROLE} NOLOGIN;
    END IF;
EXCEPTION
    -- Made meanwhile for another database of the server; or left to its administrator.
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$
"""


def ensure_worker_role(connection: Connection) -> None:
    """Create the role, if the owner may do so, and grant it its rights in this database.

    Idempotent. Tables and columns of later migrations are left out until they exist.
    """
    connection.execute(text(CREATE))
    for function in connection.scalars(text(OWNED_TRIGGERS)).all():
        # A role that may use it in its own trigger could write whatever the owner may write.
        connection.execute(text(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"))
    if connection.execute(text(f"SELECT to_regrole('{WORKER_ROLE}')")).scalar() is not None:
        for statement in _grants(connection):
            connection.execute(text(statement))


def _grants(connection: Connection) -> Iterator[str]:
    there = inspect(connection)
    tables = set(there.get_table_names())

    def columns(table: str) -> set[str]:
        return {column["name"] for column in there.get_columns(table)}

    yield f"GRANT USAGE ON SCHEMA public TO {WORKER_ROLE}"
    for table in sorted(tables):
        yield f"REVOKE ALL ON {quoted(table)} FROM {WORKER_ROLE}"
    for table in sorted(tables & set(READS)):
        hidden = CONFIDENTIAL.get(table)
        what = f" ({listed(sorted(columns(table) - hidden))})" if hidden else ""
        yield f"GRANT SELECT{what} ON {quoted(table)} TO {WORKER_ROLE}"
    for verb, given in (("INSERT", INSERTS), ("UPDATE", UPDATES)):
        for table in sorted(tables & set(given)):
            named = [name for name in given[table] if name in columns(table)]
            yield f"GRANT {verb} ({listed(named)}) ON {quoted(table)} TO {WORKER_ROLE}"

"""Schemas of preferences in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.configuration.ports import KeyOfUser
from groundwork_core.resources.ports import Stored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from groundwork_data.postgres.database import Database

SHOWN = """version::text, json_build_object('id', id, 'version', version,
    'created_at', created_at, 'updated_at', updated_at, 'key', key, 'schema', schema)::text"""
READ = f"SELECT {SHOWN} FROM preference_schemas WHERE key = %s"  # noqa: S608 - constants
PUT = f"""
INSERT INTO preference_schemas (key, schema) VALUES (%s, %s)
ON CONFLICT (key) DO UPDATE SET schema = excluded.schema RETURNING {SHOWN}
"""  # noqa: S608 - constants
REMOVE = "DELETE FROM preference_schemas WHERE key = %s RETURNING true"
SCHEMA = "SELECT schema FROM preference_schemas WHERE key = %s"
KEYS = """
SELECT coalesce(s.key, p.key), s.schema, p.value, p.id IS NOT NULL
FROM preference_schemas s FULL JOIN (SELECT * FROM preferences WHERE user_id = %(user)s) p
    ON p.key = s.key
ORDER BY 1
"""
USER = "SELECT true FROM users WHERE id = %s"


class PostgresPreferenceSchemas:
    """Implements `PreferenceSchemaStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, key: str) -> Stored | None:
        """Return the schema of a key as a resource, or None."""
        row = self._database.row(READ, [key])
        return Stored(*row) if row else None

    def put(self, key: str, schema: JsonValue) -> Stored:
        """Create or replace the schema of a key."""
        ((tag, body),) = self._database.rows(PUT, [key, Jsonb(schema)])
        return Stored(tag, body)

    def remove(self, key: str) -> bool:
        """Remove the schema of a key; return whether there was one."""
        return self._database.row(REMOVE, [key]) is not None

    def schema_of(self, key: str) -> JsonValue:
        """Return only the JSON Schema of a key, or None."""
        row = self._database.row(SCHEMA, [key])
        schema: JsonValue = row[0] if row else None
        return schema

    def keys_of(self, user_id: UUID) -> Sequence[KeyOfUser] | None:
        """Return the keys of a user, sorted; None if there is no such user."""
        if self._database.row(USER, [user_id]) is None:
            return None
        rows = self._database.rows(KEYS, {"user": user_id})
        return [KeyOfUser(*row) for row in rows]

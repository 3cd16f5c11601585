"""Ports of configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.errors import Fault
from groundwork_core.resources.ports import Stored


@dataclass(frozen=True, slots=True)
class KeyOfUser:
    """A preference key of a user: its schema, the user's value, or both."""

    key: str
    schema: JsonValue
    """None if the key has no schema."""
    value: JsonValue
    stored: bool
    """True if the user has a value, which may be null."""


class PreferenceSchemaStore(Protocol):
    """The schemas of preferences. Each method is one statement, in a transaction if one runs."""

    def read(self, key: str) -> Stored | None:
        """Return the schema of a key as a resource, or None."""
        ...

    def put(self, key: str, schema: JsonValue) -> Stored:
        """Create or replace the schema of a key."""
        ...

    def remove(self, key: str) -> bool:
        """Remove the schema of a key; return whether there was one."""
        ...

    def schema_of(self, key: str) -> JsonValue:
        """Return only the JSON Schema of a key, or None."""
        ...

    def keys_of(self, user_id: UUID) -> Sequence[KeyOfUser] | None:
        """Return the keys of a user, sorted; None if there is no such user."""
        ...


class JsonSchemas(Protocol):
    """Checks JSON Schemas, draft 2020-12. References to other documents are never followed."""

    def schema_faults(self, schema: JsonValue) -> tuple[Fault, ...]:
        """Return the faults of a schema; their pointers start at the schema."""
        ...

    def value_faults(self, schema: JsonValue, value: JsonValue) -> tuple[Fault, ...]:
        """Return the faults of a value, at most 100; their pointers start at the value."""
        ...

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
    """A key that has a schema, or a value of the user, or both."""

    key: str
    schema: JsonValue
    """None: the key has no schema."""
    value: JsonValue
    stored: bool
    """Whether the user has a value, which may be null."""


class PreferenceSchemaStore(Protocol):
    """The schemas of preferences. Each method is one statement, in a transaction if one runs."""

    def read(self, key: str) -> Stored | None:
        """Return the schema of a key as it is shown, or None."""
        ...

    def put(self, key: str, schema: JsonValue) -> Stored:
        """Create or replace the schema of a key."""
        ...

    def remove(self, key: str) -> bool:
        """Remove the schema of a key; return whether there was one."""
        ...

    def schema_of(self, key: str) -> JsonValue:
        """Return the schema of a key alone; None if there is none."""
        ...

    def keys_of(self, user_id: UUID) -> Sequence[KeyOfUser] | None:
        """Return the keys of a user, sorted; None if there is no such user."""
        ...


class JsonSchemas(Protocol):
    """JSON Schema, draft 2020-12. References to other documents are never followed."""

    def schema_faults(self, schema: JsonValue) -> tuple[Fault, ...]:
        """Return what is wrong with a schema; pointers start at the schema."""
        ...

    def value_faults(self, schema: JsonValue, value: JsonValue) -> tuple[Fault, ...]:
        """Return where a value breaks a schema; pointers start at the value. At most 100."""
        ...

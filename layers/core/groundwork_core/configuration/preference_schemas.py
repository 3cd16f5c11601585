"""Store and read the schemas of preferences; read a user's preferences with defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_json

from groundwork_core.configuration.preference_schema import (
    SCHEMA_BYTES_MAX,
    bound_faults,
    default_of,
    with_defaults,
)
from groundwork_core.configuration.resources import Key
from groundwork_core.errors import Conflict, Fault, Invalid, NotFound
from groundwork_core.resources.bounded_json import THING_BYTES_MAX, stored_bytes
from groundwork_core.resources.ownership import SEES_ALL

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_core.configuration.ports import JsonSchemas, PreferenceSchemaStore
    from groundwork_core.resources.ports import Stored
    from groundwork_core.unit_of_work import Transaction

_KEY: TypeAdapter[str] = TypeAdapter(Key)
MISSING = "There is no schema for this key."


class PreferenceSchemaShown(BaseModel):
    """A preference key with the JSON Schema that its values must match."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    key: str
    schema_: JsonValue = Field(alias="schema")


class EffectivePreferences(BaseModel):
    """A user's preferences with defaults."""

    model_config = ConfigDict(defer_build=True)

    values: dict[str, JsonValue] = Field(
        description="By key: the stored value, with the defaults of properties that it lacks; else"
        " the default of the key's schema."
    )
    defaults: list[str] = Field(description="The keys whose value is the schema's default.")
    outdated: list[str] = Field(
        description="The keys whose stored value breaks the present schema and is not used."
    )


@dataclass(frozen=True, slots=True)
class SchemaPut:
    """A stored schema, and whether the key had none before."""

    stored: Stored
    created: bool
    position: str | None


def put_schema(
    key: str,
    schema: JsonValue,
    *,
    work: Transaction,
    schemas: PreferenceSchemaStore,
    checker: JsonSchemas,
) -> SchemaPut:
    """Create or replace the schema of a key. Stored values stay as they are.

    Raises:
        Invalid: the key is malformed, or the schema breaks a rule; pointers begin with `/schema`.
    """
    key = _checked(key)
    faults = _too_long(schema) or bound_faults(schema) or checker.schema_faults(schema)
    default = None if faults else default_of(schema)
    if default is not None:
        faults = tuple(
            Fault(f"/default{fault.pointer}", fault.detail)
            for fault in checker.value_faults(schema, default)
        )
    if faults:
        raise Invalid(
            "The schema is invalid; see errors.",
            tuple(Fault(f"/schema{fault.pointer}", fault.detail) for fault in faults),
        )
    with work:
        known = schemas.schema_of(key) is not None
        stored = schemas.put(key, schema)
    return SchemaPut(stored, not known, work.position)


def read_schema(key: str, *, schemas: PreferenceSchemaStore) -> Stored:
    """Return the schema of a key. Raises NotFound."""
    stored = schemas.read(_checked(key))
    if stored is None:
        raise NotFound(MISSING)
    return stored


def remove_schema(key: str, *, work: Transaction, schemas: PreferenceSchemaStore) -> str | None:
    """Delete a key's schema, so that any value is valid; return the position. Raises NotFound."""
    with work:
        if not schemas.remove(_checked(key)):
            raise NotFound(MISSING)
    return work.position


def effective(
    user_id: UUID, *, by: Caller, schemas: PreferenceSchemaStore, checker: JsonSchemas
) -> EffectivePreferences:
    """Return a user's values with defaults.

    Raises:
        NotFound: there is no such user, or the caller may not read this user's values.
        Conflict: the values are too long for one response.
    """
    may = by.user_id == user_id or by.may(SEES_ALL)
    keys = schemas.keys_of(user_id) if may else None
    if keys is None:
        raise NotFound("There is no user with this id.")
    found = EffectivePreferences.model_construct(values={}, defaults=[], outdated=[])
    for one in keys:
        if one.stored:
            value = effective_value(one.schema, one.value, checker)
            if value is not None:
                (found.values[one.key],) = value
                continue
            found.outdated.append(one.key)
        default = default_of(one.schema)
        if default is not None:
            found.values[one.key] = default
            found.defaults.append(one.key)
    if len(to_json(found.values)) > THING_BYTES_MAX:
        raise Conflict(
            f"The values take more than {THING_BYTES_MAX:,} bytes; read them from /preferences."
        )
    return found


def effective_value(
    schema: JsonValue, value: JsonValue, checker: JsonSchemas
) -> tuple[JsonValue] | None:
    """Return a stored value with the defaults of its properties, as a tuple of one item.

    Returns None if the value breaks the schema; it must then not be used. A `schema` of None allows
    any value.
    """
    if schema is not None and checker.value_faults(schema, value):
        return None
    return (with_defaults(schema, value),)


def _checked(key: str) -> str:
    try:
        return _KEY.validate_python(key)
    except ValidationError:
        raise NotFound(MISSING) from None


def _too_long(schema: JsonValue) -> tuple[Fault, ...]:
    if stored_bytes(schema) <= SCHEMA_BYTES_MAX:
        return ()
    return (Fault("", f"must take at most {SCHEMA_BYTES_MAX:,} bytes as JSON"),)

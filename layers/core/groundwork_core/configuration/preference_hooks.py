"""Hooks of writes of preferences: the value must match the schema of its key."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.configuration.preference_schema import VALUE_BYTES_MAX
from groundwork_core.configuration.resources import PREFERENCES
from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.bounded_json import stored_bytes
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundwork_core.configuration.ports import JsonSchemas, PreferenceSchemaStore


class PreferenceWriteHooks(NoWriteHooks[ResourceWork]):
    """Checks the preference as stored after the write, that is, with the patch merged in."""

    def __init__(self, schemas: PreferenceSchemaStore, checker: Callable[[], JsonSchemas]) -> None:
        """`schemas` are read in the transaction of the write."""
        self._schemas = schemas
        self._checker = checker

    def after_create(self, row_id: UUID, new: Input, work: ResourceWork) -> None:  # noqa: ARG002 - a port's signature
        """Check the new value. Raises Invalid."""
        self._check(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: ResourceWork) -> None:  # noqa: ARG002 - as above
        """Check the changed value, also when only the key has changed. Raises Invalid."""
        self._check(row_id, work)

    def _check(self, row_id: UUID, work: ResourceWork) -> None:
        stored = work.resources.read(PREFERENCES, row_id)
        if stored is None:
            return
        preference = stored.parsed()
        schema = self._schemas.schema_of(str(preference["key"]))
        if schema is None:
            return
        value = preference["value"]
        if stored_bytes(value) > VALUE_BYTES_MAX:
            detail = f"must take at most {VALUE_BYTES_MAX:,} bytes as JSON: its key has a schema"
            faults: tuple[Fault, ...] = (Fault("", detail),)
        else:
            faults = self._checker().value_faults(schema, value)
        if faults:
            raise Invalid(
                "The value breaks the schema of its key; see errors.",
                tuple(Fault(f"/value{fault.pointer}", fault.detail) for fault in faults),
            )

"""Schemas of preferences."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.configuration.ports import JsonSchemas, PreferenceSchemaStore


class ConfigurationParts(BaseParts):
    """Schemas of preferences, and the validator of values."""

    @cached_property
    def preference_schemas(self) -> PreferenceSchemaStore:
        """The schemas of preferences."""
        from groundwork_data.postgres.preference_schemas import PostgresPreferenceSchemas

        return PostgresPreferenceSchemas(self.database)

    @cached_property
    def json_schemas(self) -> JsonSchemas:
        """Checks values against JSON Schemas."""
        from groundwork_data.json_schemas import RustJsonSchemas

        return RustJsonSchemas()

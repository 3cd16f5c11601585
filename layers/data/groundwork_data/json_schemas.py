"""JSON Schema validation by jsonschema-rs. No other module imports this library."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

import jsonschema_rs
from pydantic import JsonValue

from groundwork_core.errors import Fault

FAULTS_MAX = 100
DETAIL_MAX = 500
COMPILED_MAX = 64
"""Schemas that are kept compiled."""
PATTERN_BYTES_MAX = 1_000_000
"""Memory of one compiled pattern; its matching takes time linear in the text."""


class RustJsonSchemas:
    """Implements `JsonSchemas`."""

    def schema_faults(self, schema: JsonValue) -> tuple[Fault, ...]:
        """Check against the dialect's own schema, then compile the schema and its patterns."""
        try:
            jsonschema_rs.meta.validate(_as_2020_12(schema))
            _compiled(json.dumps(schema))
        except jsonschema_rs.ValidationError as error:
            return (_fault(error),)
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            return (Fault("", str(error)[:DETAIL_MAX]),)
        return ()

    def value_faults(self, schema: JsonValue, value: JsonValue) -> tuple[Fault, ...]:
        """Return the faults, in the order in which they are found."""
        found: Iterable[jsonschema_rs.ValidationError] = _compiled(json.dumps(schema)).iter_errors(
            value
        )
        return tuple(map(_fault, islice(found, FAULTS_MAX)))


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema),
        offline=True,
        validate_formats=False,
        # Without look-around and back references, which take time exponential in the text.
        pattern_options=jsonschema_rs.RegexOptions(
            size_limit=PATTERN_BYTES_MAX, dfa_size_limit=PATTERN_BYTES_MAX
        ),
    )


def _as_2020_12(schema: JsonValue) -> dict[str, JsonValue] | bool:
    if not isinstance(schema, dict):
        return bool(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    return Fault("".join(f"/{part}" for part in parts), error.message[:DETAIL_MAX])

"""Generate examples for the OpenAPI document: a valid value for each schema.

A schema's own `examples`, `const`, `enum` or `default` come first, then an example by the field's
name, then one by its format. A string with a pattern must have an example in its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
ID = "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f"
BY_FORMAT: Mapping[str, str] = {
    "uuid": ID,
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "uri-reference": "/api/v1/entities",
}
BY_NAME: Mapping[str, Any] = {
    "aliases": ["Augusta Ada King"],
    "author": "Ada Lovelace",
    "body": "The Analytical Engine has no pretensions to originate anything.",
    "confidence": 0.9,
    "content": "The Analytical Engine has no pretensions to originate anything.",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "description": "What the setting is for.",
    "email": "ada@example.org",
    "external_id": "https://example.org/posts/1",
    "key": "example.org",
    "kind": "extract",
    "language": "en",
    "name": "Ada Lovelace",
    "permissions": ["entities:read"],
    "roles": ["viewer"],
    "summary": "Notes on the Analytical Engine.",
    "tags": ["history"],
    "title": "Notes on the Analytical Engine",
    "type": "WRITES_FOR",
    "url": "https://example.org/feed.xml",
    "version": 1,
}


class NoExample(Exception):
    """An example cannot be generated for a schema; the message names the field."""


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Return a valid value for a schema.

    Args:
        schema: JSON Schema as in OpenAPI 3.1.
        schemas: the targets of `#/components/schemas/…` references.
        name: name of the field that has this schema.

    Raises:
        NoExample: the schema is a string with a pattern and without an example.
    """
    whole = _whole(schema, schemas)
    own = _own_example(whole)
    if own is not None:
        return own
    kind, named = whole.get("type"), BY_NAME.get(name)
    if kind == "object":
        fields = whole.get("properties", {}).items()
        return {field: example_of(part, schemas, field) for field, part in fields}
    if kind == "array":
        return named if isinstance(named, list) else [example_of(whole.get("items", {}), schemas)]
    return _scalar(kind, whole, name)


def _whole(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Json:
    """Resolve references; of alternatives, use the first that is not null."""
    whole = dict(schema)
    while True:
        if "$ref" in whole:
            target: Json = schemas[whole.pop("$ref").rpartition("/")[2]]
            whole = {**target, **whole}
            continue
        several = whole.pop("anyOf", None) or whole.pop("oneOf", None)
        if several is None:
            break
        whole = {**next(one for one in several if one != {"type": "null"}), **whole}
    if isinstance(whole.get("type"), list):
        whole["type"] = whole["type"][0]
    return whole


def _own_example(schema: Mapping[str, Any]) -> Any:
    """Return the schema's own example, or None."""
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    if "const" in schema:
        return schema["const"]
    return schema.get("default") or None


def _scalar(kind: str | None, schema: Mapping[str, Any], name: str) -> Any:
    named = BY_NAME.get(name)
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        found = named if isinstance(named, int | float) else schema.get("minimum", 1)
        return int(found) if kind == "integer" else found  # the API rejects 0.0 as an integer
    if kind == "null":
        return None
    return _text(schema, name, named) if kind == "string" else {}


def _text(schema: Mapping[str, Any], name: str, named: object) -> str:
    if "format" in schema:
        return BY_FORMAT.get(schema["format"], "")
    if isinstance(named, str):
        return named
    if "pattern" in schema:
        message = f"{name or 'a string'} has a pattern: give its field examples=[…]"
        raise NoExample(message)
    return "example".ljust(schema.get("minLength", 0), ".")

"""Examples for the OpenAPI document, made from the schemas: one value that each of them takes.

What a schema says itself (`examples`, `const`, `enum`, `default`) goes first, then the field's
name, then its format. A text with a pattern needs an example of its own at the field.
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
    """A schema says too little for an example; names the place."""


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Make a value that a schema takes.

    Args:
        schema: JSON Schema, as OpenAPI 3.1 has it.
        schemas: what `#/components/schemas/…` names.
        name: of the field that it is for.

    Raises:
        NoExample: a text has a pattern and no example.
    """
    whole = _whole(schema, schemas)
    said = _said(whole)
    if said is not None:
        return said
    kind, named = whole.get("type"), BY_NAME.get(name)
    if kind == "object":
        fields = whole.get("properties", {}).items()
        return {field: example_of(told, schemas, field) for field, told in fields}
    if kind == "array":
        return named if isinstance(named, list) else [example_of(whole.get("items", {}), schemas)]
    return _scalar(kind, whole, name)


def _whole(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Json:
    """Follow references, and take the first of several that is not null."""
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


def _said(schema: Mapping[str, Any]) -> Any:
    """Return what a schema says itself, or None."""
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
        return int(found) if kind == "integer" else found  # 0.0 is none that the API takes
    return _text(schema, name, named) if kind == "string" else {}


def _text(schema: Mapping[str, Any], name: str, named: object) -> str:
    if "format" in schema:
        return BY_FORMAT.get(schema["format"], "")
    if isinstance(named, str):
        return named
    if "pattern" in schema:
        message = f"{name or 'a text'} has a pattern: give its field examples=[…]"
        raise NoExample(message)
    return "a text".ljust(schema.get("minLength", 0), ".")

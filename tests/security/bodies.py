"""Bodies made from a resource's own models: one that holds, and one full of hostile text."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

Schema = Mapping[str, Any]
ADDRESS = "https://example.org/?q="
PLAIN = ("a", "A", "ab", "a@example.org", ADDRESS)
"""Some text that most patterns take."""


def fields(model: type[BaseModel]) -> Mapping[str, Schema]:
    """The fields of a model, as JSON schemas without references."""
    whole = model.model_json_schema()
    resolved = _resolved(whole, whole.get("$defs", {}))
    found: Mapping[str, Schema] = resolved["properties"]
    return found


def required(model: type[BaseModel]) -> frozenset[str]:
    """The fields that must be given."""
    return frozenset(model.model_json_schema().get("required", ()))


def plain(schema: Schema, id_: Callable[[], str]) -> JsonValue:
    """A value that holds. `id_` makes what an id may point at."""
    variants = schema.get("anyOf") or schema.get("oneOf")
    if variants:
        return plain(variants[0], id_)
    chosen: list[JsonValue] = schema.get("examples") or schema.get("enum") or []
    if "const" in schema:
        chosen = [schema["const"]]
    return chosen[0] if chosen else _of_its_type(schema, id_)


def _of_its_type(schema: Schema, id_: Callable[[], str]) -> JsonValue:
    kind = schema.get("type")
    if schema.get("format") == "uuid":
        return id_()
    if kind == "array":
        return [plain(schema["items"], id_)]
    if kind == "string":
        return next(text for text in PLAIN if re.search(schema.get("pattern", ""), text))
    if kind in ("number", "integer"):
        least: JsonValue = schema.get("minimum", 1)
        return least
    members = schema.get("properties", {})
    return {name: plain(members[name], id_) for name in schema.get("required", ())}


def hostile(schema: Schema, text: str) -> JsonValue:
    """A value with the text wherever one of this shape has room for it; else the text itself."""
    if "anyOf" in schema:
        return hostile(schema["anyOf"][0], text)
    kind = schema.get("type")
    if kind == "array":
        return [hostile(schema["items"], text)]
    if kind == "object" and "properties" in schema:
        return dict.fromkeys(schema["properties"], text)
    if kind == "object":
        within = hostile(schema.get("additionalProperties") or {}, text)
        return {schema.get("propertyNames", {}).get("enum", [text])[0]: within}
    if kind == "string" and "pattern" in schema:
        # Of mail addresses small letters are kept.
        mail = text.replace(" ", "+").lower() + "@example.org"
        tries = (text, ADDRESS + text, mail)
        fitting = (one for one in tries if re.search(schema["pattern"], one))
        return next(fitting, text)
    return text


def takes_any(schema: Schema, text: str) -> bool:
    """Return whether the schema allows the text."""
    if "anyOf" in schema:
        return takes_any(schema["anyOf"][0], text)
    kind = schema.get("type")
    if kind == "array":
        return takes_any(schema["items"], text)
    if kind == "string":
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(text))
        plain_text = not schema.keys() & {"enum", "const", "format", "pattern"}
        return plain_text and least <= len(text) <= most
    return kind is None and not schema.keys() & {"oneOf", "enum", "const"}


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolved(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].rsplit("/", 1)[1]]
        rest = {name: each for name, each in schema.items() if name != "$ref"}
        # Any JSON refers to itself, and says nothing.
        return (
            rest if schema["$ref"].endswith("/JsonValue") else _resolved(named, definitions) | rest
        )
    return {name: _resolved(each, definitions) for name, each in schema.items() if name != "$defs"}

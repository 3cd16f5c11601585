"""The limits of a JSON Schema of preferences, and the defaults that it defines.

The limits keep the time of a validation proportional to the value's size: references stay within
the schema, do not go round in circles, and unfold to few subschemas. A chain of definitions that
each refer to the next one twice would otherwise take time that doubles with its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from groundwork_core.errors import Fault

SCHEMA_BYTES_MAX = 65_536
VALUE_BYTES_MAX = 65_536
"""Maximum bytes of a value whose key has a schema."""
DEPTH_MAX = 32
UNFOLDED_MAX = 500
"""Maximum subschemas, each counted as often as it is referred to."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/"

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    *("items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems"),
    *("propertyNames", "not", "if", "then", "else"),
)
_REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary")
_CIRCLE = UNFOLDED_MAX + 1

Schema = dict[str, JsonValue]


def bound_faults(schema: JsonValue) -> tuple[Fault, ...]:
    """Return a fault for each limit that a schema exceeds; their pointers start at the schema."""
    if isinstance(schema, bool):
        return ()
    if not isinstance(schema, dict):
        return (Fault("", "must be a JSON Schema: an object, true or false"),)
    faults = [*_head(schema), *_faults(schema, schema, "", 0)]
    if not faults and _unfolded(schema, _definitions(schema), {}) > UNFOLDED_MAX:
        detail = f"unfolds to more than {UNFOLDED_MAX} subschemas, or refers to itself"
        faults.append(Fault("", detail))
    return tuple(faults)


def with_defaults(schema: JsonValue, value: JsonValue, root: JsonValue = None) -> JsonValue:
    """Return a value with the defaults of the properties that it lacks, at any depth."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    whole = dict(value)
    for name, part in properties.items():
        default = default_of(part, root)
        if name in whole:
            whole[name] = with_defaults(part, whole[name], root)
        elif default is not None:
            whole[name] = default
    return whole


def default_of(schema: JsonValue, root: JsonValue = None) -> JsonValue:
    """Return the value to use where a user has none, or None.

    It is the schema's `default`, or an object of the defaults of its properties.
    """
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if not isinstance(schema, dict):
        return None
    if "default" in schema:
        return with_defaults(schema, schema["default"], root)
    return with_defaults(schema, {}, root) or None


def _resolved(schema: JsonValue, root: JsonValue) -> JsonValue:
    """Follow `$ref`; keywords beside it, such as `default`, come first."""
    seen = 0
    while isinstance(schema, dict) and "$ref" in schema and seen < DEPTH_MAX:
        seen += 1
        reference = str(schema["$ref"])
        definitions = _definitions(root) if isinstance(root, dict) else {}
        target = definitions.get(reference.removeprefix(DEFINITIONS))
        besides = {name: part for name, part in schema.items() if name != "$ref"}
        schema = {**target, **besides} if isinstance(target, dict) else besides
    return schema


def _head(schema: Schema) -> Iterator[Fault]:
    if schema.get("$schema", DIALECT) != DIALECT:
        yield Fault("/$schema", f"must be {DIALECT}")


def _faults(schema: JsonValue, root: Schema, place: str, depth: int) -> Iterator[Fault]:
    if not isinstance(schema, dict):
        return
    if depth > DEPTH_MAX:
        yield Fault(place, f"is nested deeper than {DEPTH_MAX} subschemas")
        return
    for name in _REFUSED:
        if name in schema:
            yield Fault(f"{place}/{name}", "is not supported; refer to `#/$defs/…`")
    reference = schema.get("$ref")
    if reference is not None and _target(reference, root) is None:
        yield Fault(f"{place}/$ref", "must be `#/$defs/…` of this schema")
    if depth and "$defs" in schema:
        yield Fault(f"{place}/$defs", "is only allowed at the top of the schema")
    for name, part in _children(schema):
        yield from _faults(part, root, f"{place}/{name}", depth + 1)
    if not depth:
        for name, part in _definitions(schema).items():
            yield from _faults(part, root, f"/$defs/{_escaped(name)}", 1)


def _target(reference: JsonValue, root: Schema) -> JsonValue:
    if not isinstance(reference, str) or not reference.startswith(DEFINITIONS):
        return None
    return _definitions(root).get(reference.removeprefix(DEFINITIONS))


def _children(schema: Schema) -> Iterator[tuple[str, JsonValue]]:
    """Yield the subschemas with their pointers, without definitions."""
    for keyword in _MAPS:
        parts = schema.get(keyword)
        if isinstance(parts, dict):
            yield from ((f"{keyword}/{_escaped(name)}", part) for name, part in parts.items())
    for keyword in _LISTS:
        members = schema.get(keyword)
        if isinstance(members, list):
            yield from ((f"{keyword}/{index}", part) for index, part in enumerate(members))
    yield from ((keyword, schema[keyword]) for keyword in _SINGLE if keyword in schema)


def _unfolded(
    schema: JsonValue, definitions: Mapping[str, JsonValue], known: dict[str, int]
) -> int:
    """Count subschemas with references followed; for a circle return more than the maximum."""
    if not isinstance(schema, dict):
        return 1
    count = 1 + sum(_unfolded(part, definitions, known) for _, part in _children(schema))
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(DEFINITIONS)
        if name not in known:
            known[name] = _CIRCLE  # until it is counted: a reference back to it is a circle
            known[name] = _unfolded(definitions[name], definitions, known)
        count += known[name]
    return count


def _definitions(schema: Schema) -> Mapping[str, JsonValue]:
    found = schema.get("$defs")
    return found if isinstance(found, dict) else {}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

"""Bounds of a preference's schema, and the defaults that it gives."""

from typing import Any

import pytest

from groundwork_core.configuration.preference_schema import (
    UNFOLDED_MAX,
    bound_faults,
    default_of,
    with_defaults,
)


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"items": schema}
    return schema


def doubling(length: int) -> dict[str, Any]:
    """Definitions that each refer to the next one twice."""
    chain: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(length)
    }
    return {"$defs": {**chain, f"d{length}": {"type": "string"}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        {},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"},
        {"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        {"enum": [{"$ref": "https://example.org/"}], "default": {"$id": "no keyword here"}},
        {"properties": {"$ref": {"type": "string"}}},
        nested(32),
        doubling(5),
    ],
)
def test_an_allowed_schema_has_no_faults(schema: Any) -> None:
    assert bound_faults(schema) == ()


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ("string", ""),
        ([], ""),
        (None, ""),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$ref": "https://example.org/a.json"}, "/$ref"),
        ({"$ref": "other.json#/$defs/a"}, "/$ref"),
        ({"$ref": "#"}, "/$ref"),
        ({"$ref": "#/$defs/missing"}, "/$ref"),
        ({"$ref": 7}, "/$ref"),
        ({"items": {"$ref": "#/properties/a"}, "properties": {"a": {}}}, "/items/$ref"),
        ({"anyOf": [{}, {"$dynamicRef": "#a"}]}, "/anyOf/1/$dynamicRef"),
        ({"properties": {"a/b~": {"$id": "x"}}}, "/properties/a~1b~0/$id"),
        ({"not": {"$defs": {}}}, "/not/$defs"),
        ({"$defs": {"a": {"$anchor": "x"}}}, "/$defs/a/$anchor"),
        (nested(33), "/items" * 33),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, ""),
        (doubling(60), ""),
        ({"prefixItems": [{}] * UNFOLDED_MAX}, ""),
    ],
)
def test_a_forbidden_schema_has_a_fault(schema: Any, pointer: str) -> None:
    assert [fault.pointer for fault in bound_faults(schema)] == [pointer]


DIGEST = {
    "type": "object",
    "properties": {
        "frequency": {"enum": ["daily", "weekly"], "default": "weekly"},
        "quiet": {"properties": {"from": {"default": "22:00"}, "to": {}}},
        "zone": {"$ref": "#/$defs/zone"},
        "topics": {},
    },
    "$defs": {"zone": {"type": "string", "default": "UTC"}},
}


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        (True, None),
        ({}, None),
        ({"default": 0}, 0),
        ({"default": False}, False),
        ({"properties": {"a": {}}}, None),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"default": 1}}}, 1),
        ({"$ref": "#/$defs/a", "default": 2, "$defs": {"a": {"default": 1}}}, 2),
        (DIGEST, {"frequency": "weekly", "quiet": {"from": "22:00"}, "zone": "UTC"}),
        (
            {**DIGEST, "default": {"frequency": "daily"}},
            {"frequency": "daily", "quiet": {"from": "22:00"}, "zone": "UTC"},
        ),
    ],
)
def test_defaults_follow_from_the_schema(schema: Any, default: Any) -> None:
    assert default_of(schema) == default


@pytest.mark.parametrize(
    ("schema", "value", "whole"),
    [
        (None, {"a": 1}, {"a": 1}),
        (DIGEST, "text", "text"),
        (DIGEST, None, None),
        (
            DIGEST,
            {"frequency": "daily", "quiet": {"to": "7:00"}, "more": 1},
            {
                "frequency": "daily",
                "quiet": {"from": "22:00", "to": "7:00"},
                "zone": "UTC",
                "more": 1,
            },
        ),
    ],
)
def test_a_value_gets_the_defaults_that_it_lacks(schema: Any, value: Any, whole: Any) -> None:
    assert with_defaults(schema, value) == whole

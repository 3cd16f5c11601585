"""jsonschema-rs with our settings agrees with the reference library, and opens no address."""

from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest

from groundwork_data.json_schemas import RustJsonSchemas

CHECKER = RustJsonSchemas()
STRING: Any = {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"}
OBJECT: Any = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b/c": {"type": "array", "items": STRING}},
    "required": ["a"],
    "additionalProperties": False,
}
GROUPS: list[tuple[Any, Sequence[Any]]] = [
    (True, (None, 1, "x", [], {})),
    (False, (None, {})),
    (STRING, ("ab", "a", "abcde", "AB", 7, None)),
    (
        OBJECT,
        (
            {"a": 1},
            {"a": 1.0},
            {"a": 1.5},
            {"a": True},
            {},
            {"a": 1, "z": 1},
            {"a": 1, "b/c": ["ab", "A", 3]},
            [],
        ),
    ),
    ({"enum": [1, "a", None, [1]]}, (1, 1.0, True, "a", [1], [2])),
    ({"const": {"a": [1, 2]}}, ({"a": [1, 2]}, {"a": [2, 1]})),
    ({"multipleOf": 0.01}, (0.5, 1, 0.075)),
    ({"minimum": 1, "exclusiveMaximum": 3}, (1, 3, 2.999, 0)),
    ({"uniqueItems": True}, ([1, 2], [1, 1.0], [{"a": 1}, {"a": 1}], "x")),
    (
        {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
        (["a", 1], ["a", "b"], [1], []),
    ),
    ({"contains": {"const": 1}, "minContains": 2}, ([1, 1], [1], [])),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, (1, 2, 2.5, 1.5)),
    ({"not": {"type": "null"}}, (None, 0)),
    (
        {"if": {"type": "integer"}, "then": {"minimum": 5}, "else": {"type": "string"}},
        (5, 4, "a", 1.5),
    ),
    ({"dependentRequired": {"a": ["b"]}}, ({"a": 1}, {"a": 1, "b": 2}, {})),
    ({"propertyNames": {"maxLength": 1}}, ({"a": 1}, {"ab": 1})),
    ({"properties": {"a": True}, "unevaluatedProperties": False}, ({"a": 1}, {"b": 1})),
    ({"$defs": {"n": {"minimum": 1}}, "$ref": "#/$defs/n"}, (0, 1)),
    ({"format": "email"}, ("a@example.org", "not one")),
    ({"patternProperties": {"^x-": {"type": "integer"}}}, ({"x-a": 1}, {"x-a": "1"})),
]
CASES = [(schema, value) for schema, values in GROUPS for value in values]


@pytest.mark.parametrize(("schema", "value"), CASES)
def test_value_faults_agree_with_the_reference_library(schema: Any, value: Any) -> None:
    reference = jsonschema.Draft202012Validator(schema)
    reference.check_schema(schema)
    places = {
        "".join(
            f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.absolute_path
        )
        for error in reference.iter_errors(value)
    }
    assert CHECKER.schema_faults(schema) == ()
    assert {fault.pointer for fault in CHECKER.value_faults(schema, value)} == places


@pytest.mark.parametrize(
    ("schema", "value", "faults"),
    [
        # In ECMA 262, `$` is the end of the text; in Python also before a line break there.
        ({"pattern": "^[a-z]+$"}, "ab\n", 1),
        # 0.07 is seven times 0.01, but not as binary fractions.
        ({"multipleOf": 0.01}, 0.07, 0),
    ],
)
def test_where_it_differs_from_the_library_the_checker_follows_the_specification(
    schema: Any, value: Any, faults: int
) -> None:
    assert len(CHECKER.value_faults(schema, value)) == faults
    assert len(list(jsonschema.Draft202012Validator(schema).iter_errors(value))) == 1 - faults


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "text"}, "/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"required": "a"}, "/required"),
        ({"enum": "a"}, "/enum"),
        ({"items": [{}]}, "/items"),
    ],
)
def test_an_invalid_schema_is_refused_as_by_the_reference_library(
    schema: Any, pointer: str
) -> None:
    with pytest.raises(jsonschema.SchemaError):
        jsonschema.Draft202012Validator.check_schema(schema)
    assert [fault.pointer for fault in CHECKER.schema_faults(schema)] == [pointer]


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", "(?<=a)b", "(a{1000}){1000}"])
def test_a_pattern_that_could_take_long_is_refused(pattern: str) -> None:
    assert len(CHECKER.schema_faults({"pattern": pattern})) == 1


def test_a_pattern_that_backtracks_elsewhere_takes_linear_time() -> None:
    schema: Any = {"type": "string", "pattern": "^(a+)+$"}
    assert len(CHECKER.value_faults(schema, "a" * 60_000 + "!")) == 1


@pytest.mark.parametrize("reference", ["https://example.org/s.json", "file:///etc/passwd"])
def test_a_schema_that_refers_to_another_document_is_refused(reference: str) -> None:
    """Sockets are refused in these tests; the schema is refused before one is opened."""
    (fault,) = CHECKER.schema_faults({"$ref": reference})
    assert fault.pointer == ""


def test_at_most_a_hundred_faults_of_a_value_are_reported() -> None:
    faults = CHECKER.value_faults({"items": {"type": "string"}}, list(range(1_000)))
    assert len(faults) == 100
    assert all(len(fault.detail) <= 500 for fault in faults)

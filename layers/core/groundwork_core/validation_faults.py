"""Convert Pydantic's errors to faults: JSON pointers, and texts in the words of JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from groundwork_core.errors import Fault

NAMES: Mapping[str, str] = {
    "Value": "string",
    "Tuple": "array",
    "List": "array",
    "Set": "array",
    "Dictionary": "object",
}
"""JSON's names of what Pydantic names after Python's types. It says `Value` of a text whose length
is checked after a function."""
TEXTS: Mapping[str, str] = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "dict_type": "input should be an object",
    "model_type": "input should be an object",
    "model_attributes_type": "input should be an object",
    "list_type": "input should be a valid array",
    "tuple_type": "input should be a valid array",
    "set_type": "input should be a valid array",
}
"""Texts by the kind of error, where Pydantic's are about Python."""
_LENGTH = re.compile(
    r"(?P<name>\w+) should have (?P<limit>at (?:least|most)) (?P<number>\d+) items?"
    r" after validation, not .*"
)
_NO_TAG = re.compile(r"Unable to extract tag using discriminator '(?P<member>\w+)'")
_WRONG_TAG = re.compile(
    r"Input tag .* found using '(?P<member>\w+)' does not match any of the expected tags:"
    r" (?P<tags>.*)",
    re.DOTALL,
)


def validation_faults(
    found: Iterable[Mapping[str, Any]], given: JsonValue = None, under: str = ""
) -> tuple[Fault, ...]:
    """Convert the result of `ValidationError.errors()`; input values are not included.

    Args:
        found: the result of `ValidationError.errors()`.
        given: the decoded input, if available. Pydantic's locations include the variants of
            unions, which are not locations in the input.
        under: the pointer of the input, if it is a part of the body.
    """
    found = list(found)
    parents = {tuple(fault["loc"])[:-1] for fault in found}
    return tuple(
        _fault(fault, given, under)
        for fault in found
        # A list that stops at its first bad item is reported as too short as well.
        if fault["type"] != "too_short" or tuple(fault["loc"]) not in parents
    )


def _fault(fault: Mapping[str, Any], given: JsonValue, under: str) -> Fault:
    message = str(fault["msg"]).removeprefix("Value error, ")
    pointer = under + _pointer(fault["loc"], given, absent=fault["type"] == "missing")
    if tag := _NO_TAG.match(message) or _WRONG_TAG.match(message):
        pointer += f"/{tag['member']}"
    return Fault(pointer, _detail(str(fault["type"]), message))


def _detail(kind: str, message: str) -> str:
    if kind in TEXTS:
        return TEXTS[kind]
    if wrong := _WRONG_TAG.match(message):
        return f"must be one of {wrong['tags']}"
    if length := _LENGTH.fullmatch(message):
        name = NAMES.get(length["name"], length["name"])
        unit = {"string": "character", "object": "member"}.get(name, "item")
        number = f"{length['number']} {unit}{'' if length['number'] == '1' else 's'}"
        return f"{name} should have {length['limit']} {number}"
    return message[:1].lower() + message[1:]


def _pointer(location: Sequence[str | int], given: JsonValue, *, absent: bool) -> str:
    """Return a pointer without the variants of unions; the last part may be absent."""
    places, value = [], given
    for number, part in enumerate(location):
        may_be_absent = absent and number == len(location) - 1
        if isinstance(value, dict) and part not in value and not may_be_absent:
            continue
        if isinstance(value, list) and isinstance(part, str) and not may_be_absent:
            continue
        places.append("/" + str(part).replace("~", "~0").replace("/", "~1"))
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            value = None
    return "".join(places)

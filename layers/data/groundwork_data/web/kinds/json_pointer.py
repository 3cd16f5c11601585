"""Find values in JSON by pointers (RFC 6901)."""

from __future__ import annotations

from pydantic import JsonValue


def at(document: JsonValue, pointer: str | None) -> JsonValue:
    """Return the value at a pointer, or None. An empty pointer is the whole document."""
    if pointer is None:
        return None
    value = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value

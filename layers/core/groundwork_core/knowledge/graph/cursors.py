"""Cursors of GraphQL connections: opaque to clients, and validated when they come back."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.model import Id, LinkPlace

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_CURSOR = 200


def entity_cursor(after: Id) -> str:
    """Return the cursor after an entity."""
    return _encode(["e", after])


def link_cursor(place: LinkPlace) -> str:
    """Return the cursor after a link."""
    return _encode(["l", place.confidence, place.relationship_id])


def read_entity_cursor(cursor: str) -> Id:
    """Read a cursor of entities. Raises Invalid for any other text."""
    match _decode(cursor):
        case ["e", str(after)] if _UUID.fullmatch(after):
            return after
    raise Invalid("after is not a cursor of this list.")


def read_link_cursor(cursor: str) -> LinkPlace:
    """Read a cursor of links. Raises Invalid for any other text."""
    match _decode(cursor):
        case ["l", float() | int() as confidence, str(id_)] if (
            not isinstance(confidence, bool)
            and math.isfinite(confidence)
            and 0 <= confidence <= 1
            and _UUID.fullmatch(id_)
        ):
            return LinkPlace(float(confidence), id_)
    raise Invalid("after is not a cursor of this list.")


def _encode(parts: list[object]) -> str:
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> object:
    if not 0 < len(cursor) <= LONGEST_CURSOR:
        return None
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
        parsed: object = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return parsed

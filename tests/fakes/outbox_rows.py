"""Builders of outbox rows as the triggers write them."""

from itertools import count
from uuid import UUID, uuid5

from pydantic import JsonValue

from groundwork_core.outbox import OutboxRow

_NAMES = UUID("11111111-2222-4333-8444-555555555555")
_places = count(1)


def id_of(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(_NAMES, name)


def row(
    aggregate: str, name: str, version: int, kind: str, data: dict[str, JsonValue]
) -> OutboxRow:
    """A row behind all that were built before."""
    place = next(_places)
    return OutboxRow(700 + place // 3, place, aggregate, id_of(name), version, kind, data)


def entity(
    name: str,
    version: int = 1,
    /,
    *,
    type: str = "person",  # noqa: A002 - the column's name
    **data: JsonValue,
) -> OutboxRow:
    """An entity's new state."""
    state: dict[str, JsonValue] = {
        "id": str(id_of(name)),
        "name": name,
        "type": type,
        "confidence": 1.0,
        "key": None,
        "aliases": [],
        **data,
    }
    return row("entities", name, version, "created" if version == 1 else "updated", state)


def edge(
    name: str,
    start: str,
    end: str,
    version: int = 1,
    /,
    *,
    type: str = "KNOWS",  # noqa: A002 - the column's name
    **data: JsonValue,
) -> OutboxRow:
    """A relationship's new state."""
    state: dict[str, JsonValue] = {
        "id": str(id_of(name)),
        "type": type,
        "from_id": str(id_of(start)),
        "to_id": str(id_of(end)),
        "confidence": 1.0,
        "valid_from": None,
        "valid_to": None,
        **data,
    }
    return row("relationships", name, version, "created" if version == 1 else "updated", state)


def deleted(aggregate: str, name: str, version: int) -> OutboxRow:
    """A delete; the version is the one after the last."""
    return row(aggregate, name, version, "deleted", {"id": str(id_of(name))})

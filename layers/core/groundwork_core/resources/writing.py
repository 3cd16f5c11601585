"""Create, change and delete items of a resource, guarded by versions.

A write is one statement that commits on its own, unless it has hooks (write_hooks.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from groundwork_core.errors import Invalid, Moved, NotFound, VersionMismatch
from groundwork_core.resources.ownership import owner_of_new, seen_by
from groundwork_core.resources.ports import ResourceStore, Stored, Written
from groundwork_core.resources.reading import absent
from groundwork_core.resources.resource import Input, Resource
from groundwork_core.resources.survivors import input_of_survivors

if TYPE_CHECKING:
    from groundwork_core.caller import Caller


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that a change accepts; None accepts any."""

    versions: frozenset[int] | None


def create(
    resource: Resource, new: Input, *, store: ResourceStore, by: Caller | None = None
) -> Written:
    """Insert an item; ids of merged entities are replaced by their survivors.

    Raises the errors of `insert`.
    """
    try:
        return insert(resource, new, store=store, by=by)
    except Invalid:
        led = input_of_survivors(resource, new, store.survivors_of)
        if led is None:
            raise
    return create(resource, led, store=store, by=by)


def insert(
    resource: Resource, new: Input, *, store: ResourceStore, by: Caller | None = None
) -> Written:
    """Insert an item for the caller `by`; missing fields get their defaults.

    Raises:
        Forbidden: it belongs to another user, and the caller lacks the permission.
        Conflict: a unique field has the value of another item.
        Invalid: a constraint of the database is violated.
    """
    fields, values = _given(new)
    defaults = {name: resource.defaults[name] for name in resource.defaults if name not in fields}
    if defaults or resource.owner is not None:
        given: dict[str, JsonValue] = from_json(values)
        defaults |= owner_of_new(by, resource, given)
        fields = (*fields, *(name for name in defaults if name not in fields))
        values = to_json(given | defaults).decode()
    return store.insert(resource, fields, values)


def change(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    patch: Input,
    *,
    store: ResourceStore,
    by: Caller | None = None,
) -> Written:
    """Merge a patch (RFC 7396) into an item, if it has an expected version.

    Raises:
        NotFound: it does not exist.
        Moved: it was merged into another.
        VersionMismatch: it has another version.
        Conflict, Invalid: for the same reasons as in `insert`.
    """
    store = seen_by(by, resource, store)
    fields, values = _given(patch)
    version = _single(expected)
    if version is None or not fields or not resource.merged.keys().isdisjoint(fields):
        current = _current(resource, row_id, expected, store)
        if not fields:
            return Written(str(row_id), current.tag, current.body, None)
        version = current.version
        values = _merged(resource, current, patch)
    written = store.update(resource, row_id, version, fields, values)
    if written is None:
        raise _why_not(resource, row_id, store)
    return written


def remove(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    *,
    store: ResourceStore,
    by: Caller | None = None,
) -> str:
    """Delete an item that has an expected version; return the outbox position.

    Raises:
        NotFound: it does not exist.
        Moved: it was merged into another.
        VersionMismatch: it has another version.
        Conflict: other items refer to it.
    """
    store = seen_by(by, resource, store)
    version = _single(expected)
    if version is None:
        version = _current(resource, row_id, expected, store).version
    position = store.delete(resource, row_id, version)
    if position is None:
        raise _why_not(resource, row_id, store)
    return position


def _given(model: Input) -> tuple[tuple[str, ...], str]:
    given = model.model_fields_set
    fields = tuple(name for name in type(model).model_fields if name in given)
    return fields, model.model_dump_json(include=given)


def _merged(resource: Resource, current: Stored, patch: Input) -> str:
    values: dict[str, JsonValue] = patch.model_dump(mode="json", include=patch.model_fields_set)
    now = current.parsed()
    for name, merge in resource.merged.items():
        if name in values:
            values[name] = merge(now[name], values[name])
    return to_json(values).decode()


def _single(expected: Expected) -> int | None:
    if expected.versions is None or len(expected.versions) != 1:
        return None
    return next(iter(expected.versions))


def _current(resource: Resource, row_id: UUID, expected: Expected, store: ResourceStore) -> Stored:
    current = store.read(resource, row_id)
    if current is None:
        raise absent(resource, row_id, store)
    if expected.versions is not None and current.version not in expected.versions:
        raise VersionMismatch(_stale(resource, current))
    return current


def _why_not(
    resource: Resource,
    row_id: UUID,
    store: ResourceStore,
) -> NotFound | Moved | VersionMismatch:
    current = store.read(resource, row_id)
    if current is None:
        return absent(resource, row_id, store)
    return VersionMismatch(_stale(resource, current))


def _stale(resource: Resource, current: Stored) -> str:
    return f"This {resource.singular} now has version {current.version}; read it again."

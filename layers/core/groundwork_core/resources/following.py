"""Writes with consequences: more that happens in the same transaction (a new source is watched)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json

from groundwork_core.errors import Invalid
from groundwork_core.resources.ports import ResourceWork, Written
from groundwork_core.resources.reading import read_one
from groundwork_core.resources.resource import Input, Resource
from groundwork_core.resources.survivors import input_of_survivors
from groundwork_core.resources.writing import Expected, change, insert, remove

if TYPE_CHECKING:
    from groundwork_core.caller import Caller

Work = TypeVar("Work", bound=ResourceWork)
Work_contra = TypeVar("Work_contra", bound=ResourceWork, contravariant=True)


class Consequences(Protocol[Work_contra]):
    """What else happens in the transaction of a write."""

    def prepared(self, given: Input, row_id: UUID | None, work: Work_contra) -> Input:
        """Return what is stored for what a client gave, e.g. a hash for a password.

        Called before the transaction begins, so it may take its time; it may open `work` for
        itself, and refuse by raising. `row_id` is None for a creation.
        """
        ...

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return fields that only the answer to this creation shows: a secret just made."""
        ...

    def creating(self, new: Input, work: Work_contra) -> None:
        """Make what a creation needs, in its transaction; or refuse it by raising."""
        ...

    def created(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Follow a creation. Whatever it raises undoes the creation."""
        ...

    def changing(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Look before a change of `fields`, and refuse it by raising."""
        ...

    def changed(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Follow a change of `fields`."""
        ...

    def removing(self, row_id: UUID, work: Work_contra) -> None:
        """Look before a removal, and refuse it by raising."""
        ...

    def removed(self, row_id: UUID, work: Work_contra) -> None:
        """Follow a removal."""
        ...


class NoConsequences(Generic[Work_contra]):
    """To extend by those that follow only some writes."""

    def prepared(self, given: Input, row_id: UUID | None, work: Work_contra) -> Input:  # noqa: ARG002 - a port's signature
        """Store what was given."""
        return given

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Show nothing more."""
        return {}

    def creating(self, new: Input, work: Work_contra) -> None:
        """Do nothing."""

    def created(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Do nothing."""

    def changing(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Do nothing."""

    def changed(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Do nothing."""

    def removing(self, row_id: UUID, work: Work_contra) -> None:
        """Do nothing."""

    def removed(self, row_id: UUID, work: Work_contra) -> None:
        """Do nothing."""


def create_followed(
    resource: Resource,
    new: Input,
    *,
    work: Work,
    then: Consequences[Work],
    by: Caller | None = None,
) -> Written:
    """Create one, and what follows from it. Raises as `create`."""
    try:
        return _create_followed(resource, new, work, then, by)
    except Invalid:
        if not resource.survives:
            raise
        with work:
            led = input_of_survivors(resource, new, work.resources.survivors_of)
        if led is None:
            raise
    return create_followed(resource, led, work=work, then=then, by=by)


def _create_followed(
    resource: Resource, new: Input, work: Work, then: Consequences[Work], by: Caller | None
) -> Written:
    stored = then.prepared(new, None, work)

    def act() -> Written:
        then.creating(new, work)
        written = insert(resource, stored, store=work.resources, by=by)
        then.created(UUID(written.id), new, work)
        return written

    written = _settled(resource, work, act)
    once = then.shown_once()
    if once:
        written = replace(written, body=f"{written.body[:-1]},{to_json(once).decode()[1:]}")
    return written


def change_followed(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    patch: Input,
    *,
    work: Work,
    then: Consequences[Work],
    by: Caller | None = None,
) -> Written:
    """Change one, and what follows from it. Raises as `change`."""
    _must_see(resource, row_id, work, by)
    stored = then.prepared(patch, row_id, work)

    def act() -> Written:
        fields = frozenset(patch.model_fields_set)
        then.changing(row_id, fields, work)
        written = change(resource, row_id, expected, stored, store=work.resources, by=by)
        then.changed(row_id, fields, work)
        return written

    return _settled(resource, work, act)


def remove_followed(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    *,
    work: Work,
    then: Consequences[Work],
    by: Caller | None = None,
) -> str:
    """Remove one, and what follows from it. Raises as `remove`."""
    _must_see(resource, row_id, work, by)
    with work:
        then.removing(row_id, work)
        position = remove(resource, row_id, expected, store=work.resources, by=by)
        then.removed(row_id, work)
    return work.position or position


def _must_see(resource: Resource, row_id: UUID, work: Work, by: Caller | None) -> None:
    """Raise NotFound before any consequence looks at what belongs to somebody else."""
    if resource.owner is None:
        return
    with work:
        read_one(resource, row_id, store=work.resources, by=by)


def _settled(resource: Resource, work: Work, act: Callable[[], Written]) -> Written:
    """Act, then read again in the same transaction: consequences show in what is answered."""
    with work:
        written = act()
        seen = work.resources.read(resource, UUID(written.id))
    if seen is not None:
        written = replace(written, tag=seen.tag, body=seen.body)
    return replace(written, position=work.position)

"""Writes of resources with hooks, which are further steps in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json

from groundwork_core.errors import Invalid
from groundwork_core.resources.ports import ResourceWork, Work_contra, WriteHooks, Written
from groundwork_core.resources.reading import read_one
from groundwork_core.resources.resource import Input, Resource
from groundwork_core.resources.survivors import input_of_survivors
from groundwork_core.resources.writing import Expected, change, insert, remove

if TYPE_CHECKING:
    from groundwork_core.caller import Caller

Work = TypeVar("Work", bound=ResourceWork)


class NoWriteHooks(Generic[Work_contra]):
    """Base class of hooks that implement only some of the steps."""

    def prepare(self, given: Input, row_id: UUID | None, work: Work_contra) -> Input:  # noqa: ARG002 - a port's signature
        """Return the input unchanged."""
        return given

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return no fields."""
        return {}

    def before_create(self, new: Input, work: Work_contra) -> None:
        """Do nothing."""

    def after_create(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Do nothing."""

    def before_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Do nothing."""

    def after_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Do nothing."""

    def before_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Do nothing."""

    def after_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Do nothing."""


def create_with_hooks(
    resource: Resource,
    new: Input,
    *,
    work: Work,
    then: WriteHooks[Work],
    by: Caller | None = None,
) -> Written:
    """Create an item and run its hooks. Raises the errors of `create` and of the hooks."""
    try:
        return _create_with_hooks(resource, new, work, then, by)
    except Invalid:
        if not resource.survives:
            raise
        with work:
            led = input_of_survivors(resource, new, work.resources.survivors_of)
        if led is None:
            raise
    return create_with_hooks(resource, led, work=work, then=then, by=by)


def _create_with_hooks(
    resource: Resource, new: Input, work: Work, then: WriteHooks[Work], by: Caller | None
) -> Written:
    stored = then.prepare(new, None, work)

    def act() -> Written:
        then.before_create(new, work)
        written = insert(resource, stored, store=work.resources, by=by)
        then.after_create(UUID(written.id), new, work)
        return written

    written = _settled(resource, work, act)
    once = then.shown_once()
    if once:
        written = replace(written, body=f"{written.body[:-1]},{to_json(once).decode()[1:]}")
    return written


def change_with_hooks(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    patch: Input,
    *,
    work: Work,
    then: WriteHooks[Work],
    by: Caller | None = None,
) -> Written:
    """Change an item and run its hooks. Raises the errors of `change` and of the hooks."""
    _must_see(resource, row_id, work, by)
    stored = then.prepare(patch, row_id, work)

    def act() -> Written:
        fields = frozenset(patch.model_fields_set)
        then.before_change(row_id, fields, work)
        written = change(resource, row_id, expected, stored, store=work.resources, by=by)
        then.after_change(row_id, fields, work)
        return written

    return _settled(resource, work, act)


def remove_with_hooks(
    resource: Resource,
    row_id: UUID,
    expected: Expected,
    *,
    work: Work,
    then: WriteHooks[Work],
    by: Caller | None = None,
) -> str:
    """Delete an item and run its hooks. Raises the errors of `remove` and of the hooks."""
    _must_see(resource, row_id, work, by)
    with work:
        then.before_remove(row_id, work)
        position = remove(resource, row_id, expected, store=work.resources, by=by)
        then.after_remove(row_id, work)
    return work.position or position


def _must_see(resource: Resource, row_id: UUID, work: Work, by: Caller | None) -> None:
    """Raise NotFound if the caller may not see the item, before a hook reads it."""
    if resource.owner is None:
        return
    with work:
        read_one(resource, row_id, store=work.resources, by=by)


def _settled(resource: Resource, work: Work, act: Callable[[], Written]) -> Written:
    """Write, then read the item again in the same transaction, as hooks may have changed it."""
    with work:
        written = act()
        seen = work.resources.read(resource, UUID(written.id))
    if seen is not None:
        written = replace(written, tag=seen.tag, body=seen.body)
    return replace(written, position=work.position)

"""Ports of resources."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.resources.page import After, Page, PageQuery
from groundwork_core.resources.resource import Input, Resource
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored item: its JSON and version."""

    tag: str
    """The value of its ETag: the version, and `-` with a suffix if its JSON depends on more."""
    body: str
    """The JSON of the item, ready to send."""

    @property
    def version(self) -> int:
        """The version of the item."""
        return int(self.tag.partition("-")[0])

    def parsed(self) -> dict[str, JsonValue]:
        """Return the JSON as Python values."""
        parsed: dict[str, JsonValue] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Written:
    """An item after a write."""

    id: str
    tag: str
    body: str
    position: str | None
    """The outbox position of the write, for X-Groundwork-Position; None without a change."""


class ResourceStore(Protocol):
    """Rows of any resource.

    Each method is one statement, which commits if no transaction is open.
    """

    def read(self, resource: Resource, row_id: UUID) -> Stored | None:
        """Return an item, or None."""
        ...

    def survivors_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of merged entities, by old id."""
        ...

    def page(self, resource: Resource, query: PageQuery, after: After | None) -> Page:
        """Return up to `query.limit` items, fewer where they would exceed PAGE_BYTES_MAX."""
        ...

    def insert(self, resource: Resource, fields: tuple[str, ...], values: str) -> Written:
        """Insert an item. `values` is a JSON object; only its `fields` are stored.

        Raises:
            Conflict: a unique field has the value of another item; names the field.
            Invalid: a constraint of the database is violated.
        """
        ...

    def update(
        self, resource: Resource, row_id: UUID, version: int, fields: tuple[str, ...], values: str
    ) -> Written | None:
        """Change `fields` of an item that has a version; None if it has another one or is deleted.

        Raises:
            Conflict: a unique field has the value of another item; names the field.
            Invalid: a constraint of the database is violated.
        """
        ...

    def delete(self, resource: Resource, row_id: UUID, version: int) -> str | None:
        """Delete an item that has a version; return the outbox position.

        Returns None if the item has another version or does not exist.

        Raises:
            Conflict: other items refer to it.
        """
        ...

    def owned_by(self, user_id: UUID) -> ResourceStore:
        """Return this store restricted to items of one user (`Resource.owner`)."""
        ...


class ResourceWork(Transaction, Protocol):
    """A unit of work with resources, for writes with hooks."""

    @property
    def resources(self) -> ResourceStore:
        """The store of resources, in this transaction."""
        ...


class Survivors(Protocol):
    """The survivors of merged entities. A survivor is not merged itself."""

    def of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of merged entities, by old id."""
        ...

    def merged_into(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return, by survivor, the ids of entities that were merged into each of these."""
        ...


class SurvivorsWork(Transaction, Protocol):
    """A unit of work with survivors."""

    @property
    def survivors(self) -> Survivors:
        """The survivors of merged entities."""
        ...


Work_contra = TypeVar("Work_contra", bound=ResourceWork, contravariant=True)


class WriteHooks(Protocol[Work_contra]):
    """Further steps of a write, in its transaction."""

    def prepare(self, given: Input, row_id: UUID | None, work: Work_contra) -> Input:
        """Return what to store for an input, for example a hash for a password.

        Runs before the transaction, so it may be slow. It may open `work` itself, and raise an
        error to refuse the write. `row_id` is None for a creation.
        """
        ...

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return fields that only the response to this creation shows, such as a new secret."""
        ...

    def before_create(self, new: Input, work: Work_contra) -> None:
        """Run before a creation, in its transaction; raise an error to refuse it."""
        ...

    def after_create(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Run after a creation; an error rolls it back."""
        ...

    def before_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Run before a change of `fields`; raise an error to refuse it."""
        ...

    def after_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Run after a change of `fields`."""
        ...

    def before_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Run before a deletion; raise an error to refuse it."""
        ...

    def after_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Run after a deletion."""
        ...

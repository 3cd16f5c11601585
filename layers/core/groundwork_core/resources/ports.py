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
    """A stored thing."""

    tag: str
    """The value of its ETag: the version, and `-` with a suffix if its JSON depends on more."""
    body: str
    """Its JSON, ready to send."""

    @property
    def version(self) -> int:
        """Its version."""
        return int(self.tag.partition("-")[0])

    def parsed(self) -> dict[str, JsonValue]:
        """Return the JSON as Python values."""
        parsed: dict[str, JsonValue] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Written:
    """A thing after a write."""

    id: str
    tag: str
    body: str
    position: str | None
    """The outbox position of the write, for X-Groundwork-Position; None without a change."""


class ResourceStore(Protocol):
    """Rows of any resource. Each method is one statement; it commits outside of a transaction."""

    def read(self, resource: Resource, row_id: UUID) -> Stored | None:
        """Return a thing, or None."""
        ...

    def survivors_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of merged entities, by old id."""
        ...

    def page(self, resource: Resource, query: PageQuery, after: After | None) -> Page:
        """Return up to `query.limit` items, fewer where they would exceed PAGE_BYTES_MAX."""
        ...

    def insert(self, resource: Resource, fields: tuple[str, ...], values: str) -> Written:
        """Insert a thing. `values` is a JSON object; only its `fields` are stored.

        Raises:
            Conflict: a unique field has the value of another thing; names the field.
            Invalid: a constraint of the database is violated.
        """
        ...

    def update(
        self, resource: Resource, row_id: UUID, version: int, fields: tuple[str, ...], values: str
    ) -> Written | None:
        """Change `fields` of a thing in this version; None: another version, or deleted.

        Raises:
            Conflict, Invalid: as `insert`.
        """
        ...

    def delete(self, resource: Resource, row_id: UUID, version: int) -> str | None:
        """Delete a thing in this version and return the outbox position, or None.

        Raises:
            Conflict: other things refer to it.
        """
        ...

    def owned_by(self, user_id: UUID) -> ResourceStore:
        """Return this store restricted to things of one user (`Resource.owner`)."""
        ...


class ResourceWork(Transaction, Protocol):
    """A unit of work with resources, for writes with hooks."""

    @property
    def resources(self) -> ResourceStore:
        """The resources, in this transaction."""
        ...


class Survivors(Protocol):
    """The survivors of merged entities. A survivor is not merged itself."""

    def of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of merged entities, by old id."""
        ...

    def merged_into(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return the ids of entities that were merged into each of these."""
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

        Called before the transaction, so it may be slow; it may open `work` itself, and refuse the
        write by raising. `row_id` is None for a creation.
        """
        ...

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return fields that only the response to this creation shows, such as a new secret."""
        ...

    def before_create(self, new: Input, work: Work_contra) -> None:
        """Prepare a creation in its transaction, or refuse it by raising."""
        ...

    def after_create(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Run after a creation. An error rolls it back."""
        ...

    def before_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Run before a change of `fields`; refuse it by raising."""
        ...

    def after_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Run after a change of `fields`."""
        ...

    def before_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Run before a deletion; refuse it by raising."""
        ...

    def after_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Run after a deletion."""
        ...

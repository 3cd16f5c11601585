"""What the use cases of resources need from outside."""

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
    """One thing as the store has it."""

    tag: str
    """Its version, then perhaps `-` and what else its JSON depends on: the inside of an ETag."""
    body: str
    """Its JSON, ready to be sent."""

    @property
    def version(self) -> int:
        """Its version."""
        return int(self.tag.partition("-")[0])

    def parsed(self) -> dict[str, JsonValue]:
        """Return it as Python values, for a rule that must look inside."""
        parsed: dict[str, JsonValue] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Written:
    """One thing as a write left it."""

    id: str
    tag: str
    body: str
    position: str | None
    """The outbox position that includes the write, for X-Groundwork-Position; None: no change."""


class ResourceStore(Protocol):
    """Rows of any resource. Each method is one statement, and outside a transaction commits."""

    def read(self, resource: Resource, row_id: UUID) -> Stored | None:
        """Return one, or None."""
        ...

    def survivors_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of those entities that were merged, by old id."""
        ...

    def page(self, resource: Resource, query: PageQuery, after: After | None) -> Page:
        """Return up to `query.limit` items, fewer where they would pass PAGE_BYTES_MAX."""
        ...

    def insert(self, resource: Resource, fields: tuple[str, ...], values: str) -> Written:
        """Insert one. `values` is a JSON object; only `fields` of it are taken.

        Raises:
            Conflict: one with the same unique field is there; names the field.
            Invalid: a rule of the database is broken.
        """
        ...

    def update(
        self, resource: Resource, row_id: UUID, version: int, fields: tuple[str, ...], values: str
    ) -> Written | None:
        """Change `fields` of one that still has this version; None: it has another, or is gone.

        Raises:
            Conflict, Invalid: as `insert`.
        """
        ...

    def delete(self, resource: Resource, row_id: UUID, version: int) -> str | None:
        """Delete one that still has this version and return the outbox position, or None.

        Raises:
            Conflict: others still refer to it.
        """
        ...

    def owned_by(self, user_id: UUID) -> ResourceStore:
        """Return this store as it is without what belongs to anybody else (`Resource.owner`)."""
        ...


class ResourceWork(Transaction, Protocol):
    """A unit of work that knows resources, for writes that have consequences."""

    @property
    def resources(self) -> ResourceStore:
        """The rows, in this transaction."""
        ...


class Survivors(Protocol):
    """Knows what was merged into what. A survivor was never merged itself."""

    def of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of those ids that were merged, by old id."""
        ...

    def taken_in_by(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return the old ids that lead to each of these entities; none of most."""
        ...


class SurvivorsWork(Transaction, Protocol):
    """A unit of work that knows survivors."""

    @property
    def survivors(self) -> Survivors:
        """Where the ids of merged entities lead."""
        ...


Work_contra = TypeVar("Work_contra", bound=ResourceWork, contravariant=True)


class WriteHooks(Protocol[Work_contra]):
    """What else happens in the transaction of a write."""

    def prepare(self, given: Input, row_id: UUID | None, work: Work_contra) -> Input:
        """Return what is stored for what a client gave, e.g. a hash for a password.

        Called before the transaction begins, so it may take its time; it may open `work` for
        itself, and refuse by raising. `row_id` is None for a creation.
        """
        ...

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return fields that only the answer to this creation shows: a secret just made."""
        ...

    def before_create(self, new: Input, work: Work_contra) -> None:
        """Make what a creation needs, in its transaction; or refuse it by raising."""
        ...

    def after_create(self, row_id: UUID, new: Input, work: Work_contra) -> None:
        """Follow a creation. Whatever it raises undoes the creation."""
        ...

    def before_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Look before a change of `fields`, and refuse it by raising."""
        ...

    def after_change(self, row_id: UUID, fields: frozenset[str], work: Work_contra) -> None:
        """Follow a change of `fields`."""
        ...

    def before_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Look before a removal, and refuse it by raising."""
        ...

    def after_remove(self, row_id: UUID, work: Work_contra) -> None:
        """Follow a removal."""
        ...

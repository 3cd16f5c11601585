"""The description of a resource: models, filters, sorts, merge rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

ValueType = Literal["text", "id", "number", "integer", "moment", "flag"]
"""The type of a filter or sort: str, UUID, float, 64-bit int, aware datetime, bool."""

Operator = Literal["equals", "at_least", "after", "before", "has", "like", "search"]
"""`has`: an array contains the value; `like`: a text contains it, regardless of case and Unicode
normalization form; `search`: the words of an item match it, or its title contains it."""

RANK = "rank"
"""The sort and the field of search results: how well an item matches."""


Merge = Callable[[JsonValue, JsonValue], JsonValue]


class Representation(BaseModel):
    """The common fields of all resources. For documentation: Postgres makes the JSON."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class Input(BaseModel):
    """An input of clients. Its schema is built at first use, to shorten cold starts."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that filters a list."""

    name: str
    type: ValueType = "text"
    operator: Operator = "equals"
    column: str = ""
    """The column; by default the name of the parameter."""
    choices: tuple[str, ...] = ()
    """The allowed values of a text."""
    survives: bool = False
    """True if it is the id of an entity, with survivors in place of merged ones."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A field by which a list can be sorted."""

    type: ValueType
    nullable: bool = False


SORTS: Mapping[str, Sort] = {
    "id": Sort("id"),
    "created_at": Sort("moment"),
    "updated_at": Sort("moment"),
}
"""The sorts of all resources that have these fields."""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource of the REST API. `name` is used in its path and its permissions.

    Resources are compared by object identity, so that statements can be cached by resource.
    """

    name: str
    singular: str
    model: type[BaseModel]
    create: type[Input] | None = None
    patch: type[Input] | None = None
    removable: bool = True
    removes: tuple[str, ...] = ()
    """Resources whose items are deleted with an item of this one; deletion needs their write
    permissions too (docs/decisions/0045)."""
    mergeable: bool = False
    """True if items can be merged into others."""
    survives: tuple[str, ...] = ()
    """Fields of new items that are ids of entities, as `Filter.survives`."""
    owner: str | None = None
    """The field with the user who owns an item; None if items have no owner (ownership.py)."""
    shown_once: type[BaseModel] | None = None
    """The model of the response to a creation, if it has more fields than `model`."""
    filters: tuple[Filter, ...] = ()
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    """Defaults of fields that the client left out, besides those of the database."""
    merged: Mapping[str, Merge] = field(default_factory=dict)
    """Fields with JSON objects into which a merge patch is merged (RFC 7396), with the function:
    `merge_patch`, or one that also validates the result."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The fields of an item, in order."""
        return tuple(self.model.model_fields)

    @cached_property
    def all_sorts(self) -> dict[str, Sort]:
        """All fields by which lists can be sorted."""
        common = {name: sort for name, sort in SORTS.items() if name in self.columns}
        return {**common, **self.sorts}

    @cached_property
    def id_name(self) -> str:
        """The name of the id in paths."""
        return self.singular.replace(" ", "_").replace("-", "_") + "_id"

    def missing(self) -> str:
        """Return the error message for an item that does not exist."""
        return f"This {self.singular} does not exist."

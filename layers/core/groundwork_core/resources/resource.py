"""What a resource is: its models, what it may be listed by, and what a merge patch merges into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

ValueType = Literal["text", "id", "number", "integer", "moment", "flag"]
"""What a filter or a sort compares: str, UUID, float, int of 64 bits, aware datetime, bool."""

Operator = Literal["equals", "at_least", "after", "before", "has", "like"]
"""`has`: an array contains it; `like`: a text contains it, whatever its
case and Unicode normalization form."""


Merge = Callable[[JsonValue, JsonValue], JsonValue]


class Representation(BaseModel):
    """What every resource shows, before its own fields. Documentation: Postgres makes the JSON."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class Input(BaseModel):
    """What a client may send. Built at its first use, for cold starts pay for what they use."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class Filter:
    """One query parameter of a list."""

    name: str
    type: ValueType = "text"
    operator: Operator = "equals"
    column: str = ""
    """The column it looks at; the parameter's own name unless given."""
    choices: tuple[str, ...] = ()
    """For text that is one of a few words."""
    survives: bool = False
    """It takes the id of an entity; that of a merged one means its survivor (survivors.py)."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A field that a list may be sorted by."""

    type: ValueType
    nullable: bool = False


SORTS: Mapping[str, Sort] = {
    "id": Sort("id"),
    "created_at": Sort("moment"),
    "updated_at": Sort("moment"),
}
"""What a resource that shows them may be sorted by."""


@dataclass(frozen=True, eq=False)
class Resource:
    """A kind of thing that the REST API serves. `name` is its path, and its permissions' word.

    Two are equal only when they are the same object, so that statements can be kept by resource.
    """

    name: str
    singular: str
    model: type[BaseModel]
    create: type[Input] | None = None
    patch: type[Input] | None = None
    removable: bool = True
    removes: tuple[str, ...] = ()
    """Resources whose things go with one that is removed, though they are no part of it: whoever
    removes one may write those as well (docs/decisions/0045)."""
    mergeable: bool = False
    """One may be merged into another, and is then found under that one's id."""
    survives: tuple[str, ...] = ()
    """Fields of a new one that take ids of entities, as `Filter.survives`."""
    owner: str | None = None
    """The field that says to which user a thing belongs; None: to nobody (see ownership.py)."""
    shown_once: type[BaseModel] | None = None
    """What the answer to a creation shows, where that is more than `model` (see following.py)."""
    filters: tuple[Filter, ...] = ()
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    """What a new one gets where the client left it out, beyond the database's own defaults."""
    merged: Mapping[str, Merge] = field(default_factory=dict)
    """Fields that are JSON objects, into which a merge patch goes on merging (RFC 7396), and how:
    `merge_patch`, or a function of the present value and the patch that also checks the outcome."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The fields that it shows, in order."""
        return tuple(self.model.model_fields)

    @cached_property
    def all_sorts(self) -> dict[str, Sort]:
        """Every field that a list may be sorted by."""
        common = {name: sort for name, sort in SORTS.items() if name in self.columns}
        return {**common, **self.sorts}

    @cached_property
    def id_name(self) -> str:
        """What its id is called in paths."""
        return self.singular.replace(" ", "_").replace("-", "_") + "_id"

    def missing(self) -> str:
        """Say that there is no such thing."""
        return f"There is no such {self.singular}."

"""What the graph holds and what a reader of it gets.

The graph carries what questions filter, order and show most. `attributes` and `provenance` stay in
Postgres and are fetched in one batch where somebody asks for them. What comes by the thousand is a
named tuple: it is made in a fifth of the time that a frozen dataclass takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple

from pydantic import JsonValue

Id = str
"""A UUID in its canonical form: 36 characters, lower case."""

Direction = Literal["OUT", "IN", "ANY"]

RELATIONSHIPS_A_NODE = 4
"""A part shows at most so many relationships per node that it may have; more: it is truncated."""


class GraphEntity(NamedTuple):
    """A node."""

    id: Id
    version: int
    name: str
    type: str
    confidence: float
    key: str | None
    aliases: tuple[str, ...]


class GraphRelationship(NamedTuple):
    """A directed edge."""

    id: Id
    version: int
    type: str
    from_id: Id
    to_id: Id
    confidence: float
    valid_from: datetime | None
    valid_to: datetime | None


make_entity: Callable[[Iterable[Any]], GraphEntity] = partial(tuple.__new__, GraphEntity)
make_relationship: Callable[[Iterable[Any]], GraphRelationship] = partial(
    tuple.__new__, GraphRelationship
)
"""From all fields in order, unchecked: calling the class takes three times as long."""

Shown = frozenset[str]
"""Selected fields, such as `Entity.name`; others may be left empty. Ids are always read."""

FIELDS: Mapping[Literal["Entity", "Relationship"], tuple[str, ...]] = {
    "Entity": GraphEntity._fields,
    "Relationship": GraphRelationship._fields,
}
"""The fields of each kind, by its name in GraphQL and in Neo4j."""

EVERYTHING: Shown = frozenset(f"{kind}.{name}" for kind, names in FIELDS.items() for name in names)
"""All fields of both kinds."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the graph does not carry of an entity or a relationship."""

    attributes: Mapping[str, JsonValue]
    provenance: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """Which entities to list. `q` is a part of the name, in any case."""

    type: str | None = None
    q: str | None = None
    min_confidence: float | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Which relationships to follow. `as_of` keeps those with valid_from <= t < valid_to."""

    types: tuple[str, ...] | None = None
    direction: Direction = "ANY"
    min_confidence: float | None = None
    as_of: datetime | None = None

    @property
    def conditions(self) -> dict[str, object]:
        """What it asks of a relationship whatever its direction, by name; None: nothing."""
        return {
            "types": None if self.types is None else list(self.types),
            "min_confidence": self.min_confidence,
            "as_of": self.as_of,
        }


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """A place in the order of links: by confidence, the surest first, then by id."""

    confidence: float
    relationship_id: Id


class Link(NamedTuple):
    """A relationship, and the entity at its other end."""

    relationship: GraphRelationship
    node: GraphEntity


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some links of one entity, in order."""

    links: tuple[Link, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class EntityPage:
    """The ids of some entities, in order."""

    ids: tuple[Id, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A piece of the graph: the ends of each relationship are among the nodes.

    For a path, both are in the order of walking it.
    """

    nodes: tuple[GraphEntity, ...]
    relationships: tuple[GraphRelationship, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """Entities near one end of a path, all equally far from it.

    `walked` have few relationships, all of which may be read; `hubs` have very many.
    """

    walked: tuple[Id, ...]
    hubs: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One end of a path: the entities one hop from it, each with whether it is a hub.

    `others` is None if the end itself is a hub.
    """

    id: Id
    others: Mapping[Id, bool] | None

    @property
    def has_hubs(self) -> bool:
        """Whether a search from here would visit a hub."""
        return self.others is None or any(self.others.values())

    @property
    def way(self) -> tuple[Id, ...]:
        """The entities of the path before its side."""
        return () if self.others is None else (self.id,)

    @property
    def side(self) -> Side:
        """The entities at which the middle of a path may begin or end."""
        if self.others is None:
            return Side((), (self.id,))
        return Side(
            tuple(id_ for id_, hub in self.others.items() if not hub),
            tuple(id_ for id_, hub in self.others.items() if hub),
        )


@dataclass(frozen=True, slots=True)
class Nodes:
    """Entities that the graph has, by id, and which of them are hubs."""

    entities: Mapping[Id, GraphEntity]
    hubs: Sequence[Id]


@dataclass(frozen=True, slots=True)
class LinkPages:
    """A page of links for each entity that is no hub, and the hubs."""

    pages: Mapping[Id, LinkPage]
    hubs: Sequence[Id]

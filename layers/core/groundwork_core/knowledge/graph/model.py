"""The model of the graph and of query results.

The graph stores the fields that queries filter, sort and show most. `attributes` and `provenance`
stay in Postgres and are read in one batch when selected. Nodes, relationships and links are named
tuples, since these are created in a fifth of the time of a frozen dataclass.
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
"""Maximum relationships per node of a subgraph; with more the subgraph is truncated."""


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
"""Create from all fields in order, unchecked; calling the class takes three times as long."""

SelectedFields = frozenset[str]
"""Selected fields, such as `Entity.name`; others may be left empty. Ids are always read."""

FIELDS: Mapping[Literal["Entity", "Relationship"], tuple[str, ...]] = {
    "Entity": GraphEntity._fields,
    "Relationship": GraphRelationship._fields,
}
"""The fields of each kind, by its name in GraphQL and in Neo4j."""

ALL_FIELDS: SelectedFields = frozenset(
    f"{kind}.{name}" for kind, names in FIELDS.items() for name in names
)
"""All fields of both kinds."""


@dataclass(frozen=True, slots=True)
class Details:
    """Fields of an entity or a relationship that the graph does not have."""

    attributes: Mapping[str, JsonValue]
    provenance: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class DocumentCard:
    """The fields of a document that graph queries show."""

    id: Id
    title: str
    url: str | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """A filter of entities. `q` is a part of the name; case does not matter."""

    type: str | None = None
    q: str | None = None
    min_confidence: float | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """A filter of relationships. `as_of` selects those with valid_from <= as_of < valid_to."""

    types: tuple[str, ...] | None = None
    direction: Direction = "ANY"
    min_confidence: float | None = None
    as_of: datetime | None = None

    @property
    def conditions(self) -> dict[str, object]:
        """The conditions besides direction, by name; None means no condition."""
        return {
            "types": None if self.types is None else list(self.types),
            "min_confidence": self.min_confidence,
            "as_of": self.as_of,
        }


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """A place in the order of links: by confidence, highest first, then by id."""

    confidence: float
    relationship_id: Id


class Link(NamedTuple):
    """A relationship with the entity at its other end."""

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
    """A part of the graph: the ends of each relationship are among the nodes.

    For a path, both are in the order of the path.
    """

    nodes: tuple[GraphEntity, ...]
    relationships: tuple[GraphRelationship, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """Entities near one end of a path, all at the same distance from it.

    `ordinary` have few relationships, which may all be read; `hubs` have too many.
    """

    ordinary: tuple[Id, ...]
    hubs: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One end of a path, with the entities one hop away and whether each is a hub.

    `others` is None if the end itself is a hub.
    """

    id: Id
    others: Mapping[Id, bool] | None

    @property
    def has_hubs(self) -> bool:
        """True if a search from this end would visit a hub."""
        return self.others is None or any(self.others.values())

    @property
    def way(self) -> tuple[Id, ...]:
        """The entities of the path before those of `side`."""
        return () if self.others is None else (self.id,)

    @property
    def side(self) -> Side:
        """The entities at which the middle part of the path may begin or end."""
        if self.others is None:
            return Side((), (self.id,))
        return Side(
            tuple(id_ for id_, hub in self.others.items() if not hub),
            tuple(id_ for id_, hub in self.others.items() if hub),
        )


@dataclass(frozen=True, slots=True)
class Nodes:
    """Entities of the graph by id, and the ids of hubs among them."""

    entities: Mapping[Id, GraphEntity]
    hubs: Sequence[Id]


@dataclass(frozen=True, slots=True)
class LinkPages:
    """A page of links for each entity that is not a hub, and the ids of hubs."""

    pages: Mapping[Id, LinkPage]
    hubs: Sequence[Id]

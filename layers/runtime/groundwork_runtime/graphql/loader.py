"""Batch and cache the reads of one GraphQL request.

graphql-core resolves one field of one item at a time. Before it does, `Prefetch` goes through the
selection level by level and uses this loader to read each page of links for all entities of the
level at once, and their details from Postgres in one batch. Resolvers then read the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from groundwork_core.caller import Caller
from groundwork_core.embeddings.search import Found, Search
from groundwork_core.knowledge.graph.cursors import read_link_cursor
from groundwork_core.knowledge.graph.model import (
    Details,
    GraphEntity,
    Id,
    LinkFilter,
    LinkPage,
    LinkPlace,
)
from groundwork_core.knowledge.graph.ports import Catalogue, GraphReader
from groundwork_runtime.graphql.arguments import Arguments, read_first, read_link_filter

ElementKind = Literal["entity", "relationship"]
NO_DETAILS = Details({}, {})
EMPTY_PAGE = LinkPage((), has_next=False)


@dataclass(frozen=True, slots=True)
class PageKey:
    """Identifies a page of an entity's links: filter, size and start."""

    wanted: LinkFilter
    first: int
    after: LinkPlace | None

    @classmethod
    def read(cls, arguments: Arguments) -> PageKey:
        """Parse the arguments of a links field. Raises Invalid."""
        after = arguments.get("after")
        return cls(
            read_link_filter(arguments),
            read_first(arguments),
            None if after is None else read_link_cursor(after),
        )


@dataclass(slots=True)
class GraphLoader:
    """Reads entities, pages of links and details for one request, each once."""

    caller: Caller
    graph: GraphReader
    catalogue: Catalogue
    find_similar: Callable[[Search], Found]
    entities: dict[Id, GraphEntity] = field(default_factory=dict)
    _pages: dict[PageKey, dict[Id, LinkPage]] = field(default_factory=dict)
    _entity_details: dict[Id, Details] = field(default_factory=dict)
    _relationship_details: dict[Id, Details] = field(default_factory=dict)

    def add(self, entities: Iterable[GraphEntity]) -> None:
        """Cache entities that were read as part of another result."""
        self.entities.update((entity.id, entity) for entity in entities)

    def load_entities(self, ids: Collection[Id]) -> None:
        """Read the entities that are not cached yet."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in self.entities]
        if missing:
            self.add(self.graph.entities(missing).values())

    def entity(self, id_: Id) -> GraphEntity | None:
        """Return an entity, or its survivor if it was merged; only a miss reads the survivor."""
        self.load_entities([id_])
        if id_ not in self.entities and (survivors := self.survivors([id_])):
            self.load_entities(survivors)
            return self.entities.get(survivors[0])
        return self.entities.get(id_)

    def survivors(self, ids: Sequence[Id]) -> list[Id] | None:
        """Replace the ids of merged entities by their survivors'; None if none is merged."""
        merged_into = self.catalogue.survivors(ids)
        return [merged_into.get(id_, id_) for id_ in ids] if merged_into else None

    def load_pages(self, key: PageKey, ids: Collection[Id]) -> None:
        """Read one page of links for each entity that has none cached."""
        self.caller.must("relationships:read")
        known = self._pages.setdefault(key, {})
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in known]
        if missing:
            known.update(dict.fromkeys(missing, EMPTY_PAGE))
            known.update(self.graph.links(missing, key.wanted, key.first, key.after))
            for id_ in missing:
                self.add(link.node for link in known[id_].links)

    def page(self, key: PageKey, id_: Id) -> LinkPage:
        """Return a page of links, usually loaded with its level."""
        if id_ not in self._pages.get(key, {}):
            self.load_pages(key, [id_])
        return self._pages[key][id_]

    def load_details(self, kind: ElementKind, ids: Collection[Id]) -> None:
        """Read from Postgres what the graph does not store."""
        known, fetch = self._details(kind)
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in known]
        if missing:
            known.update(dict.fromkeys(missing, NO_DETAILS))
            known.update(fetch(missing))

    def details(self, kind: ElementKind, id_: Id) -> Details:
        """Return the details of an element, usually loaded with its level."""
        known, _ = self._details(kind)
        if id_ not in known:
            self.load_details(kind, [id_])
        return known[id_]

    def _details(
        self, kind: ElementKind
    ) -> tuple[dict[Id, Details], Callable[[Collection[Id]], Mapping[Id, Details]]]:
        if kind == "entity":
            return self._entity_details, self.catalogue.entity_details
        return self._relationship_details, self.catalogue.relationship_details

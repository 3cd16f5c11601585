"""One request's dealings with the graph: everything a level needs, in one question.

graphql-core resolves field by field and item by item. So before it does, the selection is looked
ahead level by level: for each page of links that is selected, all entities of the level are asked
about at once, and what Postgres has beside it comes in one batch. Resolvers then only look up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from groundwork_core.caller import Caller
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
    """Which page of links of an entity."""

    wanted: LinkFilter
    first: int
    after: LinkPlace | None

    @classmethod
    def read(cls, arguments: Arguments) -> PageKey:
        """Read a field's arguments. Raises Invalid."""
        after = arguments.get("after")
        return cls(
            read_link_filter(arguments),
            read_first(arguments),
            None if after is None else read_link_cursor(after),
        )


@dataclass(slots=True)
class GraphLoader:
    """What one request has asked and learned."""

    caller: Caller
    graph: GraphReader
    catalogue: Catalogue
    entities: dict[Id, GraphEntity] = field(default_factory=dict)
    _pages: dict[PageKey, dict[Id, LinkPage]] = field(default_factory=dict)
    _entity_details: dict[Id, Details] = field(default_factory=dict)
    _relationship_details: dict[Id, Details] = field(default_factory=dict)

    def learn(self, entities: Iterable[GraphEntity]) -> None:
        """Remember entities that came with something else."""
        self.entities.update((entity.id, entity) for entity in entities)

    def load_entities(self, ids: Collection[Id]) -> None:
        """Ask for entities that are not known yet."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in self.entities]
        if missing:
            self.learn(self.graph.entities(missing).values())

    def entity(self, id_: Id) -> GraphEntity | None:
        """Return an entity, or the one into which it was merged: only a miss pays for asking."""
        self.load_entities([id_])
        if id_ not in self.entities and (led := self.led([id_])):
            self.load_entities(led)
            return self.entities.get(led[0])
        return self.entities.get(id_)

    def led(self, ids: Sequence[Id]) -> list[Id] | None:
        """Return ids with survivors in the place of merged entities; None: it names none."""
        survivors = self.catalogue.survivors(ids)
        return [survivors.get(id_, id_) for id_ in ids] if survivors else None

    def load_pages(self, key: PageKey, ids: Collection[Id]) -> None:
        """Ask for one page of links of each entity."""
        self.caller.must("relationships:read")
        known = self._pages.setdefault(key, {})
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in known]
        if missing:
            known.update(dict.fromkeys(missing, EMPTY_PAGE))
            known.update(self.graph.links(missing, key.wanted, key.first, key.after))
            for id_ in missing:
                self.learn(link.node for link in known[id_].links)

    def page(self, key: PageKey, id_: Id) -> LinkPage:
        """Return a page; it was loaded with its level."""
        if id_ not in self._pages.get(key, {}):
            self.load_pages(key, [id_])
        return self._pages[key][id_]

    def load_details(self, kind: ElementKind, ids: Collection[Id]) -> None:
        """Ask Postgres for what the graph does not carry."""
        known, fetch = self._details(kind)
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in known]
        if missing:
            known.update(dict.fromkeys(missing, NO_DETAILS))
            known.update(fetch(missing))

    def details(self, kind: ElementKind, id_: Id) -> Details:
        """Return details; they were loaded with their level."""
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

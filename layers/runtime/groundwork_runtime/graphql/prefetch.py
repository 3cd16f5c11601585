"""Load what a selection needs before it is resolved, one query per level and kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from groundwork_core.knowledge.graph.model import GraphEntity, GraphRelationship, Link
from groundwork_runtime.graphql.loader import ElementKind, GraphLoader, PageKey

Fields = Mapping[str, list[FieldNode]]
LINKS = ("neighbours", "relationships")
DETAILS = ("attributes", "provenance")


@dataclass(frozen=True, slots=True)
class _Entities:
    """Entities of one level with the same selection."""

    items: Sequence[GraphEntity]
    nodes: list[FieldNode]


@dataclass(frozen=True, slots=True)
class _Relationships:
    """Relationships of one level with the same selection."""

    items: Sequence[GraphRelationship]
    nodes: list[FieldNode]


Site = _Entities | _Relationships


class Prefetch:
    """Loads everything below one field, level by level, with a GraphLoader."""

    def __init__(self, info: GraphQLResolveInfo, loader: GraphLoader) -> None:
        """`info` describes the field that is being resolved."""
        self._info = info
        self._loader = loader

    def below(self, type_name: str, nodes: Sequence[FieldNode]) -> Fields:
        """Return the fields selected below some nodes by response key, with fragments merged."""
        found: Fields = collect_sub_fields(
            self._info.schema,
            self._info.fragments,
            self._info.variable_values,
            self._type(type_name),
            list(nodes),
        )
        return found

    def named(self, type_name: str, nodes: Sequence[FieldNode], name: str) -> list[FieldNode]:
        """Return the nodes of all selected fields with one name, including aliased ones."""
        found = self.below(type_name, nodes).values()
        return [node for group in found if group[0].name.value == name for node in group]

    def entities(self, items: Sequence[GraphEntity], nodes: Sequence[FieldNode]) -> None:
        """Load everything selected below these entities."""
        self._load([_Entities(items, list(nodes))])

    def part(
        self,
        entities: Sequence[GraphEntity],
        relationships: Sequence[GraphRelationship],
        type_name: str,
        nodes: Sequence[FieldNode],
    ) -> None:
        """Load everything selected below a path or a subgraph."""
        self._load(
            [
                _Entities(entities, self.named(type_name, nodes, "nodes")),
                _Relationships(relationships, self.named(type_name, nodes, "relationships")),
            ]
        )

    def _load(self, sites: list[Site]) -> None:
        while sites:
            sites = self._level([site for site in sites if site.nodes and site.items])

    def _level(self, sites: list[Site]) -> list[Site]:
        """Load one level and return the next one."""
        pages: dict[PageKey, list[GraphEntity]] = defaultdict(list)
        found: list[tuple[str, PageKey, list[FieldNode], Sequence[GraphEntity]]] = []
        following: list[Site] = []
        for site in sites:
            if isinstance(site, _Relationships):
                following += self._of_relationships(site)
                continue
            for group in self._with_details("Entity", site):
                name = group[0].name.value
                if name in LINKS:
                    key = PageKey.read(self._arguments("Entity", group[0]))
                    pages[key] += site.items
                    found.append((name, key, group, site.items))
        for key, entities in pages.items():
            self._loader.load_pages(key, [entity.id for entity in entities])
        for name, key, nodes, items in found:
            links = [link for item in items for link in self._loader.page(key, item.id).links]
            following += self._beneath(name, nodes, links)
        return following

    def _of_relationships(self, site: _Relationships) -> list[Site]:
        following: list[Site] = []
        for group in self._with_details("Relationship", site):
            name = group[0].name.value
            if name in {"from", "to"}:
                ids = [r.from_id if name == "from" else r.to_id for r in site.items]
                self._loader.load_entities(ids)
                known = self._loader.entities
                following.append(_Entities([known[i] for i in ids if i in known], group))
        return following

    def _with_details(self, type_name: str, site: Site) -> list[list[FieldNode]]:
        """Load the details of a site if any is selected; return the selected fields."""
        groups = list(self.below(type_name, site.nodes).values())
        if any(group[0].name.value in DETAILS for group in groups):
            kind: ElementKind = "entity" if isinstance(site, _Entities) else "relationship"
            self._loader.load_details(kind, [item.id for item in site.items])
        return groups

    def _beneath(self, name: str, nodes: list[FieldNode], links: Sequence[Link]) -> list[Site]:
        relationships = [link.relationship for link in links]
        if name == "relationships":
            edges = self.named("RelationshipConnection", nodes, "edges")
            return [_Relationships(relationships, self.named("RelationshipEdge", edges, "node"))]
        edges = self.named("NeighbourConnection", nodes, "edges")
        return [
            _Entities([link.node for link in links], self.named("NeighbourEdge", edges, "node")),
            _Relationships(relationships, self.named("NeighbourEdge", edges, "relationship")),
        ]

    def _type(self, name: str) -> GraphQLObjectType:
        found = self._info.schema.type_map[name]
        if not isinstance(found, GraphQLObjectType):
            raise TypeError(name)
        return found

    def _arguments(self, type_name: str, node: FieldNode) -> dict[str, object]:
        definition = self._type(type_name).fields[node.name.value]
        return get_argument_values(definition, node, self._info.variable_values)

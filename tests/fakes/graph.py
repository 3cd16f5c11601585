"""A graph in memory, in place of Neo4j."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from groundwork_core.knowledge.graph.changes import Changes, Deletion
from groundwork_core.knowledge.graph.model import (
    ALL_FIELDS,
    GraphEntity,
    GraphRelationship,
    Id,
    Link,
    LinkFilter,
    LinkPage,
    LinkPlace,
    SelectedFields,
    Side,
    Subgraph,
)
from groundwork_core.knowledge.graph.ports import AppliedChanges


class FakeGraph:
    """Implements `GraphProjection`, `GraphReader` and `Neighbourhoods`."""

    def __init__(self) -> None:
        self.nodes: dict[Id, GraphEntity] = {}
        self.edges: dict[Id, GraphRelationship] = {}
        self.dead: dict[Id, int] = {}
        self.upto = (0, 0)
        self.questions = 0

    # Projection

    def apply(self, changes: Changes) -> AppliedChanges:
        entities = relationships = skipped = 0
        for entity in changes.entities.values():
            if entity.version <= self._version(self.nodes.get(entity.id), entity.id):
                skipped += 1
                continue
            entities += 1
            if isinstance(entity, Deletion):
                self.nodes.pop(entity.id, None)
                self.dead[entity.id] = entity.version
                self.edges = {i: e for i, e in self.edges.items() if entity.id not in _ends(e)}
            else:
                self.dead.pop(entity.id, None)
                self.nodes[entity.id] = entity
        for edge in changes.relationships.values():
            if edge.version <= self._version(self.edges.get(edge.id), edge.id):
                skipped += 1
            elif isinstance(edge, Deletion):
                relationships += 1
                self.edges.pop(edge.id, None)
                self.dead[edge.id] = edge.version
            elif any(end in self.dead for end in _ends(edge)):
                skipped += 1
                self.edges.pop(edge.id, None)
            else:
                relationships += 1
                self.edges[edge.id] = edge
        self.upto = max(self.upto, changes.upto)
        return AppliedChanges(entities, relationships, skipped)

    def position(self) -> tuple[int, int]:
        return self.upto

    def _version(self, standing: GraphEntity | GraphRelationship | None, id_: Id) -> int:
        return max(standing.version if standing else 0, self.dead.get(id_, 0))

    # Reader

    def entities(self, ids: Collection[Id]) -> Mapping[Id, GraphEntity]:
        self.questions += 1
        return {id_: self.nodes[id_] for id_ in ids if id_ in self.nodes}

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, first: int, after: LinkPlace | None
    ) -> Mapping[Id, LinkPage]:
        self.questions += 1
        pages = {}
        for id_ in ids:
            if id_ not in self.nodes:
                continue
            links = sorted(self._links(id_, wanted), key=_order)
            if after is not None:
                place = (-after.confidence, after.relationship_id)
                links = [link for link in links if _order(link) > place]
            pages[id_] = LinkPage(tuple(links[:first]), len(links) > first)
        return pages

    def path(self, from_id: Id, to_id: Id, max_hops: int, wanted: LinkFilter) -> Subgraph | None:
        self.questions += 1
        if from_id not in self.nodes or to_id not in self.nodes:
            return None
        came: dict[Id, Link | None] = {from_id: None}
        back: dict[Id, Id] = {}
        queue = deque([(from_id, 0)])
        while queue and to_id not in came:
            here, hops = queue.popleft()
            for link in self._links(here, wanted) if hops < max_hops else ():
                if link.node.id not in came:
                    came[link.node.id], back[link.node.id] = link, here
                    queue.append((link.node.id, hops + 1))
        if to_id not in came:
            return None
        nodes, edges, here = [self.nodes[to_id]], [], to_id
        while (step := came[here]) is not None:
            here = back[here]
            nodes.append(self.nodes[here])
            edges.append(step.relationship)
        return Subgraph(tuple(reversed(nodes)), tuple(reversed(edges)))

    def subgraph(
        self, seeds: Sequence[Id], depth: int, max_nodes: int, wanted: LinkFilter
    ) -> Subgraph:
        found = dict.fromkeys(i for i in seeds if i in self.nodes)
        truncated = len(found) > max_nodes
        found = dict.fromkeys(list(found)[:max_nodes])
        frontier = list(found)
        for _ in range(depth):
            near = self.next_to(frontier, wanted, len(self.nodes))
            room = max_nodes - len(found)
            frontier = [id_ for id_ in near if id_ not in found]
            truncated = truncated or len(frontier) > room
            frontier = frontier[:room]
            found |= dict.fromkeys(frontier)
            if truncated:
                break
        edges = self.among(found, (), wanted, len(self.edges))
        return Subgraph(tuple(self.nodes[id_] for id_ in found), tuple(edges), truncated)

    # Neighbourhoods

    def next_to(self, ids: Collection[Id], wanted: LinkFilter, limit: int) -> Sequence[Id]:
        sure: dict[Id, float] = {}
        for link in (link for id_ in ids for link in self._links(id_, wanted)):
            confidence = link.relationship.confidence
            sure[link.node.id] = max(confidence, sure.get(link.node.id, 0))
        return sorted(sure, key=lambda id_: (-sure[id_], id_))[:limit]

    def among(
        self,
        ids: Collection[Id],
        hubs: Collection[Id],
        wanted: LinkFilter,
        limit: int,
        selected: SelectedFields = ALL_FIELDS,
    ) -> Sequence[GraphRelationship]:
        edges = [e for e in self.edges.values() if {*_ends(e)} <= {*ids} and _holds(e, wanted)]
        return sorted(edges, key=lambda edge: (-edge.confidence, edge.id))[:limit]

    def _links(self, id_: Id, wanted: LinkFilter) -> Iterator[Link]:
        for edge in self.edges.values():
            out = edge.from_id == id_ and wanted.direction != "IN"
            into = edge.to_id == id_ and wanted.direction != "OUT"
            other = edge.to_id if out else edge.from_id
            if (out or into) and other in self.nodes and _holds(edge, wanted):
                yield Link(edge, self.nodes[other])


class FakeHubLists:
    """Implements `HubLists` for a graph without hubs: being asked is a fault."""

    def links(
        self, ids: Collection[Id], wanted: LinkFilter, limit: int, after: LinkPlace | None
    ) -> Mapping[Id, Sequence[GraphRelationship]]:
        raise AssertionError(ids)


class FakeHubPaths:
    """Implements `HubPaths` for a graph without hubs: being asked is a fault."""

    def adjacent(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        raise AssertionError(left, right)

    def across(self, left: Side, right: Side, wanted: LinkFilter) -> Sequence[Id]:
        raise AssertionError(left, right)

    def steps(self, ids: Sequence[Id], wanted: LinkFilter) -> Sequence[GraphRelationship]:
        raise AssertionError(ids)


def _ends(edge: GraphRelationship) -> tuple[Id, Id]:
    return edge.from_id, edge.to_id


def _order(link: Link) -> tuple[float, Id]:
    return -link.relationship.confidence, link.relationship.id


def _holds(edge: GraphRelationship, wanted: LinkFilter) -> bool:
    at = wanted.as_of
    return (
        (wanted.types is None or edge.type in wanted.types)
        and (wanted.min_confidence is None or edge.confidence >= wanted.min_confidence)
        and (at is None or edge.valid_from is None or edge.valid_from <= at)
        and (at is None or edge.valid_to is None or at < edge.valid_to)
    )

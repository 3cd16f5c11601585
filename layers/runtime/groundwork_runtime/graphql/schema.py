"""The GraphQL schema and its resolvers."""

from __future__ import annotations

from importlib.resources import files

from ariadne import EnumType, ObjectType, make_executable_schema
from graphql import GraphQLResolveInfo, GraphQLSchema

from groundwork_core.knowledge.entity_types import ENTITY_TYPES
from groundwork_core.knowledge.graph.cursors import (
    entity_cursor,
    link_cursor,
    read_entity_cursor,
)
from groundwork_core.knowledge.graph.model import (
    GraphEntity,
    GraphRelationship,
    Link,
    LinkPage,
    LinkPlace,
    Subgraph,
)
from groundwork_runtime.graphql import arguments as read
from groundwork_runtime.graphql.levels import Attribute
from groundwork_runtime.graphql.loader import GraphLoader, PageKey
from groundwork_runtime.graphql.prefetch import Prefetch
from groundwork_runtime.graphql.scalars import date_time, json_value
from groundwork_runtime.graphql.similar import SUBJECT_TYPE, similar_document, similar_query

_ENTITY_TYPE = EnumType("EntityType", {name.upper(): name for name in ENTITY_TYPES})

query = ObjectType("Query")
entity = ObjectType("Entity")
relationship = ObjectType("Relationship")
neighbour_connection = ObjectType("NeighbourConnection")
neighbour_edge = ObjectType("NeighbourEdge")
relationship_connection = ObjectType("RelationshipConnection")
relationship_edge = ObjectType("RelationshipEdge")

Connection = dict[str, object]


@query.field("entity")
def _entity(_: None, info: GraphQLResolveInfo, id: str) -> GraphEntity | None:  # noqa: A002 - the schema's name
    loader = _loader(info)
    id_ = read.read_id(id, "id")
    found = loader.entity(id_)
    if found is not None:
        Prefetch(info, loader).entities([found], info.field_nodes)
    return found


@query.field("entities")
def _entities(_: None, info: GraphQLResolveInfo, **arguments: object) -> Connection:
    """List entities from Postgres; leave out those that are not in the graph yet."""
    loader = _loader(info)
    after = arguments.get("after")
    page = loader.catalogue.find(
        read.read_entity_filter(arguments),
        read.read_first(arguments),
        None if after is None else read_entity_cursor(str(after)),
    )
    loader.load_entities(page.ids)
    found = [loader.entities[id_] for id_ in page.ids if id_ in loader.entities]
    ahead = Prefetch(info, loader)
    edges = ahead.named("EntityConnection", info.field_nodes, "edges")
    ahead.entities(found, ahead.named("EntityEdge", edges, "node"))
    return {
        "edges": [{"cursor": entity_cursor(item.id), "node": item} for item in found],
        "pageInfo": {
            "hasNextPage": page.has_next,
            "endCursor": entity_cursor(page.ids[-1]) if page.ids else None,
        },
    }


@query.field("path")
def _path(_: None, info: GraphQLResolveInfo, **arguments: object) -> dict[str, object] | None:
    loader = _loader(info)
    loader.caller.must("relationships:read")
    start, end = (read.read_id(str(arguments[name]), name) for name in ("from", "to"))
    hops = read.read_whole(arguments, "maxHops", 4, 1, read.MAX_HOPS)
    wanted = read.read_link_filter(arguments)
    found = loader.graph.path(start, end, hops, wanted)
    if found is None and (survivors := loader.survivors([start, end])):
        found = loader.graph.path(survivors[0], survivors[1], hops, wanted)
    if found is None:
        return None
    return _part(info, found, "Path") | {"length": len(found.relationships)}


@query.field("subgraph")
def _subgraph(
    _: None, info: GraphQLResolveInfo, seeds: list[str], **arguments: object
) -> dict[str, object]:
    loader = _loader(info)
    loader.caller.must("relationships:read")
    start_ids = read.read_seeds(seeds)
    depth = read.read_whole(arguments, "depth", 1, 0, read.MAX_SUBGRAPH_DEPTH)
    most = read.read_whole(arguments, "maxNodes", 200, 1, read.MAX_NODES)
    wanted = read.read_link_filter(arguments)
    found = loader.graph.subgraph(start_ids, depth, most, wanted)
    if not {node.id for node in found.nodes}.issuperset(start_ids) and (
        survivors := loader.survivors(start_ids)
    ):
        found = loader.graph.subgraph(list(dict.fromkeys(survivors)), depth, most, wanted)
    return _part(info, found, "Subgraph") | {"truncated": found.truncated}


def _part(info: GraphQLResolveInfo, part: Subgraph, type_name: str) -> dict[str, object]:
    loader = _loader(info)
    loader.add(part.nodes)
    Prefetch(info, loader).part(part.nodes, part.relationships, type_name, info.field_nodes)
    return {"nodes": part.nodes, "relationships": part.relationships}


@entity.field("neighbours")
@entity.field("relationships")
def _links(source: GraphEntity, info: GraphQLResolveInfo, **arguments: object) -> LinkPage:
    return _loader(info).page(PageKey.read(arguments), source.id)


def _page_info(source: LinkPage, _: GraphQLResolveInfo) -> dict[str, object]:
    end = _cursor(source.links[-1]) if source.links else None
    return {"hasNextPage": source.has_next, "endCursor": end}


def _edge_cursor(source: Link, _: GraphQLResolveInfo) -> str:
    return _cursor(source)


@entity.field("attributes")
def _entity_attributes(source: GraphEntity, info: GraphQLResolveInfo) -> object:
    return _loader(info).details("entity", source.id).attributes


@entity.field("provenance")
def _entity_provenance(source: GraphEntity, info: GraphQLResolveInfo) -> object:
    return _loader(info).details("entity", source.id).provenance


@relationship.field("attributes")
def _relationship_attributes(source: GraphRelationship, info: GraphQLResolveInfo) -> object:
    return _loader(info).details("relationship", source.id).attributes


@relationship.field("provenance")
def _relationship_provenance(source: GraphRelationship, info: GraphQLResolveInfo) -> object:
    return _loader(info).details("relationship", source.id).provenance


@relationship.field("from")
def _from(source: GraphRelationship, info: GraphQLResolveInfo) -> GraphEntity | None:
    return _loader(info).entities.get(source.from_id)


@relationship.field("to")
def _to(source: GraphRelationship, info: GraphQLResolveInfo) -> GraphEntity | None:
    return _loader(info).entities.get(source.to_id)


relationship.set_field("validFrom", Attribute("valid_from"))
relationship.set_field("validTo", Attribute("valid_to"))
relationship_edge.set_field("node", Attribute("relationship"))
for _connection in (neighbour_connection, relationship_connection):
    _connection.set_field("edges", Attribute("links"))
    _connection.set_field("pageInfo", _page_info)
for _edge in (neighbour_edge, relationship_edge):
    _edge.set_field("cursor", _edge_cursor)


def _cursor(link: Link) -> str:
    return link_cursor(LinkPlace(link.relationship.confidence, link.relationship.id))


def _loader(info: GraphQLResolveInfo) -> GraphLoader:
    loader: GraphLoader = info.context
    return loader


def make_schema() -> GraphQLSchema:
    """Build the schema from schema.graphql."""
    text = files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")
    return make_executable_schema(
        text,
        query,
        similar_query,
        similar_document,
        SUBJECT_TYPE,
        entity,
        relationship,
        neighbour_connection,
        neighbour_edge,
        relationship_connection,
        relationship_edge,
        _ENTITY_TYPE,
        date_time,
        json_value,
    )

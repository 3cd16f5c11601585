"""The peer of graph_api: the same GraphQL read by FastAPI, Ariadne and the Neo4j driver."""

import os
from typing import Annotated, Any

from ariadne import QueryType, graphql_sync, make_executable_schema
from fastapi import Depends, FastAPI, Request
from mangum import Mangum
from neo4j import GraphDatabase

from benchmarks.api.token_check import caller

query = QueryType()
schema = make_executable_schema(
    "type Query { entity(id: ID!): Entity } type Entity { id: ID! name: String! }", query
)
driver = GraphDatabase.driver(
    os.environ["NEO4J_URI"], auth=(os.environ["NEO4J_USER"], os.environ["NEO4J_PASSWORD"])
)
app = FastAPI()


@query.field("entity")
def entity(_: object, __: object, id: str) -> dict[str, Any] | None:  # noqa: A002 - the API's word
    """Read one node."""
    records, _summary, _keys = driver.execute_query(
        "MATCH (n:Entity {id: $id}) RETURN n.id AS id, n.name AS name", id=id
    )
    return dict(records[0]) if records else None


@app.post("/graphql")
async def ask(request: Request, user: Annotated[str, Depends(caller)]) -> dict[str, Any]:
    """Answer one query."""
    _, result = graphql_sync(schema, await request.json())
    return dict(result)


handler = Mangum(app, lifespan="off")

"""What this function serves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from groundwork_core.caller import Caller
from groundwork_functions.graph_api import page
from groundwork_runtime.graphql import openapi_content as documented
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

if TYPE_CHECKING:
    from groundwork_runtime.graphql.executor import QueryExecutor

PUBLIC = "the page holds no data; its queries carry a token"

router = Router()


@router.post(
    "/graphql",
    needs="entities:read",
    operation_id="graphql",
    tag="graph",
    body=documented.BODY,
    takes=documented.TAKES,
    returns=documented.ANSWERS,
    also=documented.ALSO,
)
def graphql(request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Answer a GraphQL query: `{"query", "variables"?, "operationName"?}`."""
    return answering()(request, caller, wiring)


@router.get("/graphql", open=PUBLIC, operation_id="graphiql", tag="graph", returns=documented.PAGE)
def graphiql() -> HttpResponse:
    """Show GraphiQL."""
    return page.page()


@router.get(
    "/graphql/<name>",
    open=PUBLIC,
    operation_id="graphiqlAsset",
    tag="graph",
    returns=documented.ASSETS,
)
def graphiql_asset(name: str) -> HttpResponse:
    """Return a part of GraphiQL."""
    return page.asset(name)


@cache
def answering() -> QueryExecutor:
    """Return what answers; the first query, not the first page, pays for the schema."""
    from groundwork_runtime.graphql.executor import QueryExecutor

    return QueryExecutor()

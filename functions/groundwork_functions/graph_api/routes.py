"""Routes of the graph_api function: GraphQL and the GraphiQL page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from groundwork_core.caller import Caller
from groundwork_functions.graph_api import page
from groundwork_runtime.graphql import openapi_content
from groundwork_runtime.http.developer_pages import must_be_shown
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

if TYPE_CHECKING:
    from groundwork_runtime.graphql.executor import QueryExecutor

PUBLIC = "the page contains no data; its queries send an access token"

router = Router()


@router.post(
    "/graphql",
    needs="entities:read",
    operation_id="graphql",
    tag="graph",
    body=openapi_content.BODY,
    parameters=openapi_content.PARAMETERS,
    result="The result of the query, its errors and its cost.",
    returns=openapi_content.RESULTS,
    problem_content=openapi_content.PROBLEM_CONTENT,
)
def graphql(request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Execute a GraphQL query."""
    return executor()(request, caller, wiring)


@router.get(
    "/graphql",
    open=PUBLIC,
    operation_id="graphiql",
    tag="graph",
    result="The page.",
    returns=openapi_content.PAGE,
)
def graphiql(wiring: Wiring) -> HttpResponse:
    """Return the GraphiQL page, unless it is disabled."""
    must_be_shown(wiring.settings)
    return page.page()


@router.get(
    "/graphql/<name>",
    open=PUBLIC,
    operation_id="graphiqlAsset",
    tag="graph",
    result="The file.",
    returns=openapi_content.ASSETS,
)
def graphiql_asset(name: str, wiring: Wiring) -> HttpResponse:
    """Return a script or stylesheet of the GraphiQL page."""
    must_be_shown(wiring.settings)
    return page.asset(name)


@cache
def executor() -> QueryExecutor:
    """Return the executor.

    The first query builds the schema, so that the page does not wait for it.
    """
    from groundwork_runtime.graphql.executor import QueryExecutor

    return QueryExecutor()

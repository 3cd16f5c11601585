"""GraphQL over HTTP: validate, limit, charge and execute one query."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from graphql import ExecutionResult, GraphQLError, execute
from pydantic_core import to_json

from groundwork_core.caller import Caller
from groundwork_core.embeddings.search import search
from groundwork_core.errors import Throttled
from groundwork_core.knowledge.graph.await_position import await_position
from groundwork_runtime.graphql.documents import Documents, operation_of
from groundwork_runtime.graphql.error_codes import BAD_USER_INPUT, QueryRejected, code_of, formatted
from groundwork_runtime.graphql.levels import LevelExecution
from groundwork_runtime.graphql.loader import GraphLoader
from groundwork_runtime.graphql.persisted import PersistedQueries, bundled
from groundwork_runtime.graphql.query_limits import COST_A_TOKEN, MAX_COST, measure
from groundwork_runtime.graphql.schema import make_schema
from groundwork_runtime.http.response import JSON, PROBLEM, HttpResponse

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.model import SelectedFields
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.settings import Settings
    from groundwork_runtime.wiring import Wiring

MAX_BODY_BYTES = 256 * 1024
MAX_RESPONSE_BYTES = 2_900_000
"""Lambda limits a response to 6 MB; the body is a JSON string in it: a quote takes two bytes."""
REQUEST_SECONDS = 8.0
RETRY_SECONDS = "2"
GRAPHQL_JSON = "application/graphql-response+json"
UNAVAILABLE = frozenset({"GRAPH_UNAVAILABLE", "UNAVAILABLE"})

ResponseBody = dict[str, Any]
"""A GraphQL response before it is encoded."""


class QueryExecutor:
    """Executes queries; caches the schema and the parsed queries."""

    def __init__(self) -> None:
        """Build the schema and read the bundled persisted queries."""
        self._schema = make_schema()
        self._documents = Documents(self._schema)
        self._persisted = PersistedQueries(bundled())

    def __call__(self, request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
        """Execute the query in a POST request and return the response."""
        if len(request.body) > MAX_BODY_BYTES:
            return _problem(request, 413, "content-too-large", "Content too large", "TOO_LARGE")
        payload = request.json(types=(JSON,))
        media_type = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
        try:
            query = _read(payload)
        except QueryRejected as error:
            return HttpResponse(400, _encoded({"errors": formatted([error])}), media_type)
        ends = time.monotonic() + REQUEST_SECONDS

        def new_loader(selected: SelectedFields) -> GraphLoader:
            reader = wiring.graph_reader(lambda: ends - time.monotonic(), selected)
            return GraphLoader(
                caller, reader, wiring.catalogue, lambda asked: search(asked, work=wiring.work())
            )

        try:
            position = request.headers.get("x-groundwork-min-position")
            with wiring.database.stopping_at(ends):
                if position is not None:
                    await_position(position.strip(), wiring.catchup)
                body = self._run(query, new_loader, wiring.settings, request.charge)
        except Throttled:
            raise  # becomes 429 with Retry-After, as for any other request
        except Exception as error:
            if code_of(error) is None:
                raise
            body = {
                "data": None,
                "errors": formatted([GraphQLError(str(error), original_error=error)]),
            }
        return _response(body, request, media_type)

    def _run(
        self,
        query: _QueryRequest,
        new_loader: Callable[[SelectedFields], GraphLoader],
        settings: Settings,
        charge: Callable[[int], None],
    ) -> ResponseBody:
        variables, name = query.variables, query.operation_name
        try:
            text = self._persisted.text_of(
                query.text, query.extensions, only_known=settings.graphql_persisted_only
            )
            document = self._documents.parsed(text)
            operation = operation_of(document, name)
            measured = measure(document, operation, variables)
            if measured.introspections and not settings.graphql_introspection_allowed:
                raise QueryRejected("Introspection is disabled.", "INTROSPECTION_OFF")
        except GraphQLError as error:
            return {"errors": formatted([error])}
        faults = self._documents.check(text, document)
        if faults:
            return {"errors": formatted(faults)}
        charge(measured.cost // COST_A_TOKEN)
        self._persisted.learn(text, query.extensions)
        result = execute(
            self._schema,
            document,
            context_value=new_loader(self._documents.selected_fields_of(text, document)),
            variable_values=dict(variables),
            operation_name=name,
            execution_context_class=LevelExecution,
            is_awaitable=lambda _: False,  # no resolver is async; checking each value takes time
        )
        return _response_body(cast("ExecutionResult", result), measured.cost)


@dataclass(frozen=True, slots=True)
class _QueryRequest:
    """The members of a GraphQL request."""

    text: str | None
    variables: Mapping[str, object]
    operation_name: str | None
    extensions: object


def _read(payload: object) -> _QueryRequest:
    """Parse a GraphQL request (GraphQL over HTTP, section 5). Raises QueryRejected."""
    if not isinstance(payload, dict):
        raise QueryRejected(
            "Send one JSON object with a query; batches are not supported.", BAD_USER_INPUT
        )
    text, variables, name = (payload.get(k) for k in ("query", "variables", "operationName"))
    extensions = payload.get("extensions")
    if not isinstance(variables, dict | None):
        raise QueryRejected("variables must be an object.", BAD_USER_INPUT)
    if not isinstance(name, str | None):
        raise QueryRejected("operationName must be a string.", BAD_USER_INPUT)
    if not isinstance(extensions, dict | None):
        raise QueryRejected("extensions must be an object.", BAD_USER_INPUT)
    by_hash = text is None and bool(extensions)
    if not by_hash and not (isinstance(text, str) and text.strip()):
        raise QueryRejected("query must be a non-empty string.", BAD_USER_INPUT)
    return _QueryRequest(text, variables or {}, name, extensions)


def _response_body(result: ExecutionResult, cost: int) -> ResponseBody:
    body: ResponseBody = {"data": result.data}
    if result.errors:
        body["errors"] = formatted(result.errors)
    body["extensions"] = {"cost": {"requested": cost, "limit": MAX_COST}}
    return body


def _response(body: ResponseBody, request: Request, media_type: str) -> HttpResponse:
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    if codes & UNAVAILABLE:
        response = _problem(request, 503, "unavailable", "Service unavailable", "", body)
        response.headers["Retry-After"] = RETRY_SECONDS
        return response
    rejected = "data" not in body and media_type == GRAPHQL_JSON
    headers = {"Retry-After": RETRY_SECONDS} if "GRAPH_BEHIND" in codes else {}
    encoded = to_json(body)
    if len(encoded) > MAX_RESPONSE_BYTES:
        error = QueryRejected("The response is too large; request fewer items.", "TOO_LARGE")
        encoded = to_json({"data": None, "errors": formatted([error])})
    return HttpResponse(400 if rejected else 200, encoded.decode(), media_type, headers)


def _problem(
    request: Request,
    status: int,
    slug: str,
    title: str,
    code: str,
    result: ResponseBody | None = None,
) -> HttpResponse:
    """Return problem+json that also has the `errors` member GraphQL clients read."""
    members = result or {"errors": [{"message": title, "extensions": {"code": code}}]}
    body = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": members["errors"][0]["message"],
        "instance": request.path,
        "request_id": request.id,
        **members,
    }
    return HttpResponse(status, _encoded(body), PROBLEM, {"Cache-Control": "no-store"})


def _encoded(body: Mapping[str, object]) -> str:
    return to_json(body).decode()

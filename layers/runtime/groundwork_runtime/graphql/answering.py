"""GraphQL over HTTP: a request body in, an answer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from graphql import ExecutionResult, GraphQLError, execute
from pydantic_core import to_json

from groundwork_core.caller import Caller
from groundwork_core.errors import Throttled
from groundwork_core.knowledge.graph.catch_up import await_position
from groundwork_runtime.graphql.asking import Asking
from groundwork_runtime.graphql.codes import BAD_USER_INPUT, Refused, code_of, formatted
from groundwork_runtime.graphql.documents import Documents, operation_of
from groundwork_runtime.graphql.levels import LevelExecution
from groundwork_runtime.graphql.limits import COST_A_TOKEN, MAX_COST, measure
from groundwork_runtime.graphql.persisted import PersistedQueries, bundled
from groundwork_runtime.graphql.schema import make_schema
from groundwork_runtime.http.answer import JSON, PROBLEM, Answer

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.model import Shown
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.settings import Settings
    from groundwork_runtime.wiring import Wiring

MAX_BODY_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 2_900_000
"""Lambda answers at most 6 MB, and counts the body as a JSON string: a quote takes two bytes."""
REQUEST_SECONDS = 8.0
RETRY_SECONDS = "2"
GRAPHQL_JSON = "application/graphql-response+json"
UNAVAILABLE = frozenset({"GRAPH_UNAVAILABLE", "UNAVAILABLE"})

Told = dict[str, Any]
"""A response body, ready for JSON."""


class Answering:
    """Answers queries; holds the schema and the queries that it has seen."""

    def __init__(self) -> None:
        """Build the schema."""
        self._schema = make_schema()
        self._documents = Documents(self._schema)
        self._persisted = PersistedQueries(bundled())

    def __call__(self, request: Request, caller: Caller, wiring: Wiring) -> Answer:
        """Answer one POST."""
        if len(request.body) > MAX_BODY_BYTES:
            return _problem(request, 413, "content-too-large", "Content too large", "TOO_LARGE")
        payload = request.json(types=(JSON,))
        media_type = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
        try:
            asked = _read(payload)
        except Refused as error:
            return Answer(400, _body({"errors": formatted([error])}), media_type)
        ends = time.monotonic() + REQUEST_SECONDS

        def ask(shown: Shown) -> Asking:
            reader = wiring.graph_reader(lambda: ends - time.monotonic(), shown)
            return Asking(caller, reader, wiring.catalogue)

        try:
            position = request.headers.get("x-groundwork-min-position")
            with wiring.database.stopping_at(ends):
                if position is not None:
                    await_position(position.strip(), wiring.catchup)
                told = self._run(asked, ask, wiring.settings, request.charge)
        except Throttled:
            raise  # answered as at the door: 429 with Retry-After
        except Exception as error:
            if code_of(error) is None:
                raise
            told = {
                "data": None,
                "errors": formatted([GraphQLError(str(error), original_error=error)]),
            }
        return _answer(told, request, media_type)

    def _run(
        self,
        asked: _Asked,
        ask: Callable[[Shown], Asking],
        settings: Settings,
        charge: Callable[[int], None],
    ) -> Told:
        variables, name = asked.variables, asked.operation_name
        try:
            text = self._persisted.text_of(
                asked.text, asked.extensions, only_known=settings.graphql_persisted_only
            )
            document = self._documents.parsed(text)
            operation = operation_of(document, name)
            measured = measure(document, operation, variables)
            if measured.introspections and not settings.graphql_introspection_allowed:
                raise Refused("Introspection is off here.", "INTROSPECTION_OFF")
        except GraphQLError as error:
            return {"errors": formatted([error])}
        faults = self._documents.check(text, document)
        if faults:
            return {"errors": formatted(faults)}
        charge(measured.cost // COST_A_TOKEN)
        self._persisted.learn(text, asked.extensions)
        result = execute(
            self._schema,
            document,
            context_value=ask(self._documents.shown(text, document)),
            variable_values=dict(variables),
            operation_name=name,
            execution_context_class=LevelExecution,
            is_awaitable=lambda _: False,  # no resolver is; asking each value would cost
        )
        return _told(cast("ExecutionResult", result), measured.cost)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The members of a request."""

    text: str | None
    variables: Mapping[str, object]
    operation_name: str | None
    extensions: object


def _read(payload: object) -> _Asked:
    """Read the members of a request (GraphQL over HTTP, section 5)."""
    if not isinstance(payload, dict):
        raise Refused("Send one JSON object with a query; batches are not served.", BAD_USER_INPUT)
    text, variables, name = (payload.get(k) for k in ("query", "variables", "operationName"))
    extensions = payload.get("extensions")
    if not isinstance(text, str | None) or (text is not None and not text.strip()):
        raise Refused("query must be a text.", BAD_USER_INPUT)
    if not isinstance(variables, dict | None):
        raise Refused("variables must be an object.", BAD_USER_INPUT)
    if not isinstance(name, str | None):
        raise Refused("operationName must be a text.", BAD_USER_INPUT)
    if not isinstance(extensions, dict | None):
        raise Refused("extensions must be an object.", BAD_USER_INPUT)
    return _Asked(text, variables or {}, name, extensions)


def _told(result: ExecutionResult, cost: int) -> Told:
    told: Told = {"data": result.data}
    if result.errors:
        told["errors"] = formatted(result.errors)
    told["extensions"] = {"cost": {"requested": cost, "limit": MAX_COST}}
    return told


def _answer(told: Told, request: Request, media_type: str) -> Answer:
    codes = {error["extensions"]["code"] for error in told.get("errors", ())}
    if codes & UNAVAILABLE:
        answer = _problem(request, 503, "unavailable", "A part is unavailable", "", told)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer
    refused = "data" not in told and media_type == GRAPHQL_JSON
    headers = {"Retry-After": RETRY_SECONDS} if "GRAPH_BEHIND" in codes else {}
    body = to_json(told)
    if len(body) > MAX_ANSWER_BYTES:
        error = Refused("The answer is too long to be sent; ask for less at once.", "TOO_LARGE")
        body = to_json({"data": None, "errors": formatted([error])})
    return Answer(400 if refused else 200, body.decode(), media_type, headers)


def _problem(
    request: Request, status: int, slug: str, title: str, code: str, told: Told | None = None
) -> Answer:
    """Tell a problem to both kinds of readers: problem+json with GraphQL's `errors` in it."""
    members = told or {"errors": [{"message": title, "extensions": {"code": code}}]}
    body = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": members["errors"][0]["message"],
        "instance": request.path,
        "request_id": request.id,
        **members,
    }
    return Answer(status, _body(body), PROBLEM, {"Cache-Control": "no-store"})


def _body(told: Mapping[str, object]) -> str:
    return to_json(told).decode()

"""Hostile text in every place of every operation that the document shows.

What is kept and found again is another test's (test_injection.py, test_graphql_injection.py); here
no place is left out, and a new one is walked from its first day. `pg_sleep` in the corpus would
outlast the timeout of a test.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from groundwork_data.identity.passwords import Argon2Hasher
from groundwork_data.identity.signing_keys import ensure_signing_key
from groundwork_functions.graph_api.routes import router as graph
from groundwork_functions.identity.routes import router as identity
from groundwork_functions.rest_api.handler import router as rest
from groundwork_runtime.http.application import Application
from groundwork_runtime.http.openapi import document
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.router import Router
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ..fakes.callers import Mint
from ..fakes.secrets import DATA_KEYS, safe_with_data_keys
from ..integration.functions.rest_api.conftest import Reply
from .hostile_texts import EVERY
from .operations import Operation, Sent, every_operation

EACH = 10
"""Of the corpus, a tenth in each place: all places together see all of it many times."""
CREDENTIALS = ("header Authorization", "header X-API-Key")
MINT = Mint()
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
OPERATIONS = every_operation()


class Everything:
    """All functions that serve HTTP, on one database and one graph."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.parts = Wiring(Settings.from_environment(settings))
        self.parts.secrets = safe = safe_with_data_keys()
        self.parts.password_hasher = Argon2Hasher(memory_kib=8, iterations=1)
        ensure_signing_key(safe, settings["SIGNING_KEY_SECRET_ID"], self.parts.database)
        self.functions = [
            (one, Application(one, lambda: self.parts)) for one in (identity, graph, rest)
        ]
        self._asked = 0
        with psycopg.connect(settings["DATABASE_URL"]) as connection:
            connection.execute(
                "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s)",
                (MINT.kid, Jsonb(MINT.public)),
            )

    def admin(self) -> str:
        """A new admin's token: some operations end sessions."""
        ((user,),) = self.parts.database.rows(
            "INSERT INTO users (email, roles, sessions_valid_from)"
            " VALUES ('u' || uuidv7() || '@example.org', '{admin}', '2020-01-01') RETURNING id"
        )
        return MINT.token(user)

    def __call__(self, operation: Operation, sent: Sent, token: str) -> Reply:
        served = operation.path.replace("{", "<").replace("}", ">")
        handler = next(
            handler
            for router, handler in self.functions
            if any(one.path == served for one in router.operations)
        )
        self._asked += 1
        # From many addresses, or failed logins would soon be refused unread.
        address = f"192.0.2.{self._asked % 256}"
        answer = handler(
            {
                "httpMethod": operation.method,
                "path": sent.path,
                "headers": {
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                    **sent.headers,
                },
                "multiValueQueryStringParameters": {k: [v] for k, v in sent.query.items()},
                "requestContext": {"requestId": "r", "identity": {"sourceIp": address}},
                "body": None if sent.body is None else json.dumps(sent.body),
            },
            SimpleNamespace(aws_request_id="request"),
        )
        return Reply(answer["statusCode"], answer["body"] or "", answer["multiValueHeaders"])


@pytest.fixture
def everything(neo4j: Any, database_url: str, tmp_path: Path) -> Iterator[Everything]:
    made = Everything(
        {
            "DATABASE_URL": database_url,
            "GROUNDWORK_RATE_LIMIT": "0",
            "SIGNING_KEY_SECRET_ID": "signing-key",
            "EXPORT_BUCKET": tmp_path.as_uri(),
            "DATA_KEYS_SECRET_ID": DATA_KEYS,
            "NEO4J_URI": neo4j.uri,
            "NEO4J_USER": neo4j.user,
            "NEO4J_PASSWORD": neo4j.password,
        }
    )
    yield made
    made.parts.database.close()
    made.parts.graph.close()


def wrong(
    ask: Callable[[Operation, Sent, str], Reply], token: Callable[[], str], operation: Operation
) -> list[str]:
    """Return the wrong responses of an operation to hostile text in each of its places."""
    found, holder = [], token()
    for number, place in enumerate(operation.places()):
        for text in EVERY[number % EACH :: EACH]:
            reply = ask(operation, operation.sent(place, text), holder)
            # A path that is another's, or nobody's, is answered by that or by nobody.
            allowed = operation.statuses | ({404, 405} if place.startswith("path ") else set())
            if reply.status >= 500 or reply.status not in allowed:
                found.append(f"{operation.name}, {place}, {text!r}: {reply.status} {reply.text}")
            if reply.status == 401 and place not in CREDENTIALS:
                holder = token()  # the session is over, as some operations have it
    return found


def test_no_operation_and_no_place_is_left_out() -> None:
    served = {
        (one.method, one.path) for router in (rest, identity, graph) for one in router.operations
    }
    walked = {(one.method, one.path.replace("{", "<").replace("}", ">")) for one in OPERATIONS}
    assert walked == served
    by_name = {one.name: set(one.places()) for one in OPERATIONS}
    assert by_name["logInWithPassword"] >= {"body /email", "body /password"}
    assert by_name["setPassword"] >= {"body /current_password", "body /new_password"}
    assert by_name["refreshTokens"] >= {"body /refresh_token"}
    assert by_name["createEngagements"] >= {"body /items/0/kind", "header Idempotency-Key"}
    assert by_name["upsertEntities"] >= {"body /items/0/name", "body /items/0/aliases/0"}
    assert by_name["mergeEntity"] >= {"path entity_id", "body /into", "header If-Match"}
    assert by_name["listEntities"] >= {"query cursor", "query q", "header X-Request-Id"}
    assert "header X-Groundwork-Min-Position" in by_name["graphql"]


@pytest.mark.long
def test_hostile_text_in_any_place_gets_a_documented_response(
    everything: Everything,
) -> None:
    rows = everything.parts.database.rows
    before = rows(TABLES)
    mighty = "SELECT count(*) FROM users WHERE roles = '{admin}'"
    found, made = [], 0

    def token() -> str:
        nonlocal made
        made += 1
        return everything.admin()

    for operation in OPERATIONS:
        found += wrong(everything, token, operation)
    assert found == []
    assert rows(TABLES) == before
    assert rows(mighty) == [(made,)]


def test_an_operation_that_puts_text_into_sql_would_be_noticed(everything: Everything) -> None:
    """With the guard disabled, in the path, in the query and in a header."""
    router = Router()

    @router.get("/api/v1/careless/<name>", needs="entities:read", status=204)
    def careless(name: str, request: Request, wiring: Wiring, q: str = "") -> None:
        """Look it up."""
        for text in (name, q, request.headers.get("x-request-id", "")):
            # With parameters, though none: one statement, or the corpus would drop the tables.
            wiring.database.rows(f"SELECT 1 FROM entities WHERE name = '{text}'", ())

    (operation,) = every_operation(json.loads(document([router])))
    everything.functions.append((router, Application(router, lambda: everything.parts)))
    found = wrong(everything, everything.admin, operation)
    places = {fault.split(", ")[1] for fault in found}
    assert places >= {"path name", "query q", "header X-Request-Id"}

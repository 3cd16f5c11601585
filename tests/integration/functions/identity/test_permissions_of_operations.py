"""Every operation of every function, called with each role: one table has the expected status.

The table is the published document: what it says an operation needs is what the code must ask for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from groundwork_core.caller import Caller
from groundwork_core.identity.api_key_format import hash_of, new_key, prefix_of
from groundwork_core.identity.permissions import BUILTIN_ROLES
from groundwork_functions.graph_api.graphql_problems import GraphqlApplication
from groundwork_functions.graph_api.handler import handler as graph_api
from groundwork_functions.identity.routes import router as identity
from groundwork_functions.rest_api.handler import router as rest_api
from groundwork_runtime.http.application import Application
from groundwork_runtime.http.router import IN_PERSON, SIGNED_IN
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....fakes.callers import Mint

MINT = Mint()
CONTEXT = SimpleNamespace(aws_request_id="request")
ID = "0190b9d0-0000-7000-8000-000000000000"
OPEN = {
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/docs"),
    ("GET", "/docs/{name}"),
    ("GET", "/graphql"),
    ("GET", "/graphql/{name}"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/openapi.json"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/refresh"),
    ("GET", "/api/v1/push/{callback_id}"),  # the address cannot be guessed
    ("POST", "/api/v1/push/{callback_id}"),  # its signature is checked instead
    ("POST", "/api/v1/deliveries/callbacks"),  # its signature is checked instead
}
CUSTOM = frozenset({"entities:read", "entities:write", "users:read", "audit-events:read"})

Operation = tuple[str, str]


@dataclass(frozen=True)
class Somebody:
    """A caller and their permissions; None: anonymous."""

    name: str
    holds: frozenset[str] | None
    headers: Mapping[str, str] = field(default_factory=dict)
    in_person: bool = True


class Everything:
    """All HTTP functions on one database."""

    def __init__(self, url: str) -> None:
        self.parts = Wiring(
            Settings.from_environment({"DATABASE_URL": url, "EXPORT_BUCKET": "exports"})
        )
        routers = (rest_api, identity, graph_api.router)
        self._functions = [
            (GraphqlApplication if router is graph_api.router else Application)(
                router, lambda: self.parts
            )
            for router in routers
        ]
        self.served: dict[Operation, Application] = {
            (one.method, one.path.replace("<", "{").replace(">", "}")): function
            for function, router in zip(self._functions, routers, strict=True)
            for one in router.operations
        }
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s)",
                (MINT.kid, Jsonb(MINT.public)),
            )
            connection.execute(
                "INSERT INTO roles (name, permissions) VALUES ('custom', %s), ('nothing', '{}')",
                (list(CUSTOM),),
            )

    def user(self, role: str) -> UUID:
        row = self.parts.database.row(
            "INSERT INTO users (email, roles, sessions_valid_from)"
            " VALUES ('u' || uuidv7() || '@example.org', %s, '2020-01-01') RETURNING id",
            ([role],),
        )
        assert row is not None
        made: UUID = row[0]
        return made

    def bearer(self, role: str, holds: frozenset[str]) -> Somebody:
        return Somebody(role, holds, {"Authorization": f"Bearer {MINT.token(self.user(role))}"})

    def key(self, role: str, *scopes: str) -> Somebody:
        """An API key of somebody with a role."""
        words = new_key()
        self.parts.database.rows(
            "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash)"
            " VALUES (%s, 'a key', %s, %s, %s)",
            (self.user(role), list(scopes), prefix_of(words), hash_of(words)),
        )
        holds = BUILTIN_ROLES[role].intersection(scopes)
        return Somebody(f"a key of {role}", holds, {"X-API-Key": words}, in_person=False)

    def ask(self, operation: Operation, who: Somebody, *, id_: str = ID) -> int:
        status: int = self.reply(operation, who, id_=id_)["statusCode"]
        return status

    def reply(
        self, operation: Operation, who: Somebody, *, id_: str = ID, body: object = None
    ) -> dict[str, Any]:
        method, path = operation
        parts = [id_ if part.startswith("{") else part for part in path.split("/")]
        if path == "/docs/{name}":
            parts[-1] = "start.js"
        given = json.dumps(body or {}) if method in ("POST", "PATCH") else None
        return self.served["GET" if method == "HEAD" else method, path](
            {
                "httpMethod": method,
                "path": "/".join(parts),
                "headers": {"If-Match": "*", "Content-Type": "application/json", **who.headers},
                "multiValueQueryStringParameters": {},
                "requestContext": {"requestId": "r", "identity": {"sourceIp": "192.0.2.1"}},
                "body": given,
            },
            CONTEXT,
        )


@pytest.fixture(scope="module")
def everything(server_url: str, migrated_template: str) -> Iterator[Everything]:
    """One database for the walk: each asks for what is not there, and leaves nothing."""
    name = f"gw_walk_{UUID(int=id(server_url)).hex[-12:]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    made = Everything(server_url.rsplit("/", 1)[0] + "/" + name)
    yield made
    made.parts.database.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def with_heads(operations: Iterable[Operation]) -> set[Operation]:
    """The operations, and the HEAD of every GET among them."""
    heads = {("HEAD", path) for method, path in operations if method == "GET"}
    return {*operations, *heads}


def published() -> dict[Operation, str | None]:
    """The one table: what each operation needs, as the document says; None: open."""
    text = (
        files("groundwork_functions.rest_api").joinpath("openapi.json").read_text(encoding="utf-8")
    )
    return {
        (method.upper(), path): operation.get("x-groundwork-needs")
        for path, item in json.loads(text)["paths"].items()
        for method, operation in item.items()
    }


def wrong(everything: Everything, who: Somebody) -> list[str]:
    """Return where the response is not the table's."""
    found = []
    # Who has left everywhere is known no more, so that comes last.
    for operation, needs in sorted(published().items(), key=lambda one: "everywhere" in one[0][1]):
        if needs is None:
            continue
        status = everything.ask(operation, who)
        if who.holds is None:
            right = status == 401
        elif (
            who.holds.issuperset(needs.split())
            or needs == SIGNED_IN
            or (needs == IN_PERSON and who.in_person)
        ):
            right = status not in (401, 403) and status < 500
        else:
            right = status == 403
        if not right:
            found.append(f"{who.name}: {operation} needs {needs}, answered {status}")
    return found


def test_the_document_has_every_operation_that_is_served(everything: Everything) -> None:
    assert set(published()) == with_heads(everything.served)


def test_an_operation_is_open_only_with_a_reason(everything: Everything) -> None:
    assert {operation for operation, needs in published().items() if needs is None} == with_heads(
        OPEN
    )
    assert [one for one in OPEN if everything.ask(one, Somebody("nobody", None)) >= 500] == []


def test_every_operation_refuses_anonymous_requests(everything: Everything) -> None:
    assert wrong(everything, Somebody("nobody", None)) == []


@pytest.mark.parametrize("role", BUILTIN_ROLES)
def test_a_built_in_role_can_call_exactly_the_operations_of_its_permissions(
    everything: Everything, role: str
) -> None:
    assert wrong(everything, everything.bearer(role, BUILTIN_ROLES[role])) == []


def test_a_custom_role_can_call_exactly_the_operations_of_its_permissions(
    everything: Everything,
) -> None:
    assert wrong(everything, everything.bearer("custom", CUSTOM)) == []
    assert wrong(everything, everything.bearer("nothing", frozenset())) == []


def test_a_key_can_call_operations_that_both_its_scopes_and_its_owner_allow(
    everything: Everything,
) -> None:
    scopes = ("entities:read", "users:write", "sources:write", "api-keys:read")
    for role in ("admin", "viewer", "service"):
        assert wrong(everything, everything.key(role, *scopes)) == []


OWNED: dict[str, dict[str, object]] = {
    "api-keys": {"name": "mine", "scopes": ["entities:read"]},
    "preferences": {"key": "theme", "value": "dark"},
}
"""A request body for each resource whose rows belong to users."""


def test_an_item_of_another_user_is_not_found(everything: Everything) -> None:
    """Found in the document: every operation on one thing of an owned resource."""
    viewer = BUILTIN_ROLES["viewer"]
    ada, eve = everything.bearer("viewer", viewer), everything.bearer("viewer", viewer)
    admin = everything.bearer("admin", BUILTIN_ROLES["admin"])
    for name, body in OWNED.items():
        on_one = [
            operation
            for operation in sorted(published(), key=lambda one: one[0] == "DELETE")
            if operation[1].startswith(f"/api/v1/{name}/{{")
        ]
        assert len(on_one) >= 3
        for seer, right in ((eve, {404}), (admin, {200, 204}), (ada, {200, 204})):
            made = everything.reply(("POST", f"/api/v1/{name}"), ada, body=body)
            assert made["statusCode"] == 201, made
            id_ = json.loads(made["body"])["id"]
            found = {one: everything.ask(one, seer, id_=id_) for one in on_one}
            assert {one: status for one, status in found.items() if status not in right} == {}
            everything.parts.database.rows(f"DELETE FROM {name.replace('-', '_')}")


def test_an_operation_that_checks_no_permission_is_found(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: everybody who is known may do everything."""
    monkeypatch.setattr(Caller, "must", lambda _self, _permission: None)
    guarded = [needs for needs in published().values() if needs not in (None, SIGNED_IN, IN_PERSON)]
    assert len(wrong(everything, everything.bearer("nothing", frozenset()))) == len(guarded)

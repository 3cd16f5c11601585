"""Deny by default, walked over every route there is."""

import pytest

from groundwork_rest_api.handler import router
from groundwork_runtime.http.router import Operation

from .conftest import MINT, Rest
from .test_bad_input import path_of

OPEN = {"/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/<name>"}
OPERATIONS = [pytest.param(one, id=f"{one.method} {one.path}") for one in router.operations]


def test_only_health_and_documentation_are_open() -> None:
    assert {one.path for one in router.operations if one.needs is None} == OPEN


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_token_only_what_is_open_answers(shared_rest: Rest, operation: Operation) -> None:
    path = path_of(operation.path) if operation.path != "/docs/<name>" else "/docs/start.js"
    reply = shared_rest(operation.method, path, token=None)
    if operation.path in OPEN:
        assert reply.status == 200
    else:
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("role", ["admin", "editor", "analyst", "viewer", "service"])
def test_a_role_may_do_what_its_permissions_say(
    shared_rest: Rest, operation: Operation, role: str
) -> None:
    token = MINT.token(shared_rest.user(role))
    reply = shared_rest(operation.method, path_of(operation.path), token=token)
    may = operation.needs is None or operation.needs in _permissions(shared_rest, role)
    assert (reply.status != 403) == may
    assert reply.status != 401


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_role_without_permissions_may_do_nothing(shared_rest: Rest, operation: Operation) -> None:
    token = MINT.token(shared_rest.user("nobody-made-this-role"))
    reply = shared_rest(operation.method, path_of(operation.path), token=token)
    assert (reply.status == 403) == (operation.needs is not None)


def _permissions(rest: Rest, role: str) -> set[str]:
    row = rest.database.row("SELECT permissions FROM roles WHERE name = %s", (role,))
    assert row is not None
    return set(row[0])

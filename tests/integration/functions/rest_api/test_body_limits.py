"""Each operation has its limit for bodies; a longer body is not decoded."""

import json

import pytest

from groundwork_functions.identity.routes import router as identity
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http import body_limits, endpoint
from groundwork_runtime.http.router import Operation

from .conftest import Rest

ONE, TEXT, MANY = (
    body_limits.ONE_BYTES_MAX,
    body_limits.TEXT_BYTES_MAX,
    body_limits.MANY_BYTES_MAX,
)
POSTS = [one for one in router.operations if one.method in ("POST", "PATCH")]
ID = "0190b9d0-0000-7000-8000-000000000000"


def most(operation: Operation) -> int:
    path = operation.path
    if path.endswith(("/bulk", "/batch", "/import", "/results", "/jobs/status")):
        return MANY
    with_text = ("/contents", "/contents/<content_id>", "/documents", "/documents/<document_id>")
    return TEXT if path.removeprefix("/api/v1") in with_text else ONE


@pytest.mark.parametrize("operation", POSTS, ids=lambda one: f"{one.method} {one.path}")
def test_a_body_that_is_too_long_for_its_route_is_413(
    shared_rest: Rest, operation: Operation
) -> None:
    path = "/".join(ID if part.startswith("<") else part for part in operation.path.split("/"))
    most_bytes = most(operation)
    assert operation.body_bytes_max == most_bytes
    reply = shared_rest(operation.method, path, '"' + "x" * most_bytes + '"')
    assert (reply.status, reply.json["type"]) == (413, "/problems/content-too-large")
    assert f"{most_bytes:,} bytes" in reply.json["detail"]
    fits = shared_rest(operation.method, path, '"' + "x" * (most_bytes - 2) + '"')
    assert fits.status != 413


def test_bodies_of_logins_are_limited_to_16_kib() -> None:
    limits = {one.body_bytes_max for one in identity.operations if one.method == "POST"}
    assert limits == {16 * 1024}


def test_a_large_body_is_refused_before_authentication(shared_rest: Rest) -> None:
    reply = shared_rest("POST", "/api/v1/entities", "x" * (ONE + 1), token=None)
    assert reply.status == 413


def test_without_the_body_limit_a_large_body_is_decoded(
    shared_rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(endpoint, "len", lambda _body: 0, raising=False)
    body = json.dumps({"name": "n", "type": "topic", "key": "x" * ONE})
    assert shared_rest("POST", "/api/v1/entities", body).pointers == {"/key"}

"""Any bad request gets a 4xx that points at the fault, never a 5xx."""

import httpx2
import pytest
from tests.child_instance import Instance

POSTS = ["/api/v1/sources", "/api/v1/entities", "/api/v1/relationships", "/api/v1/jobs"]
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", [*POSTS, "/api/v1/auth/login", "/graphql"])
@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"{", {400}),
        (b"", {400, 422}),
        (b"[1]", {400, 422}),
        (b'{"name": 7, "email": 7, "query": 7}', {400, 422}),
        (b'{"no_such_field": 1}', {400, 422}),
        (b'{"name": "a\\u0000b", "query": "a\\u0000b"}', {400, 422}),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, {400, 413, 422}),
        (b"\xff\xfe{}", {400, 422}),
    ],
    ids=["cut off", "empty", "a list", "wrong types", "unknown", "NUL", "deep", "not UTF-8"],
)
def test_bad_bodies_are_refused_with_an_error(
    admin: httpx2.Client, path: str, body: bytes, statuses: set[int]
) -> None:
    answer = admin.post(path, content=body, headers=JSON)
    if path == "/graphql" and answer.status_code == 200:  # as GraphQL over HTTP has it
        assert "data" not in answer.json()
        assert answer.json()["errors"][0]["extensions"]["code"]
        return
    assert answer.status_code in statuses, answer.text
    if path != "/graphql":
        problem = answer.json()
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert {"type", "title", "status", "detail", "instance", "request_id"} <= set(problem)
        if answer.status_code == 422:
            assert all({"pointer", "detail"} <= set(error) for error in problem["errors"])


@pytest.mark.parametrize("path", [*POSTS, "/graphql"])
def test_a_body_of_11_mb_is_too_large(admin: httpx2.Client, path: str) -> None:
    answer = admin.post(path, content=b'"' + b"x" * 11_000_000 + b'"', headers=JSON)
    assert answer.status_code == 413


def test_an_unknown_field_is_named(admin: httpx2.Client) -> None:
    answer = admin.post("/api/v1/entities", json={"name": "A", "type": "topic", "colour": "red"})
    assert answer.status_code == 422
    assert any(error["pointer"] == "/colour" for error in answer.json()["errors"])


def test_bad_queries_paths_methods_and_types_get_a_4xx(
    instance: Instance, admin: httpx2.Client
) -> None:
    assert admin.get("/api/v1/entities?no_such=1").status_code == 422
    assert admin.get("/api/v1/entities?limit=1000").status_code == 422
    assert admin.get("/api/v1/entities?cursor=forged").status_code == 422
    assert admin.get("/api/v1/entities/not-a-uuid").status_code in {404, 422}
    assert admin.get("/api/v1/no-such-thing").status_code == 404
    wrong_method = admin.put("/api/v1/entities", json={})
    assert wrong_method.status_code == 405
    assert "GET" in wrong_method.headers["Allow"]
    assert admin.post("/api/v1/entities", content=b"a=b", headers=FORM).status_code == 415
    stranger = httpx2.get(f"{instance.url}/api/v1/entities")
    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Bearer")


def test_changes_need_if_match_with_the_present_version(admin: httpx2.Client) -> None:
    made = admin.post("/api/v1/entities", json={"name": "Versioned", "type": "topic"})
    path, etag = made.headers["Location"], made.headers["ETag"]
    assert admin.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert admin.patch(path, json={"name": "B"}).status_code == 428
    changed = admin.patch(path, json={"name": "B"}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert admin.patch(path, json={"name": "C"}, headers={"If-Match": etag}).status_code == 412
    assert admin.delete(path).status_code == 428
    gone = admin.delete(path, headers={"If-Match": changed.headers["ETag"]})
    assert gone.status_code == 204
    assert admin.get(path).status_code == 404

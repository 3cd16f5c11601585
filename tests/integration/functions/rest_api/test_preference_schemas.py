"""Preferences follow the schema of their key, and show its defaults."""

from typing import Any

import pytest

from .conftest import MINT, Rest

DIGEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "frequency": {"enum": ["daily", "weekly"], "default": "weekly"},
        "hour": {"type": "integer", "minimum": 0, "maximum": 23},
    },
    "additionalProperties": False,
}


def schema(rest: Rest, key: str, body: object, **how: Any) -> Any:
    return rest("PUT", f"/api/v1/preference-schemas/{key}", body, **how)


def effective(rest: Rest, user: object, **how: Any) -> Any:
    reply = rest("GET", f"/api/v1/users/{user}/preferences/effective", **how)
    assert reply.status == 200, reply.text
    return reply.json


@pytest.mark.parametrize(
    ("segment", "key"), [("a%20b", "a b"), ("%C3%A9", "é"), ("a%2Fb", "a/b"), ("100%25", "100%")]
)
def test_a_key_in_a_path_is_decoded(rest: Rest, segment: str, key: str) -> None:
    assert schema(rest, segment, {"type": "integer"}).json["key"] == key
    refused = rest("POST", "/api/v1/preferences", {"key": key, "value": "text"})
    assert (refused.status, refused.pointers) == (422, {"/value"})
    # A key that looks encoded is another one.
    assert rest("POST", "/api/v1/preferences", {"key": segment, "value": "text"}).status == 201


@pytest.mark.parametrize("segment", ["%00", "%ff", "%ED%A0%80"])
def test_a_path_with_an_impossible_key_is_not_found(rest: Rest, segment: str) -> None:
    assert schema(rest, segment, {"type": "integer"}).status == 404


def test_a_schema_is_put_read_replaced_and_removed(rest: Rest) -> None:
    made = schema(rest, "digest", {"schema": DIGEST})
    assert (made.status, made.json["schema"], made.json["version"]) == (201, DIGEST, 1)
    path = "/api/v1/preference-schemas/digest"
    assert rest("GET", path).json == made.json
    assert rest("GET", path, headers={"If-None-Match": made.etag}).status == 304
    # By itself, without `schema` around it.
    replaced = schema(rest, "digest", {"type": "string"})
    assert (replaced.status, replaced.json["version"]) == (200, 2)
    assert replaced.json["schema"] == {"type": "string"}
    assert rest("DELETE", path).status == 204
    assert rest("GET", path).status == rest("DELETE", path).status == 404


def test_a_value_that_breaks_its_schema_names_the_place(rest: Rest) -> None:
    schema(rest, "digest", DIGEST)
    wrong = {"key": "digest", "value": {"frequency": "hourly", "hour": 24, "more": 1}}
    reply = rest("POST", "/api/v1/preferences", wrong)
    assert reply.status == 422
    assert reply.pointers == {"/value", "/value/frequency", "/value/hour"}
    assert rest("GET", "/api/v1/preferences").json["items"] == []
    other = rest.create("preferences", key="theme", value={"anything": [1]})
    made = rest.create("preferences", key="digest", value={"hour": 7})
    # A patch is merged first.
    for patch, pointers in (
        ({"value": {"hour": "7"}}, {"/value/hour"}),
        ({"value": {"zone": "UTC"}}, {"/value"}),
    ):
        reply = rest("PATCH", made.location, patch, headers={"If-Match": made.etag})
        assert (reply.status, reply.pointers) == (422, pointers)
    reply = rest("PATCH", other.location, {"key": "x"}, headers={"If-Match": other.etag})
    assert reply.status == 200
    moved = rest("PATCH", made.location, {"key": "x2"}, headers={"If-Match": made.etag})
    schema(rest, "x3", {"type": "string"})
    back = rest("PATCH", made.location, {"key": "x3"}, headers={"If-Match": moved.etag})
    assert (back.status, back.pointers) == (422, {"/value"})


def test_effective_values_have_the_defaults(rest: Rest) -> None:
    user = rest.user("viewer")
    token = MINT.token(user)
    schema(rest, "digest", DIGEST)
    schema(rest, "theme", {"enum": ["dark", "light"], "default": "light"})
    schema(rest, "free", {})
    assert effective(rest, user, token=token) == {
        "values": {"digest": {"frequency": "weekly"}, "theme": "light"},
        "defaults": ["digest", "theme"],
        "outdated": [],
    }
    for key, value in (("digest", {"hour": 7}), ("theme", "dark"), ("other", None)):
        body = {"key": key, "value": value}
        assert rest("POST", "/api/v1/preferences", body, token=token).status == 201
    shown = {"digest": {"frequency": "weekly", "hour": 7}, "other": None, "theme": "dark"}
    assert effective(rest, user, token=token) == {"values": shown, "defaults": [], "outdated": []}
    # A stored value that a new schema does not allow stays stored, and is not used.
    schema(rest, "theme", {"enum": ["blue", "light"], "default": "light"})
    now = effective(rest, user)
    assert (now["values"]["theme"], now["defaults"], now["outdated"]) == (
        "light",
        ["theme"],
        ["theme"],
    )
    items = rest("GET", "/api/v1/preferences", token=token, query={"key": "theme"}).json["items"]
    assert [one["value"] for one in items] == ["dark"]


def test_other_users_see_neither_values_nor_whether_a_user_exists(rest: Rest) -> None:
    ada, eve = rest.user("viewer"), MINT.token(rest.user("viewer"))
    for user in (ada, "0198c0de-0000-7000-8000-000000000000"):
        path = f"/api/v1/users/{user}/preferences/effective"
        assert rest("GET", path, token=eve).status == 404
    assert rest("GET", "/api/v1/preference-schemas/none", token=eve).status == 404
    assert schema(rest, "a", {}, token=eve).status == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"schema": {"type": "text"}}, "/schema/type"),
        ({"type": "text"}, "/schema/type"),
        ("text", "/schema"),
        ([], "/schema"),
        ({"schema": None}, "/schema"),
        ({"$ref": "https://example.org/s.json"}, "/schema/$ref"),
        ({"pattern": "(a)\\1"}, "/schema/pattern"),
        ({"type": "string", "default": 7}, "/schema/default"),
        ({"enum": ["x" * 66_000]}, "/schema"),
    ],
)
def test_an_unusable_schema_is_refused(shared_rest: Rest, body: object, pointer: str) -> None:
    reply = schema(shared_rest, "bad", body if not isinstance(body, str) else '"text"')
    assert (reply.status, reply.pointers) == (422, {pointer})
    assert shared_rest("GET", "/api/v1/preference-schemas/bad").status == 404


def test_a_body_that_is_not_json_and_a_key_that_is_too_long(shared_rest: Rest) -> None:
    assert schema(shared_rest, "bad", "{").status == 400
    assert schema(shared_rest, "k" * 201, {}).status == 404


def test_a_change_of_a_schema_is_audited_and_announced(rest: Rest) -> None:
    schema(rest, "digest", DIGEST)
    events = rest("GET", "/api/v1/audit-events", query={"subject_type": "preference-schemas"}).json
    assert [one["action"] for one in events["items"]] == ["preference-schemas.created"]
    assert events["items"][0]["actor"].startswith("user:")

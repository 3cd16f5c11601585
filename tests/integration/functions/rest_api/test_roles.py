"""Roles and their permissions."""

from .accounts import ADA, ANY, change, role
from .conftest import MINT, Rest


def test_a_role_has_only_permissions_of_its_creator(rest: Rest) -> None:
    role(rest, "hr", "roles:read", "roles:write", "entities:read")
    clerk = MINT.token(rest.user("hr"))
    wide = role(rest, "wide", "entities:read", "users:write")
    body = {"name": "mine", "permissions": ["entities:read", "users:write"]}

    assert rest("POST", "/api/v1/roles", body, token=clerk).status == 403
    body["permissions"] = ["entities:read"]
    mine = rest("POST", "/api/v1/roles", body, token=clerk)
    assert mine.status == 201
    location = mine.location
    widened = change(rest, location, {"permissions": ["users:write"]}, token=clerk)
    assert widened.status == 403
    assert "users:write" in widened.json["detail"]
    assert change(rest, wide.location, {"permissions": []}, token=clerk).status == 403
    assert rest("DELETE", wide.location, headers=ANY, token=clerk).status == 403
    assert rest("DELETE", location, headers=ANY, token=clerk).status == 204


def test_texts_that_are_not_permissions_are_named(rest: Rest) -> None:
    body = {"name": "r", "permissions": ["entities:read", "entities:eat", "", "audit-events:write"]}
    reply = rest("POST", "/api/v1/roles", body)
    assert reply.pointers == {"/name", "/permissions/1"}  # a list stops at its first fault
    body = {"name": "reader", "permissions": ["jobs:read", "entities:read", "jobs:read"]}
    made = rest.create("roles", **body)
    assert made.json["permissions"] == ["entities:read", "jobs:read"]
    again = rest("POST", "/api/v1/roles", body)
    assert (again.status, again.pointers) == (409, {"/name"})
    reply = change(rest, made.location, {"permissions": ["x"], "builtin": True})
    assert reply.pointers == {"/permissions/0", "/builtin"}


def test_built_in_roles_stay_as_they_are(rest: Rest) -> None:
    (viewer,) = rest("GET", "/api/v1/roles", query={"name": "viewer"}).json["items"]
    location = f"/api/v1/roles/{viewer['id']}"
    for reply in (
        change(rest, location, {"permissions": []}),
        change(rest, location, {"name": "reader"}),
        rest("DELETE", location, headers=ANY),
    ):
        assert (reply.status, "Built-in" in reply.json["detail"]) == (409, True)
    assert rest("GET", location).json == viewer


def test_a_role_in_use_cannot_be_renamed_or_removed(rest: Rest) -> None:
    made = role(rest, "reader", "entities:read")
    user = rest.create("users", **ADA | {"roles": ["reader", "viewer"]})

    assert rest("DELETE", made.location, headers=ANY).status == 409
    assert change(rest, made.location, {"name": "other"}).status == 409
    assert change(rest, made.location, {"permissions": ["jobs:read"]}).status == 200

    change(rest, user.location, {"roles": ["viewer"]})
    assert change(rest, made.location, {"name": "other"}).status == 200
    assert rest("DELETE", made.location, headers=ANY).status == 204


def test_the_built_in_roles_are_listed(rest: Rest) -> None:
    items = rest("GET", "/api/v1/roles", query={"sort": "name"}).json["items"]
    names = [item["name"] for item in items if item["builtin"]]
    assert names == ["admin", "analyst", "editor", "service", "viewer"]
    (viewer,) = rest("GET", "/api/v1/roles", query={"name": "viewer"}).json["items"]
    assert "entities:read" in viewer["permissions"]

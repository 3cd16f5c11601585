"""Accounts and roles are read by admins, and nothing secret shows."""

from .conftest import MINT, Rest


def test_a_user_is_found_by_address_whatever_its_case(rest: Rest) -> None:
    (admin,) = rest("GET", "/api/v1/users", query={"role": "admin"}).json["items"]
    found = rest("GET", "/api/v1/users", query={"email": admin["email"].upper()}).json["items"]
    assert found == [admin]
    assert rest("GET", f"/api/v1/users/{admin['id']}").json == admin
    assert not [name for name in admin if "password" in name or "session" in name]


def test_only_whoever_may_read_users_does(rest: Rest) -> None:
    for role, status in (("viewer", 403), ("editor", 403), ("admin", 200)):
        token = MINT.token(rest.user(role))
        for path in ("users", "roles"):
            assert rest("GET", f"/api/v1/{path}", token=token).status == status


def test_the_built_in_roles_are_listed(rest: Rest) -> None:
    items = rest("GET", "/api/v1/roles", query={"sort": "name"}).json["items"]
    names = [item["name"] for item in items if item["builtin"]]
    assert names == ["admin", "analyst", "editor", "service", "viewer"]
    (viewer,) = rest("GET", "/api/v1/roles", query={"name": "viewer"}).json["items"]
    assert "entities:read" in viewer["permissions"]


def test_accounts_are_not_made_here(rest: Rest) -> None:
    reply = rest("POST", "/api/v1/users", {"email": "a@example.org"})
    assert (reply.status, reply.headers["Allow"]) == (405, ["GET"])

"""Accounts and roles: who may change them, and which sessions a change ends."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from groundwork_data.identity.passwords import Argon2Hasher
from groundwork_data.postgres.callers import PostgresCallers
from groundwork_runtime.http import access_control as admission
from groundwork_runtime.http.authentication import RIGHTS_CACHE_SECONDS, Authenticator

from .conftest import MINT, Reply, Rest

PASSWORD = "correct horse battery staple"
ADA: dict[str, Any] = {"email": "ada@example.test", "roles": ["viewer"], "password": PASSWORD}
ANY = {"If-Match": "*"}


class Moments:
    """A monotonic clock that a test moves."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def moments(rest: Rest) -> Moments:
    """Lets the function's memory of who may what grow old."""
    clock = Moments()
    rest.parts.authenticator = Authenticator(
        PostgresCallers(rest.database),
        issuer="groundwork",
        clock=rest.parts.clock,
        monotonic=clock,
    )
    return clock


def change(rest: Rest, location: str, body: Mapping[str, object], **given: Any) -> Reply:
    return rest("PATCH", location, body, headers=ANY, **given)


def of(user: UUID | str) -> str:
    return f"/api/v1/users/{user}"


def role(rest: Rest, name: str, *permissions: str) -> Reply:
    return rest.create("roles", name=name, permissions=list(permissions))


def test_an_account_is_made_changed_and_removed(rest: Rest) -> None:
    made = rest.create("users", **ADA | {"email": "  ADA@Example.test "}, name="Ada")
    assert made.json.items() >= {"email": "ada@example.test", "status": "active"}.items()
    assert "password" not in made.text

    patched = rest("PATCH", made.location, {"name": "A.", "roles": ["editor", "viewer", "viewer"]},
                   headers={"If-Match": made.etag})  # fmt: skip
    assert patched.json.items() >= {"name": "A.", "roles": ["editor", "viewer"]}.items()
    assert patched.json["version"] == 2

    assert rest("DELETE", made.location, headers={"If-Match": made.etag}).status == 412
    assert rest("DELETE", made.location, headers={"If-Match": patched.etag}).status == 204
    assert rest("GET", made.location).status == 404


def test_a_password_is_kept_as_an_argon2_hash_and_never_shown(rest: Rest) -> None:
    made = rest.create("users", **ADA)
    row = rest.database.row("SELECT password_hash FROM users WHERE id = %s", (made.json["id"],))
    assert row is not None
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert Argon2Hasher().verify(row[0], PASSWORD)
    for text in (made.text, rest("GET", made.location).text, rest("GET", "/api/v1/users").text):
        assert "argon2" not in text
    stored = rest.database.rows(
        "SELECT data::text FROM outbox UNION SELECT t::text FROM audit_events t"
    )
    assert "argon2" not in str(stored)
    assert PASSWORD not in str(stored)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"roles": ["viewer"]}, {"/email"}),
        (ADA | {"email": "nobody"}, {"/email"}),
        (ADA | {"roles": []}, {"/roles"}),
        (ADA | {"roles": ["viewer", "wizard", "baker"]}, {"/roles/0", "/roles/2"}),
        (ADA | {"status": "asleep"}, {"/status"}),
        (ADA | {"password": "short"}, {"/password"}),
        (ADA | {"password": "password123"}, {"/password"}),
        (ADA | {"password": ADA["email"]}, {"/password"}),
        (ADA | {"password_hash": "x"}, {"/password_hash"}),
        (ADA | {"builtin": True, "id": "x"}, {"/builtin", "/id"}),
    ],
)
def test_a_fault_is_named(shared_rest: Rest, body: object, pointers: set[str]) -> None:
    reply = shared_rest("POST", "/api/v1/users", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert str(ADA["password"]) not in reply.text


def test_an_address_is_taken_in_whatever_case(rest: Rest) -> None:
    rest.create("users", **ADA)
    other = rest.create("users", **ADA | {"email": "b@example.test"})
    for reply in (
        rest("POST", "/api/v1/users", ADA | {"email": "ADA@example.TEST"}),
        change(rest, other.location, {"email": "Ada@Example.test"}),
    ):
        assert (reply.status, reply.pointers) == (409, {"/email"})


@pytest.mark.parametrize(
    "patch", [{"status": "disabled"}, {"roles": ["editor"]}, {"roles": ["viewer", "service"]}, None]
)
def test_the_last_active_admin_stays(rest: Rest, patch: dict[str, object] | None) -> None:
    (admin,) = rest("GET", "/api/v1/users", query={"role": "admin"}).json["items"]
    sleeping = rest.create("users", email="s@example.test", roles=["admin"], status="disabled")

    def take_away(user_id: str) -> Reply:
        if patch is None:
            return rest("DELETE", of(user_id), headers=ANY)
        return change(rest, of(user_id), patch)

    refused = take_away(admin["id"])
    assert (refused.status, refused.json["detail"]) == (
        409,
        "The last active admin cannot be removed, demoted or disabled.",
    )
    assert rest("GET", of(admin["id"])).json == admin
    change(rest, sleeping.location, {"status": "active"})
    assert take_away(admin["id"]).status in (200, 204)


def test_an_account_that_may_more_is_out_of_reach(rest: Rest) -> None:
    role(rest, "hr", "users:read", "users:write", "roles:write", "entities:read")
    role(rest, "reader", "entities:read")
    clerk = MINT.token(rest.user("hr"))
    admin, editor = of(rest.user("admin")), of(rest.user("editor"))
    reader = rest.create("users", email="r@example.test", roles=["reader"])

    for location in (admin, editor):
        for body in ({"password": PASSWORD}, {"email": "mine@example.test"}, {"roles": ["reader"]}):
            assert change(rest, location, body, token=clerk).status == 403
        assert rest("DELETE", location, headers=ANY, token=clerk).status == 403
    for roles in (["admin"], ["reader", "viewer"]):
        reply = rest("POST", "/api/v1/users", ADA | {"roles": roles}, token=clerk)
        assert (reply.status, reply.json["title"]) == (403, "Not allowed")
        assert change(rest, reader.location, {"roles": roles}, token=clerk).status == 403
    assert rest("GET", reader.location).json == reader.json

    assert change(rest, reader.location, {"roles": ["hr"]}, token=clerk).status == 200
    made = rest("POST", "/api/v1/users", ADA | {"roles": ["reader"]}, token=clerk)
    assert made.status == 201


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


def test_words_that_are_no_permissions_are_named(rest: Rest) -> None:
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


def test_a_role_in_use_keeps_its_name_and_stays(rest: Rest) -> None:
    made = role(rest, "reader", "entities:read")
    user = rest.create("users", **ADA | {"roles": ["reader", "viewer"]})

    assert rest("DELETE", made.location, headers=ANY).status == 409
    assert change(rest, made.location, {"name": "other"}).status == 409
    assert change(rest, made.location, {"permissions": ["jobs:read"]}).status == 200

    change(rest, user.location, {"roles": ["viewer"]})
    assert change(rest, made.location, {"name": "other"}).status == 200
    assert rest("DELETE", made.location, headers=ANY).status == 204


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"status": "disabled"}, 401),
        ({"password": "another long passphrase"}, 401),
        ({"roles": ["service"]}, 403),
        (None, 401),
    ],
)
def test_a_change_of_an_account_is_felt_within_half_a_minute(
    rest: Rest, moments: Moments, what: dict[str, object] | None, status: int
) -> None:
    role(rest, "reader", "sources:write", "preferences:read")
    user = rest.create("users", **ADA | {"roles": ["reader"]})
    rest.database.rows("UPDATE users SET sessions_valid_from = '2020-01-01' WHERE id = %s",
                       (user.json["id"],))  # fmt: skip
    token = MINT.token(UUID(user.json["id"]))
    asked = {"name": "x", "url": "https://a.example.org"}
    assert rest("POST", "/api/v1/sources", asked, token=token).status == 201

    if what is None:
        rest("DELETE", user.location, headers=ANY)
    else:
        assert change(rest, user.location, what).status == 200
    moments.seconds += RIGHTS_CACHE_SECONDS

    assert RIGHTS_CACHE_SECONDS <= 30
    assert rest("POST", "/api/v1/sources", asked, token=token).status == status


def test_a_change_of_a_role_is_felt_within_half_a_minute(rest: Rest, moments: Moments) -> None:
    made = role(rest, "reader", "entities:read")
    token = MINT.token(rest.user("reader"))
    assert rest("GET", "/api/v1/entities", token=token).status == 200
    change(rest, made.location, {"permissions": []})
    moments.seconds += RIGHTS_CACHE_SECONDS
    assert rest("GET", "/api/v1/entities", token=token).status == 403


@pytest.mark.parametrize("privileged", [admission.PRIVILEGED, frozenset[str]()])
def test_privileged_writes_feel_it_at_once(
    rest: Rest, moments: Moments, monkeypatch: pytest.MonkeyPatch, privileged: frozenset[str]
) -> None:
    """The guard taken away: input is looked at first, and only what would write is refused."""
    monkeypatch.setattr(admission, "PRIVILEGED", privileged)
    user = rest.user("admin")
    token = MINT.token(user)
    assert rest("GET", "/api/v1/users", token=token).status == 200
    change(rest, of(user), {"status": "disabled"})

    refused = [
        rest(method, path, {}, headers=ANY, token=token).status == 401
        for method, path in (
            ("POST", "/api/v1/users"),
            ("PATCH", of(user)),
            ("POST", "/api/v1/roles"),
        )
    ]
    assert all(refused) is bool(privileged)
    assert moments.seconds == 1_000.0


def test_sessions_end_with_a_password_and_with_disabling_only(rest: Rest) -> None:
    user = rest.create("users", **ADA)
    since = "SELECT sessions_valid_from FROM users WHERE id = %s"

    def ended(patch: dict[str, object]) -> bool:
        before = rest.database.row(since, (user.json["id"],))
        rest.database.rows(
            "INSERT INTO refresh_tokens (family_id, user_id, token_hash, expires_at)"
            " VALUES (uuidv7(), %s, uuid_send(uuidv7()), now() + interval '1 day')",
            (user.json["id"],),
        )
        assert change(rest, user.location, patch).status == 200
        moved = rest.database.row(since, (user.json["id"],)) != before
        alive = rest.database.row("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL")
        assert alive is not None
        assert moved == (alive[0] == 0)
        return moved

    assert not ended({"name": "A.", "email": "new@example.test"})
    assert not ended({"roles": ["editor"]})
    assert ended({"password": "another long passphrase"})
    assert ended({"status": "disabled"})
    assert not ended({"status": "active"})


def test_a_user_is_found_by_address_whatever_its_case(rest: Rest) -> None:
    (admin,) = rest("GET", "/api/v1/users", query={"role": "admin"}).json["items"]
    found = rest("GET", "/api/v1/users", query={"email": admin["email"].upper()}).json["items"]
    assert found == [admin]
    assert rest("GET", of(admin["id"])).json == admin
    assert not [name for name in admin if "password" in name or "session" in name]


def test_the_built_in_roles_are_listed(rest: Rest) -> None:
    items = rest("GET", "/api/v1/roles", query={"sort": "name"}).json["items"]
    names = [item["name"] for item in items if item["builtin"]]
    assert names == ["admin", "analyst", "editor", "service", "viewer"]
    (viewer,) = rest("GET", "/api/v1/roles", query={"name": "viewer"}).json["items"]
    assert "entities:read" in viewer["permissions"]

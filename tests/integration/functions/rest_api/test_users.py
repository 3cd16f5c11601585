"""Accounts: made, changed, found; the last admin stays."""

import pytest

from groundwork_data.identity.passwords import Argon2Hasher

from .accounts import ADA, ANY, PASSWORD, change, of, role
from .conftest import MINT, Reply, Rest


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


def test_an_email_address_conflicts_in_any_case(rest: Rest) -> None:
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
def test_the_last_active_admin_cannot_be_removed(
    rest: Rest, patch: dict[str, object] | None
) -> None:
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


def test_an_account_with_more_rights_cannot_be_changed(rest: Rest) -> None:
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


def test_a_user_is_found_by_address_whatever_its_case(rest: Rest) -> None:
    (admin,) = rest("GET", "/api/v1/users", query={"role": "admin"}).json["items"]
    found = rest("GET", "/api/v1/users", query={"email": admin["email"].upper()}).json["items"]
    assert found == [admin]
    assert rest("GET", of(admin["id"])).json == admin
    assert not [name for name in admin if "password" in name or "session" in name]

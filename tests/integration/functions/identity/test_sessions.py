"""Logging in, refreshing and logging out, through the function."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from groundwork_core.identity import refresh_token_format
from groundwork_core.identity.permissions import BUILTIN_ROLES
from groundwork_data.identity.passwords import Argon2Hasher

from .conftest import PASSWORD, Identity, MakeUser

EMAIL = "ada@example.test"


def test_the_access_token_of_a_login_is_accepted_by_me(
    identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL, "editor")

    tokens = identity.log_in(" ADA@example.test ")
    me = identity.me(tokens.json["access_token"])

    assert (tokens.status, me.status) == (200, 200)
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.json["expires_in"] == 600
    assert tokens.headers["Cache-Control"] == ["no-store"]
    assert me.json["email"] == EMAIL
    assert set(me.json["permissions"]) == BUILTIN_ROLES["editor"]
    assert "password_hash" not in me.text


def test_the_built_in_roles_of_the_database_are_those_of_the_table(identity: Identity) -> None:
    rows = identity.parts.database.rows("SELECT name, permissions FROM roles WHERE builtin")

    assert {name: frozenset(permissions) for name, permissions in rows} == BUILTIN_ROLES


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.test", "not an address"])
def test_a_failed_login_says_the_same_for_every_address(
    identity: Identity, make_user: MakeUser, email: str
) -> None:
    make_user(EMAIL)

    reply = identity.log_in(email, "wrong password")

    assert reply.status == 401
    assert reply.json["detail"] == "The address or the password is wrong."


def test_a_disabled_account_is_refused(identity: Identity, make_user: MakeUser) -> None:
    user = make_user(EMAIL)
    tokens = identity.log_in(EMAIL).json
    identity.parts.database.rows("UPDATE users SET status = 'disabled' WHERE id = %s", (user,))

    assert identity.log_in(EMAIL).status == 401
    assert identity.refresh(tokens["refresh_token"]).status == 401


def test_a_refresh_token_works_once_and_its_successor_works(
    identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL)
    first = identity.log_in(EMAIL).json["refresh_token"]

    second = identity.refresh(first).json["refresh_token"]
    third = identity.refresh(second)

    assert third.status == 200
    assert len({first, second, third.json["refresh_token"]}) == 3


def test_a_reused_refresh_token_ends_its_whole_family_and_no_other(
    identity: Identity, make_user: MakeUser
) -> None:
    user = make_user(EMAIL)
    stolen = identity.log_in(EMAIL).json["refresh_token"]
    other = identity.log_in(EMAIL).json["refresh_token"]
    second = identity.refresh(stolen).json["refresh_token"]
    third = identity.refresh(second).json["refresh_token"]

    reuse = identity.refresh(stolen)

    assert reuse.status == 401
    assert identity.refresh(third).status == 401
    assert identity.refresh(other).status == 200
    logged = identity.parts.database.rows(
        "SELECT action, actor, subject_id, address FROM audit_events"
        " WHERE action = 'users.refresh_token_reused'"
    )
    assert logged == [("users.refresh_token_reused", "system", user, "192.0.2.1")]


def test_only_the_immediate_parent_of_a_refresh_token_may_be_repeated_within_the_grace(
    identity: Identity, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(EMAIL)
    first = identity.log_in(EMAIL).json["refresh_token"]
    second = identity.refresh(first).json["refresh_token"]

    again = identity.refresh(first)
    monkeypatch.setattr(refresh_token_format, "GRACE", timedelta(0))
    late = identity.refresh(first)

    assert again.json["refresh_token"] == second
    assert late.status == 401
    assert identity.refresh(second).status == 401


def test_fifty_clients_with_one_refresh_token_get_one_successor(
    new_identity: Callable[[], Identity], make_user: MakeUser
) -> None:
    make_user(EMAIL)
    environments = [new_identity() for _ in range(5)]
    token = environments[0].log_in(EMAIL).json["refresh_token"]

    def ten(one: Identity) -> list[tuple[int, str]]:
        replies = [one.refresh(token) for _ in range(10)]
        return [(reply.status, reply.json.get("refresh_token", "")) for reply in replies]

    with ThreadPoolExecutor(5) as pool:
        outcomes = {outcome for found in pool.map(ten, environments) for outcome in found}

    assert len(outcomes) == 1
    status, successor = outcomes.pop()
    assert status == 200
    assert environments[0].refresh(successor).status == 200


def test_logging_out_ends_one_session(identity: Identity, make_user: MakeUser) -> None:
    make_user(EMAIL)
    one, two = identity.log_in(EMAIL).json, identity.log_in(EMAIL).json

    left = identity.call("POST", "/api/v1/auth/logout", {"refresh_token": one["refresh_token"]})

    assert (left.status, left.text) == (204, "")
    assert identity.refresh(one["refresh_token"]).status == 401
    assert identity.refresh(two["refresh_token"]).status == 200
    unknown = identity.call("POST", "/api/v1/auth/logout", {"refresh_token": "never seen"})
    assert unknown.status == 204


def test_logging_out_everywhere_ends_all_sessions_and_a_new_login_holds_at_once(
    new_identity: Callable[[], Identity], identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL)
    old = identity.log_in(EMAIL).json

    left = identity.call("POST", "/api/v1/auth/logout-everywhere", token=old["access_token"])
    new = identity.log_in(EMAIL).json
    elsewhere = new_identity()

    assert left.status == 204
    assert elsewhere.me(old["access_token"]).status == 401
    assert elsewhere.refresh(old["refresh_token"]).status == 401
    assert elsewhere.me(new["access_token"]).status == 200


def test_a_changed_password_ends_all_sessions(
    new_identity: Callable[[], Identity], identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL)
    old = identity.log_in(EMAIL).json
    new = "another long passphrase"

    def change(current: str, to: str) -> int:
        body = {"current_password": current, "new_password": to}
        path = "/api/v1/auth/password"
        return identity.call("POST", path, body, token=old["access_token"]).status

    assert change("not it at all", new) == 422
    assert change(PASSWORD, "password1") == 422
    assert change(PASSWORD, new) == 204
    assert identity.log_in(EMAIL).status == 401
    assert identity.log_in(EMAIL, new).status == 200
    assert new_identity().me(old["access_token"]).status == 401
    assert identity.refresh(old["refresh_token"]).status == 401


def test_a_password_hash_with_weaker_parameters_is_replaced_at_login(
    identity: Identity, make_user: MakeUser
) -> None:

    user = make_user(EMAIL)
    weak = Argon2Hasher(memory_kib=1024, iterations=1)
    database = identity.parts.database
    database.rows("UPDATE users SET password_hash = %s WHERE id = %s", (weak.hash(PASSWORD), user))

    assert identity.log_in(EMAIL).status == 200

    row = database.row("SELECT password_hash FROM users WHERE id = %s", (user,))
    assert row is not None
    assert "m=19456,t=2,p=1" in row[0]
    assert identity.log_in(EMAIL).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": EMAIL},
        {"email": 1, "password": "x"},
        [],
        "x",
        {"email": EMAIL, "password": "x", "admin": True},
    ],
)
def test_a_malformed_login_is_refused_without_repeating_it(
    identity: Identity, body: object
) -> None:
    reply = identity.call("POST", "/api/v1/auth/login", body)

    assert reply.status == 422
    assert reply.json["errors"]


def acts(identity: Identity) -> list[tuple[str, str]]:
    """Return actions and addresses in the audit log, without changes of rows."""
    return identity.parts.database.rows(
        "SELECT action, address FROM audit_events"
        " WHERE action !~ '[.](created|updated|deleted)$' ORDER BY id"
    )


def test_acts_that_matter_are_in_the_audit_log(identity: Identity, make_user: MakeUser) -> None:
    user = make_user(EMAIL, "admin")
    make_user("bob@example.test")
    identity.log_in("bob@example.test")
    identity.log_in(EMAIL, "wrong password")
    pair = identity.log_in(EMAIL, address="198.51.100.9").json
    second = identity.refresh(pair["refresh_token"]).json
    identity.refresh(second["refresh_token"])
    assert acts(identity) == [("users.logged_in", "198.51.100.9")]

    assert identity.refresh(pair["refresh_token"]).status == 401
    body = {"current_password": PASSWORD, "new_password": "another long passphrase"}
    identity.call("POST", "/api/v1/auth/password", body, token=second["access_token"])
    third = identity.log_in(EMAIL, "another long passphrase").json["access_token"]
    identity.call("POST", "/api/v1/auth/logout-everywhere", token=third)

    assert [action for action, _ in acts(identity)[1:]] == [
        "users.refresh_token_reused",
        "users.changed_password",
        "users.logged_in",
        "users.logged_out_everywhere",
    ]
    row = identity.parts.database.row(
        "SELECT subject_id, detail->>'family_id' IS NOT NULL FROM audit_events"
        " WHERE action = 'users.refresh_token_reused'"
    )
    assert row == (user, True)


def test_fifty_late_clients_with_one_refresh_token_end_its_family_once(
    new_identity: Callable[[], Identity],
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_user(EMAIL)
    environments = [new_identity() for _ in range(5)]
    token = environments[0].log_in(EMAIL).json["refresh_token"]
    successor = environments[0].refresh(token).json["refresh_token"]
    monkeypatch.setattr(refresh_token_format, "GRACE", timedelta(0))

    with ThreadPoolExecutor(5) as pool:
        statuses = pool.map(
            lambda one: {one.refresh(token).status for _ in range(10)}, environments
        )

    assert list(statuses) == [{401}] * 5
    assert environments[0].refresh(successor).status == 401
    assert [action for action, _ in acts(environments[0])] == ["users.refresh_token_reused"]

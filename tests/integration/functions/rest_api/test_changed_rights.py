"""Changes of accounts and roles: the time at which they take effect, and the sessions that end."""

from uuid import UUID

import pytest

from groundwork_data.postgres.callers import PostgresCallers
from groundwork_runtime.http import access_control as admission
from groundwork_runtime.http.authentication import RIGHTS_CACHE_SECONDS, Authenticator

from .accounts import ADA, ANY, change, of, role
from .conftest import MINT, Rest


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


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"status": "disabled"}, 401),
        ({"password": "another long passphrase"}, 401),
        ({"roles": ["service"]}, 403),
        (None, 401),
    ],
)
def test_a_change_of_an_account_takes_effect_within_half_a_minute(
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


def test_a_change_of_a_role_takes_effect_within_half_a_minute(rest: Rest, moments: Moments) -> None:
    made = role(rest, "reader", "entities:read")
    token = MINT.token(rest.user("reader"))
    assert rest("GET", "/api/v1/entities", token=token).status == 200
    change(rest, made.location, {"permissions": []})
    moments.seconds += RIGHTS_CACHE_SECONDS
    assert rest("GET", "/api/v1/entities", token=token).status == 403


@pytest.mark.parametrize("privileged", [admission.PRIVILEGED, frozenset[str]()])
def test_a_privileged_write_is_refused_at_once_after_a_change_of_rights(
    rest: Rest, moments: Moments, monkeypatch: pytest.MonkeyPatch, privileged: frozenset[str]
) -> None:
    """With the guard disabled: input is looked at first, and only what would write is refused."""
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
        rest.database.rows(
            "UPDATE users SET sessions_valid_from = now() - interval '1 hour' RETURNING 1"
        )
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

"""API keys: shown once, never with more rights than their owner, ended with the owner's rights."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork_core.identity.api_key_format import is_well_formed, new_key
from groundwork_core.rate_limits.limiter import RateLimiter
from groundwork_data.postgres import callers as looking
from groundwork_data.postgres.rate_buckets import PostgresTokenBuckets
from groundwork_runtime.http.authentication import RIGHTS_CACHE_SECONDS

from .conftest import MINT, Reply, Rest
from .owners import ANY, PATH, Owner


@pytest.fixture
def rest(shared_rest: Rest) -> Rest:
    """One database for all: each test has users of its own."""
    return shared_rest


@pytest.fixture
def ada(rest: Rest) -> Owner:
    return Owner(rest, "editor")


def test_an_api_key_is_shown_once_and_grants_its_scopes(ada: Owner) -> None:
    made = ada.make("entities:read", "api-keys:read", "entities:read")
    key = made.json["key"]

    assert made.status == 201
    assert is_well_formed(key)
    assert made.json.items() >= {
        "name": "robot", "scopes": ["api-keys:read", "entities:read"], "prefix": key[:12],
        "user_id": str(ada.id), "expires_at": None, "last_used_at": None, "revoked_at": None,
    }.items()  # fmt: skip
    assert ada.by_key(key, "GET", "/api/v1/entities").status == 200
    assert ada.by_key(key, "POST", "/api/v1/entities", {"name": "x", "type": "topic"}).status == 403
    for reply in (ada("GET", made.location), ada("GET", PATH), ada.by_key(key, "GET", PATH)):
        assert key[:12] in reply.text
        assert key not in reply.text


def test_only_a_hash_of_an_api_key_is_stored(ada: Owner) -> None:
    key = ada.make("entities:read").json["key"]
    for table in ("api_keys", "outbox", "audit_events"):
        rows = str(ada.rest.database.rows(f"SELECT t::text FROM {table} t"))
        assert key[:12] in rows
        assert key not in rows
        assert ("key_hash" in rows, "\\\\x" in rows) == (False, table == "api_keys")


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"scopes": ["entities:read", "users:write", "roles:read"]}, {"/scopes/1", "/scopes/2"}),
        ({"scopes": ["entities:eat", "entities:read"]}, {"/scopes/0"}),
        ({"scopes": []}, {"/scopes"}),
        ({"scopes": None}, {"/scopes"}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"/expires_at"}),
        ({"expires_at": "soon"}, {"/expires_at"}),
        ({"name": ""}, {"/name"}),
        ({"key": "gw_live_mine", "prefix": "gw_live_"}, {"/key", "/prefix"}),
        ({"user_id": "0190b9d0-0000-7000-8000-000000000000"}, {"/user_id"}),
    ],
)
def test_a_fault_is_named(ada: Owner, fields: Mapping[str, Any], pointers: set[str]) -> None:
    body = {"name": "robot", "scopes": ["entities:read"], **fields}
    reply = ada("POST", PATH, body)
    assert (reply.status, reply.pointers) == (422, pointers)


def test_a_key_never_has_more_rights_than_its_owner_has_now(ada: Owner) -> None:
    key = ada.make("entities:read", "sources:write").json["key"]
    body = {"name": "A feed", "url": "https://a.example.org"}
    assert ada.by_key(key, "POST", "/api/v1/sources", body).status == 201
    ada.rest.database.rows("UPDATE users SET roles = '{viewer}' WHERE id = %s", (ada.id,))
    ada.later()
    assert ada.by_key(key, "POST", "/api/v1/sources", body).status == 403
    assert ada.by_key(key, "GET", "/api/v1/entities").status == 200
    ada.rest.database.rows("UPDATE users SET roles = '{editor}' WHERE id = %s", (ada.id,))
    ada.later()
    assert ada.by_key(key, "POST", "/api/v1/sources", body).status == 409


@pytest.mark.parametrize(
    "how", ["removed", "revoked", "disabled owner", "removed owner", "expired"]
)
def test_an_ended_key_is_refused_within_half_a_minute(ada: Owner, how: str) -> None:
    expires_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = ada.make("entities:read", expires_at=expires_at)
    key = made.json["key"]
    assert ada.by_key(key, "GET", "/api/v1/entities").status == 200
    match how:
        case "removed":
            assert ada("DELETE", made.location).status == 204
            assert ada("GET", made.location).status == 404
        case "revoked":
            ended = ada("POST", f"{made.location}/revoke")
            assert ended.status == 200
            assert ended.json["revoked_at"]
            again = ada("POST", f"{made.location}/revoke")
            assert again.json == ended.json == ada("GET", made.location).json
        case "disabled owner":
            ada.rest.database.rows("UPDATE users SET status='disabled' WHERE id = %s", (ada.id,))
        case "removed owner":
            ada.rest.database.rows("DELETE FROM users WHERE id = %s", (ada.id,))
        case _:
            ada.let_expire(made)
    ada.later()
    assert RIGHTS_CACHE_SECONDS <= 30
    assert ada.by_key(key, "GET", "/api/v1/entities").status == 401


def test_a_revoked_key_is_refused_for_privileged_writes_at_once(ada: Owner) -> None:
    made = ada.make("api-keys:read", "api-keys:write")
    key = made.json["key"]
    assert ada.by_key(key, "GET", PATH).status == 200
    ada("POST", f"{made.location}/revoke")
    body = {"name": "x", "scopes": ["api-keys:read"]}
    assert ada.by_key(key, "POST", PATH, body).status == 401


def test_a_key_cannot_create_a_key_with_more_rights(ada: Owner) -> None:
    strong = ada.make("entities:read", "entities:write", "api-keys:write")
    weak = ada.make("api-keys:write", "entities:read").json["key"]

    def make(*scopes: str) -> Reply:
        return ada.by_key(weak, "POST", PATH, {"name": "child", "scopes": list(scopes)})

    refused = make("entities:read", "entities:write")
    assert (refused.status, refused.pointers) == (422, {"/scopes/1"})
    child = make("entities:read")
    assert child.status == 201
    widened = ada.by_key(weak, "PATCH", child.location, {"scopes": ["entities:write"]})
    assert widened.status == 422
    # Nor does it lengthen, revoke or remove one that is stronger than itself.
    assert ada.by_key(weak, "PATCH", strong.location, {"expires_at": None}).status == 403
    assert ada.by_key(weak, "POST", f"{strong.location}/revoke").status == 403
    assert ada.by_key(weak, "DELETE", strong.location).status == 403
    assert ada.by_key(weak, "DELETE", child.location).status == 204


def test_keys_belong_to_their_user(ada: Owner, rest: Rest) -> None:
    made = ada.make("entities:read")
    eve = MINT.token(rest.user("editor"))
    for method, path in (
        ("GET", made.location),
        ("PATCH", made.location),
        ("DELETE", made.location),
        ("POST", f"{made.location}/revoke"),
    ):
        body: dict[str, object] | None = {} if method == "PATCH" else None
        assert rest(method, path, body, token=eve, headers=ANY).status == 404
    assert rest("GET", PATH, token=eve).json["items"] == []
    assert made.json["id"] in [one["id"] for one in rest("GET", PATH).json["items"]]
    assert rest("POST", f"{made.location}/revoke").status == 200


def test_a_caller_with_fewer_rights_cannot_change_keys_of_one_with_more(
    ada: Owner, rest: Rest
) -> None:
    rest.create("roles", name="hr", permissions=["users:write", "api-keys:read", "api-keys:write"])
    clerk = MINT.token(rest.user("hr"))
    made = ada.make("entities:read")
    for method, path in (("DELETE", made.location), ("POST", f"{made.location}/revoke")):
        assert rest(method, path, token=clerk, headers=ANY).status == 403


def test_a_use_of_a_key_is_recorded_and_does_not_change_its_version(ada: Owner) -> None:
    made = ada.make("entities:read")
    key = made.json["key"]
    outbox = "SELECT count(*) FROM outbox UNION ALL SELECT count(*) FROM audit_events"
    before = ada.rest.database.rows(outbox)

    ada.by_key(key, "GET", "/api/v1/entities")
    seen = ada("GET", made.location)

    assert seen.json["last_used_at"] is not None
    assert seen.json | {"last_used_at": None} == {
        name: value for name, value in made.json.items() if name != "key"
    }
    assert seen.etag == made.etag
    assert ada.rest.database.rows(outbox) == before


@pytest.mark.parametrize("pause", ["1 minute", "-1 minute"])
def test_a_use_is_written_at_most_once_a_minute(
    ada: Owner, pause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled, each look writes."""
    monkeypatch.setattr(
        looking,
        "KEY_HOLDER",
        looking.KEY_HOLDER.replace("interval '1 minute'", f"interval '{pause}'"),
    )
    made = ada.make("entities:read")
    used = []
    for _ in range(3):
        ada.later()
        ada.by_key(made.json["key"], "GET", "/api/v1/entities")
        used.append(ada("GET", made.location).json["last_used_at"])
    assert len(set(used)) == (1 if pause == "1 minute" else 3)
    ada.rest.database.rows("UPDATE api_key_uses SET last_used_at = now() - interval '61 seconds'")
    ada.later()
    ada.by_key(made.json["key"], "GET", "/api/v1/entities")
    assert ada("GET", made.location).json["last_used_at"] not in used


def test_an_api_key_costs_one_statement_and_is_then_cached(ada: Owner) -> None:
    key = ada.make("entities:read").json["key"]
    ada.by_key(key, "GET", "/api/v1/entities")
    before = ada.rest.database.statements
    ada.by_key(key, "GET", "/api/v1/entities")
    assert ada.rest.database.statements - before == 1
    ada.later()
    ada.by_key(key, "GET", "/api/v1/entities")
    assert ada.rest.database.statements - before == 3


def test_a_malformed_api_key_is_refused_without_a_query(ada: Owner) -> None:
    before = ada.rest.database.statements
    for words in ("gw_live_x", new_key()[:-1] + "?", "x" * 100_000, ""):
        reply = ada.by_key(words, "GET", "/api/v1/entities")
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"]
    assert ada.rest.database.statements == before
    assert ada.by_key(new_key(), "GET", "/api/v1/entities").status == 401


def test_a_key_and_a_token_at_once_are_refused(ada: Owner) -> None:
    key = ada.make("entities:read").json["key"]
    both = ada.by_key(key, "GET", "/api/v1/entities", Authorization=f"Bearer {ada.token}")
    assert both.status == 401


def test_acts_of_a_key_are_logged_as_its_own(ada: Owner) -> None:
    made = ada.make("sources:write")
    ada.by_key(made.json["key"], "POST", "/api/v1/sources", {"name": "x", "url": "https://x.test"})
    query = {"actor": f"key:{made.json['id']}"}
    (event,) = ada.rest("GET", "/api/v1/audit-events", query=query).json["items"]
    assert (event["action"], event["actor_id"]) == ("sources.created", str(ada.id))


def test_a_repeated_creation_shows_the_same_api_key_which_is_stored_encrypted(ada: Owner) -> None:
    """A client that got no response sends its request again, and must still get its key."""
    body = {"name": "robot", "scopes": ["entities:read"]}
    again = {"Idempotency-Key": "made-once"}
    first = ada.rest("POST", PATH, body, token=ada.token, headers=again)
    second = ada.rest("POST", PATH, body, token=ada.token, headers=again)
    assert (first.status, first.text) == (second.status, second.text)
    assert second.headers["Idempotent-Replayed"] == ["true"]
    key = first.json["key"]
    for table in ("api_keys", "kept_answers", "audit_events", "outbox"):
        rows = ada.rest.database.rows(f"SELECT t::text, t.* FROM {table} t")
        assert rows
        assert key not in str(rows), table
        assert key.encode().hex() not in str(rows), table


def test_each_api_key_has_a_rate_limit_of_its_own(
    ada: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ada.make("entities:read").json["key"]
    limiter = RateLimiter(PostgresTokenBuckets(ada.rest.database), 1)
    monkeypatch.setattr(ada.rest.parts, "limiter", limiter)
    statuses = [ada.by_key(key, "GET", "/api/v1/entities").status for _ in range(6)]
    assert statuses[:4] == [200] * 4
    assert statuses[-1] == 429
    assert ada("GET", "/api/v1/entities").status == 200

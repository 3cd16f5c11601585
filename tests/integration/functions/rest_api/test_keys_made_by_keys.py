"""An API key cannot create keys, accounts or roles that outlast it."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from groundwork_core.identity import account_hooks, api_key_hooks

from .conftest import MINT, Reply, Rest
from .owners import PATH, Owner

HOUR = timedelta(hours=1)
SCOPES = ("api-keys:read", "api-keys:write", "entities:read")
PASSWORD = "correct horse battery staple"


def at(after: timedelta) -> str:
    return (datetime.now(UTC) + after).isoformat()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def rest(shared_rest: Rest) -> Rest:
    """One database for all: each test has users of its own."""
    return shared_rest


@pytest.fixture
def ada(rest: Rest) -> Owner:
    return Owner(rest, "editor")


class Key:
    """A key that may change keys."""

    def __init__(self, owner: Owner, made: Reply) -> None:
        assert made.status == 201, made.text
        self.owner, self.made, self.words = owner, made, made.json["key"]

    def __call__(self, method: str, path: str, body: object = None) -> Reply:
        return self.owner.by_key(self.words, method, path, body)

    def make(self, *scopes: str, **fields: object) -> Reply:
        return self("POST", PATH, {"name": "child", "scopes": list(scopes or SCOPES), **fields})

    @property
    def now(self) -> Reply:
        """The key as its owner sees it."""
        return self.owner("GET", self.made.location)

    @property
    def holds(self) -> bool:
        self.owner.later()
        return self("GET", PATH).status == 200


def key(owner: Owner, *scopes: str, **fields: object) -> Key:
    return Key(owner, owner.make(*(scopes or SCOPES), **fields))


@pytest.mark.parametrize(
    "change", [{"expires_at": None}, {"scopes": ["entities:read"]}, {"name": "mine"}, {}]
)
def test_an_api_key_cannot_change_itself(ada: Owner, change: dict[str, object]) -> None:
    mine = key(ada, expires_at=at(HOUR))
    assert mine("PATCH", mine.made.location, change).status == 403
    assert mine.now.etag == mine.made.etag
    assert ada("PATCH", mine.made.location, {"expires_at": None}).status == 200  # in person


def test_an_api_key_can_revoke_or_remove_itself(ada: Owner) -> None:
    revoked, removed = key(ada), key(ada)
    assert revoked("POST", f"{revoked.made.location}/revoke").status == 200
    assert removed("DELETE", removed.made.location).status == 204
    assert (revoked.holds, removed.holds) == (False, False)


def test_a_key_cannot_create_a_key_that_expires_later(ada: Owner) -> None:
    mine = key(ada, expires_at=at(HOUR))
    child = mine.make()
    assert child.json["expires_at"] == mine.made.json["expires_at"]
    assert child.json["parent_id"] == mine.made.json["id"]
    assert mine.make(expires_at=at(HOUR / 2)).status == 201
    for later in (None, at(2 * HOUR)):
        refused = mine.make(expires_at=later)
        assert (refused.status, refused.pointers) == (422, {"/expires_at"})
        refused = mine("PATCH", child.location, {"expires_at": later})
        assert (refused.status, refused.pointers) == (422, {"/expires_at"})
    assert mine("PATCH", child.location, {"expires_at": at(HOUR / 2)}).status == 200
    assert key(ada).make().json["expires_at"] is None  # of one that does not end by itself


def test_without_the_rule_of_the_core_the_database_refuses_a_key_that_expires_later(
    ada: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_key_hooks, "_outlives", lambda _one, _other: False)
    mine = key(ada, "api-keys:write", "entities:read", expires_at=at(HOUR))
    child = mine.make("entities:read")
    for later in (None, at(2 * HOUR)):
        assert mine.make("entities:read", expires_at=later).pointers == {"/expires_at"}
        assert ada("PATCH", child.location, {"expires_at": later}).pointers == {"/expires_at"}
    assert ada("PATCH", child.location, {"scopes": ["entities:write"]}).pointers == {"/scopes"}


def test_without_either_rule_a_revoked_key_leaves_valid_keys_that_it_created(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guards disabled."""
    rest = Rest(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TRIGGER keep_within_maker ON api_keys")
        connection.execute("DROP TRIGGER narrow_keys_made_by ON api_keys")
    monkeypatch.setattr(api_key_hooks, "_outlives", lambda _one, _other: False)
    ada = Owner(rest, "editor")
    mine = key(ada, expires_at=at(HOUR))
    child = Key(ada, mine.make(expires_at=None))
    ada("POST", f"{mine.made.location}/revoke")
    assert (mine.holds, child.holds) == (False, True)
    rest.database.close()


@pytest.mark.parametrize("how", ["revoked", "removed", "shortened", "narrowed", "without scopes"])
def test_revoking_or_deleting_a_key_applies_to_keys_it_created(ada: Owner, how: str) -> None:
    mine = key(ada)
    child = Key(ada, mine.make())
    grandchild = Key(ada, child.make())
    narrow = Key(ada, child.make("api-keys:read"))
    assert grandchild.holds
    match how:
        case "revoked":
            ada("POST", f"{mine.made.location}/revoke")
            assert grandchild.now.json["revoked_at"] == mine.now.json["revoked_at"] is not None
        case "removed":
            assert ada("DELETE", mine.made.location).status == 204
            assert grandchild.now.status == 404
        case "shortened":
            assert ada("PATCH", mine.made.location, {"expires_at": at(HOUR)}).status == 200
            assert grandchild.now.json["expires_at"] == mine.now.json["expires_at"]
            ada.let_expire(mine.made)
        case "narrowed":
            ada("PATCH", mine.made.location, {"scopes": ["api-keys:write", "entities:read"]})
            assert grandchild.now.json["scopes"] == ["api-keys:write", "entities:read"]
            assert narrow.now.json["revoked_at"] is not None  # nothing of it is left
        case _:
            ada("PATCH", mine.made.location, {"scopes": ["sources:read"]})
    assert (child.holds, grandchild.holds, narrow.holds) == (False, False, False)


def test_a_key_changes_only_keys_that_it_has_made(ada: Owner) -> None:
    mine, sibling = key(ada), key(ada)
    child = Key(ada, mine.make())
    grandchild = Key(ada, child.make())
    name = {"name": "named"}
    assert mine("PATCH", child.made.location, name).status == 200
    assert mine("PATCH", grandchild.made.location, name).status == 200
    for other in (sibling, child):
        assert other("PATCH", mine.made.location, name).status == 403
    assert mine("PATCH", sibling.made.location, name).status == 403


def test_a_key_cannot_revoke_a_key_that_expires_later(ada: Owner) -> None:
    brief, lasting, briefer = (
        key(ada, expires_at=at(HOUR)),
        key(ada),
        key(ada, expires_at=at(HOUR / 2)),
    )
    for method, path in (
        ("DELETE", lasting.made.location),
        ("POST", f"{lasting.made.location}/revoke"),
    ):
        assert brief(method, path).status == 403
    assert brief("POST", f"{briefer.made.location}/revoke").status == 200
    assert lasting("DELETE", brief.made.location).status == 204


def test_a_revoked_key_or_one_with_too_many_children_creates_no_key(ada: Owner) -> None:
    mine = key(ada)
    rows = (
        "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash, parent_id)"
        " SELECT user_id, name, scopes, prefix, sha256(uuidv7()::text::bytea), id"
        " FROM api_keys, generate_series(1, %s) WHERE id = %s RETURNING id"
    )
    ada.rest.database.rows(rows, (99, mine.made.json["id"]))
    last = mine.make()
    assert last.status == 201
    assert mine.make().status == 409
    assert ada("POST", f"{last.location}/revoke").status == 200
    assert mine.make().status == 201
    ada.rest.database.rows(
        "UPDATE api_keys SET revoked_at = now() WHERE id = %s RETURNING id",
        (mine.made.json["id"],),
    )
    assert mine.make().status == 401


def test_keys_can_create_keys_down_to_five_generations(ada: Owner) -> None:
    last = key(ada)
    for _ in range(4):
        last = Key(ada, last.make())
    assert last.make().status == 409


# By accounts and roles


@pytest.fixture
def root(rest: Rest) -> Key:
    """A key of an admin that may all, for an hour."""
    admin = Owner(rest, "admin")
    mine = admin("GET", "/api/v1/roles").json["items"]
    scopes = next(one["permissions"] for one in mine if one["name"] == "admin")
    return key(admin, *scopes, expires_at=at(HOUR))


def account(rest: Rest, *roles: str) -> str:
    return f"/api/v1/users/{rest.user(*roles)}"


def test_a_key_cannot_grant_an_account_lasting_rights(rest: Rest, root: Key) -> None:
    viewer, own = account(rest, "viewer"), f"/api/v1/users/{root.owner.id}"
    for location in (viewer, own):
        assert root("PATCH", location, {"password": PASSWORD}).status == 403
    assert root("PATCH", viewer, {"roles": ["viewer", "editor"]}).status == 403
    new = {"email": f"{rest.user('viewer')}@example.test", "roles": ["viewer"]}
    assert root("POST", "/api/v1/users", {**new, "password": PASSWORD}).status == 403
    assert root("POST", "/api/v1/users", new).status == 201
    assert root("PATCH", viewer, {"status": "disabled"}).status == 200
    assert root("PATCH", viewer, {"status": "active"}).status == 403
    editor = account(rest, "editor")
    assert root("PATCH", editor, {"roles": ["viewer"], "name": "E."}).status == 200
    admin = root.owner
    assert admin("PATCH", editor, {"roles": ["editor"], "password": PASSWORD}).status == 200


def test_a_key_cannot_add_permissions_to_a_role(rest: Rest, root: Key) -> None:
    made = root("POST", "/api/v1/roles", {"name": "aids", "permissions": ["entities:read"]})
    assert made.status == 201
    wider = {"permissions": ["entities:read", "entities:write"]}
    assert root("PATCH", made.location, wider).status == 403
    assert root("PATCH", made.location, {"permissions": [], "name": "helps"}).status == 200
    assert root.owner("PATCH", made.location, wider).status == 200


def test_without_the_rule_a_revoked_key_leaves_an_account_with_its_rights(
    rest: Rest, root: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled, a stolen key gives another account all rights within an hour."""
    monkeypatch.setattr(account_hooks, "check_grants_by_key", lambda *_: None)
    mallory = rest.user("viewer")
    assert root("PATCH", f"/api/v1/users/{mallory}", {"roles": ["admin"]}).status == 200
    root.owner("POST", f"{root.made.location}/revoke")
    reply = rest("POST", PATH, {"name": "x", "scopes": ["users:write"]}, token=MINT.token(mallory))
    assert reply.status == 201

"""Each write checks the caller's present rights, in the same round trip."""

from collections.abc import Callable
from uuid import UUID

import pytest

from groundwork_core.audit.actor import Actor
from groundwork_core.errors import Unauthenticated
from groundwork_runtime.http import access_control as admission
from groundwork_runtime.http.authentication import Authenticator

from .conftest import MINT, Reply, Rest

ENTITY = {"name": "Ada", "type": "person", "confidence": 1.0}
SOURCE = {
    "name": "s",
    "url": "https://example.org/feed",
    "kind": "feed",
    "schedule": {"kind": "interval", "every_seconds": 900},
}
RIGHTS = [
    f"{resource}:{act}"
    for resource in ("entities", "relationships", "sources")
    for act in ("read", "write")
]
ONCE = {"Idempotency-Key": "0000-1111"}


class Author:
    """A writer whose rights the function has just read, and who has an entity."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        rest.create("roles", name="writer", permissions=RIGHTS)
        self.id = rest.user("writer")
        self.token = MINT.token(self.id)
        made = self("POST", "/api/v1/entities", ENTITY)
        assert made.status == 201, made.text
        self.location, self.etag = made.location, made.etag
        self.before = self.names()

    def __call__(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Reply:
        return self.rest(method, path, body, token=self.token, headers=headers)

    def names(self) -> list[tuple[object, ...]]:
        """Return everything that the writes of this test can change."""
        return self.rest.database.rows(
            "SELECT name, version FROM entities UNION ALL SELECT name, version FROM sources"
            " UNION ALL SELECT id::text, 0 FROM kept_answers ORDER BY 1, 2"
        )

    def sql(self, statement: str) -> None:
        self.rest.database.rows(statement, (self.id,))


Write = Callable[[Author], Reply]
WRITES: dict[str, Write] = {
    "one statement": lambda one: one("POST", "/api/v1/entities", ENTITY | {"name": "new"}),
    "one audited statement with consequences": lambda one: one("POST", "/api/v1/sources", SOURCE),
    "a change": lambda one: one("PATCH", one.location, {"name": "x"}, {"If-Match": one.etag}),
    "a removal": lambda one: one("DELETE", one.location, headers={"If-Match": one.etag}),
    "many at once": lambda one: one("POST", "/api/v1/entities/bulk", {"items": [ENTITY]}),
    "once": lambda one: one("POST", "/api/v1/entities", ENTITY | {"name": "once"}, ONCE),
}
ENDS: dict[str, tuple[str, int]] = {
    "disabled": ("UPDATE users SET status = 'disabled' WHERE id = %s", 401),
    "logged out everywhere": (
        "UPDATE users SET sessions_valid_from = now() + interval '1 s' WHERE id = %s",
        401,
    ),
    "demoted": ("UPDATE users SET roles = '{viewer}' WHERE id = %s", 403),
    "without a role's permission": (
        "UPDATE roles SET permissions = '{entities:read}' WHERE name IN"
        " (SELECT unnest(roles) FROM users WHERE id = %s)",
        403,
    ),
}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("write", WRITES)
def test_a_caller_who_lost_the_right_to_write_cannot_write_at_once(
    rest: Rest, how: str, write: str
) -> None:
    author = Author(rest)
    end, status = ENDS[how]
    author.sql(end)

    assert WRITES[write](author).status == status
    assert author.names() == author.before


@pytest.mark.parametrize("write", WRITES)
def test_without_the_check_in_the_transaction_a_write_with_lost_rights_passes(
    rest: Rest, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: rights are then as they were read, up to 15 s ago."""
    author = Author(rest)
    monkeypatch.setattr(admission, "Actor", lambda *given: Actor(*given[:4]))
    author.sql(ENDS["disabled"][0])

    assert WRITES[write](author).status < 300
    assert author.names() != author.before


@pytest.mark.parametrize("write", WRITES)
def test_a_caller_whose_rights_are_unchanged_can_still_write(rest: Rest, write: str) -> None:
    author = Author(rest)
    author.sql("UPDATE users SET name = 'Renamed', roles = '{admin}' WHERE id = %s")

    assert WRITES[write](author).status < 300
    added = len(author.names()) - len(author.before)
    assert added <= (2 if write == "once" else 1)  # the thing, and the response that is kept


def test_a_change_of_rights_during_the_second_try_is_respected(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read anew after the check failed, changed once more before the second try: not written."""
    author = Author(rest)
    author.sql("UPDATE users SET name = 'first change' WHERE id = %s")
    of = Authenticator.authenticate

    def and_then(self: Authenticator, headers: dict[str, str], **more: float) -> object:
        found = of(self, headers, **more)
        if more:
            author.sql("UPDATE users SET name = name || '+' WHERE id = %s")
        return found

    monkeypatch.setattr(Authenticator, "authenticate", and_then)
    reply = WRITES["one statement"](author)
    assert reply.status == 503
    assert int(reply.headers["Retry-After"][0]) >= 1
    assert author.names() == author.before


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE api_keys SET revoked_at = now() WHERE id = %s",
        "DELETE FROM api_keys WHERE id = %s",
        "UPDATE users SET status = 'disabled'"
        " WHERE id = (SELECT user_id FROM api_keys WHERE id = %s)",
    ],
)
def test_a_key_that_was_ended_writes_nothing_at_once(rest: Rest, end: str) -> None:
    rest.user("admin")  # the last one could not be disabled
    made = rest.create("api-keys", name="k", scopes=["entities:read", "entities:write"])
    headers = {"X-API-Key": made.json["key"]}
    first = rest("POST", "/api/v1/entities", ENTITY, token=None, headers=headers)
    assert first.status == 201, first.text
    rest.database.rows(end, (UUID(made.json["id"]),))

    again = rest("POST", "/api/v1/entities", ENTITY, token=None, headers=headers)
    assert again.status == 401
    assert rest.database.rows("SELECT count(*) FROM entities") == [(1,)]


def test_the_check_costs_no_round_trip(rest: Rest) -> None:
    author = Author(rest)
    before = rest.database.statements
    assert WRITES["one statement"](author).status == 201
    assert rest.database.statements == before + 1


def test_reading_does_not_check(rest: Rest) -> None:
    """Reads are answered from what was read up to 15 s ago."""
    author = Author(rest)
    author.sql(ENDS["disabled"][0])
    assert author("GET", author.location).status == 200
    with pytest.raises(Unauthenticated):
        rest.parts.authenticator.authenticate(
            {"authorization": f"Bearer {author.token}"}, at_most_seconds=0
        )

"""Credentials of sources over REST: write only, in no row, answer or log, and they work."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from groundwork_core.web.reachability import AllowedTargets
from groundwork_runtime import logs

from ....feeds import RawServer
from .conftest import Reply, Rest
from .polls import poll

PASSWORD = "a very secret password"
TOKEN = "s3cret-t0ken"
HEADER = "s3cret-header-value"
NEW = {
    "name": "Private",
    "url": "https://blog.example/feed",
    "credentials": {"scheme": "basic", "username": "ada", "password": PASSWORD},
}
FEED = (
    b"<rss version='2.0'><channel><title>t</title>"
    b"<item><guid>1</guid><title>Secret news</title></item></channel></rss>"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(FEED), FEED)
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def everything_in(url: str) -> str:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return "\n".join(
            str(row[0])
            for (table,) in tables
            for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall()
        )


def patch(rest: Rest, made: Reply, **fields: Any) -> Reply:
    reply = rest("PATCH", made.location, fields, headers={"If-Match": "*"})
    assert reply.status == 200, reply.text
    return reply


@pytest.fixture
def guarded() -> Iterator[RawServer]:
    """A feed for who knows the password."""

    def answer(headers: dict[str, str]) -> bytes:
        return OK if headers.get("authorization") == "Basic YWRhOmE=" else REFUSED

    with RawServer() as server:
        server.answers["/feed"] = answer
        yield server


def polled(rest: Rest, made: Reply) -> None:
    rest.parts.allowed = AllowedTargets.parse(("127.0.0.0/8",))
    poll(rest, made)


def test_credentials_are_shown_nowhere(rest: Rest, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("rest_api", "DEBUG")
    made = rest(
        "POST", "/api/v1/sources", NEW, headers={"Idempotency-Key": "a-key-of-the-client-1"}
    )
    again = rest(
        "POST", "/api/v1/sources", NEW, headers={"Idempotency-Key": "a-key-of-the-client-1"}
    )
    bearer = patch(rest, made, credentials={"scheme": "bearer", "token": TOKEN})
    header = patch(
        rest, made, credentials={"scheme": "header", "name": "X-Api-Key", "value": HEADER}
    )
    bad = rest("PATCH", made.location, {"credentials": {"scheme": "bearer", "token": f"{TOKEN} x"}},
               headers={"If-Match": "*"})  # fmt: skip
    replies = [made, again, bearer, header, bad, rest("GET", made.location)]
    replies += [rest("GET", f"/api/v1/{name}") for name in ("sources", "audit-events")]
    removed = patch(rest, made, credentials=None)

    assert made.status == again.status == 201
    assert (made.json["has_credentials"], made.json["version"]) == (True, 1)
    assert (header.json["has_credentials"], removed.json["has_credentials"]) == (True, False)
    assert "credentials" not in made.json
    assert bad.pointers == {"/credentials/token"}
    out = capsys.readouterr()
    searched = (
        "".join(reply.text for reply in replies) + out.out + out.err + everything_in(rest.url)
    )
    for secret in (PASSWORD, TOKEN, HEADER):
        assert secret not in searched
    assert rest.database.rows("SELECT count(*) FROM source_credentials") == [(0,)]
    actions = rest.database.rows(
        "SELECT action, detail ->> 'scheme' FROM audit_events WHERE action LIKE '%credentials%'"
        " ORDER BY id"
    )
    assert actions == [
        ("sources.credentials_set", "basic"),
        ("sources.credentials_set", "bearer"),
        ("sources.credentials_set", "header"),
        ("sources.credentials_removed", None),
    ]


def test_the_search_for_credentials_finds_unencrypted_ones(rest: Rest) -> None:
    """With the guard disabled."""
    rest.create("sources", **NEW)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE source_credentials DROP CONSTRAINT ck_source_credentials_encrypted"
        )
        connection.execute("UPDATE source_credentials SET encrypted = %s", (PASSWORD,))
    assert PASSWORD in everything_in(rest.url)


def test_a_poll_sends_the_credentials_of_its_source(rest: Rest, guarded: RawServer) -> None:
    rest.parts.allowed = AllowedTargets.parse(("127.0.0.0/8",))
    url = f"http://127.0.0.1:{guarded.port}/feed"
    made = rest.create("sources", name="x", url=url)
    polled(rest, made)
    assert rest("GET", made.location).json["state"]["documents"] == 0
    patch(rest, made, credentials={"scheme": "basic", "username": "ada", "password": "a"})
    assert rest("GET", f"{made.location}/schedule").json["reason"] == "credentials"
    rest("POST", f"{made.location}/fetch")
    polled(rest, made)
    assert rest("GET", made.location).json["state"]["documents"] == 1
    asked = zip(guarded.asked, guarded.headers, strict=True)
    sent = [(path, "authorization" in headers) for path, headers in asked]
    assert sent == [("/robots.txt", False), ("/feed", False), ("/feed", True)]


def test_a_new_origin_removes_the_credentials(rest: Rest) -> None:
    made = rest.create("sources", **NEW)
    same = patch(rest, made, url="https://blog.example/other")
    assert same.json["has_credentials"]
    other = patch(rest, made, url="https://elsewhere.example/feed")
    assert not other.json["has_credentials"]
    assert rest.database.rows("SELECT count(*) FROM source_credentials") == [(0,)]
    both = patch(rest, made, url=NEW["url"], credentials=NEW["credentials"])
    assert both.json["has_credentials"]


def test_a_source_whose_credentials_cannot_be_decrypted_fails_alone_and_says_so(
    rest: Rest, guarded: RawServer
) -> None:
    rest.parts.allowed = AllowedTargets.parse(("127.0.0.0/8",))
    url = f"http://127.0.0.1:{guarded.port}/feed"
    made = rest.create("sources", **{**NEW, "url": url})
    rest.database.rows(
        "UPDATE source_credentials SET encrypted = regexp_replace(encrypted, '[.][^.]+[.]',"
        " '.00000000-0000-7000-8000-000000000000.')"
    )
    polled(rest, made)
    error = rest("GET", made.location).json["state"]["error"]
    assert error["class"] == "credentials"
    assert "00000000-0000-7000-8000-000000000000" in error["message"]
    assert guarded.asked == []


def test_an_address_with_a_password_names_the_field_to_use(rest: Rest) -> None:
    reply = rest("POST", "/api/v1/sources", {"name": "x", "url": "https://a:b@blog.example/"})
    assert (reply.status, reply.pointers) == (422, {"/url"})
    assert "`credentials`" in reply.text

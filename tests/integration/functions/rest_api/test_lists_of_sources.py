"""Lists of feeds over HTTP: import and export."""

import base64
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from groundwork_core.sources import export_sources
from groundwork_core.sources.opml import Feed, write_opml

from .conftest import CONTEXT, MINT, Reply, Rest

IMPORT = "/api/v1/sources/import"
EXPORT = "/api/v1/sources/export"
OPML = """<opml version="2.0"><body>
<outline text="Q & A" xmlUrl="https://blog.example/feed?x=1&y=2"/>
<outline text="Old" xmlUrl="feed://blog.example/rss" category="/Tech/Web,News"/>
<outline text="Again" xmlUrl="HTTP://blog.example:80/rss"/>
<outline text="Inside" xmlUrl="http://127.0.0.1/f"/>
<outline text="Mail" xmlUrl="mailto:a@blog.example"/>
</body></opml>"""


def send(rest: Rest, body: bytes | str, kind: str = "text/x-opml", **more: Any) -> Reply:
    return rest("POST", IMPORT, body, headers={"Content-Type": kind}, **more)


def test_a_list_is_imported_and_skipped_feeds_are_named(rest: Rest) -> None:
    rest.create("sources", name="There", url="https://blog.example/feed?x=1&y=2")
    reply = send(rest, OPML)
    assert reply.status == 200
    assert (reply.json["created"], reply.json["existing"]) == (1, 2)
    assert [(one["line"], one["url"]) for one in reply.json["failed"]] == [
        (5, "http://127.0.0.1/f"),
        (6, "mailto:a@blog.example"),
    ]
    assert all(one["detail"] for one in reply.json["failed"])
    items = rest("GET", "/api/v1/sources", query={"tag": "News"}).json["items"]
    assert [(one["name"], one["url"], one["tags"]) for one in items] == [
        ("Old", "http://blog.example/rss", ["Tech/Web", "News"])
    ]
    assert items[0]["state"]["status"] == "pending"


def test_the_same_list_again_changes_nothing_and_the_new_are_fetched_once(rest: Rest) -> None:
    send(rest, OPML)
    asked = "SELECT count(*) FROM outbox WHERE kind = 'fetch_due'"
    assert rest.database.rows(asked) == [(1,)]  # of one host one at a time
    again = send(rest, OPML).json
    assert (again["created"], again["existing"], len(again["failed"])) == (0, 3, 2)
    assert rest.database.rows(asked) == [(1,)]


def test_a_plain_text_list_of_addresses_is_imported(rest: Rest) -> None:
    reply = send(rest, "# mine\nblog.example/one\nhttps://blog.example/two\n", "text/plain")
    assert (reply.json["created"], reply.json["failed"]) == (2, [])


def test_bytes_of_another_encoding_arrive(rest: Rest) -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><opml><body><outline text="Café"'
    body += ' xmlUrl="https://blog.example/"/></body></opml>'
    event = {
        "httpMethod": "POST",
        "path": IMPORT,
        "headers": {"Content-Type": "text/x-opml", "Authorization": f"Bearer {rest.admin}"},
        "requestContext": {"requestId": "r", "identity": {"sourceIp": "192.0.2.1"}},
        "body": base64.b64encode(body.encode("iso-8859-1")).decode(),
        "isBase64Encoded": True,
    }
    assert rest._handler(event, CONTEXT)["statusCode"] == 200
    assert rest("GET", "/api/v1/sources").json["items"][0]["name"] == "Café"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("<opml><body>", "text/x-opml", 422),
        ("<html/>", "text/x-opml", 422),
        ('<!DOCTYPE x [<!ENTITY a "b">]><opml/>', "text/x-opml", 422),
        ("", "text/x-opml", 422),
        ("  \n", "text/plain", 422),
        ("{}", "application/json", 415),
    ],
)
def test_a_file_that_is_not_a_list_of_feeds_is_refused(
    shared_rest: Rest, body: str, kind: str, status: int
) -> None:
    reply = send(shared_rest, body, kind)
    assert reply.status == status, reply.text


def test_a_list_may_have_nearly_ten_megabytes(shared_rest: Rest) -> None:
    lines = "# " + "x" * 9_900_000 + "\nhttps://long.example/\n"
    assert send(shared_rest, lines, "text/plain").json["created"] == 1
    assert send(shared_rest, lines + "#" * 1_000_000, "text/plain").status == 413


def test_an_import_needs_the_right_to_write_sources(rest: Rest) -> None:
    token = MINT.token(rest.user("viewer"))
    assert send(rest, OPML, token=token).status == 403
    assert rest("GET", EXPORT, token=token).status == 200


def test_an_import_is_in_the_audit_log_with_its_user(rest: Rest) -> None:
    send(rest, "https://blog.example/one\n", "text/plain")
    (event,) = rest("GET", "/api/v1/audit-events", query={"subject_type": "sources"}).json["items"]
    assert event["actor"].startswith("user:")


def test_five_thousand_feeds_take_few_statements(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(f"https://s{number}.example/rss\n" for number in range(5_000))
    said: list[str] = []

    def counting(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: object, *given: Any, **more: Any) -> Any:
            said.append(method.__name__)
            return method(self, *given, **more)

        return run

    for name in ("execute", "executemany"):
        monkeypatch.setattr(psycopg.Cursor, name, counting(getattr(psycopg.Cursor, name)))
    assert send(rest, lines, "text/plain").json["created"] == 5_000
    assert 0 < len(said) < 50


def test_an_export_is_imported_as_it_was(rest: Rest) -> None:
    rest.create("sources", name='A "b" & <c>', url="https://a.example/?x=1&y=2", tags=["one", "t"])
    rest.create("sources", name="Plain", url="https://b.example/")
    found = rest("GET", EXPORT)
    assert found.headers["Content-Type"] == ["text/x-opml; charset=utf-8"]
    assert "Link" not in found.headers
    for source in rest("GET", "/api/v1/sources").json["items"]:
        rest("DELETE", f"/api/v1/sources/{source['id']}", headers={"If-Match": "*"})
    assert send(rest, found.text).json == {"created": 2, "existing": 0, "failed": []}
    assert rest("GET", EXPORT).text == found.text


def test_an_export_may_be_of_one_tag(rest: Rest) -> None:
    rest.create("sources", name="A", url="https://a.example/", tags=["one"])
    rest.create("sources", name="B", url="https://b.example/", tags=["two"])
    found = rest("GET", EXPORT, query={"tag": "two"}).text
    assert "b.example" in found
    assert "a.example" not in found


def test_a_long_export_links_to_its_next_part(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_sources, "EXPORT_BATCH", 2)
    wanted = {f"https://s{number}.example/" for number in range(5)}
    send(rest, "\n".join(wanted), "text/plain")
    query: dict[str, str] = {}
    seen: list[str] = []
    for _ in range(3):
        reply = rest("GET", EXPORT, query=query)
        seen += [url for url in wanted if url in reply.text]
        (link,) = reply.headers.get("Link", [""])
        query = {"after": link.partition("after=")[2].partition(">")[0]}
    assert sorted(seen) == sorted(wanted)
    assert link == ""


def test_one_response_of_an_export_of_sources_stays_below_its_limit(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_sources, "EXPORT_BYTES", 2_000)
    for number in range(3):
        rest.create("sources", name="n" * 300, url=f"https://s{number}.example/{'x' * 500}")
    reply = rest("GET", EXPORT)
    assert len(reply.text) < 3_000
    assert "Link" in reply.headers


def test_the_estimate_of_an_outline_is_not_too_small() -> None:
    feed = Feed("n" * 100, "https://a.example/", ("one", "two"))
    grown = len(write_opml("", [feed])) - len(write_opml("", []))
    assert grown <= 2 * 100 + len(feed.url) + 6 + 80
